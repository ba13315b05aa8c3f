/* SPDX-License-Identifier: GPL-2.0-only */
/* Why the guest stopped, and what the run loop does next. */
#ifndef TAXCUT_BASE_EXIT_H
#define TAXCUT_BASE_EXIT_H

#include <linux/types.h>

/* Why the guest stopped, in words that fit every vendor. */
enum hv_exit_reason {
	HV_EXIT_NONE, /* handled inside the backend: go on */
	HV_EXIT_INTR,
	HV_EXIT_NMI,
	HV_EXIT_CPUID,
	HV_EXIT_MSR,
	HV_EXIT_IO,
	HV_EXIT_MEMORY, /* second-level fault: MMIO or a protection fault */
	HV_EXIT_HLT,
	HV_EXIT_HYPERCALL,
	HV_EXIT_IRQ_WINDOW,
	HV_EXIT_NMI_WINDOW,
	HV_EXIT_CR, /* the backend's to finish: hv->exit_cr() */
	HV_EXIT_CR8,
	HV_EXIT_DR,
	HV_EXIT_XSETBV,
	HV_EXIT_WBINVD,
	HV_EXIT_INVD,
	HV_EXIT_MONITOR,
	HV_EXIT_MWAIT,
	HV_EXIT_PAUSE,
	HV_EXIT_RDPMC,
	HV_EXIT_TASK_SWITCH,
	HV_EXIT_EOI, /* the CPU has ended an interrupt of the EOI exit bitmap */
	HV_EXIT_UNDEFINED, /* an instruction this guest does not have: #UD */
	HV_EXIT_EXCEPTION,
	HV_EXIT_SHUTDOWN,
	HV_EXIT_FAILED_ENTRY,
	HV_EXIT_UNKNOWN,
	NR_HV_EXITS,
};

/* What makes a task switch, numbered as in VMX's exit qualification; a gate is one of the IDT's. */
enum task_source { TASK_CALL, TASK_IRET, TASK_JMP, TASK_GATE };

struct hv_exit {
	enum hv_exit_reason reason;
	u8 insn_len; /* length of the intercepted instruction, 0 when the CPU does not say */
	union {
		struct {
			bool write;
		} msr;
		struct {
			u16 port;
			u8 size; /* 1, 2, 4 */
			bool in, string;
			u64 next_rip;
		} io;
		struct {
			u64 gpa;
			bool write, fetch, present, in_guest_walk;
		} mem;
		struct {
			u8 vector;
			bool has_error;
			u32 error;
			u64 qualification; /* #DB: bits of DR6; #PF: CR2 */
		} exc;
		struct {
			u16 selector; /* of the new task; insn_len is 0 unless an instruction has asked for it */
			u8 source; /* enum task_source */
			bool has_error;
			u32 error;
		} task;
		u8 eoi_vector; /* EOI: the vector */
		u64 hw_code; /* FAILED_ENTRY, UNKNOWN: the vendor's own number */
	};
};

/* What the run loop does after an exit was handled. */
enum run_next {
	RUN_GUEST, /* enter again */
	RUN_BLOCK, /* HLT: wait for an event */
	RUN_AGAIN, /* the outer loop has work: signals, rescheduling, INIT, memory changes */
	RUN_MEMORY, /* vcpu->exit.mem is in a slot and not mapped: mem_fault(), which may sleep; then enter again */
	RUN_SPLIT_LOCK, /* exit_split_lock(), which may sleep; then enter again */
	RUN_EMULATE, /* the emulator waits for user space's answer no more: emul_resume(), loaded */
	RUN_DISPATCH, /* the emulator has filled vcpu->exit: exit_dispatch() */
	RUN_USER, /* vcpu->run is filled: return 0 to user space */
	/* negative: -errno to user space */
};

#endif /* TAXCUT_BASE_EXIT_H */
