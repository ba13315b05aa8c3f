/* SPDX-License-Identifier: GPL-2.0-only */
/* Plots with a line per configuration. */
#ifndef TAXCUT_BENCH_REPORT_LINES_H
#define TAXCUT_BENCH_REPORT_LINES_H

#include <stdbool.h>
#include <stdio.h>

#include "view.h"

/* Each draws a figure, or returns false and draws nothing when no configuration has the data. */
bool chart_tail(FILE *out, const struct view_group *g);
bool chart_histogram(FILE *out, const struct view_group *g);
/* @what ("exits", or a key of the latency) over the number of vCPUs, for a work measured with several. */
bool chart_scaling(FILE *out, const struct view *v, const char *work, const char *what);

#endif
