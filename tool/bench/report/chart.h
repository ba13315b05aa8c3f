/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plots of a benchmark's report: figures in SVG, one row per configuration. Colours are
 * classes of the page's style sheet (html.css). What was not measured is said, never drawn as 0.
 */
#ifndef TAXCUT_BENCH_REPORT_CHART_H
#define TAXCUT_BENCH_REPORT_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "view.h"

/* A number or a duration, short. */
struct chart_text {
	char s[32];
};

struct chart_text chart_count(double value);
struct chart_text chart_time(double ns);
/* What either of them says of a round number, without zeros at the end: "2" for "2.00", "10 us" for "10.0 us". */
struct chart_text chart_tick(struct chart_text (*text)(double value), double value);

/* Each draws a figure of the group, and returns false, drawing nothing, where no row has what it shows. */
bool chart_exits(FILE *out, const struct view *v, const struct view_group *g);
bool chart_latency(FILE *out, const struct view_group *g);

/*
 * struct chart_bars - one number per configuration
 * @key: the member of the summary
 * @title: of the figure
 * @text: how the number is written
 * @rate: it is per second, and more is better; else it is per event
 */
struct chart_bars {
	const char *key;
	const char *title;
	struct chart_text (*text)(double value);
	bool rate;
};

bool chart_bars(FILE *out, const struct view_group *g, const struct chart_bars *bars);

#endif
