/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The result of `taxcut bench`: one JSON document (format "taxcut-bench-1"; taxcut-bench(1) describes it).
 *
 * It holds a list of measurements ("bills"). A measurement is one configuration in one round: a guest booted
 * for it (for the configuration "host": the programs run on the host), and counters read around each work item.
 * Each round measures every configuration once, so that slow changes of the machine affect all configurations
 * alike. The summary holds the median over the rounds.
 */
#ifndef TAXCUT_BENCH_MODEL_RESULT_H
#define TAXCUT_BENCH_MODEL_RESULT_H

#include <stdbool.h>

#include <jansson.h>

#define BENCH_FORMAT "taxcut-bench-1"

/* Is @result of this format, with members of the right types? False with *why set (the caller frees it). */
bool bench_result_ok(const json_t *result, char **why);

#endif
