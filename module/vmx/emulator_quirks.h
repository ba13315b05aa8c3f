/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults of Bochs' VMX, worked around. Call these only where emulator_quirks_on(). */
#ifndef TAXCUT_VMX_EMULATOR_QUIRKS_H
#define TAXCUT_VMX_EMULATOR_QUIRKS_H

#include "base/emulator_quirks.h"
#include "vmx.h"

/* Module load. */
void vmx_quirk_setup(void);

/* Exceptions to intercept. */
u32 vmx_quirk_exceptions(void);
/* Pin-based controls to add. */
u32 vmx_quirk_pin(const struct vmx_vcpu *s);

/* An interrupt waits for the guest to switch interrupts on. */
bool vmx_quirk_irq_window(const struct vmx_vcpu *s);
/* Before an entry. True: vmx_quirk_pin() has changed. */
bool vmx_quirk_limit_stay(struct vcpu *v);
/* Around an entry with APICv on. True: end a HLT that did not exit. */
bool vmx_quirk_guard(struct vcpu *v, bool on);
/* After an exit with APICv on that cut a delivery short: the event it was. */
u32 vmx_quirk_vectoring(struct vcpu *v, u32 info);

#endif /* TAXCUT_VMX_EMULATOR_QUIRKS_H */
