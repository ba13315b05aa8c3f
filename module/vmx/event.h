/* SPDX-License-Identifier: GPL-2.0-only */
/* Event injection, windows, interruptibility. */
#ifndef TAXCUT_VMX_EVENT_H
#define TAXCUT_VMX_EVENT_H

#include "vmx.h"

u32 vmx_blocking(struct vcpu *v);
void vmx_set_blocking(struct vcpu *v, u32 blocking);
u8 vmx_get_shadow(struct vcpu *v);
void vmx_set_shadow(struct vcpu *v, u8 shadow);
void vmx_end_hlt(struct vcpu *v);
void vmx_inject_exception(struct vcpu *v);
void vmx_inject_irq(struct vcpu *v);
void vmx_inject_nmi(struct vcpu *v);
void vmx_cancel_injection(struct vcpu *v);
bool vmx_irq_allowed(struct vcpu *v);
bool vmx_nmi_allowed(struct vcpu *v);
void vmx_set_irq_window(struct vcpu *v, bool on);
void vmx_set_nmi_window(struct vcpu *v);
void vmx_write_pin(const struct vmx_vcpu *s);
void vmx_events_before_entry(struct vcpu *v);
void vmx_events_after_exit(struct vcpu *v);

#endif /* TAXCUT_VMX_EVENT_H */
