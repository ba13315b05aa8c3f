// SPDX-License-Identifier: GPL-2.0-only
/* The LAPIC timer's arithmetic. Time starts at T0; one bus cycle is 1 ns unless said otherwise. */
#include "model/lapic.h"
#include "model/lapic_timer.h"
#include "story.h"

#define T0 1000000000ULL
#define ONESHOT 0x000ecU
#define PERIODIC 0x200ecU
#define DEADLINE 0x400ecU
#define RESERVED 0x600ecU
#define DIVIDE_BY_1 0xb
#define MIN_PERIOD 200000

static struct lapic_timer timer_in(u32 lvtt, u32 tdcr)
{
	struct lapic_timer t;

	lapic_timer_init(&t, 1, MIN_PERIOD);
	lapic_timer_set_lvtt(&t, lvtt);
	lapic_timer_set_divide(&t, tdcr, T0);
	return t;
}

static void assert_next(const struct lapic_timer *t, enum lapic_timer_unit unit, u64 when)
{
	struct lapic_timer_next next = lapic_timer_next(t);

	assert_int_equal(next.unit, unit);
	assert_int_equal(next.when, when);
}

STORY(divisors)
{
	static const u32 divisor[16] = { 2, 4, 8, 16, 2, 4, 8, 16, 32, 64, 128, 1, 32, 64, 128, 1 };
	u32 tdcr;

	for (tdcr = 0; tdcr < 16; tdcr++)
		assert_int_equal(lapic_timer_divisor(tdcr), divisor[tdcr]);
	assert_int_equal(lapic_timer_divisor(0xfffffff4), 2);
}

STORY(oneshot_counts_down_once)
{
	struct lapic_timer t = timer_in(ONESHOT, 0x3); /* by 16 */

	assert_next(&t, LAPIC_TIMER_OFF, 0);
	lapic_timer_set_count(&t, 1000, T0);
	assert_next(&t, LAPIC_TIMER_AT_NS, T0 + 16000);
	assert_int_equal(lapic_timer_count(&t, T0), 1000);
	assert_int_equal(lapic_timer_count(&t, T0 + 1), 1000);
	assert_int_equal(lapic_timer_count(&t, T0 + 16), 999);
	assert_int_equal(lapic_timer_count(&t, T0 + 15999), 1);
	assert_int_equal(lapic_timer_count(&t, T0 + 16000), 0);
	assert_int_equal(lapic_timer_fire(&t, T0 + 15999, 0), 0);
	assert_int_equal(lapic_timer_fire(&t, T0 + 99999, 0), 1);
	assert_int_equal(lapic_timer_fire(&t, T0 + 99999, 0), 0);
	assert_next(&t, LAPIC_TIMER_OFF, 0);
	assert_int_equal(lapic_timer_count(&t, T0 + 99999), 0);
}

STORY(count_zero_stops)
{
	struct lapic_timer t = timer_in(PERIODIC, DIVIDE_BY_1);

	lapic_timer_set_count(&t, 1000000, T0);
	lapic_timer_set_count(&t, 0, T0 + 5);
	assert_next(&t, LAPIC_TIMER_OFF, 0);
}

/* The handler is always late; the periods do not drift, and missed ones do not burst. */
STORY(periodic_neither_drifts_nor_bursts)
{
	struct lapic_timer t = timer_in(PERIODIC, DIVIDE_BY_1);
	const u64 period = 1000000;
	u64 i, now;

	lapic_timer_set_count(&t, period, T0);
	for (i = 1; i <= 1000; i++) {
		now = T0 + i * period + i % 700;
		assert_int_equal(lapic_timer_fire(&t, now, 0), 1);
		assert_next(&t, LAPIC_TIMER_AT_NS, T0 + (i + 1) * period);
	}
	now = T0 + 1500 * period + 123;
	assert_int_equal(lapic_timer_count(&t, now), period - 123);
	assert_int_equal(lapic_timer_fire(&t, now, 0), 500);
	assert_int_equal(lapic_timer_fire(&t, now, 0), 0);
	assert_next(&t, LAPIC_TIMER_AT_NS, T0 + 1501 * period);
}

