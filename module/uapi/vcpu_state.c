// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a vCPU, read and set by user space: every vCPU ioctl but
 * KVM_RUN. The caller holds vcpu->mutex and the vCPU is not loaded: its state
 * is in struct vcpu and in the backend's memory. Whatever comes from user
 * space is copied once, checked, and only then used.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/debugreg.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "base/clock.h"
#include "base/compat.h"
#include "cpu/cpuid.h"
#include "cpu/event.h"
#include "cpu/mce.h"
#include "cpu/msr.h"
#include "cpu/pv.h"
#include "cpu/xstate.h"
#include "irq/vlapic.h"
#include "mem/guest_walk.h"
#include "mem/page_fault.h"
#include "msr_ioctl.h"
#include "stats_fd.h"
#include "vcpu_state.h"

#define LAST_EXCEPTION 30 /* #SX; 31 is reserved, and no CPU can be made to deliver it */

#define KVM_IRQ_MAX 256

/* ---- general registers ---- */

static void state_regs_get(struct vcpu *v, struct kvm_regs *r)
{
	const u64 *g = v->regs;

	*r = (struct kvm_regs){
		.rax = g[GPR_RAX], .rbx = g[GPR_RBX], .rcx = g[GPR_RCX], .rdx = g[GPR_RDX],
		.rsi = g[GPR_RSI], .rdi = g[GPR_RDI], .rsp = g[GPR_RSP], .rbp = g[GPR_RBP],
		.r8 = g[GPR_R8],   .r9 = g[GPR_R9],   .r10 = g[GPR_R10], .r11 = g[GPR_R11],
		.r12 = g[GPR_R12], .r13 = g[GPR_R13], .r14 = g[GPR_R14], .r15 = g[GPR_R15],
		.rip = v->rip,	   .rflags = v->rflags,
	};
	/* The debugger's single step is not the guest's. */
	if (v->guest_debug & KVM_GUESTDBG_SINGLESTEP)
		r->rflags &= ~(u64)X86_EFLAGS_TF;
}

static void state_regs_set(struct vcpu *v, const struct kvm_regs *r)
{
	const u64 g[NR_GPRS] = {
		[GPR_RAX] = r->rax, [GPR_RBX] = r->rbx, [GPR_RCX] = r->rcx, [GPR_RDX] = r->rdx,
		[GPR_RSI] = r->rsi, [GPR_RDI] = r->rdi, [GPR_RSP] = r->rsp, [GPR_RBP] = r->rbp,
		[GPR_R8] = r->r8,   [GPR_R9] = r->r9,	[GPR_R10] = r->r10, [GPR_R11] = r->r11,
		[GPR_R12] = r->r12, [GPR_R13] = r->r13, [GPR_R14] = r->r14, [GPR_R15] = r->r15,
	};

	memcpy(v->regs, g, sizeof(g));
	v->rip = r->rip;
	v->rflags = r->rflags | X86_EFLAGS_FIXED;
	if (v->guest_debug & KVM_GUESTDBG_SINGLESTEP)
		v->rflags |= X86_EFLAGS_TF;
	/* As in KVM: new registers make a queued exception meaningless. */
	v->ev.exc.pending = false;
	vcpu_request(v, REQ_EVENT);
}

/* ---- system registers ---- */

static struct kvm_segment state_segment_out(const struct hv_segment *s)
{
	return (struct kvm_segment){
		.base = s->base,
		.limit = s->limit,
		.selector = s->sel,
		.type = s->attr & 15,
		.s = s->attr >> 4 & 1,
		.dpl = s->attr >> 5 & 3,
		.present = s->attr >> 7 & 1,
		.avl = s->attr >> 8 & 1,
		.l = s->attr >> 9 & 1,
		.db = s->attr >> 10 & 1,
		.g = s->attr >> 11 & 1,
		.unusable = !(s->attr & BIT(7)),
	};
}

static struct hv_segment state_segment_in(const struct kvm_segment *k)
{
	bool present = k->present && !k->unusable;

	return (struct hv_segment){
		.base = k->base,
		.limit = k->limit,
		.sel = k->selector,
		.attr = (k->type & 15) | (k->s & 1) << 4 | (k->dpl & 3) << 5 | present << 7 | (k->avl & 1) << 8 |
			(k->l & 1) << 9 | (k->db & 1) << 10 | (k->g & 1) << 11,
	};
}

