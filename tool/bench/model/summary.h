/* SPDX-License-Identifier: GPL-2.0-only */
/* The summary: medians over the rounds. */
#ifndef TAXCUT_BENCH_MODEL_SUMMARY_H
#define TAXCUT_BENCH_MODEL_SUMMARY_H

#include <stddef.h>

#include <jansson.h>

/* {"median", "min", "max"} of @n numbers, or NULL when @n is 0. Sorts @v. */
json_t *bench_median(double *v, size_t n);
/* The "summary" of the measurements ("bills"). Without @tsc_khz (0) it has no "outside_ns". */
json_t *bench_summary(const json_t *measurements, double tsc_khz);

#endif
