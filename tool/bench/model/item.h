/* SPDX-License-Identifier: GPL-2.0-only */
/* The report of one work item. */
#ifndef TAXCUT_BENCH_MODEL_ITEM_H
#define TAXCUT_BENCH_MODEL_ITEM_H

#include <stdbool.h>

#include <jansson.h>

/*
 * Adds a report line of a program, "NAME.KEY=VALUE", to the item: integers to its "report", the
 * histogram (key "hist", "LOW:COUNT,...") to its "latency". False for any other line.
 */
bool bench_report_line(json_t *item, const char *line);
/* Sets the item's "events" and "latency"; call it after the last line. */
void bench_report_end(json_t *item);

#endif