/* The fields that struct kvm_sregs and struct kvm_sregs2 share, by name. */
#define SREGS_OUT(v, out)                                                                          \
	do {                                                                                       \
		struct hv_sregs in_;                                                               \
		hv->get_sregs(v, &in_);                                                            \
		(out)->es = state_segment_out(&in_.seg[SEG_ES]);                                         \
		(out)->cs = state_segment_out(&in_.seg[SEG_CS]);                                         \
		(out)->ss = state_segment_out(&in_.seg[SEG_SS]);                                         \
		(out)->ds = state_segment_out(&in_.seg[SEG_DS]);                                         \
		(out)->fs = state_segment_out(&in_.seg[SEG_FS]);                                         \
		(out)->gs = state_segment_out(&in_.seg[SEG_GS]);                                         \
		(out)->ldt = state_segment_out(&in_.seg[SEG_LDTR]);                                      \
		(out)->tr = state_segment_out(&in_.seg[SEG_TR]);                                         \
		(out)->gdt.base = in_.gdt.base;                                                    \
		(out)->gdt.limit = in_.gdt.limit;                                                  \
		(out)->idt.base = in_.idt.base;                                                    \
		(out)->idt.limit = in_.idt.limit;                                                  \
		(out)->cr0 = in_.cr0;                                                              \
		(out)->cr2 = in_.cr2;                                                              \
		(out)->cr3 = in_.cr3;                                                              \
		(out)->cr4 = in_.cr4;                                                              \
		(out)->efer = in_.efer;                                                            \
		(out)->cr8 = (v)->vlapic ? vlapic_get_tpr(v) : (v)->cr8;                               \
		(out)->apic_base = vlapic_get_base(v);                                               \
	} while (0)

/* What both set calls hand over, in neutral form. */
struct sregs_in {
	struct hv_sregs hw;
	u64 apic_base, cr8;
};

#define SREGS_IN(in)                                                                               \
	(struct sregs_in)                                                                          \
	{                                                                                          \
		.hw = { .seg = { [SEG_ES] = state_segment_in(&(in)->es),                                 \
				 [SEG_CS] = state_segment_in(&(in)->cs),                                 \
				 [SEG_SS] = state_segment_in(&(in)->ss),                                 \
				 [SEG_DS] = state_segment_in(&(in)->ds),                                 \
				 [SEG_FS] = state_segment_in(&(in)->fs),                                 \
				 [SEG_GS] = state_segment_in(&(in)->gs),                                 \
				 [SEG_LDTR] = state_segment_in(&(in)->ldt),                              \
				 [SEG_TR] = state_segment_in(&(in)->tr) },                               \
			.gdt = { .base = (in)->gdt.base, .limit = (in)->gdt.limit },               \
			.idt = { .base = (in)->idt.base, .limit = (in)->idt.limit },               \
			.cr0 = (in)->cr0,                                                          \
			.cr2 = (in)->cr2,                                                          \
			.cr3 = (in)->cr3,                                                          \
			.cr4 = (in)->cr4,                                                          \
			.efer = (in)->efer },                                                      \
		.apic_base = (in)->apic_base, .cr8 = (in)->cr8,                                    \
	}

static bool state_sregs_cr0_valid(u64 cr0)
{
	if (cr0 >> 32)
		return false;
	if ((cr0 & X86_CR0_NW) && !(cr0 & X86_CR0_CD))
		return false;
	return !(cr0 & X86_CR0_PG) || (cr0 & X86_CR0_PE);
}

/* Combinations that no CPU can be in (APM vol. 2, 14.1 and 15.5.1). */
static bool state_sregs_valid(const struct vcpu *v, const struct hv_sregs *s)
{
	bool long_mode = (s->efer & EFER_LME) && (s->cr0 & X86_CR0_PG);

	if (!state_sregs_cr0_valid(s->cr0) || (s->cr4 & v->cr4_reserved) || (s->efer & cpuid_host_efer_reserved()))
		return false;
	if (long_mode)
		return (s->cr4 & X86_CR4_PAE) && (s->efer & EFER_LMA) && !(s->cr3 & (~0ULL << v->maxphyaddr));
	return !(s->efer & EFER_LMA) && !(s->seg[SEG_CS].attr & CS_ATTR_L);
}

