/* SPDX-License-Identifier: GPL-2.0-only */
/* Latency histograms: [[low, count], ...], by low. */
#ifndef TAXCUT_BENCH_MODEL_HISTOGRAM_H
#define TAXCUT_BENCH_MODEL_HISTOGRAM_H

#include <jansson.h>

/* The sum of two; NULL, or anything that is no array, counts as empty. */
json_t *bench_merge(const json_t *a, const json_t *b);

#endif
