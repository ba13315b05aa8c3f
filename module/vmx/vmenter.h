/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmenter.S needs to know for one entry; shared between C and assembly. */
#ifndef TAXCUT_VMX_VMENTER_H
#define TAXCUT_VMX_VMENTER_H

#include "base/spec_ctrl.h"

#define VMX_ENTRY_GUEST_SPEC_CTRL 0
#define VMX_ENTRY_HOST_SPEC_CTRL 4
#define VMX_ENTRY_FLAGS 8

/* Bits of flags, beside ENTRY_*_SPEC. */
#define VMX_ENTRY_LAUNCHED (ENTRY_VENDOR << 0) /* VMRESUME, not VMLAUNCH */
#define VMX_ENTRY_HOST_SPEC (ENTRY_VENDOR << 1) /* the host's SPEC_CTRL must be written after every exit */
#define VMX_ENTRY_REFUSED (ENTRY_VENDOR << 2) /* out: the instruction failed, the guest did not run */

#ifndef __ASSEMBLY__

#include <linux/types.h>

struct vmx_entry {
	u32 guest_spec_ctrl;
	u32 host_spec_ctrl;
	u32 flags;
};

/* rsp_field: the VMCS field that takes the host's stack pointer. */
void vmx_vmenter(u64 *regs, struct vmx_entry *entry, unsigned long rsp_field);
/* Interrupts off: run this entry of the host's IDT, as if its interrupt had just come in. */
void vmx_call_interrupt(unsigned long handler);
/* Where the CPU continues after an exit. Not a function. */
extern const char vmx_vmexit[];

#endif /* __ASSEMBLY__ */
#endif /* TAXCUT_VMX_VMENTER_H */
