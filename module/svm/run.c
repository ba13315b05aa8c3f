// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running a vCPU on SVM: coming to and leaving a physical CPU, the entry, and
 * turning the exit into neutral words.
 *
 * Everything here runs in the vCPU's thread with preemption off between
 * svm_load() and svm_unload(); svm_run() with interrupts off.
 *
 * Blocking of NMIs. SVM has no NMI window: after an NMI was delivered, IRET is
 * intercepted. At that exit the IRET has not yet executed (APM vol. 2, 15.9),
 * so NMIs stay masked until RIP has moved; a fault of the IRET counts as its
 * execution (SDM vol. 3, "Handling Multiple NMIs"). If another NMI waits, the
 * IRET is single-stepped so that the window cannot be missed; the resulting
 * #DB is swallowed.
 *
 * The trap flag of such a step is ours, and must not get into a frame on the
 * guest's stack: faults exit while it is set, and an event that goes in takes
 * its place. Then the entry ends as soon as the event is delivered, by an
 * interrupt that this CPU sends to itself.
 */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <linux/smp.h>
#include <trace/events/ipi.h>
#include <asm/debugreg.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>

#include "base/compat.h"
#include "caps.h"
#include "cpu/debug_regs.h"
#include "emulator_quirks.h"
#include "mem/gpa.h"
#include "mem/guest_walk.h"
#include "model/tsc.h"
#include "run.h"
#include "run/exit.h"
#include "run/insn_skip.h"
#include "state.h"
#include "svm.h"

static void svm_new_asid(struct svm_vcpu *s, struct svm_cpu *c)
{
	struct vmcb_control_area *ctl = &s->vmcb->control;

	if (c->next_asid >= svm_features.nr_asids) {
		c->asid_generation++;
		c->next_asid = 1;
		c->flush_all = true;
	}
	s->asid_generation = c->asid_generation;
	ctl->asid = c->next_asid++;
	svm_dirty(s, SVM_CLEAN_ASID);
}

void svm_cancel_injection(struct vcpu *v)
{
	v->svm->vmcb->control.event_inj = 0;
	v->svm->leave_at_once = false;
	if (emulator_quirks_on())
		svm_quirk_cancel_injection(v);
}

void svm_load(struct vcpu *v)
{
	struct svm_cpu *c = this_cpu_ptr(&svm_cpus);
	struct svm_vcpu *s = v->svm;
	int cpu = smp_processor_id();
	unsigned long flags;

	local_irq_save(flags);
	/* Off: the host is going down and REQ_VM_DEAD keeps us from entering; VMSAVE would be #UD. */
	if (likely(c->enabled))
		asm volatile("vmsave %0" ::"a"(page_to_phys(c->host_save)) : "memory");
	local_irq_restore(flags);
	s->entry.host_save_pa = page_to_phys(c->host_save);
	if (s->last_cpu != cpu) {
		s->clean = 0;
		s->asid_generation = 0;
		s->last_cpu = cpu;
	}
	if (s->asid_generation != c->asid_generation)
		svm_new_asid(s, c);
	spec_predictor_barrier(&c->last_vcpu, v);
	s->entry.flags = svm_features.v_spec_ctrl ? 0 : spec_ctrl_prepare(s->entry.guest_spec_ctrl,
									  &s->entry.host_spec_ctrl,
									  s->spec_ctrl_used);
	/* User space may have changed it. */
	if (!v->ev.nmi_masked)
		s->iret_begun = false;
	svm_intercept(s, INTERCEPT_IRET, v->ev.nmi_masked && !s->iret_begun);
	if (svm_features.rdtscp) {
		rdmsrl(MSR_TSC_AUX, c->host_tsc_aux);
		if (c->host_tsc_aux != s->tsc_aux)
			wrmsrl(MSR_TSC_AUX, s->tsc_aux);
	}
	if (svm_features.tsc_scale && c->tsc_ratio != v->tsc_ratio) {
		wrmsrl(MSR_AMD64_TSC_RATIO, v->tsc_ratio);
		c->tsc_ratio = v->tsc_ratio;
	}
}

