// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions and interrupts on their way into the guest. Everything here
 * belongs to the vCPU's own thread.
 *
 * One event can be delivered per entry. What was cut short by an exit goes
 * first (it is architecturally already under way), then a new exception, an
 * NMI, an interrupt. Whatever has to wait gets a window: an exit at the moment
 * the guest can take it.
 */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/debugreg.h>
#include <asm/trapnr.h>

#include "base/backend.h"
#include "base/trace.h"
#include "base/vcpu.h"
#include "event.h"
#include "irq/vlapic.h"

static bool event_exception_is_contributory(u8 vector)
{
	switch (vector) {
	case X86_TRAP_DE:
	case X86_TRAP_TS:
	case X86_TRAP_NP:
	case X86_TRAP_SS:
	case X86_TRAP_GP:
		return true;
	default:
		return false;
	}
}

/* SDM vol. 3, "Conditions for Generating a Double Fault". */
static bool event_makes_double_fault(u8 first, u8 second)
{
	if (first == X86_TRAP_PF)
		return second == X86_TRAP_PF || event_exception_is_contributory(second);
	return event_exception_is_contributory(first) && event_exception_is_contributory(second);
}

static void event_queue(struct vcpu *v, u8 vector, bool has_error, u32 error, bool has_payload, u64 payload)
{
	bool busy = v->ev.exc.pending || v->ev.exc.injected;

	/* The owner lacks the memory; this is no fault of the guest's. The instruction runs again later. */
	if (unlikely(v->mem_error))
		return;
	if (busy && v->ev.exc.vector == X86_TRAP_DF) {
		/* Shutdown: drop all events. */
		v->ev.exc.pending = false;
		v->ev.exc.injected = false;
		vcpu_request(v, REQ_TRIPLE_FAULT);
		return;
	}
	if (busy && event_makes_double_fault(v->ev.exc.vector, vector)) {
		vector = X86_TRAP_DF;
		has_error = true;
		error = 0;
		has_payload = false;
	}
	v->ev.exc.injected = false;
	v->ev.exc.pending = true;
	v->ev.exc.vector = vector;
	v->ev.exc.has_error = has_error;
	v->ev.exc.error = error;
	v->ev.exc.has_payload = has_payload;
	v->ev.exc.payload = payload;
	vcpu_request(v, REQ_EVENT);
}

void event_queue_exception(struct vcpu *v, u8 vector, bool has_error, u32 error)
{
	event_queue(v, vector, has_error, error, false, 0);
}

void event_queue_exception_payload(struct vcpu *v, u8 vector, bool has_error, u32 error, u64 payload)
{
	event_queue(v, vector, has_error, error, true, payload);
}

void event_queue_ud(struct vcpu *v)
{
	event_queue_exception(v, X86_TRAP_UD, false, 0);
}

void event_queue_gp(struct vcpu *v)
{
	event_queue_exception(v, X86_TRAP_GP, true, 0);
}

/* CR2 and DR6 change only when the exception is really delivered. */
void event_deliver_payload(struct vcpu *v)
{
	if (!v->ev.exc.has_payload)
		return;
	v->ev.exc.has_payload = false;
	if (v->ev.exc.vector == X86_TRAP_PF) {
		hv->set_cr2(v, v->ev.exc.payload);
	} else if (v->ev.exc.vector == X86_TRAP_DB) {
		/* Breakpoint bits are replaced, the others accumulate (SDM vol. 3, "Debug Status Register"). */
		v->dr6 &= ~(u64)DR_TRAP_BITS;
		v->dr6 |= DR6_RESERVED;
		v->dr6 ^= v->ev.exc.payload & ~(u64)DR_TRAP_BITS & DR6_RESERVED;
		v->dr6 |= v->ev.exc.payload & ~(u64)DR6_RESERVED;
		hv->update_dr(v);
	}
}

static void event_inject_new_exception(struct vcpu *v)
{
	u8 vector = v->ev.exc.vector;

	event_deliver_payload(v);
	/* Faults set RF in the saved flags; #DB decides for itself. */
	if (vector != X86_TRAP_DB && vector != X86_TRAP_BP && vector != X86_TRAP_OF)
		v->rflags |= X86_EFLAGS_RF;
	if (vector == X86_TRAP_DB && (v->dr7 & DR_GENERAL_DETECT_ENABLE)) {
		v->dr7 &= ~(u64)DR_GENERAL_DETECT_ENABLE;
		hv->update_dr(v);
	}
	v->ev.exc.pending = false;
	v->ev.exc.injected = true;
	v->ev.in_flight = true;
	trace_taxcut_inject(v, false);
	hv->inject_exception(v);
}

