/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef API_GUEST_SAME_H
#define API_GUEST_SAME_H

#include "lib.h"

/*
 * An instruction must have the same effect on registers, flags and memory with
 * an operand in RAM and on a device that the host makes behave like RAM. It may
 * use R8 to R11.
 */
static volatile u8 *const device = (volatile u8 *)GPA_MMIO;
static volatile u64 ram[512] __attribute__((aligned(4096), unused));

struct outcome {
	u64 rax, rcx, rdx, rsi, rdi, flags, memory[4];
};

static const u64 pattern[4] = { 0x8796a5b4c3d2e1f0, 0x0123456789abcdef, 0xfedcba9876543210, 0x1111222233334444 };

static inline void prepare(volatile u64 *p)
{
	for (int i = 0; i < 4; i++)
		p[i] = pattern[i];
}

static inline void compare(int line, const char *insn, const struct outcome *a, const struct outcome *b, u64 flags)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;

	if ((a->flags ^ b->flags) & flags)
		fail(insn, line, "flags", b->flags & flags, a->flags & flags);
	for (u64 i = 0; i < sizeof(*a) / 8; i++)
		if (x[i] != y[i] && i != 5)
			fail(insn, line, i < 5 ? "a register" : "memory", y[i], x[i]);
}

#define RUN(o, insn, at, rdi_)                                                                     \
	do {                                                                                       \
		u64 a_ = 0x1122334455667788, c_ = 3, d_ = 0x99aabbccddeeff00, f_;                  \
		u64 s_ = (u64)ram + 1024, i_ = (u64)(rdi_);                                        \
		prepare((volatile u64 *)(at));                                                     \
		asm volatile("xorl %%r8d, %%r8d\n\t" insn "\n\tpushfq\n\tpopq %%r8\n\tmovq %%r8, %[f]" \
			     : "+a"(a_), "+c"(c_), "+d"(d_), "+S"(s_), "+D"(i_), [f] "=r"(f_)      \
			     : : "r8", "r9", "r10", "r11", "cc", "memory");                                            \
		o = (struct outcome){ a_, c_, d_, s_ - (u64)ram, i_ - (u64)(at), f_, {} };         \
		for (int j_ = 0; j_ < 4; j_++)                                                     \
			o.memory[j_] = ((volatile u64 *)(at))[j_];                                 \
	} while (0)

#define ALL_FLAGS 0x8d5UL
#define SAME(insn, flags_)                                                                         \
	do {                                                                                       \
		struct outcome a1_, b1_;                                                           \
		RUN(a1_, insn, ram, ram);                                                          \
		RUN(b1_, insn, device, device);                                                    \
		compare(__LINE__, insn, &a1_, &b1_, flags_);                                       \
	} while (0)

#endif /* API_GUEST_SAME_H */