STORY(periodic_cannot_storm_the_host)
{
	struct lapic_timer t = timer_in(PERIODIC, DIVIDE_BY_1);

	lapic_timer_set_count(&t, 1, T0);
	assert_int_equal(lapic_timer_period_ns(&t), MIN_PERIOD);
	assert_next(&t, LAPIC_TIMER_AT_NS, T0 + MIN_PERIOD);
	assert_int_equal(lapic_timer_count(&t, T0), 1);
	assert_int_equal(lapic_timer_fire(&t, T0 + MIN_PERIOD, 0), 1);
	assert_next(&t, LAPIC_TIMER_AT_NS, T0 + 2 * MIN_PERIOD);
	/* A one-shot timer has no minimum: each one costs the guest an exit. */
	lapic_timer_set_lvtt(&t, ONESHOT);
	lapic_timer_set_count(&t, 1, T0);
	assert_next(&t, LAPIC_TIMER_AT_NS, T0 + 1);
}

STORY(mode_switches)
{
	static const struct { u32 from, to; bool kept; } rows[] = {
		{ ONESHOT, PERIODIC, true }, { PERIODIC, ONESHOT, true },
		{ ONESHOT, ONESHOT | LAPIC_LVT_MASKED, true },
		{ ONESHOT, DEADLINE, false }, { PERIODIC, DEADLINE, false },
		{ ONESHOT, RESERVED, false }, { PERIODIC, RESERVED, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lapic_timer t = timer_in(rows[i].from, DIVIDE_BY_1);

		lapic_timer_set_count(&t, 1000000, T0);
		lapic_timer_write(&t, LAPIC_LVTT, rows[i].to, T0 + 10);
		if (rows[i].kept)
			assert_next(&t, LAPIC_TIMER_AT_NS, T0 + 1000000);
		else
			assert_next(&t, LAPIC_TIMER_OFF, 0);
		lapic_timer_set_lvtt(&t, rows[i].from);
		assert_int_equal(lapic_timer_count(&t, T0 + 10), rows[i].kept ? 999990 : 0);
	}
}

STORY(periodic_that_becomes_oneshot_ends)
{
	struct lapic_timer t = timer_in(PERIODIC, DIVIDE_BY_1);

	lapic_timer_set_count(&t, 1000000, T0);
	lapic_timer_set_lvtt(&t, ONESHOT);
	assert_int_equal(lapic_timer_fire(&t, T0 + 1000000, 0), 1);
	assert_next(&t, LAPIC_TIMER_OFF, 0);
	/* It stays stopped when the mode becomes periodic again. */
	lapic_timer_set_lvtt(&t, PERIODIC);
	assert_next(&t, LAPIC_TIMER_OFF, 0);
	assert_int_equal(lapic_timer_fire(&t, T0 + 9000000, 0), 0);
}

STORY(deadline_mode)
{
	struct lapic_timer t = timer_in(DEADLINE, DIVIDE_BY_1);

	lapic_timer_set_count(&t, 1000, T0);
	assert_next(&t, LAPIC_TIMER_OFF, 0);
	lapic_timer_set_deadline(&t, 5000);
	assert_next(&t, LAPIC_TIMER_AT_TSC, 5000);
	assert_int_equal(lapic_timer_count(&t, T0), 0);
	assert_int_equal(lapic_timer_fire(&t, ~0ULL, 4999), 0);
	assert_int_equal(lapic_timer_deadline(&t), 5000);
	assert_int_equal(lapic_timer_fire(&t, 0, 5000), 1);
	assert_int_equal(lapic_timer_deadline(&t), 0);
	/* A deadline in the past is due at once; 0 disarms. */
	lapic_timer_set_deadline(&t, 1);
	assert_true(lapic_timer_due(&t, 0, 6000));
	lapic_timer_set_deadline(&t, 0);
	assert_false(lapic_timer_due(&t, ~0ULL, ~0ULL));
	/* In the other modes the MSR does nothing and reads zero. */
	lapic_timer_set_deadline(&t, 7);
	lapic_timer_set_lvtt(&t, ONESHOT);
	assert_int_equal(lapic_timer_deadline(&t), 0);
	lapic_timer_set_deadline(&t, 9);
	assert_int_equal(lapic_timer_deadline(&t), 0);
	assert_next(&t, LAPIC_TIMER_OFF, 0);
}

STORY(divide_change_keeps_the_remaining_count)
{
	struct lapic_timer t = timer_in(ONESHOT, DIVIDE_BY_1);

	lapic_timer_set_count(&t, 1000, T0);
	lapic_timer_write(&t, LAPIC_TDCR, 0x3, T0 + 400);
	assert_int_equal(lapic_timer_count(&t, T0 + 400), 600);
	assert_next(&t, LAPIC_TIMER_AT_NS, T0 + 400 + 600 * 16);
	/* An expired timer stays expired. */
	lapic_timer_write(&t, LAPIC_TDCR, 0xa, T0 + 100000);
	assert_true(lapic_timer_due(&t, T0 + 100000, 0));
}

STORY(extreme_values_saturate)
{
	struct lapic_timer t;

	lapic_timer_init(&t, 0, 0);
	assert_int_equal(t.ns_per_cycle, 1);
	lapic_timer_init(&t, 0xffffffff, 0);
	assert_int_equal(t.ns_per_cycle, LAPIC_TIMER_MAX_CYCLE_NS);
	lapic_timer_set_lvtt(&t, PERIODIC);
	lapic_timer_set_divide(&t, 0xa, 0);
	lapic_timer_set_count(&t, 0xffffffff, 0);
	assert_true(lapic_timer_period_ns(&t) < 1ULL << 63);
	assert_int_equal(lapic_timer_count(&t, 0), 0xffffffff);
	lapic_timer_set_count(&t, 0xffffffff, ~0ULL - 5);
	assert_next(&t, LAPIC_TIMER_AT_NS, ~0ULL);
	assert_int_equal(lapic_timer_fire(&t, ~0ULL, 0), 1);
	assert_next(&t, LAPIC_TIMER_AT_NS, ~0ULL);
	/* No minimum, the shortest period, a handler that is a century late. */
	lapic_timer_init(&t, 1, 0);
	lapic_timer_set_lvtt(&t, PERIODIC);
	lapic_timer_set_divide(&t, DIVIDE_BY_1, 0);
	lapic_timer_set_count(&t, 1, 0);
	assert_int_equal(lapic_timer_fire(&t, 3000000000000000000ULL, 0), 3000000000000000000ULL);
	assert_next(&t, LAPIC_TIMER_AT_NS, 3000000000000000001ULL);
}

STORY(bus_frequency_scales)
{
	struct lapic_timer t;

	lapic_timer_init(&t, 40, MIN_PERIOD); /* 25 MHz */
	lapic_timer_set_divide(&t, DIVIDE_BY_1, T0);
	lapic_timer_set_count(&t, 1000000, T0);
	assert_next(&t, LAPIC_TIMER_AT_NS, T0 + 40000000);
	assert_int_equal(lapic_timer_count(&t, T0 + 4000000), 900000);
}

STORY(restore_continues)
{
	static const struct { u32 lvtt, tmict, tmcct; u64 expiry; } rows[] = {
		{ ONESHOT, 1000000, 400, T0 + 400 },
		{ ONESHOT, 1000000, 0, 0 }, /* had expired */
		{ ONESHOT, 0, 400, 0 },
		{ ONESHOT, 1000, 5000, T0 + 1000 }, /* more than the initial count */
		{ PERIODIC, 1000000, 400, T0 + 400 },
		{ PERIODIC, 1000000, 0, T0 + 1000000 },
		{ PERIODIC, 10, 0, T0 + MIN_PERIOD },
		{ DEADLINE, 1000000, 400, 0 },
		{ RESERVED, 1000000, 400, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lapic_timer t = timer_in(DEADLINE, 0);

		lapic_timer_set_deadline(&t, 77);
		lapic_timer_restore(&t, rows[i].lvtt, DIVIDE_BY_1, rows[i].tmict, rows[i].tmcct,
				    T0);
		if (rows[i].expiry)
			assert_next(&t, LAPIC_TIMER_AT_NS, rows[i].expiry);
		else
			assert_next(&t, LAPIC_TIMER_OFF, 0);
	}
}

STORY(reset_disarms)
{
	struct lapic_timer t = timer_in(PERIODIC, DIVIDE_BY_1);

	lapic_timer_write(&t, LAPIC_TMICT, 1000000, T0);
	lapic_timer_reset(&t);
	assert_next(&t, LAPIC_TIMER_OFF, 0);
	assert_int_equal(t.min_period_ns, MIN_PERIOD);
	assert_int_equal(t.divide, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(divisors),
		cmocka_unit_test(oneshot_counts_down_once),
		cmocka_unit_test(count_zero_stops),
		cmocka_unit_test(periodic_neither_drifts_nor_bursts),
		cmocka_unit_test(periodic_cannot_storm_the_host),
		cmocka_unit_test(mode_switches),
		cmocka_unit_test(periodic_that_becomes_oneshot_ends),
		cmocka_unit_test(deadline_mode),
		cmocka_unit_test(divide_change_keeps_the_remaining_count),
		cmocka_unit_test(extreme_values_saturate),
		cmocka_unit_test(bus_frequency_scales),
		cmocka_unit_test(restore_continues),
		cmocka_unit_test(reset_disarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
