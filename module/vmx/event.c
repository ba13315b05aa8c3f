// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events into the guest, and what holds them off: injection, windows,
 * interrupt shadows, NMI blocking. SDM vol. 3, "Event Injection",
 * "Interruptibility State".
 *
 * NMIs: with virtual NMIs the CPU tracks blocking itself, from injection to
 * IRET. vcpu->ev.nmi_masked follows it at every exit while it is set, and is
 * written back where user space has changed it.
 */
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "access.h"
#include "base/emulator_quirks.h"
#include "base/params.h"
#include "caps.h"
#include "cr.h"
#include "emulator_quirks.h"
#include "event.h"
#include "irq/vlapic.h"
#include "vmcs.h"
#include "vmx.h"

#define SHADOW (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)

/* Vectors that push an error code when they come from the CPU in protected mode. */
#define ERROR_CODE_VECTORS                                                                         \
	(BIT(X86_TRAP_DF) | BIT(X86_TRAP_TS) | BIT(X86_TRAP_NP) | BIT(X86_TRAP_SS) | BIT(X86_TRAP_GP) | \
	 BIT(X86_TRAP_PF) | BIT(X86_TRAP_AC))

/* The interruptibility state; read at most once per exit. */
u32 vmx_blocking(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;

	if (!s->blocking_known) {
		vmx_get(v);
		s->blocking = vmx_read(GUEST_INTERRUPTIBILITY_INFO);
		vmx_put(v);
		s->blocking_known = true;
	}
	return s->blocking;
}

void vmx_set_blocking(struct vcpu *v, u32 blocking)
{
	struct vmx_vcpu *s = v->vmx;

	if (vmx_blocking(v) == blocking)
		return;
	vmx_get(v);
	vmx_write(GUEST_INTERRUPTIBILITY_INFO, blocking);
	vmx_put(v);
	s->blocking = blocking;
	s->hw_nmi_masked = blocking & GUEST_INTR_STATE_NMI;
}

u8 vmx_get_shadow(struct vcpu *v)
{
	u32 blocking = vmx_blocking(v);

	return (blocking & GUEST_INTR_STATE_STI ? KVM_X86_SHADOW_INT_STI : 0) |
	       (blocking & GUEST_INTR_STATE_MOV_SS ? KVM_X86_SHADOW_INT_MOV_SS : 0);
}

/* Both at once are not allowed (SDM vol. 3, "Checks on Guest Non-Register State"). */
void vmx_set_shadow(struct vcpu *v, u8 shadow)
{
	u32 blocking = vmx_blocking(v) & ~SHADOW;

	if (shadow & KVM_X86_SHADOW_INT_MOV_SS)
		blocking |= GUEST_INTR_STATE_MOV_SS;
	else if (shadow & KVM_X86_SHADOW_INT_STI)
		blocking |= GUEST_INTR_STATE_STI;
	vmx_set_blocking(v, blocking);
}