#define OPCODE_PUSHF 0x9c
#define OPCODE_POPF 0x9d

static bool svm_is_word(u64 bytes)
{
	return bytes == 2 || bytes == 4 || bytes == 8;
}

/* The stepped instruction has brought its own trap flag. */
static bool svm_step_loaded_flags(const struct vcpu *v)
{
	const struct svm_vcpu *s = v->svm;

	return s->step_is_iret || (s->step_opcode == OPCODE_POPF && svm_is_word(v->regs[GPR_RSP] - s->step_rsp));
}

/* It has stored ours: take it out again. Interrupts on. */
static void svm_step_clean_stack(struct vcpu *v)
{
	u64 gpa, lin = v->svm->vmcb->save.ss.base + v->regs[GPR_RSP] + X86_EFLAGS_TF_BIT / 8;
	struct insn_fault fault;
	u8 flags;

	v->svm->step_stored_flags = false;
	if (guest_walk_now(v, lin, WALK_WRITE, &gpa, &fault) || gpa_read(v, gpa, &flags, 1))
		return;
	flags &= ~(X86_EFLAGS_TF >> 8);
	gpa_write(v, gpa, &flags, 1);
}

static void svm_begin_own_step(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	u8 code[2] = {};

	skip_peek_quiet(v, code, sizeof(code));
	s->nmi_singlestep = true;
	s->step_is_iret = s->iret_begun;
	s->step_opcode = code[0] == 0x66 || (code[0] & 0xf0) == 0x40 ? code[1] : code[0];
	s->step_rsp = v->regs[GPR_RSP];
	s->singlestep_had_tf = v->rflags & X86_EFLAGS_TF;
	v->rflags |= X86_EFLAGS_TF;
	svm_update_exceptions(v);
}

/* done: the CPU has executed the instruction. True when the step was ours alone, false when others were stepping, too. */
static bool svm_leave_step(struct vcpu *v, bool done)
{
	struct svm_vcpu *s = v->svm;
	bool alone = !s->singlestep_had_tf && !(v->guest_debug & KVM_GUESTDBG_SINGLESTEP);

	s->nmi_singlestep = false;
	s->step_stored_flags = alone && done && s->step_opcode == OPCODE_PUSHF &&
			       svm_is_word(s->step_rsp - v->regs[GPR_RSP]);
	if (alone && !(done && svm_step_loaded_flags(v)))
		v->rflags &= ~X86_EFLAGS_TF;
	svm_update_exceptions(v);
	return alone;
}

/* The instruction has not executed, or not in the CPU. */
static bool svm_drop_step(struct vcpu *v)
{
	if (!v->svm->nmi_singlestep)
		return false;
	vcpu_request(v, REQ_EVENT);
	return svm_leave_step(v, false);
}

bool svm_end_own_step(struct vcpu *v)
{
	if (unlikely(v->svm->step_stored_flags))
		svm_step_clean_stack(v);
	return svm_drop_step(v);
}

void svm_unload(struct vcpu *v)
{
	struct svm_cpu *c = this_cpu_ptr(&svm_cpus);
	struct svm_vcpu *s = v->svm;

	if (svm_features.rdtscp) {
		rdmsrl(MSR_TSC_AUX, s->tsc_aux);
		if (c->host_tsc_aux != s->tsc_aux)
			wrmsrl(MSR_TSC_AUX, c->host_tsc_aux);
	}
	debug_regs_unload(v);
	/* User space does not see our trap flag; event_inject() sets it again. */
	svm_drop_step(v);
}

static void svm_iret_executed(struct vcpu *v)
{
	v->svm->iret_begun = false;
	v->ev.nmi_masked = false;
	vcpu_request(v, REQ_EVENT);
}

/* An event goes in where an IRET was about to execute: it has not, its intercept has to come again. */
static void svm_postpone_iret(struct svm_vcpu *s)
{
	if (!s->iret_begun)
		return;
	s->iret_begun = false;
	svm_intercept(s, INTERCEPT_IRET, true);
}