static void state_sregs_set_tpr(struct vcpu *v, u8 cr8)
{
	v->cr8 = cr8;
	v->apic_cr8 = cr8;
	if (v->vlapic)
		vlapic_set_tpr(v, cr8);
	else
		v->run->cr8 = cr8;
	hv_call(set_tpr)(v, cr8);
}

static int state_sregs_apply(struct vcpu *v, const struct sregs_in *in)
{
	if (!state_sregs_valid(v, &in->hw) || in->cr8 > 15)
		return -EINVAL;
	if (vlapic_set_base(v, in->apic_base, true))
		return -EINVAL;
	hv->set_sregs(v, &in->hw);
	state_sregs_set_tpr(v, in->cr8);
	/* A boot CPU put to its reset vector runs, even if it was halted. */
	if (v->id == v->vm->bsp_id && v->rip == RIP_RESET && in->hw.seg[SEG_CS].sel == 0xf000 &&
	    !(in->hw.cr0 & X86_CR0_PE))
		v->mp_state = KVM_MP_STATE_RUNNABLE;
	vcpu_request(v, REQ_EVENT);
	return 0;
}

static void state_sregs_get(struct vcpu *v, struct kvm_sregs *s)
{
	memset(s, 0, sizeof(*s));
	SREGS_OUT(v, s);
	if (v->ev.irq.injected && !v->ev.irq.soft)
		__set_bit(v->ev.irq.vector, (unsigned long *)s->interrupt_bitmap);
}

static int state_sregs_set(struct vcpu *v, const struct kvm_sregs *s)
{
	struct sregs_in in = SREGS_IN(s);
	unsigned int vector;
	int r = state_sregs_apply(v, &in);

	if (r)
		return r;
	vector = find_first_bit((const unsigned long *)s->interrupt_bitmap, KVM_NR_INTERRUPTS);
	if (vector < KVM_NR_INTERRUPTS) {
		v->ev.irq.injected = true;
		v->ev.irq.soft = false;
		v->ev.irq.vector = vector;
	}
	return 0;
}

/*
 * With nested paging the CPU reads the PDPTEs from memory whenever it walks
 * (APM vol. 2, 15.25.10), so there are none to save and those given are not
 * needed.
 */
static void state_sregs2_get(struct vcpu *v, struct kvm_sregs2 *s)
{
	memset(s, 0, sizeof(*s));
	SREGS_OUT(v, s);
}

static int state_sregs2_set(struct vcpu *v, const struct kvm_sregs2 *s)
{
	bool pae = (s->cr0 & X86_CR0_PG) && (s->cr4 & X86_CR4_PAE) && !(s->efer & EFER_LME);
	struct sregs_in in = SREGS_IN(s);

	if (s->flags & ~(u64)KVM_SREGS2_FLAGS_PDPTRS_VALID)
		return -EINVAL;
	if ((s->flags & KVM_SREGS2_FLAGS_PDPTRS_VALID) && !pae)
		return -EINVAL;
	return state_sregs_apply(v, &in);
}

/* ---- events ---- */

/* NMIs that other threads have sent become part of the state. */
static void state_collect_nmis(struct vcpu *v)
{
	unsigned int n = atomic_xchg(&v->nmi_queued, 0) + v->ev.nmi_pending;

	v->ev.nmi_pending = min(n, (unsigned int)VCPU_MAX_NMIS);
}

static bool state_exception_is_soft(u8 vector)
{
	return vector == X86_TRAP_BP || vector == X86_TRAP_OF;
}

static void state_exception_get(struct vcpu *v, struct kvm_vcpu_events *e)
{
	bool payloads = v->vm->exception_payload;

	/* Without the capability there is no place for a payload: it takes effect now. */
	if (v->ev.exc.pending && v->ev.exc.has_payload && !payloads)
		event_deliver_payload(v);
	/* INT3 and INTO run again by themselves. */
	if (!state_exception_is_soft(v->ev.exc.vector)) {
		e->exception.injected = v->ev.exc.injected;
		e->exception.pending = v->ev.exc.pending;
		if (!payloads)
			e->exception.injected |= v->ev.exc.pending;
	}
	e->exception.nr = v->ev.exc.vector;
	e->exception.has_error_code = v->ev.exc.has_error;
	e->exception.error_code = v->ev.exc.error;
	e->exception_has_payload = v->ev.exc.has_payload;
	e->exception_payload = v->ev.exc.payload;
}

