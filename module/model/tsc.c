// SPDX-License-Identifier: GPL-2.0-only
#include "tsc.h"

#define NS_PER_MS 1000000ULL
#define SPAN_MAX (~0ULL >> 1)

struct tsc_scale tsc_scale_from_khz(u64 khz)
{
	u64 num = NS_PER_MS; /* ns per ms over cycles per ms */
	s8 shift = 0;

	/* Beyond 2^62 nothing could be shifted; no counter is that fast. */
	khz = min_t(u64, max_t(u64, khz, 1), BIT_ULL(62));
	while (num >= khz) {
		khz <<= 1;
		shift++;
	}
	while (num * 2 < khz) {
		num <<= 1;
		shift--;
	}
	/* num < khz <= 2 * num: 32 bits hold the quotient. */
	return (struct tsc_scale){ .mul = (u32)mul_u64_u64_div_u64(num, BIT_ULL(32), khz), .shift = shift };
}

u64 tsc_ratio(u32 guest_khz, u32 host_khz, unsigned int frac_bits)
{
	/* guest * 2^frac / host is 2^64 or more just when guest / 2^(64 - frac) is host or more. */
	if ((u64)guest_khz >> (64 - frac_bits) >= host_khz)
		return 0;
	return mul_u64_u64_div_u64(guest_khz, BIT_ULL(frac_bits), host_khz);
}

u64 tsc_span_ns(u64 cycles, u64 khz)
{
	khz = max_t(u64, khz, 1);
	if (cycles / khz >= SPAN_MAX / NS_PER_MS)
		return SPAN_MAX;
	return mul_u64_u64_div_u64(cycles, NS_PER_MS, khz);
}

u64 tsc_scaled_span_ns(u64 cycles, const struct tsc_scale *s)
{
	if (cycles > SPAN_MAX >> max_t(int, s->shift, 0))
		return SPAN_MAX;
	cycles = s->shift < 0 ? cycles >> -s->shift : cycles << s->shift;
	return mul_shift_u64(cycles, s->mul, 32);
}

bool tsc_close(u64 a, u64 b, u64 span)
{
	u64 up = a - b, down = b - a;

	return min(up, down) < span;
}
