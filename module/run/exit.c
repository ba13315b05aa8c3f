// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens when the guest stops: one handler per reason, the same for
 * every vendor. Handlers run in the vCPU's thread, loaded: interrupts on,
 * preemption off, vm->mem_sem held; they must not sleep. Each returns an enum
 * run_next. vcpu->run belongs to user space as well: what is read from it is
 * read once and checked.
 */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <linux/smp.h>
#include <asm/cpu.h>
#include <asm/debugreg.h>
#include <asm/fpu/xcr.h>
#include <asm/mce.h>
#include <asm/msr-index.h>
#include <asm/ptrace.h>
#include <asm/segment.h>
#include <asm/special_insns.h>
#include <asm/trapnr.h>

#include "base/backend.h"
#include "base/vcpu.h"
#include "cpu/cpuid.h"
#include "cpu/event.h"
#include "cpu/msr.h"
#include "cpu/msr_exit.h"
#include "cpu/pv.h"
#include "cpu/xstate.h"
#include "emulate.h"
#include "exit.h"
#include "insn_skip.h"
#include "irq/io_bus.h"
#include "irq/vlapic.h"
#include "mem/guest_walk.h"
#include "mem/slot.h"
#include "model/insn/insn.h"
#include "model/insn/insn_decode.h"
#include "model/insn/insn_mem.h"
#include "task_switch.h"

#define DR6_BD BIT_ULL(13) /* a debug register was accessed while DR7.GD */

static int exit_to_user(struct vcpu *v, u32 reason)
{
	v->run->exit_reason = reason;
	return RUN_USER;
}

static noinline int exit_cpuid(struct vcpu *v)
{
	if (unlikely(cpuid_faults(v)))
		event_queue_gp(v);
	else if (skip_insn(v, "\x0f\xa2", 2))
		cpuid_emulate(v);
	return RUN_GUEST;
}

static const char *exit_msr_opcode(bool write)
{
	return write ? "\x0f\x30" : "\x0f\x32";
}

static noinline int exit_msr(struct vcpu *v)
{
	bool write = v->exit.msr.write;

	switch (msr_emulate(v, write)) {
	case MSR_DONE:
		skip_insn(v, exit_msr_opcode(write), 2);
		return RUN_GUEST;
	case MSR_USER:
		v->io_next_rip = v->rip + skip_length(v, exit_msr_opcode(write), 2);
		return RUN_USER;
	default:
		event_queue_gp(v);
		return RUN_GUEST;
	}
}

static void exit_pio_in_result(struct vcpu *v, unsigned int size, u32 value)
{
	u64 *rax = &v->regs[GPR_RAX];

	if (size == 4)
		*rax = value;
	else if (size == 2)
		*rax = (*rax & ~0xffffULL) | (value & 0xffff);
	else
		*rax = (*rax & ~0xffULL) | (value & 0xff);
}

static noinline int exit_io_to_user(struct vcpu *v)
{
	const struct hv_exit *e = &v->exit;
	struct kvm_run *run = v->run;

	run->io.direction = e->io.in ? KVM_EXIT_IO_IN : KVM_EXIT_IO_OUT;
	run->io.size = e->io.size;
	run->io.port = e->io.port;
	run->io.count = 1;
	run->io.data_offset = KVM_PIO_PAGE_OFFSET * PAGE_SIZE;
	if (e->io.in) {
		v->completion = COMPLETE_PIO_IN;
		v->io_next_rip = e->io.next_rip;
		v->io_size = e->io.size;
	} else {
		memcpy(v->pio_data, &v->regs[GPR_RAX], e->io.size);
		skip_finish_at(v, e->io.next_rip);
	}
	return exit_to_user(v, KVM_EXIT_IO);
}

/* An instruction that exits by itself does so in software, too: once, as what handles that exit does not emulate. */
static int exit_emulate(struct vcpu *v)
{
	int r = emul_instruction(v);

	return unlikely(r == RUN_DISPATCH) ? exit_dispatch(v) : r;
}

