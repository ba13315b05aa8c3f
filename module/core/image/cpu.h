/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions and registers. The image calls nothing outside of itself. */
#ifndef TAXCUT_CORE_IMAGE_CPU_H
#define TAXCUT_CORE_IMAGE_CPU_H

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

#endif /* TAXCUT_CORE_IMAGE_CPU_H */