static void state_events_get(struct vcpu *v, struct kvm_vcpu_events *e)
{
	memset(e, 0, sizeof(*e));
	state_collect_nmis(v);
	state_exception_get(v, e);
	e->interrupt.injected = v->ev.irq.injected && !v->ev.irq.soft;
	e->interrupt.nr = v->ev.irq.vector;
	e->interrupt.shadow = hv->get_shadow(v);
	e->nmi.injected = v->ev.nmi_injected;
	e->nmi.pending = v->ev.nmi_pending;
	e->nmi.masked = v->ev.nmi_masked;
	e->flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
	if (v->vm->exception_payload)
		e->flags |= KVM_VCPUEVENT_VALID_PAYLOAD;
	if (v->vm->triple_fault_event) {
		e->triple_fault.pending = test_bit(REQ_TRIPLE_FAULT, &v->requests);
		e->flags |= KVM_VCPUEVENT_VALID_TRIPLE_FAULT;
	}
}

static int state_events_check(const struct vcpu *v, const struct kvm_vcpu_events *e)
{
	u32 valid = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW | KVM_VCPUEVENT_VALID_SMM;

	if (v->vm->exception_payload)
		valid |= KVM_VCPUEVENT_VALID_PAYLOAD;
	if (v->vm->triple_fault_event)
		valid |= KVM_VCPUEVENT_VALID_TRIPLE_FAULT;
	if (e->flags & ~valid)
		return -EINVAL;
	/* There is no SMM: only its absence can be set. */
	if ((e->flags & KVM_VCPUEVENT_VALID_SMM) &&
	    (e->smi.smm || e->smi.pending || e->smi.smm_inside_nmi || e->smi.latched_init))
		return -EINVAL;
	if ((e->exception.injected || e->exception.pending) &&
	    (e->exception.nr > LAST_EXCEPTION || e->exception.nr == X86_TRAP_NMI))
		return -EINVAL;
	return 0;
}

static void state_exception_set(struct vcpu *v, const struct kvm_vcpu_events *e)
{
	bool payload = e->flags & KVM_VCPUEVENT_VALID_PAYLOAD;

	v->ev.exc.injected = e->exception.injected;
	v->ev.exc.pending = payload && e->exception.pending;
	if (v->ev.exc.pending)
		v->ev.exc.injected = false;
	v->ev.exc.vector = e->exception.nr;
	v->ev.exc.has_error = e->exception.has_error_code;
	v->ev.exc.error = e->exception.error_code;
	v->ev.exc.has_payload = v->ev.exc.pending && e->exception_has_payload;
	v->ev.exc.payload = v->ev.exc.has_payload ? e->exception_payload : 0;
}

static int state_events_set(struct vcpu *v, const struct kvm_vcpu_events *e)
{
	int r = state_events_check(v, e);

	if (r)
		return r;
	state_collect_nmis(v);
	state_exception_set(v, e);
	v->ev.irq.injected = e->interrupt.injected;
	v->ev.irq.vector = e->interrupt.nr;
	v->ev.irq.soft = e->interrupt.soft;
	if (e->flags & KVM_VCPUEVENT_VALID_SHADOW)
		hv_call(set_shadow)(v, e->interrupt.shadow & (KVM_X86_SHADOW_INT_MOV_SS | KVM_X86_SHADOW_INT_STI));
	v->ev.nmi_injected = e->nmi.injected;
	if (e->flags & KVM_VCPUEVENT_VALID_NMI_PENDING)
		v->ev.nmi_pending = min_t(u8, e->nmi.pending, VCPU_MAX_NMIS);
	v->ev.nmi_masked = e->nmi.masked;
	if (e->flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT) {
		if (e->triple_fault.pending)
			vcpu_request(v, REQ_TRIPLE_FAULT);
		else
			clear_bit(REQ_TRIPLE_FAULT, &v->requests);
	}
	vcpu_request(v, REQ_EVENT);
	return 0;
}

/* ---- debugging ---- */

static void state_debugregs_get(struct vcpu *v, struct kvm_debugregs *d)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->db, v->dr, sizeof(v->dr));
	d->dr6 = v->dr6;
	d->dr7 = v->dr7;
}

