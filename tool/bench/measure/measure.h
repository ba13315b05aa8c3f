/* SPDX-License-Identifier: GPL-2.0-only */
/* All measurements of a run. */
#ifndef TAXCUT_BENCH_MEASURE_MEASURE_H
#define TAXCUT_BENCH_MEASURE_MEASURE_H

#include "run.h"

/* All rounds of all parts; the result is saved to @file after each measurement. */
void bench_measure(struct bench_run *run, const char *file);

#endif
