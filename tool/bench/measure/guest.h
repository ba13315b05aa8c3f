/* SPDX-License-Identifier: GPL-2.0-only */
/* One measurement in a guest. */
#ifndef TAXCUT_BENCH_MEASURE_GUEST_H
#define TAXCUT_BENCH_MEASURE_GUEST_H

#include <jansson.h>

#include "lib/util.h"
#include "run.h"

/*
 * Returns {"items": [...]} and other members of the measurement, or NULL after a message (without one when a
 * signal came). Nothing is left running.
 */
json_t *bench_guest(struct bench_run *run, const struct bench_config *c, const struct strv *cut_args);

#endif
