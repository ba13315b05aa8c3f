/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of a VMCS, and what it is told before an entry. */
#ifndef TAXCUT_VMX_VMCS_H
#define TAXCUT_VMX_VMCS_H

#include "vmx.h"

void vmx_clear_all(struct vmx_cpu *c); /* this CPU, interrupts off */
/* Preemption off, interrupts on unless the VMCS is known not to be active elsewhere. */
void vmx_make_current(struct vmx_vcpu *s);
int vmx_vmcs_create(struct vcpu *v);
void vmx_vmcs_destroy(struct vcpu *v);

static inline void vmx_get(struct vcpu *v)
{
	if (v->loaded)
		return;
	preempt_disable();
	vmx_make_current(v->vmx);
}

static inline void vmx_put(struct vcpu *v)
{
	if (!v->loaded)
		preempt_enable();
}

#endif /* TAXCUT_VMX_VMCS_H */