static int state_debugregs_set(struct vcpu *v, const struct kvm_debugregs *d)
{
	if (d->flags || d->dr6 >> 32 || d->dr7 >> 32)
		return -EINVAL;
	memcpy(v->dr, d->db, sizeof(v->dr));
	v->dr6 = d->dr6;
	v->dr7 = d->dr7;
	hv->update_dr(v);
	return 0;
}

static int state_guest_debug(struct vcpu *v, const struct kvm_guest_debug *d)
{
	u32 inject = d->control & (KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP);

	if (d->control & ~VCPU_GUESTDBG_FLAGS)
		return -EINVAL;
	if (inject) {
		if (v->ev.exc.pending || v->ev.exc.injected)
			return -EBUSY;
		event_queue_exception(v, inject & KVM_GUESTDBG_INJECT_DB ? X86_TRAP_DB : X86_TRAP_BP, false, 0);
	}
	/* The trap flag of the last debugging session must not stay behind. */
	if ((v->guest_debug & KVM_GUESTDBG_SINGLESTEP) && !(d->control & KVM_GUESTDBG_SINGLESTEP)) {
		v->rflags &= ~(u64)X86_EFLAGS_TF;
		clear_bit(REQ_DEBUG_STEP, &v->requests);
	}
	v->guest_debug = d->control & KVM_GUESTDBG_ENABLE ? d->control : 0;
	if (v->guest_debug & KVM_GUESTDBG_SINGLESTEP)
		v->rflags |= X86_EFLAGS_TF;
	memset(v->debug_dr, 0, sizeof(v->debug_dr));
	v->debug_dr7 = 0;
	if (v->guest_debug & KVM_GUESTDBG_USE_HW_BP) {
		memcpy(v->debug_dr, d->arch.debugreg, sizeof(v->debug_dr));
		v->debug_dr7 = ((u32)d->arch.debugreg[7] & ~(u32)DR_GENERAL_DETECT_ENABLE) | DR7_RESET;
	}
	hv->update_dr(v);
	hv->update_intercepts(v);
	if (v->vlapic && hv->vlapic_changed)
		hv->vlapic_changed(v); /* KVM_GUESTDBG_BLOCKIRQ */
	vcpu_request(v, REQ_EVENT);
	return 0;
}

static int state_translate(struct vcpu *v, struct kvm_translation *t)
{
	struct insn_fault fault;
	u64 gpa;
	int r;

	if (down_read_killable(&v->vm->mem_sem))
		return -EINTR;
	r = guest_walk_now(v, t->linear_address, WALK_READ | WALK_NO_SIDE_EFFECTS, &gpa, &fault);
	up_read(&v->vm->mem_sem);
	t->physical_address = r ? ~0ULL : gpa;
	t->valid = !r;
	t->writeable = 1;
	t->usermode = 0;
	return 0;
}

/* ---- run state and interrupts ---- */

/* A kick (KVM_HC_KICK_CPU) is no state of its own: what it does is to end the halt. */
static u32 state_mp_get(const struct vcpu *v)
{
	if (v->mp_state == KVM_MP_STATE_HALTED && vlapic_kick_pending(v))
		return KVM_MP_STATE_RUNNABLE;
	return v->mp_state;
}

static int state_mp_set(struct vcpu *v, const struct kvm_mp_state *s)
{
	switch (s->mp_state) {
	case KVM_MP_STATE_RUNNABLE:
		break;
	case KVM_MP_STATE_UNINITIALIZED:
	case KVM_MP_STATE_INIT_RECEIVED:
	case KVM_MP_STATE_HALTED:
		if (!v->vlapic)
			return -EINVAL; /* nothing could wake it */
		break;
	default:
		return -EINVAL;
	}
	v->mp_state = s->mp_state;
	vcpu_request(v, REQ_EVENT);
	return 0;
}

/* A PIC in user space delivers a vector. */
static int state_interrupt(struct vcpu *v, const struct kvm_interrupt *irq)
{
	if (irq->irq >= KVM_IRQ_MAX)
		return -EINVAL;
	if (v->vm->full_irqchip)
		return -ENXIO;
	if (v->ev.user_irq_pending)
		return -EEXIST;
	v->ev.user_irq = irq->irq;
	v->ev.user_irq_pending = true;
	vcpu_request(v, REQ_EVENT);
	return 0;
}

