// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running a vCPU on VMX: coming to and leaving a physical CPU, the entry, and
 * turning the exit into neutral words.
 *
 * Everything here runs in the vCPU's thread with preemption off between
 * vmx_load() and vmx_unload(); vmx_run() with interrupts off.
 */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/apicdef.h>
#include <asm/debugreg.h>
#include <asm/mmu_context.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>
#include <asm/special_insns.h>
#include <asm/tlbflush.h>
#include <asm/trapnr.h>

#include "access.h"
#include "apicv.h"
#include "base/compat.h"
#include "caps.h"
#include "controls.h"
#include "cpu/debug_regs.h"
#include "dump.h"
#include "event.h"
#include "host_state.h"
#include "msr.h"
#include "perf.h"
#include "run.h"
#include "run/exit.h"
#include "vmcs.h"
#include "vmx.h"

/* RFLAGS bits 63:22, 15, 5 and 3 must be 0 (SDM vol. 3, "Checks on Guest RIP, RFLAGS, and SSP"). */
#define RFLAGS_VALID (GENMASK_ULL(21, 0) & ~(BIT_ULL(15) | BIT_ULL(5) | BIT_ULL(3)))
#define PENDING_DEBUG_BS BIT_ULL(14)

/* Exit qualification of a control-register access (SDM vol. 3, table "Exit Qualification for Control-Register Accesses"). */
#define CR_NUMBER(q) ((q) & 15)

/* ... of an I/O instruction. */
#define IO_SIZE(q) (((q) & 7) + 1)
#define IO_IN BIT_ULL(3)
#define IO_STRING BIT_ULL(4)
#define IO_PORT(q) ((q) >> 16)

/* ... of a task switch. */
#define TASK_SOURCE(q) ((q) >> 30 & 3)

/* ... of an EPT violation: NMI unblocking due to IRET. */
#define EPT_NMI_UNBLOCKED BIT_ULL(12)

/*
 * On CPUs with the L1 terminal fault the guest must not find other people's
 * data in the L1 cache: of those who ran here before this stay, what interrupts
 * have touched since the last entry, and what the emulator has.
 */
static void vmx_flush_l1(struct vcpu *v)
{
	if (mitigations.l1d == L1D_FLUSH_IF_USED && !v->l1d_used && !hv_l1d_was_used())
		return;
	v->l1d_used = false;
	hv_l1d_clean();
	wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
}

static void vmx_prepare_spec_ctrl(struct vmx_vcpu *s)
{
	u32 flags = spec_ctrl_prepare(s->entry.guest_spec_ctrl, &s->entry.host_spec_ctrl, s->spec_ctrl_used);

	/* IBRS protects from what ran before it was written, not from what ran before the exit. */
	if (boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL) && boot_cpu_has(X86_FEATURE_KERNEL_IBRS))
		flags |= VMX_ENTRY_HOST_SPEC;
	s->entry.flags = (s->entry.flags & VMX_ENTRY_LAUNCHED) | flags;
}

void vmx_load(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	struct vmx_cpu *c;

	vmx_make_current(s);
	c = this_cpu_ptr(&vmx_cpus);
	vmx_load_host_state(v);
	v->l1d_used = true;
	spec_predictor_barrier(&c->last_vcpu, v);
	vmx_prepare_spec_ctrl(s);
	vmx_load_msrs(v);
	if (unlikely(s->stale & VMX_STALE_APICV)) {
		s->stale &= ~VMX_STALE_APICV;
		vmx_write_apicv(v);
	}
}

void vmx_unload(struct vcpu *v)
{
	vmx_unload_msrs(v);
	vmx_restore_host_state(v);
	debug_regs_unload(v);
}

/* Single-context INVEPT drops all that was cached through this table, linear translations, too (SDM vol. 3, "INVEPT"). */
static void vmx_flush_now(struct vcpu *v)
{
	struct {
		u64 eptp, reserved;
	} operand = { .eptp = vmx_read(EPT_POINTER) };

	v->vmx->flush = false;
	asm volatile("invept %0, %1" ::"m"(operand), "r"((u64)VMX_EPT_EXTENT_CONTEXT) : "cc", "memory");
}

/* Interrupts that came since the last entry may have changed these. */
static void vmx_sync_host_crs(struct vmx_vcpu *s)
{
	u64 cr3 = __get_current_cr3_fast(), cr4 = cr4_read_shadow();

	if (unlikely(cr3 != s->hw_host_cr3)) {
		vmx_write(HOST_CR3, cr3);
		s->hw_host_cr3 = cr3;
	}
	if (unlikely(cr4 != s->hw_host_cr4)) {
		vmx_write(HOST_CR4, cr4);
		s->hw_host_cr4 = cr4;
	}
}

