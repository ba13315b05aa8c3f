// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of QEMU's SVM, worked around (parameter emulator_quirks). docs/emulator-bugs.md says how each one shows.
 *
 * QEMU's VMRUN leaves the vector of an interrupt that EVENTINJ injects noted as
 * an exception still to come, and may deliver it once more, with interrupts
 * off, too. It does not do so with a virtual interrupt (V_IRQ), so interrupts
 * go in as these: the guest can take them at the entry, and takes them before
 * its next instruction unless the host has an interrupt first. V_IRQ is then
 * still set after the exit; also when the delivery was cut short, which EXITINTINFO
 * then reports as an exception with the interrupt's vector. A fault of the delivery
 * that does not exit would leave V_IRQ set, and the interrupt would come again.
 */
#include "emulator_quirks.h"

#define VIRTUAL_IRQ (V_IRQ_MASK | V_IGN_TPR_MASK | V_INTR_PRIO_MASK)

static void svm_quirk_disarm(struct svm_vcpu *s)
{
	s->quirk_virq = false;
	s->vmcb->control.int_ctl &= ~VIRTUAL_IRQ;
	svm_dirty(s, SVM_CLEAN_INTR);
}

bool svm_quirk_inject_irq(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	struct vmcb_control_area *ctl = &s->vmcb->control;

	/* leave_at_once sends an interrupt to the host, which would come first every time. */
	if (v->ev.irq.soft || s->leave_at_once)
		return false;
	svm_intercept(s, INTERCEPT_VINTR, false);
	s->quirk_virq = true;
	ctl->int_ctl |= VIRTUAL_IRQ;
	ctl->int_vector = v->ev.irq.vector;
	svm_dirty(s, SVM_CLEAN_INTR);
	return true;
}

void svm_quirk_use_eventinj(struct vcpu *v)
{
	svm_quirk_disarm(v->svm);
	v->svm->vmcb->control.event_inj = v->ev.irq.vector | SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_INTR;
}

void svm_quirk_cancel_injection(struct vcpu *v)
{
	if (v->svm->quirk_virq)
		svm_quirk_disarm(v->svm);
}

bool svm_quirk_irq_not_taken(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	bool pending = s->vmcb->control.int_ctl & V_IRQ_MASK;

	svm_quirk_disarm(s);
	if (pending)
		s->vmcb->control.exit_int_info = 0;
	return pending;
}

u32 svm_quirk_exceptions(void)
{
	return BIT(TS_VECTOR) | BIT(NP_VECTOR) | BIT(SS_VECTOR) | BIT(GP_VECTOR);
}

/* QEMU aborts when a guest writes CR8 while a virtual interrupt is pending. */
bool svm_quirk_cr8_intercept(const struct svm_vcpu *s)
{
	return (s->vmcb->control.int_ctl & V_IRQ_MASK) && !s->quirk_virq;
}