static int state_nmi(struct vcpu *v)
{
	atomic_inc(&v->nmi_queued);
	vcpu_request(v, REQ_NMI);
	vcpu_request(v, REQ_EVENT);
	return 0;
}

static int state_enable_cap(struct vcpu *v, const struct kvm_enable_cap *c)
{
	if (c->flags || c->cap != KVM_CAP_ENFORCE_PV_FEATURE_CPUID)
		return -EINVAL;
	v->pv->enforce_cpuid = c->args[0];
	return 0;
}

/* Only "no address" can be set: there is no TPR patching to support. */
static int state_vapic_addr(const struct kvm_vapic_addr *a)
{
	return a->vapic_addr ? -EINVAL : 0;
}

/* ---- the ioctls ---- */

/* All argument structures that fit a register-sized handler. */
union state_arg {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_sregs2 sregs2;
	struct kvm_fpu fpu;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_guest_debug guest_debug;
	struct kvm_translation translation;
	struct kvm_pre_fault_memory pre_fault;
	struct kvm_mp_state mp;
	struct kvm_interrupt interrupt;
	struct kvm_enable_cap cap;
	struct kvm_vapic_addr vapic;
	struct kvm_x86_mce mce;
	struct kvm_device_attr attr;
	struct kvm_lapic_state lapic;
	u64 mcg_cap;
};

static int state_get(struct vcpu *v, unsigned int cmd, union state_arg *a)
{
	switch (cmd) {
	case KVM_GET_REGS:
		state_regs_get(v, &a->regs);
		return 0;
	case KVM_GET_SREGS:
		state_sregs_get(v, &a->sregs);
		return 0;
	case KVM_GET_SREGS2:
		state_sregs2_get(v, &a->sregs2);
		return 0;
	case KVM_GET_FPU:
		xstate_get_fpu(v, &a->fpu);
		return 0;
	case KVM_GET_XCRS:
		xstate_get_xcrs(v, &a->xcrs);
		return 0;
	case KVM_GET_DEBUGREGS:
		state_debugregs_get(v, &a->debugregs);
		return 0;
	case KVM_GET_VCPU_EVENTS:
		state_events_get(v, &a->events);
		return 0;
	case KVM_GET_MP_STATE:
		a->mp.mp_state = state_mp_get(v);
		return 0;
	case KVM_GET_LAPIC:
		return v->vlapic ? vlapic_get_state(v, &a->lapic) : -EINVAL;
	default:
		return -ENOIOCTLCMD;
	}
}

static int state_set(struct vcpu *v, unsigned int cmd, const union state_arg *a)
{
	switch (cmd) {
	case KVM_SET_REGS:
		state_regs_set(v, &a->regs);
		return 0;
	case KVM_SET_SREGS:
		return state_sregs_set(v, &a->sregs);
	case KVM_SET_SREGS2:
		return state_sregs2_set(v, &a->sregs2);
	case KVM_SET_FPU:
		return xstate_set_fpu(v, &a->fpu);
	case KVM_SET_XCRS:
		return xstate_set_xcrs(v, &a->xcrs);
	case KVM_SET_DEBUGREGS:
		return state_debugregs_set(v, &a->debugregs);
	case KVM_SET_VCPU_EVENTS:
		return state_events_set(v, &a->events);
	case KVM_SET_MP_STATE:
		return state_mp_set(v, &a->mp);
	case KVM_SET_LAPIC:
		return v->vlapic ? vlapic_set_state(v, &a->lapic) : -EINVAL;
	case KVM_SET_GUEST_DEBUG:
		return state_guest_debug(v, &a->guest_debug);
	case KVM_INTERRUPT:
		return state_interrupt(v, &a->interrupt);
	case KVM_ENABLE_CAP:
		return state_enable_cap(v, &a->cap);
	case KVM_SET_VAPIC_ADDR:
		return v->vlapic ? state_vapic_addr(&a->vapic) : -EINVAL;
	case KVM_X86_SETUP_MCE:
		return msr_setup_mce(v, a->mcg_cap);
	case KVM_X86_SET_MCE:
		return msr_set_mce(v, &a->mce);
	case KVM_SET_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_HAS_DEVICE_ATTR:
		return clock_device_attr(v, cmd, &a->attr);
	default:
		return -ENOIOCTLCMD;
	}
}

