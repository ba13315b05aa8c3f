/* SPDX-License-Identifier: GPL-2.0-only */
/* The image's own declarations. It calls nothing outside of itself. */
#ifndef TAXCUT_CORE_IMAGE_CORE_H
#define TAXCUT_CORE_IMAGE_CORE_H

#include "core/mailbox.h"

#define mailbox ((struct core_mailbox *)CORE_VA_MAILBOX)

#define MSR_APIC_BASE 0x1b
#define MSR_PAT 0x277
#define MSR_X2APIC_EOI 0x80b
#define MSR_X2APIC_SVR 0x80f
#define MSR_X2APIC_ICR 0x830

static inline u64 rdmsr(u32 index)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(index));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 index, u64 value)
{
	asm volatile("wrmsr" ::"c"(index), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

static inline void xsetbv(u64 value)
{
	asm volatile("xsetbv" ::"c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}

/* svm.c: turns SVM on, once; one turn of the core, until a hand-over. */
void svm_start(void);
void svm_turn(void);

/* entry.S */
extern const u8 core_trap_stubs[], core_wait_begin[], core_wait_end[];
void core_wait(const u32 *turn);
void core_svm_enter(u64 *regs, u64 vmcb_pa);

#endif /* TAXCUT_CORE_IMAGE_CORE_H */
