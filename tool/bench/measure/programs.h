/* SPDX-License-Identifier: GPL-2.0-only */
/* One measurement on the host, without a guest. */
#ifndef TAXCUT_BENCH_MEASURE_PROGRAMS_H
#define TAXCUT_BENCH_MEASURE_PROGRAMS_H

#include <jansson.h>

#include "run.h"

/*
 * Returns {"items": [...]}, or NULL after a message (without one when a
 * signal came). Nothing is left running.
 */
json_t *bench_programs(struct bench_run *run);

#endif
