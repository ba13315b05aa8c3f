// SPDX-License-Identifier: GPL-2.0-only
/* The histogram of the guest programs: buckets, percentiles, and their text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "story.h"

#define LINE 64

/* The bucket that counted the only value. */
static unsigned int bucket_of(uint64_t value)
{
	struct histogram h = { 0 };
	unsigned int found = HISTOGRAM_BUCKETS;

	histogram_add(&h, value, 1);
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h.buckets[i])
			continue;
		assert_int_equal(found, HISTOGRAM_BUCKETS);
		assert_int_equal(h.buckets[i], 1);
		found = i;
	}
	assert_int_not_equal(found, HISTOGRAM_BUCKETS);
	return found;
}

static void expect_inside(uint64_t value)
{
	unsigned int i = bucket_of(value);

	assert_true(histogram_low(i) <= value);
	if (i + 1 < HISTOGRAM_BUCKETS)
		assert_true(value < histogram_low(i + 1));
}

STORY(every_value_lies_in_its_bucket)
{
	for (uint64_t v = 0; v < 5000; v++)
		expect_inside(v);
	for (unsigned int bit = 4; bit < 64; bit++) {
		expect_inside((1ULL << bit) - 1);
		expect_inside(1ULL << bit);
		expect_inside((1ULL << bit) + 1);
	}
	expect_inside(UINT64_MAX);
	assert_int_equal(bucket_of(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

STORY(buckets_are_no_wider_than_a_sixteenth)
{
	for (unsigned int i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		uint64_t low = histogram_low(i), width = histogram_low(i + 1) - low;

		assert_true(width >= 1);
		assert_true(width == 1 || width <= low / 16);
		assert_int_equal(bucket_of(low), i);
	}
}

STORY(there_are_sixteen_buckets_to_a_power_of_two)
{
	for (unsigned int bit = 4; bit < 63; bit++)
		assert_int_equal(bucket_of(1ULL << (bit + 1)) - bucket_of(1ULL << bit), 16);
}

STORY(nothing_counted_is_nothing)
{
	struct histogram h = { 0 };
	unsigned int from = 0;
	char text[LINE];

	assert_int_equal(histogram_percentile(&h, 500), 0);
	assert_int_equal(histogram_text(&h, &from, text, sizeof(text)), 0);
	histogram_add(&h, 77, 0);
	assert_int_equal(h.count, 0);
	assert_int_equal(h.max, 0);
}

STORY(small_percentiles_are_exact)
{
	struct histogram h = { 0 };

	for (uint64_t v = 1; v <= 10; v++)
		histogram_add(&h, v, 100);
	assert_int_equal(h.count, 1000);
	assert_int_equal(h.sum, 5500);
	assert_int_equal(histogram_percentile(&h, 0), 1);
	assert_int_equal(histogram_percentile(&h, 100), 1);
	assert_int_equal(histogram_percentile(&h, 101), 2);
	assert_int_equal(histogram_percentile(&h, 500), 5);
	assert_int_equal(histogram_percentile(&h, 999), 10);
	assert_int_equal(histogram_percentile(&h, 1000), 10);
}

/* Compared with the sorted values: never too low, at most a sixteenth too high. */
STORY(percentiles_are_not_too_small)
{
	static const unsigned int ask[] = { 1, 10, 500, 900, 990, 999, 1000 };
	struct histogram h = { 0 };
	uint64_t v, got, n = 3000;

	for (uint64_t i = 1; i <= n; i++)
		histogram_add(&h, i * i * 31, 1); /* ascending */
	for (size_t k = 0; k < sizeof(ask) / sizeof(ask[0]); k++) {
		uint64_t rank = (n * ask[k] + 999) / 1000;

		v = rank * rank * 31;
		got = histogram_percentile(&h, ask[k]);
		assert_true(got >= v);
		assert_true(got <= v + v / 16);
		assert_true(got <= h.max);
	}
	assert_int_equal(histogram_percentile(&h, 1000), h.max);
}

/* Parses "LOW:COUNT,..." into buckets; LOW must ascend over all parts. */
static void read_text(const char *text, struct histogram *h, uint64_t *last)
{
	uint64_t low, count;
	int used;

	while (*text) {
		assert_int_equal(sscanf(text, "%" SCNu64 ":%" SCNu64 "%n", &low, &count, &used), 2);
		assert_true(low > *last || !h->count);
		assert_true(count > 0);
		assert_int_equal(histogram_low(bucket_of(low)), low);
		histogram_add(h, low, count);
		*last = low;
		text += used;
		if (*text) {
			assert_int_equal(*text, ',');
			assert_int_not_equal(text[1], '\0');
			text++;
		}
	}
}

STORY(text_comes_in_pieces_and_loses_nothing)
{
	struct histogram h = { 0 }, back = { 0 };
	unsigned int from = 0, pieces = 0;
	uint64_t last = 0;
	char text[LINE];
	size_t n;

	for (unsigned int bit = 0; bit < 64; bit++)
		histogram_add(&h, 1ULL << bit, 1ULL << (bit / 2));
	histogram_add(&h, 0, UINT32_MAX);
	while ((n = histogram_text(&h, &from, text, sizeof(text)))) {
		assert_int_equal(n, strlen(text));
		assert_true(n < sizeof(text));
		read_text(text, &back, &last);
		pieces++;
	}
	assert_true(pieces > 1);
	assert_int_equal(back.count, h.count);
	assert_memory_equal(back.buckets, h.buckets, sizeof(h.buckets));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_lies_in_its_bucket),
		cmocka_unit_test(buckets_are_no_wider_than_a_sixteenth),
		cmocka_unit_test(there_are_sixteen_buckets_to_a_power_of_two),
		cmocka_unit_test(nothing_counted_is_nothing),
		cmocka_unit_test(small_percentiles_are_exact),
		cmocka_unit_test(percentiles_are_not_too_small),
		cmocka_unit_test(text_comes_in_pieces_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
