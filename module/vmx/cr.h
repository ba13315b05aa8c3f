/* SPDX-License-Identifier: GPL-2.0-only */
/* Control registers. The vCPU's VMCS is current. */
#ifndef TAXCUT_VMX_CR_H
#define TAXCUT_VMX_CR_H

#include "vmx.h"

u64 vmx_cr0(const struct vmx_vcpu *s);
u64 vmx_cr4(const struct vmx_vcpu *s);
void vmx_write_cr0(struct vcpu *v, u64 cr0);
void vmx_write_cr4(struct vcpu *v, u64 cr4);
void vmx_write_entry_controls(struct vmx_vcpu *s);
void vmx_write_efer(struct vcpu *v, u64 efer);
void vmx_read_pdptes(struct vcpu *v);
int vmx_take_cr0(struct vcpu *v, u64 cr0, u64 efer);
int vmx_take_cr4(struct vcpu *v, u64 cr4);
/* The guest wrote a control register in a way that the CPU leaves to us. HV_EXIT_CR; an enum run_next. */
int vmx_exit_cr(struct vcpu *v);

#endif /* TAXCUT_VMX_CR_H */