/* Commands whose argument is a structure of fixed size, by the size and direction in the command itself. */
static int state_struct_ioctl(struct vcpu *v, unsigned int cmd, void __user *arg)
{
	bool in = _IOC_DIR(cmd) & _IOC_WRITE, out = _IOC_DIR(cmd) & _IOC_READ;
	unsigned int size = _IOC_SIZE(cmd);
	union state_arg *a;
	int r;

	if (!size || size > sizeof(*a))
		return -ENOIOCTLCMD;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	if (in && copy_from_user(a, arg, size)) {
		r = -EFAULT;
		goto out;
	}
	if (cmd == KVM_TRANSLATE)
		r = state_translate(v, &a->translation);
	else if (cmd == KVM_PRE_FAULT_MEMORY)
		r = mem_pre_fault(v->vm, &a->pre_fault);
	else if (in)
		r = state_set(v, cmd, a);
	else
		r = state_get(v, cmd, a);
	if (!r && out && copy_to_user(arg, a, size))
		r = -EFAULT;
out:
	kfree(a);
	return r;
}

int vcpu_state_ioctl(struct vcpu *v, unsigned int cmd, void __user *arg, bool *handled)
{
	int r;

	*handled = true;
	switch (cmd) {
	case KVM_GET_MSRS:
		return msr_get_user(v, arg);
	case KVM_SET_MSRS:
		return msr_set_user(v, arg);
	case KVM_SET_CPUID:
		return cpuid_set(v, arg);
	case KVM_SET_CPUID2:
		return cpuid_set2(v, arg);
	case KVM_GET_CPUID2:
		return cpuid_get2(v, arg);
	case KVM_GET_XSAVE:
		return xstate_get_xsave(v, arg, sizeof(struct kvm_xsave));
	case KVM_GET_XSAVE2:
		return xstate_get_xsave(v, arg, xstate_xsave2_size());
	case KVM_SET_XSAVE:
		return xstate_set_xsave(v, arg);
	case KVM_SET_TSC_KHZ:
		return (unsigned long)arg > U32_MAX ? -EINVAL : clock_set_tsc_khz(v, (unsigned long)arg);
	case KVM_GET_TSC_KHZ:
		return v->tsc_khz;
	case KVM_KVMCLOCK_CTRL:
		return pv_kvmclock_ctrl(v);
	case KVM_GET_STATS_FD:
		return stats_vcpu_fd(v);
	case KVM_NMI:
		return state_nmi(v);
	case KVM_SMI: /* no SMM */
		return -ENOTTY;
	}
	r = state_struct_ioctl(v, cmd, arg);
	if (r == -ENOIOCTLCMD)
		*handled = false;
	return r;
}

/* ---- KVM_CAP_SYNC_REGS ---- */

void state_sync_to_run(struct vcpu *v)
{
	struct kvm_sync_regs *s = &v->run->s.regs;
	u64 valid = READ_ONCE(v->run->kvm_valid_regs);

	if (valid & KVM_SYNC_X86_REGS)
		state_regs_get(v, &s->regs);
	if (valid & KVM_SYNC_X86_SREGS)
		state_sregs_get(v, &s->sregs);
	if (valid & KVM_SYNC_X86_EVENTS)
		state_events_get(v, &s->events);
}

int state_sync_from_run(struct vcpu *v)
{
	u64 dirty = READ_ONCE(v->run->kvm_dirty_regs);
	struct kvm_sync_regs *s;
	int r = 0;

	if (dirty & ~(u64)STATE_SYNC_FIELDS)
		return -EINVAL;
	/* Other threads can write to the run page: check and use a copy. */
	s = kmemdup(&v->run->s.regs, sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	if (dirty & KVM_SYNC_X86_REGS)
		state_regs_set(v, &s->regs);
	if (dirty & KVM_SYNC_X86_SREGS)
		r = state_sregs_set(v, &s->sregs);
	if (!r && (dirty & KVM_SYNC_X86_EVENTS))
		r = state_events_set(v, &s->events);
	v->run->kvm_dirty_regs &= ~dirty;
	kfree(s);
	return r;
}
