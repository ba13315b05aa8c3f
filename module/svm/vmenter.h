/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmenter.S needs to know for one entry; shared between C and assembly. */
#ifndef TAXCUT_SVM_VMENTER_H
#define TAXCUT_SVM_VMENTER_H

#include "base/spec_ctrl.h"

#define SVM_ENTRY_VMCB 0
#define SVM_ENTRY_HOST_SAVE 8
#define SVM_ENTRY_GUEST_SPEC_CTRL 16
#define SVM_ENTRY_HOST_SPEC_CTRL 20
#define SVM_ENTRY_FLAGS 24

#ifndef __ASSEMBLY__

#include <linux/types.h>

struct svm_entry {
	u64 vmcb_pa;
	u64 host_save_pa;
	u32 guest_spec_ctrl;
	u32 host_spec_ctrl;
	u32 flags; /* ENTRY_* */
};

void svm_vmenter(u64 *regs, struct svm_entry *entry);

#endif /* __ASSEMBLY__ */
#endif /* TAXCUT_SVM_VMENTER_H */