/* A trap flag under an interrupt shadow: the CPU insists on a pending single step (SDM vol. 3, 27.3.1.5). */
static void vmx_sync_single_step(struct vcpu *v)
{
	u32 shadow = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS;

	if (!(vmx_blocking(v) & shadow))
		return;
	if (v->guest_debug & KVM_GUESTDBG_SINGLESTEP)
		vmx_set_blocking(v, vmx_blocking(v) & ~shadow);
	else
		vmx_write(GUEST_PENDING_DBG_EXCEPTIONS, vmx_read(GUEST_PENDING_DBG_EXCEPTIONS) | PENDING_DEBUG_BS);
}

static void vmx_write_registers(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	u64 rflags = (v->rflags & RFLAGS_VALID) | X86_EFLAGS_FIXED;

	if (s->hw_rip != v->rip) {
		vmx_write(GUEST_RIP, v->rip);
		if (!v->exit.insn_len)
			vmx_end_hlt(v);
	}
	if (s->hw_rsp != v->regs[GPR_RSP])
		vmx_write(GUEST_RSP, v->regs[GPR_RSP]);
	if (s->hw_rflags != rflags)
		vmx_write(GUEST_RFLAGS, rflags);
	if (unlikely(rflags & X86_EFLAGS_TF))
		vmx_sync_single_step(v);
	if (native_read_cr2() != s->cr2)
		native_write_cr2(s->cr2);
}

static void vmx_read_registers(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;

	s->hw_rip = vmx_read(GUEST_RIP);
	s->hw_rsp = vmx_read(GUEST_RSP);
	s->hw_rflags = vmx_read(GUEST_RFLAGS);
	v->rip = s->hw_rip;
	v->regs[GPR_RSP] = s->hw_rsp;
	v->rflags = s->hw_rflags;
	v->cr8 = s->vapic[APIC_TASKPRI] >> 4;
}

static void vmx_decode_io(struct vcpu *v)
{
	u64 q = vmx_read(EXIT_QUALIFICATION);
	struct hv_exit *e = &v->exit;

	e->io.port = IO_PORT(q);
	e->io.size = IO_SIZE(q);
	e->io.in = q & IO_IN;
	e->io.string = q & IO_STRING;
	e->io.next_rip = v->rip + e->insn_len;
}

/* The fault came from IRET's own stack access: it has not unblocked NMIs after all (SDM vol. 3, 28.2.3). */
static void vmx_undo_iret(struct vcpu *v)
{
	if (vmx_read(IDT_VECTORING_INFO_FIELD) & VECTORING_INFO_VALID_MASK)
		return;
	vmx_set_blocking(v, vmx_blocking(v) | GUEST_INTR_STATE_NMI);
	v->ev.nmi_masked = true;
}

static void vmx_decode_ept(struct vcpu *v)
{
	u64 q = vmx_read(EXIT_QUALIFICATION);
	struct hv_exit *e = &v->exit;

	e->reason = HV_EXIT_MEMORY;
	e->mem.gpa = vmx_read(GUEST_PHYSICAL_ADDRESS);
	e->mem.write = q & EPT_VIOLATION_ACC_WRITE;
	e->mem.fetch = q & EPT_VIOLATION_ACC_INSTR;
	e->mem.present = q & (7 << 3); /* the table allows something */
	e->mem.in_guest_walk = (q & EPT_VIOLATION_GVA_IS_VALID) && !(q & EPT_VIOLATION_GVA_TRANSLATED);
	if (unlikely(q & EPT_NMI_UNBLOCKED))
		vmx_undo_iret(v);
}

