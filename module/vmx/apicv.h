/* SPDX-License-Identifier: GPL-2.0-only */
/* APICv and posted interrupts. */
#ifndef TAXCUT_VMX_APICV_H
#define TAXCUT_VMX_APICV_H

#include "vmx.h"

struct lapic_pi_desc *vmx_pi_desc(struct vcpu *v);
bool vmx_notify(struct vcpu *v, bool already);
void vmx_write_apicv(struct vcpu *v);
void vmx_vlapic_changed(struct vcpu *v);
void vmx_init_apicv(struct vcpu *v);
void vmx_apicv_before_entry(struct vcpu *v);
void vmx_apicv_after_exit(struct vcpu *v);
void vmx_exit_apic_write(struct vcpu *v);
void vmx_host_interrupt(struct vcpu *v);

#endif /* TAXCUT_VMX_APICV_H */
