/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder and emulator: for guest instructions that touch
 * memory without a slot (MMIO), for string port I/O, and for finding the length
 * of an intercepted instruction where the CPU does not report it.
 *
 * Pure: everything outside the register file goes through struct insn_ops.
 *
 * Restart rule. A read callback may answer INSN_PENDING when the value has to
 * come from user space; the emulator then gives up with no register and no
 * memory changed, and the caller runs the same instruction again when the
 * value is there (earlier reads of the same instruction are answered again in
 * the same order). Write callbacks never answer INSN_PENDING: the caller
 * queues what must go to user space. A repeated string instruction commits
 * each iteration (or batch) on its own, as the CPU does: the registers then
 * describe the remaining work and RIP still points at the instruction, until
 * it is finished (SDM vol. 2, REP/REPE/REPZ).
 */
#ifndef TAXCUT_MODEL_INSN_INSN_H
#define TAXCUT_MODEL_INSN_INSN_H

#include "model/port.h"

#define INSN_MAX_LEN 15
#define INSN_IO_BATCH 1024 /* bytes of string port I/O in one callback */

enum insn_seg {
	INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS, INSN_NSEGS,
	INSN_LDTR = INSN_NSEGS, INSN_TR, INSN_ALL_SEGS,
};

struct insn_segment {
	u64 base;
	u32 limit; /* byte-granular, as cached by the CPU */
	u16 sel;
	u16 attr; /* access rights: type[3:0] s[4] dpl[6:5] p[7] avl[8] l[9] db[10] g[11] */
};

struct insn_dtable {
	u64 base;
	u16 limit;
};