static void vmx_decode_exception(struct vcpu *v)
{
	u32 info = vmx_read(VM_EXIT_INTR_INFO), type = info & INTR_INFO_INTR_TYPE_MASK;
	struct hv_exit *e = &v->exit;

	if (type == INTR_TYPE_NMI_INTR) {
		/* The host's own, acknowledged by the exit: its handler runs, and its IRET unblocks NMIs. */
		asm volatile("int $2");
		e->reason = HV_EXIT_NMI;
		return;
	}
	e->reason = HV_EXIT_EXCEPTION;
	e->exc.vector = info & INTR_INFO_VECTOR_MASK;
	if (unlikely(e->exc.vector == X86_TRAP_MC))
		exit_machine_check();
	e->exc.has_error = info & INTR_INFO_DELIVER_CODE_MASK;
	e->exc.error = e->exc.has_error ? vmx_read(VM_EXIT_INTR_ERROR_CODE) : 0;
	e->exc.qualification = vmx_read(EXIT_QUALIFICATION); /* #DB: what DR6 gets; #PF: CR2 */
	/* INT1 is a trap, but the exit leaves RIP before it. */
	if (type == INTR_TYPE_PRIV_SW_EXCEPTION)
		v->rip += vmx_read(VM_EXIT_INSTRUCTION_LEN);
	if (unlikely(info & INTR_INFO_UNBLOCK_NMI) && e->exc.vector != X86_TRAP_DF)
		vmx_undo_iret(v);
}

static void vmx_decode_cr(struct vcpu *v)
{
	v->exit.reason = CR_NUMBER(vmx_read(EXIT_QUALIFICATION)) == 8 ? HV_EXIT_CR8 : HV_EXIT_CR;
}

static void vmx_decode_failed_entry(struct vcpu *v, u32 reason)
{
	if ((u16)reason == EXIT_REASON_MCE_DURING_VMENTRY)
		exit_machine_check();
	vmx_dump_failure(v, reason);
	v->exit.reason = HV_EXIT_FAILED_ENTRY;
	v->exit.insn_len = 0;
	v->exit.hw_code = reason ?: vmx_read(VM_INSTRUCTION_ERROR);
}

/* One exit reason each that needs nothing but its name; these are instructions, and the CPU tells their length. */
static enum hv_exit_reason vmx_instruction(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_CPUID:
		return HV_EXIT_CPUID;
	case EXIT_REASON_HLT:
		return HV_EXIT_HLT;
	case EXIT_REASON_INVD:
		return HV_EXIT_INVD;
	case EXIT_REASON_WBINVD:
		return HV_EXIT_WBINVD;
	case EXIT_REASON_RDPMC:
		return HV_EXIT_RDPMC;
	case EXIT_REASON_VMCALL:
		return HV_EXIT_HYPERCALL;
	case EXIT_REASON_DR_ACCESS:
		return HV_EXIT_DR;
	case EXIT_REASON_IO_INSTRUCTION:
		return HV_EXIT_IO;
	case EXIT_REASON_MSR_READ:
	case EXIT_REASON_MSR_WRITE:
		return HV_EXIT_MSR;
	case EXIT_REASON_MWAIT_INSTRUCTION:
		return HV_EXIT_MWAIT;
	case EXIT_REASON_MONITOR_INSTRUCTION:
		return HV_EXIT_MONITOR;
	case EXIT_REASON_PAUSE_INSTRUCTION:
		return HV_EXIT_PAUSE;
	case EXIT_REASON_XSETBV:
		return HV_EXIT_XSETBV;
	case EXIT_REASON_CR_ACCESS:
		return HV_EXIT_CR;
	default:
		return HV_EXIT_UNKNOWN;
	}
}

static enum hv_exit_reason vmx_plain_reason(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_TRIPLE_FAULT:
		return HV_EXIT_SHUTDOWN;
	case EXIT_REASON_PREEMPTION_TIMER:
		return HV_EXIT_NONE; /* vmx_quirk_limit_stay(): the host's interrupts are taken on the way */
	case EXIT_REASON_INIT_SIGNAL:
		return HV_EXIT_NONE; /* the host's: blocked while VMX is on */
	case EXIT_REASON_INTERRUPT_WINDOW:
		return HV_EXIT_IRQ_WINDOW;
	case EXIT_REASON_NMI_WINDOW:
		return HV_EXIT_NMI_WINDOW;
	case EXIT_REASON_VMCLEAR ... EXIT_REASON_VMON:
	case EXIT_REASON_INVEPT:
	case EXIT_REASON_INVVPID:
	case EXIT_REASON_VMFUNC:
	case EXIT_REASON_ENCLS:
	case 11: /* GETSEC: no guest has SMX */
	case 76: /* SEAMCALL and TDCALL: of a CPU with TDX even a guest's user mode has them, and they exit always */
	case 77:
		return HV_EXIT_UNDEFINED;
	default:
		return HV_EXIT_UNKNOWN;
	}
}

