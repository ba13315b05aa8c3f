/* SPDX-License-Identifier: GPL-2.0-only */
/* The result document of a run. */
#ifndef TAXCUT_BENCH_MEASURE_RECORD_H
#define TAXCUT_BENCH_MEASURE_RECORD_H

#include <jansson.h>

#include "lib/util.h"
#include "run.h"

/* Prints a message and adds it to the "notes" of the result. */
void bench_note(struct bench_run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Replaces @file, whole or not at all; EXIT_OK, or EXIT_FAILED after a message. */
int bench_save(const json_t *result, const char *file);

#endif