static void svm_requeue_irq(struct vcpu *v, u8 vector)
{
	v->ev.irq.injected = true;
	v->ev.irq.soft = false;
	v->ev.irq.vector = vector;
	vcpu_request(v, REQ_EVENT);
}

/* Delivery of an event was cut short by the exit: it has to be injected again (APM vol. 2, 15.7.2). */
static void svm_requeue_event(struct vcpu *v)
{
	struct vmcb_control_area *ctl = &v->svm->vmcb->control;
	u32 info = ctl->exit_int_info;
	u8 vector = info & SVM_EXITINTINFO_VEC_MASK;

	switch (info & SVM_EXITINTINFO_TYPE_MASK) {
	case SVM_EXITINTINFO_TYPE_NMI:
		v->ev.nmi_injected = true;
		break;
	case SVM_EXITINTINFO_TYPE_EXEPT:
		/* INT3 and INTO start again by themselves: RIP still points at them. */
		if (vector == BP_VECTOR || vector == OF_VECTOR)
			break;
		v->ev.exc.injected = true;
		v->ev.exc.pending = false;
		v->ev.exc.vector = vector;
		v->ev.exc.has_error = info & SVM_EXITINTINFO_VALID_ERR;
		v->ev.exc.error = ctl->exit_int_info_err;
		break;
	case SVM_EXITINTINFO_TYPE_INTR:
		svm_requeue_irq(v, vector);
		break;
	default: /* a software interrupt executes again */
		break;
	}
	vcpu_request(v, REQ_EVENT);
}

static void svm_decode_io(struct hv_exit *e, const struct vmcb_control_area *ctl)
{
	u32 info = ctl->exit_info_1;

	e->reason = HV_EXIT_IO;
	e->io.port = info >> 16;
	e->io.size = (info & SVM_IOIO_SIZE_MASK) >> SVM_IOIO_SIZE_SHIFT;
	e->io.in = info & SVM_IOIO_TYPE_MASK;
	e->io.string = info & SVM_IOIO_STR_MASK;
	e->io.next_rip = ctl->exit_info_2;
}

static void svm_decode_npf(struct hv_exit *e, const struct vmcb_control_area *ctl)
{
	u64 info = ctl->exit_info_1;

	e->reason = HV_EXIT_MEMORY;
	e->mem.gpa = ctl->exit_info_2;
	e->mem.present = info & 1;
	e->mem.write = info & 2;
	e->mem.fetch = info & 16;
	e->mem.in_guest_walk = info & BIT_ULL(33);
}

/* DR6's breakpoint bits are set whether DR7 enables the breakpoint or not. */
static u64 svm_enabled_breakpoints(const struct vcpu *v)
{
	u64 dr7 = v->svm->vmcb->save.dr7, bits = 0;
	unsigned int i;

	for (i = 0; i < HBP_NUM; i++) {
		if (dr7 & (3ULL << (i * DR_ENABLE_SIZE)))
			bits |= DR_TRAP0 << i;
	}
	return bits;
}

/* The step has come to its end; what else made the #DB is the guest's. */
static void svm_step_trapped(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	struct hv_exit *e = &v->exit;

	vcpu_request(v, REQ_EVENT);
	if (s->iret_begun)
		svm_iret_executed(v); /* it has come back to itself */
	if (!svm_leave_step(v, true))
		return;
	e->exc.qualification &= ~(u64)DR_STEP;
	s->vmcb->save.dr6 = v->dr6;
	svm_dirty(s, SVM_CLEAN_DR);
	if (!(e->exc.qualification & ~(DR_TRAP_BITS & ~svm_enabled_breakpoints(v))))
		e->reason = HV_EXIT_NMI_WINDOW;
}

#define ERROR_CODE_VECTORS                                                                         \
	(BIT(TS_VECTOR) | BIT(NP_VECTOR) | BIT(SS_VECTOR) | BIT(GP_VECTOR) | BIT(PF_VECTOR) | BIT(AC_VECTOR) | \
	 BIT(CP_VECTOR))