static void vmx_decode_task_switch(struct vcpu *v)
{
	u64 q = vmx_read(EXIT_QUALIFICATION);
	struct hv_exit *e = &v->exit;
	bool gate = TASK_SOURCE(q) == TASK_GATE;

	e->reason = HV_EXIT_TASK_SWITCH;
	e->task.selector = q;
	e->task.source = TASK_SOURCE(q);
	/* The event that was on its way through the gate has been taken back: all but what an instruction asks for. */
	e->task.has_error = gate && v->ev.exc.injected && v->ev.exc.has_error;
	e->task.error = v->ev.exc.error;
	if (gate && (v->ev.exc.injected || v->ev.irq.injected || v->ev.nmi_injected))
		return;
	e->insn_len = vmx_read(VM_EXIT_INSTRUCTION_LEN);
}

static void vmx_decode_exit(struct vcpu *v, u32 reason)
{
	struct hv_exit *e = &v->exit;

	e->reason = vmx_instruction(reason);
	e->insn_len = 0;
	if (likely(e->reason != HV_EXIT_UNKNOWN)) {
		e->insn_len = vmx_read(VM_EXIT_INSTRUCTION_LEN);
		if (e->reason == HV_EXIT_MSR)
			e->msr.write = reason == EXIT_REASON_MSR_WRITE;
		else if (e->reason == HV_EXIT_IO)
			vmx_decode_io(v);
		else if (e->reason == HV_EXIT_CR)
			vmx_decode_cr(v);
		return;
	}
	switch (reason) {
	case EXIT_REASON_EPT_VIOLATION:
		vmx_decode_ept(v);
		return;
	case EXIT_REASON_EXCEPTION_NMI:
		vmx_decode_exception(v);
		return;
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		e->reason = HV_EXIT_INTR;
		if (vmx_features.posting)
			v->vmx->host_intr_info = vmx_read(VM_EXIT_INTR_INFO);
		return;
	case EXIT_REASON_TASK_SWITCH:
		vmx_decode_task_switch(v);
		return;
	case EXIT_REASON_EOI_INDUCED:
		e->reason = HV_EXIT_EOI;
		e->eoi_vector = vmx_read(EXIT_QUALIFICATION);
		return;
	case EXIT_REASON_APIC_WRITE:
		e->reason = HV_EXIT_NONE;
		vmx_exit_apic_write(v);
		return;
	default:
		e->hw_code = reason;
		e->reason = vmx_plain_reason(reason);
	}
}

void vmx_run(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	u64 debugctl;
	u32 reason;

	if (unlikely(s->stale))
		vmx_write_stale(v);
	if (unlikely(s->flush))
		vmx_flush_now(v);
	vmx_sync_host_crs(s);
	if (s->posting)
		vmx_apicv_before_entry(v);
	vmx_events_before_entry(v);
	vmx_write_registers(v);
	if (vmx_features.perf)
		vmx_perf_before_entry(s);
	if (unlikely(mitigations.l1d))
		vmx_flush_l1(v);
	if (hv_mmio_leaves_stale_data() && READ_ONCE(v->vm->host_mmio))
		hv_clear_cpu_buffers();
	s->entry.flags &= ~VMX_ENTRY_REFUSED;
	/* Interrupts of perf change it, and an exit clears it (SDM vol. 3, "Loading Host Control Registers"). */
	rdmsrl(MSR_IA32_DEBUGCTLMSR, debugctl);

	debug_regs_before_entry(v);
	vmx_vmenter(v->regs, &s->entry, HOST_RSP);
	if (unlikely(debugctl))
		wrmsrl(MSR_IA32_DEBUGCTLMSR, debugctl);
	debug_regs_after_exit(v);
	if (unlikely(s->perf_msrs))
		vmx_perf_after_exit(s);
	s->cr2 = native_read_cr2();
	reason = s->entry.flags & VMX_ENTRY_REFUSED ? 0 : vmx_read(VM_EXIT_REASON);
	if (unlikely((s->entry.flags & VMX_ENTRY_REFUSED) || (reason & VMX_EXIT_REASONS_FAILED_VMENTRY))) {
		/* What is written at the next entry must not rest on this one. */
		s->hw_rip = ~v->rip;
		s->hw_rsp = ~v->regs[GPR_RSP];
		s->hw_rflags = 0;
		vmx_decode_failed_entry(v, reason);
		vmx_cancel_injection(v);
		return;
	}
	s->entry.flags |= VMX_ENTRY_LAUNCHED;
	vmx_read_registers(v);
	vmx_events_after_exit(v);
	if (s->posting)
		vmx_apicv_after_exit(v);
	vmx_decode_exit(v, (u16)reason);
}