static noinline int exit_io(struct vcpu *v)
{
	const struct hv_exit *e = &v->exit;

	if (e->io.string)
		return exit_emulate(v);
	if (e->io.in) {
		s64 value = io_bus_port_read(v, e->io.port, e->io.size);

		if (value < 0)
			return exit_io_to_user(v);
		exit_pio_in_result(v, e->io.size, value);
	} else if (io_bus_write(v, true, e->io.port, e->io.size, &v->regs[GPR_RAX])) {
		return exit_io_to_user(v);
	}
	skip_finish_at(v, e->io.next_rip);
	return RUN_GUEST;
}

static noinline int exit_memory(struct vcpu *v)
{
	if (mem_is_ram(v->vm, v->exit.mem.gpa, v->exit.mem.write))
		return RUN_MEMORY;
	return exit_emulate(v);
}

static noinline int exit_hlt(struct vcpu *v)
{
	if (!skip_insn(v, "\xf4", 1))
		return RUN_GUEST;
	if (!v->vlapic)
		return exit_to_user(v, KVM_EXIT_HLT);
	/* KVM_EXIT_DEBUG for a single step comes before the halt. */
	if (unlikely(test_bit(REQ_DEBUG_STEP, &v->requests)) && !event_runnable(v)) {
		v->mp_state = KVM_MP_STATE_HALTED;
		return RUN_GUEST;
	}
	return event_runnable(v) ? RUN_GUEST : RUN_BLOCK;
}

static noinline int exit_hypercall(struct vcpu *v)
{
	if (!skip_insn(v, hv->hypercall_opcode, 3))
		return RUN_GUEST;
	return pv_hypercall(v);
}

static noinline int exit_irq_window(struct vcpu *v)
{
	vcpu_request(v, REQ_EVENT);
	if (event_user_wants_window(v) && hv_call(irq_allowed)(v)) {
		v->stats.request_irq_exits++;
		return exit_to_user(v, KVM_EXIT_IRQ_WINDOW_OPEN);
	}
	return RUN_GUEST;
}

/*
 * 0F 2x /r with an optional REX, after prefixes that mean nothing to it. reg:
 * the control or debug register, rm: the general register.
 */
bool exit_decode_mov(struct vcpu *v, u8 *opcode, u8 *reg, u8 *rm)
{
	u8 bytes[INSN_MAX_LEN], rex = 0, lock = 0;
	struct hv_paging p;
	unsigned int i = 0;

	if (!skip_peek(v, bytes, sizeof(bytes)))
		return false;
	hv_call(get_paging)(v, &p);
	for (; i < sizeof(bytes) - 4 && insn_is_legacy_prefix(bytes[i]); i++) {
		if (bytes[i] == 0xf0)
			lock = 8; /* LOCK MOV CR0 is CR8 (APM vol. 3, MOV CRn) */
	}
	if ((bytes[i] & 0xf0) == 0x40 && hv_in_64bit_code(&p))
		rex = bytes[i++];
	*opcode = bytes[i + 1];
	*reg = ((bytes[i + 2] >> 3) & 7) | (rex & 4 ? 8 : lock);
	*rm = (bytes[i + 2] & 7) | (rex & 1 ? 8 : 0);
	return bytes[i] == 0x0f;
}

static noinline int exit_cr8(struct vcpu *v)
{
	u8 opcode, reg, rm, old = v->cr8;
	u64 value;

	if (!exit_decode_mov(v, &opcode, &reg, &rm) || opcode != 0x22)
		return emul_failed(v);
	value = v->regs[rm];
	if (value & ~0xfULL) {
		event_queue_gp(v);
		return RUN_GUEST;
	}
	if (!skip_insn(v, NULL, 0))
		return RUN_GUEST;
	v->cr8 = value;
	v->apic_cr8 = value;
	hv_call(set_tpr)(v, value);
	vcpu_request(v, REQ_EVENT);
	if (v->vlapic) {
		vlapic_set_tpr(v, value);
		return RUN_GUEST;
	}
	v->run->cr8 = value;
	return value < old ? exit_to_user(v, KVM_EXIT_SET_TPR) : RUN_GUEST;
}

static u64 *exit_debug_register(struct vcpu *v, unsigned int n)
{
	return n < 4 ? &v->dr[n] : n == 6 ? &v->dr6 : &v->dr7;
}