static void svm_decode_exception(struct vcpu *v, u32 code)
{
	struct vmcb_control_area *ctl = &v->svm->vmcb->control;
	struct hv_exit *e = &v->exit;

	e->reason = HV_EXIT_EXCEPTION;
	e->exc.vector = code - SVM_EXIT_EXCP_BASE;
	e->exc.has_error = BIT(e->exc.vector) & ERROR_CODE_VECTORS;
	e->exc.error = ctl->exit_info_1;
	e->exc.qualification = e->exc.vector == PF_VECTOR ? ctl->exit_info_2 : 0;
	if (unlikely(e->exc.vector == MC_VECTOR)) {
		exit_machine_check();
	} else if (e->exc.vector == DB_VECTOR) {
		/* Bits that are 0 when active read inverted: DR6 with its fixed ones taken out. */
		e->exc.qualification = v->svm->vmcb->save.dr6 ^ DR6_RESERVED;
		if (v->svm->nmi_singlestep)
			svm_step_trapped(v);
	} else {
		svm_drop_step(v);
	}
}

static void svm_begin_iret(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;

	svm_intercept(s, INTERCEPT_IRET, false);
	s->iret_begun = true;
	s->iret_rip = v->rip;
	v->exit.reason = HV_EXIT_NMI_WINDOW;
}

/* One exit code each that needs nothing but its name. */
static enum hv_exit_reason svm_plain_reason(u32 code)
{
	switch (code) {
	case SVM_EXIT_INTR:
		return HV_EXIT_INTR;
	case SVM_EXIT_NMI:
		return HV_EXIT_NMI;
	case SVM_EXIT_SMI:
	case SVM_EXIT_INIT:
		return HV_EXIT_NONE; /* pending in the CPU: the host takes it at STGI */
	case SVM_EXIT_VINTR:
		return HV_EXIT_IRQ_WINDOW;
	case SVM_EXIT_RDPMC:
		return HV_EXIT_RDPMC;
	case SVM_EXIT_INVD:
		return HV_EXIT_INVD;
	case SVM_EXIT_WBINVD:
		return HV_EXIT_WBINVD;
	case SVM_EXIT_PAUSE:
		return HV_EXIT_PAUSE;
	case SVM_EXIT_HLT:
		return HV_EXIT_HLT;
	case SVM_EXIT_SHUTDOWN:
		return HV_EXIT_SHUTDOWN;
	case SVM_EXIT_VMMCALL:
		return HV_EXIT_HYPERCALL;
	case SVM_EXIT_MONITOR:
		return HV_EXIT_MONITOR;
	case SVM_EXIT_MWAIT:
	case SVM_EXIT_MWAIT_COND:
		return HV_EXIT_MWAIT;
	case SVM_EXIT_XSETBV:
		return HV_EXIT_XSETBV;
	case SVM_EXIT_WRITE_CR4:
	case SVM_EXIT_CR0_SEL_WRITE:
		return HV_EXIT_CR;
	case SVM_EXIT_WRITE_CR8:
		return HV_EXIT_CR8;
	case SVM_EXIT_READ_DR0 ... SVM_EXIT_READ_DR7:
	case SVM_EXIT_WRITE_DR0 ... SVM_EXIT_WRITE_DR7:
		return HV_EXIT_DR;
	case SVM_EXIT_VMRUN:
	case SVM_EXIT_VMLOAD:
	case SVM_EXIT_VMSAVE:
	case SVM_EXIT_STGI:
	case SVM_EXIT_CLGI:
	case SVM_EXIT_SKINIT:
	case SVM_EXIT_INVLPGA:
	case SVM_EXIT_RDPRU:
	case SVM_EXIT_RSM:
		return HV_EXIT_UNDEFINED;
	default:
		return HV_EXIT_UNKNOWN;
	}
}

