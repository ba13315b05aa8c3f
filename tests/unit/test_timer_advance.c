// SPDX-License-Identifier: GPL-2.0-only
/* The adaptive timer advance, with synthetic and with recorded latencies (latency.txt). */
#include "latency.h"
#include "story.h"
#include "model/timer_advance.h"

#include <stdio.h>

#define STEADY 2000 /* firings to watch after it has settled */

/* One firing. For any latency: the bounds hold, and the step has the right direction and does not overshoot. */
static void tune(struct timer_advance *t, s64 latency)
{
	u32 old = t->ns;

	timer_advance_tune(t, latency);
	assert_true(t->ns <= TIMER_ADVANCE_MAX_NS);
	assert_true(t->ns <= old + TIMER_ADVANCE_UP_NS);
	assert_true(t->ns + TIMER_ADVANCE_DOWN_NS >= old);
	if (t->ns > old)
		assert_true(t->ns <= latency);
	if (t->ns < old)
		assert_true((s64)t->ns >= latency + TIMER_ADVANCE_BAND_NS);
}

static void settle(struct timer_advance *t, s64 (*latency)(u32 i))
{
	u32 i;

	for (i = 0; i < TIMER_ADVANCE_SETTLE; i++)
		tune(t, latency(i));
}

struct summary {
	u32 low, high; /* of the advance */
	u64 waited, late; /* sums, ns */
	u32 late_firings;
};

static struct summary watch(struct timer_advance *t, s64 (*latency)(u32 i), u32 firings)
{
	struct summary s = { .low = t->ns, .high = t->ns };
	u32 i;

	for (i = 0; i < firings; i++) {
		s64 l = latency(i);

		if (l > t->ns) {
			s.late += (u64)(l - t->ns);
			s.late_firings++;
		} else {
			/* The entry never waits longer than the advance. */
			assert_true(t->ns - l <= TIMER_ADVANCE_MAX_NS);
			s.waited += (u64)(t->ns - l);
		}
		tune(t, l);
		s.low = min(s.low, t->ns);
		s.high = max(s.high, t->ns);
	}
	return s;
}

/* From any start it reaches any latency within the promised number of firings, and then does not change. */
STORY(constant_latency_is_found_and_kept)
{
	static const u32 starts[] = { 0, 1, 199, 1000, 2500, TIMER_ADVANCE_MAX_NS };
	u32 latency, i;
	size_t s;

	for (s = 0; s < ARRAY_SIZE(starts); s++) {
		for (latency = 0; latency <= TIMER_ADVANCE_MAX_NS; latency += 50) {
			struct timer_advance t = { .ns = starts[s] };
			u32 found;

			for (i = 0; i < TIMER_ADVANCE_SETTLE; i++)
				tune(&t, latency);
			found = t.ns;
			assert_in_range(found, latency, latency + TIMER_ADVANCE_BAND_NS);
			for (i = 0; i < STEADY; i++)
				tune(&t, latency);
			assert_int_equal(t.ns, found);
		}
	}
}

static s64 none(u32 i)
{
	(void)i;
	return 0;
}

static s64 huge(u32 i)
{
	return i % 2 ? INT64_MAX : 3600000000000LL;
}

static s64 negative(u32 i)
{
	return i % 2 ? -1 : INT64_MIN;
}

STORY(zero_needs_no_advance)
{
	struct timer_advance t = {};
	struct summary s = watch(&t, none, STEADY);

	assert_int_equal(s.high, 0);
	t.ns = TIMER_ADVANCE_MAX_NS;
	settle(&t, none);
	assert_in_range(t.ns, 0, TIMER_ADVANCE_BAND_NS);
	settle(&t, negative);
	assert_in_range(t.ns, 0, TIMER_ADVANCE_BAND_NS);
}

/* With latencies above the maximum, the advance is the maximum. */
STORY(huge_latency_is_cut_off)
{
	struct timer_advance t = {};
	struct summary s;

	settle(&t, huge);
	assert_int_equal(t.ns, TIMER_ADVANCE_MAX_NS);
	s = watch(&t, huge, STEADY);
	assert_int_equal(s.low, TIMER_ADVANCE_MAX_NS);
}

STORY(bimodal_follows_the_slower_half)
{
	struct timer_advance t = {};
	struct summary s;

	settle(&t, latency_bimodal);
	s = watch(&t, latency_bimodal, STEADY);
	assert_in_range(s.low, 2400, 2800);
	assert_in_range(s.high, 2400, 2800);
	assert_true(s.high - s.low <= TIMER_ADVANCE_UP_NS);
	assert_true(s.late / STEADY <= 200);
}