static void exit_write_debug_register(struct vcpu *v, unsigned int n, u64 value)
{
	if (n == 6)
		value |= DR6_RESERVED;
	if (n == 7)
		value = (value & 0xffff2bff) | 0x400;
	*exit_debug_register(v, n) = value;
	hv->update_dr(v);
}

/* SDM vol. 3, "Debug Registers": DR4 and DR5 are DR6 and DR7 unless CR4.DE; DR7.GD traps every access. */
static noinline int exit_dr(struct vcpu *v)
{
	u8 opcode, reg, rm;
	struct hv_paging p;

	if (!exit_decode_mov(v, &opcode, &reg, &rm) || (opcode != 0x21 && opcode != 0x23))
		return emul_failed(v);
	hv_call(get_paging)(v, &p);
	if (reg >= 8 || ((reg == 4 || reg == 5) && (p.cr4 & X86_CR4_DE))) {
		event_queue_ud(v);
		return RUN_GUEST;
	}
	if (reg == 4 || reg == 5)
		reg += 2;
	if (p.cpl || (opcode == 0x23 && reg >= 6 && v->regs[rm] >> 32)) {
		event_queue_gp(v);
		return RUN_GUEST;
	}
	if (v->dr7 & DR_GENERAL_DETECT_ENABLE) {
		event_queue_exception_payload(v, X86_TRAP_DB, false, 0, DR6_BD);
		return RUN_GUEST;
	}
	if (!skip_insn(v, NULL, 0))
		return RUN_GUEST;
	if (opcode == 0x23)
		exit_write_debug_register(v, reg, v->regs[rm]);
	else
		v->regs[rm] = *exit_debug_register(v, reg);
	return RUN_GUEST;
}

static noinline int exit_xsetbv(struct vcpu *v)
{
	u64 value = (u32)v->regs[GPR_RAX] | v->regs[GPR_RDX] << 32;
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	if (p.cpl || (u32)v->regs[GPR_RCX] || xstate_set_xcr0(v, value, false)) {
		event_queue_gp(v);
		return RUN_GUEST;
	}
	xsetbv(XCR_XFEATURE_ENABLED_MASK, v->xcr0);
	skip_insn(v, "\x0f\x01\xd1", 3);
	return RUN_GUEST;
}

/* MONITOR and MWAIT as no-ops, unless user space asked for the architectural #UD. */
static noinline int exit_monitor_mwait(struct vcpu *v)
{
	if (v->vm->disabled_quirks & KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS)
		event_queue_ud(v);
	else
		skip_insn(v, NULL, 0);
	return RUN_GUEST;
}

static int exit_debug(struct vcpu *v, u8 vector, u64 dr6)
{
	struct kvm_debug_exit_arch *arch = &v->run->debug.arch;
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	arch->exception = vector;
	arch->pc = p.cs_base + v->rip;
	arch->dr6 = dr6 | DR6_RESERVED;
	arch->dr7 = v->guest_debug & KVM_GUESTDBG_USE_HW_BP ? v->debug_dr7 : v->dr7;
	return exit_to_user(v, KVM_EXIT_DEBUG);
}

/* REQ_DEBUG_STEP. */
int exit_debug_step(struct vcpu *v)
{
	return exit_debug(v, X86_TRAP_DB, DR_STEP);
}

/*
 * Guests that have not yet found out whose CPU this is may use the other
 * vendor's hypercall instruction: it is rewritten, and runs again.
 */
static int exit_ud(struct vcpu *v)
{
	u8 bytes[3];

	if (!(v->vm->disabled_quirks & KVM_X86_QUIRK_FIX_HYPERCALL_INSN) &&
	    skip_peek_quiet(v, bytes, sizeof(bytes)) == sizeof(bytes) &&
	    !memcmp(bytes, hv->foreign_hypercall_opcode, sizeof(bytes)))
		skip_poke(v, hv->hypercall_opcode, sizeof(bytes));
	else
		event_queue_ud(v);
	return RUN_GUEST;
}