/* A new exception goes before an event whose delivery an exit cut short: the delivery may have raised it. */
static void event_inject_again_or_exception(struct vcpu *v)
{
	v->ev.in_flight = v->ev.exc.injected || v->ev.nmi_injected || v->ev.irq.injected;
	if (v->ev.exc.pending) {
		event_inject_new_exception(v);
		return;
	}
	if (!v->ev.in_flight)
		return;
	trace_taxcut_inject(v, true);
	if (v->ev.exc.injected)
		hv->inject_exception(v);
	else if (v->ev.nmi_injected)
		hv->inject_nmi(v);
	else
		hv_call(inject_irq)(v);
}

static void event_inject_nmi(struct vcpu *v)
{
	unsigned int limit = v->ev.nmi_masked || v->ev.nmi_injected ? 1 : 2;
	unsigned int queued = 0;

	if (atomic_read(&v->nmi_queued))
		queued = atomic_xchg(&v->nmi_queued, 0);
	v->ev.nmi_pending = min(v->ev.nmi_pending + queued, limit);
	if (!v->ev.nmi_pending)
		return;
	if (!v->ev.in_flight && hv->nmi_allowed(v)) {
		v->ev.nmi_pending--;
		v->ev.nmi_injected = true;
		v->ev.in_flight = true;
		v->stats.nmi_injections++;
		trace_taxcut_inject(v, false);
		hv->inject_nmi(v);
	}
	if (v->ev.nmi_pending)
		hv->set_nmi_window(v);
}

static int event_irq_waiting(struct vcpu *v)
{
	if (v->vlapic)
		return vlapic_injectable_vector(v);
	return v->ev.user_irq_pending ? v->ev.user_irq : -1;
}

static int event_irq_take(struct vcpu *v, int pending)
{
	if (v->vlapic)
		return vlapic_ack(v, pending);
	v->ev.user_irq_pending = false;
	return v->ev.user_irq;
}

/* A PIC in user space wants to inject, and this vCPU accepts its interrupts. */
bool event_user_wants_window(struct vcpu *v)
{
	return READ_ONCE(v->run->request_interrupt_window) && !v->ev.user_irq_pending &&
	       (!v->vlapic || (v->vm->split_irqchip && vlapic_accepts_extint(v)));
}

static void event_inject_irq(struct vcpu *v)
{
	int pending = event_irq_waiting(v);
	bool window;

	if (pending >= 0 && !v->ev.in_flight && hv_call(irq_allowed)(v)) {
		int vector = event_irq_take(v, pending);

		if (vector >= 0) {
			v->ev.irq.vector = vector;
			v->ev.irq.soft = false;
			v->ev.irq.injected = true;
			v->ev.in_flight = true;
			v->stats.irq_injections++;
			trace_taxcut_inject(v, false);
			hv_call(inject_irq)(v);
		}
		pending = event_irq_waiting(v);
	}
	window = pending >= 0 || event_user_wants_window(v);
	hv_call(set_irq_window)(v, window);
	hv_call(set_cr8_intercept)(v, !v->vlapic || (!v->vlapic->apicv_active && vlapic_blocked_by_tpr(v)));
}

/* KVM_GUESTDBG_BLOCKIRQ: NMIs and interrupts stay pending while the debugger steps. */
static void event_hold_back(struct vcpu *v)
{
	hv_call(set_irq_window)(v, event_user_wants_window(v));
	hv_call(set_cr8_intercept)(v, !v->vlapic);
}

void event_inject(struct vcpu *v)
{
	v->stats.req_event++;
	if (v->vlapic)
		v->apic_cr8 = vlapic_get_tpr(v);
	else
		v->apic_cr8 = READ_ONCE(v->run->cr8) & 0xf;
	hv_call(set_tpr)(v, v->apic_cr8);
	event_inject_again_or_exception(v);
	if (unlikely(v->guest_debug & KVM_GUESTDBG_BLOCKIRQ)) {
		event_hold_back(v);
		return;
	}
	event_inject_nmi(v);
	event_inject_irq(v);
}

void event_cancel(struct vcpu *v)
{
	if (!v->ev.in_flight)
		return;
	hv->cancel_injection(v);
	vcpu_request(v, REQ_EVENT);
}

bool event_runnable(struct vcpu *v)
{
	if (v->ev.exc.pending || v->ev.exc.injected || v->ev.irq.injected || v->ev.nmi_injected)
		return true;
	if ((v->ev.nmi_pending || atomic_read(&v->nmi_queued)) && hv->nmi_allowed(v))
		return true;
	if (!hv_call(irq_allowed)(v))
		return false;
	return v->ev.user_irq_pending || vlapic_has_event(v);
}
