/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log-linear histogram of latencies in nanoseconds: each power of two is cut into 16 buckets of the same
 * width, so that a bucket is never wider than a sixteenth of what is in it, from 1 ns to 584 years.
 *
 * One thread at a time may touch a histogram.
 */
#ifndef TAXCUT_GUEST_HISTOGRAM_H
#define TAXCUT_GUEST_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BITS 4
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t sum;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Count @n values of @value ns. */
void histogram_add(struct histogram *h, uint64_t value, uint64_t n);

/* The smallest value that bucket @i (below HISTOGRAM_BUCKETS) holds. */
uint64_t histogram_low(unsigned int i);

/*
 * The value that @per_mille (0 to 1000) of a thousand do not exceed: the highest of the bucket it lies in, so
 * at most a sixteenth too much, but never above the maximum. 0 when nothing was counted.
 */
uint64_t histogram_percentile(const struct histogram *h, unsigned int per_mille);

/*
 * The next piece of the text "LOW:COUNT,LOW:COUNT,...", in ascending order and without empty buckets: what fits
 * into @size bytes (64 or more), from bucket *@from on, which moves on to the next piece. Its length, 0 at the end.
 */
size_t histogram_text(const struct histogram *h, unsigned int *from, char *text, size_t size);

#endif
