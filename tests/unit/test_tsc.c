// SPDX-License-Identifier: GPL-2.0-only
/* TSC arithmetic with all kinds of values: equals 128-bit arithmetic, and never faults. */
#include "story.h"
#include "model/tsc.h"

#include <stdlib.h>

static const u32 frequencies[] = { 0, 1, 2, 999, 1000, 1001, 33000, 65000, 65535, 65536, 65537, 999999, 1000000, 1000001,
				   2600000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
static const u64 counts[] = { 0, 1, 2, 999, 1000, 0xffffffff, 0x100000000, 1ULL << 52, 1ULL << 62, (1ULL << 63) - 1, 1ULL << 63,
			      (1ULL << 63) + 1, ~1ULL, ~0ULL };

static u64 random_u64(void)
{
	u64 r = (u64)random() << 42 ^ (u64)random() << 21 ^ (u64)random();

	return r >> (random() & 63);
}

static void check_ratio(u32 guest, u32 host, unsigned int frac)
{
	unsigned __int128 exact = host ? ((unsigned __int128)guest << frac) / host : 0;

	assert_true(tsc_ratio(guest, host, frac) == (exact >> 64 ? 0 : (u64)exact));
}

/* A guest's frequency of 0xffffffff kHz on a host of 65 MHz: with VMX's 48 fraction bits the ratio has 65 bits. */
STORY(ratio_that_does_not_fit_is_refused)
{
	assert_true(tsc_ratio(0xffffffff, 65535, 48) == 0);
	assert_true(tsc_ratio(0xffffffff, 65536, 48) == 0xffffffff00000000ULL);
	assert_true(tsc_ratio(0xffffffff, 1, 32) == 0xffffffff00000000ULL);
	assert_true(tsc_ratio(0xffffffff, 0, 32) == 0);
}

STORY(ratio_is_exact)
{
	for (u32 i = 0; i < ARRAY_SIZE(frequencies); i++)
		for (u32 j = 0; j < ARRAY_SIZE(frequencies); j++)
			for (unsigned int frac = 1; frac < 64; frac++)
				check_ratio(frequencies[i], frequencies[j], frac);
	for (u32 i = 0; i < 100000; i++)
		check_ratio((u32)random_u64(), (u32)random_u64(), 1 + (u32)random() % 63);
}

/* mul keeps its highest bit, so 31 bits of the frequency. */
static void check_scale(u64 khz)
{
	struct tsc_scale s = tsc_scale_from_khz(khz);
	u64 second = khz * 1000;

	assert_true(s.mul >= BIT(31));
	if (!khz || khz > 1ULL << 48)
		return;
	assert_in_range(tsc_scaled_span_ns(second, &s), 999999900, 1000000000);
}

STORY(scale_takes_any_frequency)
{
	for (u32 i = 0; i < ARRAY_SIZE(frequencies); i++)
		check_scale(frequencies[i]);
	for (u32 i = 0; i < ARRAY_SIZE(counts); i++)
		check_scale(counts[i]);
	for (u32 i = 0; i < 100000; i++)
		check_scale(random_u64());
}

static void check_span(u64 cycles, u64 khz)
{
	unsigned __int128 exact = (unsigned __int128)cycles * 1000000 / (khz ? khz : 1);
	u64 ns = tsc_span_ns(cycles, khz);

	assert_true(ns <= INT64_MAX);
	if (exact <= INT64_MAX - 1000000) /* near the maximum it may saturate */
		assert_true(ns == (u64)exact);
	else
		assert_true(ns >= INT64_MAX - 1000000);
}

STORY(span_saturates)
{
	for (u32 i = 0; i < ARRAY_SIZE(counts); i++)
		for (u32 j = 0; j < ARRAY_SIZE(counts); j++) {
			struct tsc_scale s = tsc_scale_from_khz(counts[j]);

			check_span(counts[i], counts[j]);
			assert_true(tsc_scaled_span_ns(counts[i], &s) <= INT64_MAX);
		}
	for (u32 i = 0; i < 100000; i++)
		check_span(random_u64(), random_u64());
}

STORY(close_means_either_way_round)
{
	assert_true(tsc_close(5, 3, 3));
	assert_true(tsc_close(3, 5, 3));
	assert_false(tsc_close(3, 5, 2));
	assert_true(tsc_close(~0ULL, 1, 3));
	assert_true(tsc_close(1, ~0ULL, 3));
	/* At the largest distance the difference is not negative. */
	assert_false(tsc_close(1ULL << 63, 0, 1000000));
	assert_false(tsc_close(0, 1ULL << 63, 1ULL << 63));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratio_that_does_not_fit_is_refused),
		cmocka_unit_test(ratio_is_exact),
		cmocka_unit_test(scale_takes_any_frequency),
		cmocka_unit_test(span_saturates),
		cmocka_unit_test(close_means_either_way_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