/* A HLT that did not exit is over: an event comes, or user space has moved the vCPU elsewhere. */
void vmx_end_hlt(struct vcpu *v)
{
	if (v->vm->disabled_exits & KVM_X86_DISABLE_EXITS_HLT)
		vmx_write(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
}

static void vmx_inject(struct vcpu *v, u32 info)
{
	vmx_end_hlt(v);
	v->vmx->event_info = info | INTR_INFO_VALID_MASK;
	vmx_write(VM_ENTRY_INTR_INFO_FIELD, v->vmx->event_info);
}

/* INT3 and INTO count as instructions of their own, one byte long; the CPU is strict about error codes. */
void vmx_inject_exception(struct vcpu *v)
{
	u8 vector = v->ev.exc.vector;
	u32 info = vector;

	if (vector == X86_TRAP_BP || vector == X86_TRAP_OF) {
		info |= INTR_TYPE_SOFT_EXCEPTION;
		vmx_write(VM_ENTRY_INSTRUCTION_LEN, 1);
	} else {
		info |= INTR_TYPE_HARD_EXCEPTION;
	}
	if ((BIT_ULL(vector) & ERROR_CODE_VECTORS) && (vmx_cr0(v->vmx) & X86_CR0_PE)) {
		info |= INTR_INFO_DELIVER_CODE_MASK;
		vmx_write(VM_ENTRY_EXCEPTION_ERROR_CODE, v->ev.exc.has_error ? (u16)v->ev.exc.error : 0);
	}
	vmx_inject(v, info);
}

void vmx_inject_irq(struct vcpu *v)
{
	u32 type = v->ev.irq.soft ? INTR_TYPE_SOFT_INTR : INTR_TYPE_EXT_INTR;

	if (v->ev.irq.soft)
		vmx_write(VM_ENTRY_INSTRUCTION_LEN, 2);
	vmx_inject(v, v->ev.irq.vector | type);
}

void vmx_inject_nmi(struct vcpu *v)
{
	v->ev.nmi_masked = true;
	vmx_inject(v, X86_TRAP_NMI | INTR_TYPE_NMI_INTR);
}

void vmx_cancel_injection(struct vcpu *v)
{
	v->vmx->event_info = 0;
	vmx_write(VM_ENTRY_INTR_INFO_FIELD, 0);
}

bool vmx_irq_allowed(struct vcpu *v)
{
	return (v->rflags & X86_EFLAGS_IF) && !(vmx_blocking(v) & SHADOW);
}

bool vmx_nmi_allowed(struct vcpu *v)
{
	return !v->ev.nmi_masked && !(vmx_blocking(v) & SHADOW);
}

void vmx_set_irq_window(struct vcpu *v, bool on)
{
	v->vmx->irq_window = on;
}

/* The NMI window opens even under a shadow of STI, the interrupt window does not: it is one instruction away. */
void vmx_set_nmi_window(struct vcpu *v)
{
	if (!v->ev.nmi_masked && (vmx_blocking(v) & GUEST_INTR_STATE_STI) && (v->rflags & X86_EFLAGS_IF))
		v->vmx->sti_window = true;
	else
		v->vmx->proc |= CPU_BASED_NMI_WINDOW_EXITING;
}

void vmx_write_pin(const struct vmx_vcpu *s)
{
	u32 pin = vmx_features.pin | (s->posting ? PIN_BASED_POSTED_INTR : 0);

	if (emulator_quirks_on())
		pin |= vmx_quirk_pin(s);
	vmx_write(PIN_BASED_VM_EXEC_CONTROL, pin);
}

void vmx_events_before_entry(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	bool nmi = (s->event_info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR && s->event_info;
	/* The injection of an NMI blocks NMIs; before it they must not be. */
	bool masked = v->ev.nmi_masked && !nmi;
	u32 proc = s->proc;

	if (unlikely(masked != s->hw_nmi_masked))
		vmx_set_blocking(v, (vmx_blocking(v) & ~GUEST_INTR_STATE_NMI) | (masked ? GUEST_INTR_STATE_NMI : 0));
	if (emulator_quirks_on() && vmx_quirk_limit_stay(v))
		vmx_write_pin(s);
	if (s->irq_window || s->sti_window || (emulator_quirks_on() && vmx_quirk_irq_window(s)))
		proc |= CPU_BASED_INTR_WINDOW_EXITING;
	if (proc != s->hw_proc) {
		vmx_write(CPU_BASED_VM_EXEC_CONTROL, proc);
		s->hw_proc = proc;
	}
}

/* Delivery of an event was cut short by the exit: it has to be injected again (SDM vol. 3, 28.2.4). */
static void vmx_requeue_event(struct vcpu *v, u32 info)
{
	u8 vector = info & VECTORING_INFO_VECTOR_MASK;

	switch (info & VECTORING_INFO_TYPE_MASK) {
	case INTR_TYPE_NMI_INTR:
		v->ev.nmi_injected = true;
		break;
	case INTR_TYPE_HARD_EXCEPTION:
		v->ev.exc.injected = true;
		v->ev.exc.pending = false;
		v->ev.exc.vector = vector;
		v->ev.exc.has_error = info & VECTORING_INFO_DELIVER_CODE_MASK;
		v->ev.exc.error = v->ev.exc.has_error ? vmx_read(IDT_VECTORING_ERROR_CODE) : 0;
		break;
	case INTR_TYPE_EXT_INTR:
		v->ev.irq.injected = true;
		v->ev.irq.soft = false;
		v->ev.irq.vector = vector;
		break;
	default: /* a software interrupt or exception: RIP still points at it, and it executes again */
		break;
	}
	vcpu_request(v, REQ_EVENT);
}

void vmx_events_after_exit(struct vcpu *v)
{
	u32 info = vmx_read(IDT_VECTORING_INFO_FIELD);
	struct vmx_vcpu *s = v->vmx;

	if (emulator_quirks_on() && (info & VECTORING_INFO_VALID_MASK) && s->posting)
		info = vmx_quirk_vectoring(v, info);
	s->event_info = 0;
	s->blocking_known = false;
	s->sti_window = false;
	s->proc &= ~CPU_BASED_NMI_WINDOW_EXITING;
	if (unlikely(v->ev.nmi_masked)) {
		s->hw_nmi_masked = vmx_blocking(v) & GUEST_INTR_STATE_NMI;
		v->ev.nmi_masked = s->hw_nmi_masked;
	}
	if (unlikely(v->ev.nmi_pending))
		vcpu_request(v, REQ_EVENT); /* windows are asked for anew */
	if (unlikely(info & VECTORING_INFO_VALID_MASK))
		vmx_requeue_event(v, info);
}
