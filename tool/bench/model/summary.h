/* SPDX-License-Identifier: GPL-2.0-only */
/* From the results of all rounds to medians. */
#ifndef TAXCUT_BENCH_MODEL_SUMMARY_H
#define TAXCUT_BENCH_MODEL_SUMMARY_H

#include <stddef.h>

#include <jansson.h>

/* {"median", "min", "max"} of @n numbers, which are sorted; NULL for none. */
json_t *bench_median(double *v, size_t n);
/* The "summary" of a result's "bills"; @tsc_khz 0: cycles are not told as time. */
json_t *bench_summary(const json_t *bills, double tsc_khz);

#endif