/* The registers an instruction can see; the caller loads and stores them. */
struct insn_regs {
	u64 gpr[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
	u64 rip;
	u64 rflags;
	u64 cr0, cr2, cr3, cr4, cr8, efer, xcr0;
	u8 cpl;
	struct insn_segment seg[INSN_ALL_SEGS];
	struct insn_dtable gdt, idt;
};

enum insn_result {
	INSN_DONE, /* retired: RIP and registers updated */
	/*
	 * RIP unchanged, run it again: one iteration of a string instruction is
	 * done, or a locked one lost too many races and changed nothing.
	 */
	INSN_AGAIN,
	INSN_PENDING, /* a read must be answered by user space first; nothing changed */
	INSN_FAULT, /* inject ctx->fault; nothing changed (but earlier iterations) */
	INSN_UNKNOWN, /* not emulated; ctx->bytes/ctx->nbytes hold what was fetched */
	INSN_EXIT, /* one that a guest exits with, of ctx->len bytes: ctx->exit says which; nothing changed */
};

/* Instructions that the exit handlers execute. Privilege is checked here where every mode checks it alike. */
enum insn_exit {
	INSN_EXIT_CPUID,
	INSN_EXIT_RDMSR,
	INSN_EXIT_WRMSR,
	INSN_EXIT_RDPMC,
	INSN_EXIT_HLT,
	INSN_EXIT_WBINVD, /* and INVD */
	INSN_EXIT_XSETBV,
	INSN_EXIT_HYPERCALL,
	INSN_EXIT_DR, /* MOV from and to debug registers */
	INSN_EXIT_CR8, /* MOV to CR8 */
};

enum insn_x87 { INSN_X87_CW, INSN_X87_SW, INSN_X87_INIT };

/* Of the CPU and the guest's model of it: what instructions depend on. */
struct insn_cpu {
	bool amd; /* where the vendors differ */
	bool tzcnt, lzcnt; /* not BSF and BSR with a meaningless prefix */
	u64 cr3_reserved, cr4_reserved; /* of CR3 in long mode */
};

/* What the instruction holds off for the length of the next one; the values are KVM_X86_SHADOW_INT_*. */
enum insn_shadow { INSN_SHADOW_MOV_SS = 1, INSN_SHADOW_STI = 2 };

struct insn_fault {
	u8 vector;
	bool has_error;
	u32 error;
	u64 cr2; /* #PF only */
};

struct insn_ctx;

/*
 * All linear addresses are canonical-checked by the emulator; len is 1..64
 * and may cross a page: the callback translates both pages before it changes
 * anything. Return INSN_DONE, INSN_PENDING (reads only), INSN_FAULT (fills
 * ctx->fault) or INSN_UNKNOWN.
 */
struct insn_ops {
	/*
	 * Instruction bytes at a linear address, never across a page: up to len,
	 * at least 1; returns the count, or a negative insn_result.
	 */
	int (*fetch)(struct insn_ctx *ctx, u64 lin, u8 *buf, unsigned int len);
	enum insn_result (*read)(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len);
	enum insn_result (*write)(struct insn_ctx *ctx, u64 lin, const void *buf, unsigned int len);
	/*
	 * Atomic compare and exchange, len 1, 2, 4, 8, 16, after a read of the
	 * same bytes. *swapped tells; when not swapped, old receives the
	 * current value. May be PENDING.
	 */
	enum insn_result (*cmpxchg)(struct insn_ctx *ctx, u64 lin, void *old, const void *new,
				    unsigned int len, bool *swapped);
	/*
	 * The guest page that holds lin may be written as far as paging goes; len
	 * bytes, at most 1024, inside that page. Asked before a read that a write
	 * to the same place (or, for INS, a port read that a write) follows, so
	 * that a fault comes before a side effect.
	 */
	enum insn_result (*check_write)(struct insn_ctx *ctx, u64 lin, unsigned int len);
	/*
	 * What the CPU does by itself in descriptor tables and the TSS: with
	 * supervisor rights at any CPL, memory only (else INSN_UNKNOWN), up to
	 * 128 bytes. Never PENDING.
	 */
	enum insn_result (*system)(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len, bool write);
	/* lin leads to no memory (that can be written), but to a device: no batch goes there. A fault is none. */
	bool (*is_device)(struct insn_ctx *ctx, u64 lin, bool write);
	/* Port I/O: count elements of size bytes. */
	enum insn_result (*pio_in)(struct insn_ctx *ctx, u16 port, unsigned int size, void *buf,
				   unsigned int count);
	enum insn_result (*pio_out)(struct insn_ctx *ctx, u16 port, unsigned int size,
				    const void *buf, unsigned int count);
	/* Vector registers: 16 bytes of XMM n (upper half of YMM untouched), or 32 bytes of YMM n. */
	void (*vec_read)(struct insn_ctx *ctx, unsigned int n, void *buf, unsigned int len);
	void (*vec_write)(struct insn_ctx *ctx, unsigned int n, const void *buf, unsigned int len);
	/* MMX register n, with what an access does to the x87 state. */
	void (*mmx)(struct insn_ctx *ctx, unsigned int n, u64 *val, bool write);
	/* FNSTCW, FNSTSW, FNINIT. */
	u16 (*x87)(struct insn_ctx *ctx, enum insn_x87 what);
	/* FXSAVE or FXRSTOR, wide: with REX.W. False: the image's MXCSR is not valid. */
	bool (*fx)(struct insn_ctx *ctx, void *image, bool save, bool wide);
	u64 (*tsc)(struct insn_ctx *ctx);
	/* The guest's MSR; false: there is none such. */
	bool (*msr)(struct insn_ctx *ctx, u32 index, u64 *val);
};

struct insn_ctx {
	const struct insn_ops *ops;
	struct insn_cpu cpu;
	struct insn_regs r;
	struct insn_fault fault;
	u8 bytes[INSN_MAX_LEN];
	u8 nbytes; /* bytes fetched */
	u8 len; /* length of the decoded instruction */
	u8 shadow; /* of the instruction that has retired: enum insn_shadow */
	u8 exit; /* INSN_EXIT: enum insn_exit */
	bool iret; /* the instruction that has retired lets NMIs in again */
	bool sregs_changed; /* registers beyond gpr, rip, rflags have been written */
	bool one_memory; /* set, before the first access: there is one memory operand, and no other access */
};

/*
 * Decode one instruction at r.rip; returns its length (1..15), or a negative
 * enum insn_result (-INSN_FAULT: ctx->fault, as for UD2 or a wrong LOCK).
 * Needs only ops->fetch.
 */
int insn_length(struct insn_ctx *ctx);

/* Decode and execute one instruction (one iteration of a string instruction) at r.rip. */
enum insn_result insn_emulate(struct insn_ctx *ctx);

#endif /* TAXCUT_MODEL_INSN_INSN_H */
