// SPDX-License-Identifier: GPL-2.0-only
/* The adaptive halt-polling window, of the host and of the guest. */
#include "model/halt_poll.h"
#include "story.h"

/* The host's defaults; those of guests, which shrink step by step. */
static const struct halt_poll_params host = { .ceiling = 200000, .start = 10000, .grow = 2, .shrink = 0 };
static const struct halt_poll_params guest = { .ceiling = 200000, .start = 50000, .grow = 2, .shrink = 2 };

/* The windows after consecutive waits of the same length. */
static void expect_windows(const struct halt_poll_params *p, u32 window, u64 waited, const u32 *expect, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		window = halt_poll_next(p, window, waited);
		assert_int_equal(window, expect[i]);
	}
}

STORY(short_waits_grow_it_until_it_suffices)
{
	static const u32 to_ceiling[] = { 10000, 20000, 40000, 80000, 160000, 200000, 200000 };
	static const u32 to_wait[] = { 10000, 20000, 40000, 40000, 40000 };
	static const u32 in_guest[] = { 50000, 100000, 200000, 200000 };

	expect_windows(&host, 0, 200000, to_ceiling, ARRAY_SIZE(to_ceiling));
	expect_windows(&host, 0, 40000, to_wait, ARRAY_SIZE(to_wait));
	expect_windows(&guest, 0, 200000, in_guest, ARRAY_SIZE(in_guest));
}

STORY(long_waits_shrink_it)
{
	static const u32 at_once[] = { 0, 0 };
	static const u32 in_steps[] = { 100000, 50000, 0, 0 }; /* nothing below the start */

	expect_windows(&host, 200000, 200001, at_once, ARRAY_SIZE(at_once));
	expect_windows(&guest, 200000, UINT64_MAX, in_steps, ARRAY_SIZE(in_steps));
}

/* For a guest, a divisor of 1 means "never shrink". */
STORY(it_may_be_told_not_to_change)
{
	struct halt_poll_params p = host;

	p.grow = 0;
	assert_int_equal(halt_poll_next(&p, 0, 100), 0);
	assert_int_equal(halt_poll_next(&p, 30000, 30001), 30000);
	p.shrink = 1;
	assert_int_equal(halt_poll_next(&p, 30000, UINT64_MAX), 30000);
}

STORY(no_ceiling_no_poll)
{
	struct halt_poll_params p = host;

	p.ceiling = 0;
	assert_int_equal(halt_poll_window(&p, 200000), 0);
	assert_int_equal(halt_poll_next(&p, 0, 0), 0);
	assert_int_equal(halt_poll_next(&p, 0, 1), 0);
	assert_int_equal(halt_poll_next(&p, 200000, 100), 0);
}

STORY(a_ceiling_that_comes_down_holds_at_once)
{
	struct halt_poll_params p = host;

	p.ceiling = 30000;
	assert_int_equal(halt_poll_window(&p, 200000), 30000);
	assert_int_equal(halt_poll_next(&p, 200000, 100), 30000);
	p.ceiling = 5000; /* below the start */
	assert_int_equal(halt_poll_next(&p, 0, 4000), 5000);
}

STORY(extremes_do_not_overflow)
{
	struct halt_poll_params p = { .ceiling = UINT32_MAX, .start = 1, .grow = UINT32_MAX, .shrink = UINT32_MAX };

	assert_int_equal(halt_poll_next(&p, UINT32_MAX - 1, UINT32_MAX), UINT32_MAX);
	assert_int_equal(halt_poll_next(&p, UINT32_MAX, UINT64_MAX), 1);
	assert_int_equal(halt_poll_next(&p, UINT32_MAX, UINT32_MAX), UINT32_MAX);
	p.shrink = 0;
	assert_int_equal(halt_poll_next(&p, UINT32_MAX, UINT64_MAX), 0);
}

/* With any waits and parameters, the window does not exceed the ceiling. */
STORY(it_stays_within_bounds)
{
	struct halt_poll_params p;
	u64 x = 88172645463325252ULL;
	u32 window = 0;
	int i;

	for (i = 0; i < 100000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (!(i % 100)) {
			p = (struct halt_poll_params){ .ceiling = (u32)x % 300000, .start = (u32)(x >> 32) % 60000,
						       .grow = x % 5, .shrink = (x >> 8) % 5 };
			window = halt_poll_window(&p, window);
		}
		window = halt_poll_next(&p, window, (x >> 20) % 500000);
		assert_true(window <= p.ceiling);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_waits_grow_it_until_it_suffices),
		cmocka_unit_test(long_waits_shrink_it),
		cmocka_unit_test(it_may_be_told_not_to_change),
		cmocka_unit_test(no_ceiling_no_poll),
		cmocka_unit_test(a_ceiling_that_comes_down_holds_at_once),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(it_stays_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
