/* SPDX-License-Identifier: GPL-2.0-only */
/* Machine checks that user space injects (KVM_X86_SETUP_MCE, KVM_X86_SET_MCE). */
#ifndef TAXCUT_CPU_MCE_H
#define TAXCUT_CPU_MCE_H

#include <linux/kvm.h>
#include <linux/types.h>

struct vcpu;

/* The bits of MCG_CAP that a guest may have. */
u64 msr_mce_cap_supported(void);
/* vCPU ioctls; the vCPU is not loaded. 0 or -EINVAL. */
int msr_setup_mce(struct vcpu *v, u64 mcg_cap);
int msr_set_mce(struct vcpu *v, const struct kvm_x86_mce *mce);

#endif /* TAXCUT_CPU_MCE_H */
