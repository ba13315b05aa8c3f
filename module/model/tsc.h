/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic of time-stamp counters. Frequencies come from user space and
 * counts from guests: every function here takes any value, and saturates or
 * says so where the exact result does not fit (a DIV whose quotient does not
 * would be a fault in the kernel).
 */
#ifndef TAXCUT_MODEL_TSC_H
#define TAXCUT_MODEL_TSC_H

#include "port.h"

/* ns = ((cycles << shift) * mul) >> 32; a negative shift goes right. kvmclock's format. */
struct tsc_scale {
	u32 mul;
	s8 shift;
};

/* For a counter of that frequency; 0 counts as 1 kHz. */
struct tsc_scale tsc_scale_from_khz(u64 khz);

/* The ratio guest/host in fixed point with frac_bits (1..63) fraction bits; 0: too small, or 64 bits do not hold it. */
u64 tsc_ratio(u32 guest_khz, u32 host_khz, unsigned int frac_bits);

/* A span of cycles in ns, at most S64_MAX. khz 0 counts as 1. */
u64 tsc_span_ns(u64 cycles, u64 khz);
/* The same by a scale. */
u64 tsc_scaled_span_ns(u64 cycles, const struct tsc_scale *s);

/* Two counts less than span cycles apart, either way round, also over the wrap. */
bool tsc_close(u64 a, u64 b, u64 span);

#endif /* TAXCUT_MODEL_TSC_H */