static __always_inline void svm_decode_exit(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	struct vmcb_control_area *ctl = &s->vmcb->control;
	struct hv_exit *e = &v->exit;
	u32 code = ctl->exit_code;

	e->insn_len = svm_features.nrips && ctl->next_rip ? ctl->next_rip - v->rip : 0;
	switch (code) {
	case SVM_EXIT_CPUID:
		e->reason = HV_EXIT_CPUID;
		return;
	case SVM_EXIT_MSR:
		e->reason = HV_EXIT_MSR;
		e->msr.write = ctl->exit_info_1;
		return;
	case SVM_EXIT_IOIO:
		svm_decode_io(e, ctl);
		return;
	case SVM_EXIT_NPF:
		svm_decode_npf(e, ctl);
		return;
	case SVM_EXIT_IRET:
		svm_begin_iret(v);
		return;
	case SVM_EXIT_EXCP_BASE ... SVM_EXIT_LAST_EXCP:
		svm_decode_exception(v, code);
		return;
	case (u32)SVM_EXIT_ERR:
		s->clean = 0;
		e->reason = HV_EXIT_FAILED_ENTRY;
		e->hw_code = code;
		return;
	default:
		e->hw_code = code;
		e->reason = svm_plain_reason(code);
	}
}

static __always_inline void svm_write_entry(struct vcpu *v)
{
	struct vmcb *vmcb = v->svm->vmcb;

	vmcb->save.rax = v->regs[GPR_RAX];
	vmcb->save.rsp = v->regs[GPR_RSP];
	vmcb->save.rip = v->rip;
	vmcb->save.rflags = v->rflags;
	/* Whatever the last exit left there: no guest may hold off the host's interrupts. */
	vmcb->control.int_ctl |= V_INTR_MASKING_MASK;
}

static __always_inline void svm_read_exit(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	struct vmcb *vmcb = s->vmcb;

	v->regs[GPR_RAX] = vmcb->save.rax;
	v->regs[GPR_RSP] = vmcb->save.rsp;
	v->rip = vmcb->save.rip;
	v->rflags = vmcb->save.rflags;
	vmcb->control.tlb_ctl = TLB_CONTROL_DO_NOTHING;
	vmcb->control.event_inj = 0;
	v->cr8 = vmcb->control.int_ctl & V_TPR_MASK;
	/* A task switch has cleared the local breakpoints (APM vol. 2, 12.4). */
	if (unlikely(v->dr_wanted) && !(v->guest_debug & KVM_GUESTDBG_USE_HW_BP))
		v->dr7 = vmcb->save.dr7;
	v->may_have_shadow = vmcb->control.int_state & SVM_INTERRUPT_SHADOW_MASK;

	if (unlikely(s->leave_at_once)) {
		s->leave_at_once = false;
		vcpu_request(v, REQ_EVENT);
	}
	if (unlikely(s->iret_begun) && v->rip != s->iret_rip)
		svm_iret_executed(v);
	if (unlikely(s->lmsw) && v->rip != s->lmsw_rip) {
		s->lmsw = false;
		svm_intercept(s, INTERCEPT_SELECTIVE_CR0, true);
	}
	if (emulator_quirks_on() && unlikely(s->quirk_virq) && svm_quirk_irq_not_taken(v))
		svm_requeue_irq(v, vmcb->control.int_vector);
	if (unlikely(vmcb->control.exit_int_info & SVM_EXITINTINFO_VALID))
		svm_requeue_event(v);
	svm_decode_exit(v);
}

void svm_run(struct vcpu *v)
{
	struct svm_cpu *c = this_cpu_ptr(&svm_cpus);
	struct svm_vcpu *s = v->svm;
	struct vmcb *vmcb = s->vmcb;

	if (unlikely(!s->asid_generation))
		svm_new_asid(s, c);
	if (unlikely(c->flush_all)) {
		c->flush_all = false;
		vmcb->control.tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
	}
	svm_write_entry(v);
	vmcb->control.clean = s->clean;

	if (unlikely(s->leave_at_once))
		smp_send_reschedule(smp_processor_id());
	debug_regs_before_entry(v);
	hv_clear_divider(); /* Zen 1: a division by 0 gives the last quotient, of the host or another guest */
	asm volatile("clgi" ::: "memory");
	svm_vmenter(v->regs, &s->entry);
	asm volatile("stgi" ::: "memory");
	debug_regs_after_exit(v);

	/* All that the VMCB caches is now in step; CR2 and LBR we never track. */
	s->clean = SVM_CLEAN_INTERCEPTS | SVM_CLEAN_PERM | SVM_CLEAN_ASID | SVM_CLEAN_INTR | SVM_CLEAN_NP |
		   SVM_CLEAN_CR | SVM_CLEAN_DR | SVM_CLEAN_DT | SVM_CLEAN_SEG | SVM_CLEAN_CR2;
	svm_read_exit(v);
}

