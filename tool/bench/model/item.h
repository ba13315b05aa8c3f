/* SPDX-License-Identifier: GPL-2.0-only */
/* The report of one work item. */
#ifndef TAXCUT_BENCH_MODEL_ITEM_H
#define TAXCUT_BENCH_MODEL_ITEM_H

#include <stdbool.h>

#include <jansson.h>

/*
 * What an item reports, from the programs' lines "NAME.KEY=VALUE": integers go to the item's
 * "report", the histogram (key "hist", "LOW:COUNT,...") to its "latency". False for a line that is
 * no report.
 */
bool bench_report_line(json_t *item, const char *line);
/* Once all lines are in: sets the item's "events" and "latency". */
void bench_report_end(json_t *item);

#endif