/*
 * Called before interrupts go on: until the handler has cleared MCG_STATUS.MCIP
 * another machine check shuts the CPU down (SDM vol. 3, "IA32_MCG_STATUS MSR").
 * In a kernel context an uncorrected error that software could recover from is
 * a panic to Linux. What the guest has consumed is memory of this process, so
 * the frame says user mode: the rest is done as task work of this thread, for
 * which vcpu_outer_loop() leaves (memory_failure(), SIGBUS).
 */
void exit_machine_check(void)
{
	struct pt_regs frame = { .cs = __USER_CS, .flags = X86_EFLAGS_IF };

	if (IS_ENABLED(CONFIG_X86_MCE))
		do_machine_check(&frame);
}

/*
 * A misaligned access, or a LOCK across two cache lines where the host looks
 * for those: entry does not switch MSR_TEST_CTRL, and a guest that has not asked
 * for alignment checks knows nothing of #AC.
 */
static int exit_ac(struct vcpu *v)
{
	const struct hv_exit *e = &v->exit;
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	if (boot_cpu_has(X86_FEATURE_SPLIT_LOCK_DETECT) && !insn_checks_alignment(p.cpl, p.cr0, p.rflags))
		return RUN_SPLIT_LOCK;
	event_queue_exception(v, X86_TRAP_AC, e->exc.has_error, e->exc.error);
	return RUN_GUEST;
}

/*
 * What the host does about a process that does this: it may slow it down and
 * let it pass for a moment on this CPU, or end it with SIGBUS.
 */
bool exit_split_lock(struct vcpu *v)
{
	if (handle_guest_split_lock(v->rip))
		return true;
	v->run->ex.exception = X86_TRAP_AC;
	v->run->ex.error_code = v->exit.exc.error;
	exit_to_user(v, KVM_EXIT_EXCEPTION);
	return false;
}

static noinline int exit_exception(struct vcpu *v)
{
	const struct hv_exit *e = &v->exit;

	switch (e->exc.vector) {
	case X86_TRAP_DB:
		if (v->guest_debug & (KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_HW_BP))
			return exit_debug(v, X86_TRAP_DB, e->exc.qualification);
		event_queue_exception_payload(v, X86_TRAP_DB, false, 0, e->exc.qualification);
		return RUN_GUEST;
	case X86_TRAP_BP:
		return exit_debug(v, X86_TRAP_BP, 0);
	case X86_TRAP_UD:
		return exit_ud(v);
	case X86_TRAP_PF:
		event_queue_exception_payload(v, X86_TRAP_PF, true, e->exc.error, e->exc.qualification);
		return RUN_GUEST;
	case X86_TRAP_AC:
		return exit_ac(v);
	case X86_TRAP_MC:
		return RUN_GUEST; /* the host's; the backend has called exit_machine_check() */
	default:
		event_queue_exception(v, e->exc.vector, e->exc.has_error, e->exc.error);
		return RUN_GUEST;
	}
}

static void exit_write_back_here(void *unused)
{
	wbinvd();
}

/*
 * Where all DMA goes through the caches there is nothing to write back for.
 * Elsewhere the guest's lines may be dirty on every CPU that this vCPU was on.
 */
static noinline int exit_wbinvd(struct vcpu *v)
{
	if (!skip_insn(v, NULL, 0) || !atomic_read(&v->vm->noncoherent_dma))
		return RUN_GUEST;
	on_each_cpu_mask(v->caches, exit_write_back_here, NULL, true);
	cpumask_clear(v->caches);
	cpumask_set_cpu(v->cpu, v->caches);
	return RUN_GUEST;
}

/* INVD does nothing: it would drop writes of the guest and of the host. */
static noinline int exit_invd(struct vcpu *v)
{
	skip_insn(v, NULL, 0);
	return RUN_GUEST;
}

static noinline int exit_fault(struct vcpu *v, u8 vector)
{
	event_queue_exception(v, vector, vector == X86_TRAP_GP, 0);
	return RUN_GUEST;
}

static noinline int exit_eoi(struct vcpu *v)
{
	vlapic_eoi_exit(v, v->exit.eoi_vector);
	return RUN_GUEST;
}