void svm_before_entry(struct vcpu *v)
{
	svm_write_entry(v);
}

void svm_after_exit(struct vcpu *v)
{
	svm_read_exit(v);
}

/* The trap flag of our step must not get into the event's frame. */
static void svm_before_injection(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;

	if (likely(!s->nmi_singlestep))
		return;
	svm_leave_step(v, false);
	s->leave_at_once = true;
}

void svm_inject_exception(struct vcpu *v)
{
	struct vmcb_control_area *ctl = &v->svm->vmcb->control;

	svm_before_injection(v);
	/* An instruction breakpoint comes before the IRET, a fault out of it. */
	if (v->ev.exc.vector == DB_VECTOR)
		svm_postpone_iret(v->svm);
	ctl->event_inj = v->ev.exc.vector | SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_EXEPT |
			 (v->ev.exc.has_error ? SVM_EVTINJ_VALID_ERR : 0);
	ctl->event_inj_err = v->ev.exc.error;
}

bool svm_irq_allowed(struct vcpu *v)
{
	return (v->rflags & X86_EFLAGS_IF) && !(v->svm->vmcb->control.int_state & SVM_INTERRUPT_SHADOW_MASK);
}

void svm_inject_irq(struct vcpu *v)
{
	svm_before_injection(v);
	svm_postpone_iret(v->svm);
	if (emulator_quirks_on() && svm_irq_allowed(v) && svm_quirk_inject_irq(v))
		return;
	v->svm->vmcb->control.event_inj = v->ev.irq.vector | SVM_EVTINJ_VALID |
					  (v->ev.irq.soft ? SVM_EVTINJ_TYPE_SOFT : SVM_EVTINJ_TYPE_INTR);
}

void svm_inject_nmi(struct vcpu *v)
{
	svm_before_injection(v);
	v->svm->iret_begun = false;
	v->svm->vmcb->control.event_inj = NMI_VECTOR | SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_NMI;
	v->ev.nmi_masked = true;
	svm_intercept(v->svm, INTERCEPT_IRET, true);
}

bool svm_nmi_allowed(struct vcpu *v)
{
	return !v->ev.nmi_masked && !v->svm->nmi_singlestep &&
	       !(v->svm->vmcb->control.int_state & SVM_INTERRUPT_SHADOW_MASK);
}

/* A virtual interrupt with the highest priority: exits as soon as the guest can take one (APM vol. 2, 15.21.4). */
void svm_set_irq_window(struct vcpu *v, bool on)
{
	struct vmcb_control_area *ctl = &v->svm->vmcb->control;
	u32 bits = V_IRQ_MASK | V_IGN_TPR_MASK | V_INTR_PRIO_MASK;

	if (emulator_quirks_on() && v->svm->quirk_virq) {
		if (!on)
			return;
		svm_quirk_use_eventinj(v);
	}
	if (on == !!(ctl->int_ctl & V_IRQ_MASK))
		return;
	ctl->int_ctl = (ctl->int_ctl & ~bits) | (on ? bits : 0);
	ctl->int_vector = 0;
	svm_dirty(v->svm, SVM_CLEAN_INTR);
	svm_intercept(v->svm, INTERCEPT_VINTR, on);
}

void svm_set_nmi_window(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;

	if (v->ev.nmi_masked && !s->iret_begun) {
		svm_intercept(s, INTERCEPT_IRET, true);
		return;
	}
	/* In the way is the event of this entry; or an IRET, or an interrupt shadow: one instruction. */
	if (v->ev.in_flight) {
		s->leave_at_once = true;
		if (emulator_quirks_on() && s->quirk_virq)
			svm_quirk_use_eventinj(v);
	} else if (!s->nmi_singlestep) {
		svm_begin_own_step(v);
	}
}
