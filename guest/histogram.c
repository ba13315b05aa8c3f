// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "histogram.h"

#define SUBS (1U << HISTOGRAM_SUB_BITS)

/* Below SUBS each value has its own bucket; above, the leading bits after the first one choose it. */
static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < SUBS)
		return (unsigned int)value;
	shift = 63U - (unsigned int)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return (shift << HISTOGRAM_SUB_BITS) + (unsigned int)(value >> shift);
}

uint64_t histogram_low(unsigned int i)
{
	unsigned int shift;

	if (i < 2 * SUBS)
		return i;
	shift = (i >> HISTOGRAM_SUB_BITS) - 1;
	return (uint64_t)(i - (shift << HISTOGRAM_SUB_BITS)) << shift;
}

void histogram_add(struct histogram *h, uint64_t value, uint64_t n)
{
	if (!n)
		return;
	h->count += n;
	h->sum += value * n;
	h->buckets[bucket_of(value)] += n;
	if (value > h->max)
		h->max = value;
}

uint64_t histogram_percentile(const struct histogram *h, unsigned int per_mille)
{
	uint64_t seen = 0, high;
	unsigned int i;

	/* In whole counts: seen / count >= per_mille / 1000, without overflow for any count below 2^54. */
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen && seen * 1000 >= h->count * per_mille)
			break;
	}
	if (i >= HISTOGRAM_BUCKETS - 1)
		return h->max;
	high = histogram_low(i + 1) - 1;
	return high < h->max ? high : h->max;
}

size_t histogram_text(const struct histogram *h, unsigned int *from, char *text, size_t size)
{
	size_t used = 0;
	int n;

	text[0] = '\0';
	for (; *from < HISTOGRAM_BUCKETS; ++*from) {
		if (!h->buckets[*from])
			continue;
		n = snprintf(text + used, size - used, "%s%" PRIu64 ":%" PRIu64, used ? "," : "", histogram_low(*from),
			     h->buckets[*from]);
		if (n < 0 || (size_t)n >= size - used) {
			text[used] = '\0';
			break;
		}
		used += (size_t)n;
	}
	return used;
}
