/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module and an owned core share: one page of memory, and where things
 * are in the core's address space. Compiled for both, and for assembly.
 *
 * Who may touch what. `turn` says whose the vCPU is. While it is TURN_CORE the
 * core may write everything but `kick`; while it is TURN_THREAD the vCPU's
 * thread may. Each hands over with a release and looks with an acquire.
 * `kick` is set by the thread or a kicker at any time, followed by an NMI to
 * the core, and cleared by the thread on its turn.
 */
#ifndef TAXCUT_CORE_MAILBOX_H
#define TAXCUT_CORE_MAILBOX_H

#define CORE_MAILBOX_VERSION 1

/* The core's address space: all below 2 GiB. */
#define CORE_VA_MAILBOX 0x40000000
#define CORE_VA_IMAGE 0x40001000
#define CORE_VA_STACK_TOP 0x40020000
#define CORE_VA_XSTATE 0x40020000
#define CORE_VA_VMCB 0x40040000

#define CORE_STATE_DOWN 0
#define CORE_STATE_WAITING 1 /* in the core's code, has never run or has handed over */
#define CORE_STATE_DEAD 2 /* a trap that must not be: see trap_* */

#define CORE_VENDOR_SVM 1

/* mailbox.flags */
#define CORE_RUN_SPEC_CTRL 1 /* guest_spec_ctrl goes in, and comes out */
#define CORE_RUN_DEBUG_REGS 2 /* dr[] go in */
#define CORE_RUN_TSC_AUX 4
#define CORE_RUN_TSC_RATIO 8
#define CORE_RUN_LEAVE_AT_ONCE 16 /* leave as soon as the event to inject is delivered */
#define CORE_RUN_XSS 32 /* IA32_XSS exists: it is 0 */

#ifndef __ASSEMBLY__

#ifdef __KERNEL__
#include <linux/types.h>
#else
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
#endif

enum core_turn { TURN_THREAD, TURN_CORE };

struct core_mailbox {
	u32 version;
	u32 vendor;
	u32 state; /* CORE_STATE_*; written by the core */
	u32 turn; /* enum core_turn */
	u32 kick;
	u32 flags; /* CORE_RUN_* */

	/* Set once, before the core starts. */
	u64 cr3;
	u64 cr4;
	u64 pat;
	u64 xcr0; /* all the features of the host: what xstate has room for */
	u64 hsave_pa; /* SVM: where VMRUN keeps the core's state */

	/* How to wake the thread: an ICR value, destination in the upper half. */
	u64 doorbell_icr;

	/* The vCPU. */
	u64 control_pa; /* VMCB */
	u64 regs[16];
	u64 guest_xcr0;
	u64 dr[4];
	u64 tsc_ratio;
	u64 tsc_aux;
	u32 guest_spec_ctrl;
	u32 entered; /* the guest has been entered since the thread's last turn */

	/* Counted by the core, never cleared. */
	u64 entries;
	u64 hand_overs;
	u64 kicks; /* NMIs that ended a stay */
	u64 nmis; /* NMIs that the core took */
	u64 strays; /* interrupts that came here */
	u64 guest_cycles;

	/* CORE_STATE_DEAD: what the core trapped on. */
	u64 trap_vector, trap_error, trap_rip, trap_cr2, trap_rsp;
	u32 stray_vector;
};

/* The first bytes of the image. */
struct core_image_head {
	u64 magic;
	u64 start; /* 64-bit entry point */
	u64 boot, boot_size; /* the 16-bit code: offset in the image, and size */
	u64 boot_gdt, boot_params; /* offsets in the 16-bit code */
};

#define CORE_IMAGE_MAGIC 0x31305245524f4354ULL

/* Filled in by the module in its copy of the 16-bit code. */
struct core_boot_params {
	u32 cr4;
	u32 cr3;
	u32 efer;
	u32 start;
	u16 start_cs;
	u16 gdt_limit;
	u32 gdt_base; /* physical */
} __attribute__((packed));

#endif /* __ASSEMBLY__ */
#endif /* TAXCUT_CORE_MAILBOX_H */