static noinline int exit_nmi_window(struct vcpu *v)
{
	if (hv->end_own_step)
		hv->end_own_step(v);
	vcpu_request(v, REQ_EVENT);
	return RUN_GUEST;
}

/* The VMCB is undefined after a shutdown (APM vol. 2, 15.14.3). */
static noinline int exit_shutdown(struct vcpu *v)
{
	v->reset_after_shutdown = true;
	return exit_to_user(v, KVM_EXIT_SHUTDOWN);
}

static noinline int exit_failed_entry(struct vcpu *v)
{
	v->run->fail_entry.hardware_entry_failure_reason = v->exit.hw_code;
	v->run->fail_entry.cpu = v->cpu;
	return exit_to_user(v, KVM_EXIT_FAIL_ENTRY);
}

static noinline int exit_unknown(struct vcpu *v)
{
	v->run->internal.suberror = KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON;
	v->run->internal.ndata = 2;
	v->run->internal.data[0] = v->exit.hw_code;
	v->run->internal.data[1] = v->cpu;
	return exit_to_user(v, KVM_EXIT_INTERNAL_ERROR);
}

/* Handlers are not inlined here: each keeps its own stack frame. */
int exit_dispatch(struct vcpu *v)
{
	switch (v->exit.reason) {
	case HV_EXIT_NONE:
	case HV_EXIT_INTR:
	case HV_EXIT_NMI:
	case HV_EXIT_PAUSE:
		return RUN_GUEST;
	case HV_EXIT_NMI_WINDOW:
		return exit_nmi_window(v);
	case HV_EXIT_CPUID:
		return exit_cpuid(v);
	case HV_EXIT_MSR:
		return exit_msr(v);
	case HV_EXIT_IO:
		return exit_io(v);
	case HV_EXIT_MEMORY:
		return exit_memory(v);
	case HV_EXIT_HLT:
		return exit_hlt(v);
	case HV_EXIT_HYPERCALL:
		return exit_hypercall(v);
	case HV_EXIT_IRQ_WINDOW:
		return exit_irq_window(v);
	case HV_EXIT_CR:
		return hv->exit_cr(v);
	case HV_EXIT_CR8:
		return exit_cr8(v);
	case HV_EXIT_DR:
		return exit_dr(v);
	case HV_EXIT_XSETBV:
		return exit_xsetbv(v);
	case HV_EXIT_WBINVD:
		return exit_wbinvd(v);
	case HV_EXIT_INVD:
		return exit_invd(v);
	case HV_EXIT_MONITOR:
	case HV_EXIT_MWAIT:
		return exit_monitor_mwait(v);
	case HV_EXIT_RDPMC:
		return exit_fault(v, X86_TRAP_GP);
	case HV_EXIT_EOI:
		return exit_eoi(v);
	case HV_EXIT_TASK_SWITCH:
		return task_switch(v);
	case HV_EXIT_UNDEFINED:
		return exit_fault(v, X86_TRAP_UD);
	case HV_EXIT_EXCEPTION:
		return exit_exception(v);
	case HV_EXIT_SHUTDOWN:
		return exit_shutdown(v);
	case HV_EXIT_FAILED_ENTRY:
		return exit_failed_entry(v);
	default:
		return exit_unknown(v);
	}
}

int exit_complete_userspace(struct vcpu *v)
{
	enum vcpu_completion what = v->completion;
	u32 value = 0;

	v->completion = COMPLETE_NONE;
	switch (what) {
	case COMPLETE_PIO_IN:
		memcpy(&value, v->pio_data, v->io_size);
		exit_pio_in_result(v, v->io_size, value);
		skip_finish_at(v, v->io_next_rip);
		return 0;
	case COMPLETE_EMULATION:
		return emul_complete(v);
	case COMPLETE_MSR_READ:
	case COMPLETE_MSR_WRITE:
		v->completion = what; /* msr_exit.c clears it */
		if (msr_complete_user(v) == MSR_DONE)
			skip_finish_at(v, v->io_next_rip);
		else
			event_queue_gp(v);
		return 0;
	case COMPLETE_HYPERCALL:
		v->regs[GPR_RAX] = READ_ONCE(v->run->hypercall.ret);
		return 0;
	default:
		return 0;
	}
}
