/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plots of the report: SVG figures with a row per configuration. Colours are classes of the style
 * sheet (html.css). A missing value is a text in the row, not a bar of length 0.
 */
#ifndef TAXCUT_BENCH_REPORT_CHART_H
#define TAXCUT_BENCH_REPORT_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "view.h"

/* The short text of a number or a duration. */
struct chart_text {
	char s[32];
};

struct chart_text chart_count(double value);
struct chart_text chart_time(double ns);
/* The text of a round number, without trailing zeros: "2" for "2.00", "10 us" for "10.0 us". */
struct chart_text chart_tick(struct chart_text (*text)(double value), double value);

/* Each draws a figure of the group, or returns false and draws nothing when no row has the data. */
bool chart_exits(FILE *out, const struct view *v, const struct view_group *g);
bool chart_latency(FILE *out, const struct view_group *g);

/*
 * struct chart_bars - one number per configuration
 * @key: the member of the summary
 * @title: the title of the figure
 * @text: formats the number
 * @rate: events per second, more is better; else per event
 */
struct chart_bars {
	const char *key;
	const char *title;
	struct chart_text (*text)(double value);
	bool rate;
};

bool chart_bars(FILE *out, const struct view_group *g, const struct chart_bars *bars);

#endif