STORY(bimodal_with_few_slow_ones_stays_with_the_many)
{
	struct timer_advance t = {};
	struct summary s;

	settle(&t, latency_mostly_fast);
	s = watch(&t, latency_mostly_fast, STEADY);
	assert_in_range(s.low, 1200, 1200 + TIMER_ADVANCE_BAND_NS + TIMER_ADVANCE_UP_NS);
	assert_in_range(s.high, 1200, 1200 + TIMER_ADVANCE_BAND_NS + 2 * TIMER_ADVANCE_UP_NS);
	assert_true(s.waited / STEADY <= TIMER_ADVANCE_BAND_NS + TIMER_ADVANCE_UP_NS);
}

STORY(drift_is_followed)
{
	struct timer_advance t = {};
	u32 i;

	settle(&t, latency_drifting);
	for (i = TIMER_ADVANCE_SETTLE; i < STEADY; i++) {
		s64 l = latency_drifting(i);

		assert_in_range(t.ns, l - 60, l + TIMER_ADVANCE_BAND_NS + 100);
		tune(&t, l);
	}
}

STORY(spikes_are_ignored)
{
	struct timer_advance t = {}, without = {};
	struct summary s;
	u32 i;

	settle(&t, latency_spiky);
	s = watch(&t, latency_spiky, STEADY);
	assert_in_range(s.low, 1350, 1650);
	assert_in_range(s.high, 1350, 1650 + TIMER_ADVANCE_BAND_NS);
	/* A far outlier changes nothing. */
	for (i = 0; i < STEADY; i++) {
		if (latency_spiky(i) < TIMER_ADVANCE_FAR_NS)
			tune(&without, latency_spiky(i));
		t = without;
		tune(&t, 40000);
		assert_int_equal(t.ns, without.ns);
	}
}

/* When all firings become slow, they are no outliers any more. */
STORY(lasting_change_is_no_outlier)
{
	struct timer_advance t = { .ns = 1000 };
	u32 i;

	for (i = 1; i < TIMER_ADVANCE_FAR_ROW; i++) {
		tune(&t, 30000);
		assert_int_equal(t.ns, 1000);
	}
	for (i = 0; i < TIMER_ADVANCE_SETTLE; i++)
		tune(&t, 30000);
	assert_int_equal(t.ns, TIMER_ADVANCE_MAX_NS);
}

/* Recorded firings: most entries are in time, and wait no longer than the spread of the latencies. */
static const struct latency_list *recorded;

static s64 playback(u32 i)
{
	return recorded->ns[i % recorded->n];
}

STORY(recorded_latencies)
{
	u32 n = latency_load("latency.txt"), k;

	assert_true(n > 0);
	for (k = 0; k < n; k++) {
		struct timer_advance t = {};
		struct summary s;
		u32 fast, slow;

		recorded = latency_list(k);
		fast = latency_quantile(recorded, 5);
		slow = latency_quantile(recorded, 75);
		settle(&t, playback);
		s = watch(&t, playback, recorded->n);
		print_message("# %s: 5%% %u, 75%% %u; advance %u..%u, %u of %u late, waits %llu ns on average\n",
			      recorded->name, fast, slow, s.low, s.high, s.late_firings, recorded->n,
			      (unsigned long long)(s.waited / recorded->n));
		assert_in_range(s.low, min(fast, (u32)TIMER_ADVANCE_MAX_NS), TIMER_ADVANCE_MAX_NS);
		assert_true(s.waited / recorded->n <= TIMER_ADVANCE_BAND_NS + TIMER_ADVANCE_UP_NS);
		if (slow < TIMER_ADVANCE_MAX_NS)
			assert_true(s.late_firings <= recorded->n / 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constant_latency_is_found_and_kept),
		cmocka_unit_test(zero_needs_no_advance),
		cmocka_unit_test(huge_latency_is_cut_off),
		cmocka_unit_test(bimodal_follows_the_slower_half),
		cmocka_unit_test(bimodal_with_few_slow_ones_stays_with_the_many),
		cmocka_unit_test(drift_is_followed),
		cmocka_unit_test(spikes_are_ignored),
		cmocka_unit_test(lasting_change_is_no_outlier),
		cmocka_unit_test(recorded_latencies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
