/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults of QEMU's SVM, worked around. Call these only where emulator_quirks_on(), in the vCPU's thread, after svm_load(). */
#ifndef TAXCUT_SVM_EMULATOR_QUIRKS_H
#define TAXCUT_SVM_EMULATOR_QUIRKS_H

#include "base/emulator_quirks.h"
#include "svm.h"

/* Injects v->ev.irq as a virtual interrupt, where the guest can take one. False: EVENTINJ has to do it. */
bool svm_quirk_inject_irq(struct vcpu *v);
/* Injects it by EVENTINJ after all: an interrupt window needs V_IRQ, or an interrupt of the host's would come first. */
void svm_quirk_use_eventinj(struct vcpu *v);
/* The entry does not happen. */
void svm_quirk_cancel_injection(struct vcpu *v);
/* After an exit, quirk_virq set. True: the guest has not taken the virtual interrupt, inject it again. */
bool svm_quirk_irq_not_taken(struct vcpu *v);
/* Exceptions to intercept: faults of an interrupt's delivery. */
u32 svm_quirk_exceptions(void);
/* The guest's writes to CR8 must exit. set_irq_window() has come before. */
bool svm_quirk_cr8_intercept(const struct svm_vcpu *s);

#endif /* TAXCUT_SVM_EMULATOR_QUIRKS_H */
