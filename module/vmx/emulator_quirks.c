// SPDX-License-Identifier: GPL-2.0-only
/* Faults of Bochs' VMX, worked around (parameter emulator_quirks). docs/errata.md says how each one shows. */
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>
#include <asm/tsc.h>

#include "access.h"
#include "emulator_quirks.h"
#include "irq/vlapic.h"

/*
 * Interrupts of the host do not end a stay in a guest that has its own off. The
 * VMX-preemption timer does, so it limits such stays. A guest that comes in with
 * interrupts on may switch them off and wait: HLT or MWAIT that do not exit may
 * keep the CPU, so it is looked at now and then, too.
 */
#define SLICE_US 2000
#define SLICES_OF_WAIT 64

static u32 slice_ticks; /* 0: there is no such timer */

/* The timer counts the TSC, shifted (SDM vol. 3, "VMX-Preemption Timer"). */
void vmx_quirk_setup(void)
{
	u32 must, may;
	u64 misc;

	rdmsr(MSR_IA32_VMX_TRUE_PINBASED_CTLS, must, may);
	rdmsrl(MSR_IA32_VMX_MISC, misc);
	if (may & PIN_BASED_VMX_PREEMPTION_TIMER)
		slice_ticks = max_t(u64, (u64)SLICE_US * tsc_khz / 1000 >> (misc & 31), 1);
}

u32 vmx_quirk_pin(const struct vmx_vcpu *s)
{
	return s->quirks.slice ? PIN_BASED_VMX_PREEMPTION_TIMER : 0;
}

bool vmx_quirk_irq_window(const struct vmx_vcpu *s)
{
	return s->quirks.guard_window;
}

bool vmx_quirk_limit_stay(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	u32 ticks = 0;

	if (!(v->rflags & X86_EFLAGS_IF))
		ticks = slice_ticks;
	else if (v->vm->disabled_exits & (KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_MWAIT))
		ticks = min_t(u64, (u64)slice_ticks * SLICES_OF_WAIT, U32_MAX);
	if (ticks == s->quirks.slice)
		return false;
	s->quirks.slice = ticks;
	if (ticks)
		vmx_write(VMX_PREEMPTION_TIMER_VALUE, ticks);
	return true;
}

/*
 * A notification may find nothing posted: an entry in between has collected the
 * vectors it was sent for. A CPU ignores it. Bochs takes "no vector" for 255, and
 * delivers it; the guest never ends a spurious interrupt, and gets no other from
 * then on. While the guest runs there, IRR holds a vector that is too low to be
 * delivered, and the highest there is.
 *
 * And Bochs delivers a virtual interrupt to a guest that has interrupts off when
 * the host's own comes meanwhile. It does not look for virtual interrupts while
 * interrupt-window exiting is on (SDM vol. 3, "Recognition of Pending Virtual
 * Interrupts"), so an interrupt that is pending at an entry waits for the window.
 * A guest that is entered in HLT sleeps on there, though an interrupt waits.
 */
#define GUARD_VECTOR 1

bool vmx_quirk_guard(struct vcpu *v, bool on)
{
	struct lapic *l = &v->vlapic->l;
	u32 *word = lapic_word(l, LAPIC_IRR);
	bool waits = on && lapic_pending_vector(l) >= 0;
	/* An event that is injected switches interrupts off, too. */
	bool off = v->vmx->event_info || !(v->rflags & X86_EFLAGS_IF);

	v->vmx->quirks.guard_window = waits && off;
	if (on)
		*word |= BIT(GUARD_VECTOR);
	else
		*word &= ~BIT(GUARD_VECTOR);
	return waits && !off;
}

/*
 * The handler's address is lost when an exit follows an exception at once. So all
 * exceptions that the CPU raises exit, and are injected: not NMI, nor those of INT3
 * and INTO.
 */
u32 vmx_quirk_exceptions(void)
{
	return U32_MAX & ~(BIT(X86_TRAP_NMI) | BIT(X86_TRAP_BP) | BIT(X86_TRAP_OF));
}

/*
 * Virtual interrupts are not noted in the IDT-vectoring information: an exit that
 * cuts the delivery of one short reports the event before it. As all exceptions
 * exit, an event that was not injected and is no instruction is the interrupt
 * that has just come into service; so is any, if one has.
 */
u32 vmx_quirk_vectoring(struct vcpu *v, u32 info)
{
	u32 type = info & VECTORING_INFO_TYPE_MASK;
	bool soft = type == INTR_TYPE_SOFT_INTR || type == INTR_TYPE_SOFT_EXCEPTION;
	u8 in_service = vmx_read(GUEST_INTR_STATUS) >> 8;

	if (max(v->vlapic->l.isr_highest, 0) == in_service && (soft || v->vmx->event_info))
		return info;
	return in_service | INTR_TYPE_EXT_INTR | VECTORING_INFO_VALID_MASK;
}
