/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pure parts may use: fixed-width types, bit helpers, and the few
 * atomic operations that one thread needs against another. In the kernel
 * these are the kernel's own; in user space (unit tests, fuzzers) this file
 * supplies the same names, so that the very same sources compile in both.
 */
#ifndef TAXCUT_MODEL_PORT_H
#define TAXCUT_MODEL_PORT_H

#ifdef __KERNEL__

#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/string.h>
#include <linux/types.h>

#else

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define GENMASK(h, l) ((~0UL << (l)) & (~0UL >> (63 - (h))))
#define GENMASK_ULL(h, l) GENMASK(h, l)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(t, a, b) ((t)(a) < (t)(b) ? (t)(a) : (t)(b))
#define max_t(t, a, b) ((t)(a) > (t)(b) ? (t)(a) : (t)(b))
#define container_of(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define fallthrough __attribute__((fallthrough))
#define array_index_nospec(i, n) ((i) < (n) ? (i) : 0)
#define __packed __attribute__((packed))
#define __uninitialized

static inline int fls(u32 x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline u32 hweight32(u32 x)
{
	return (u32)__builtin_popcount(x);
}

static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}

/* a * b / c; like the CPU's DIV, which the kernel uses, it does not survive a quotient of more than 64 bits. */
static inline u64 mul_u64_u64_div_u64(u64 a, u64 b, u64 c)
{
	unsigned __int128 q = c ? (unsigned __int128)a * b / c : 0;

	if (!c || q >> 64)
		__builtin_trap();
	return (u64)q;
}

#endif /* __KERNEL__ */

/* 64x64->128 multiply, then shift right; no overflow for shift <= 64 results that fit. */
static inline u64 mul_shift_u64(u64 a, u64 b, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * b) >> shift);
}

/* Atomic operations on one bit of a 32-bit word; full ordering. */
static inline bool word_test_and_set_bit(u32 *word, unsigned int bit)
{
	u32 mask = 1U << (bit & 31);

	return __atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST) & mask;
}

static inline bool word_test_and_clear_bit(u32 *word, unsigned int bit)
{
	u32 mask = 1U << (bit & 31);

	return __atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST) & mask;
}

static inline void word_set_bits(u32 *word, u32 mask)
{
	__atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST);
}

static inline u32 word_take(u32 *word)
{
	return __atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST);
}

static inline u32 word_load(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

#endif /* TAXCUT_MODEL_PORT_H */
