/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SVG elements and scales for figures inside a page. Lengths are px. The output is well-formed XML for any
 * string: special characters are escaped, characters that XML does not allow are replaced.
 */
#ifndef TAXCUT_LIB_SVG_H
#define TAXCUT_LIB_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util.h"

#define SVG_TICKS_MAX 12

/* Writes @s (UTF-8) as text or as the value of a quoted attribute, for XML and HTML. */
void xml_text(FILE *out, const char *s);
/* The same, formatted. */
void xml_textf(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Starts a figure that scales to the width of its container; @label describes it for screen readers. */
void svg_begin(FILE *out, double width, double height, const char *label);
void svg_end(FILE *out);

/*
 * Elements of class @class, with the tooltip @tip unless it is NULL. A rectangle is at least
 * half a pixel wide.
 */
void svg_rect(FILE *out, const char *class, double x, double y, double width, double height, const char *tip);
void svg_line(FILE *out, const char *class, double x1, double y1, double x2, double y2);
void svg_text(FILE *out, const char *class, double x, double y, const char *text);
/* The first @chars characters of @text; longer text has a tooltip with all of it. */
void svg_label(FILE *out, const char *class, double x, double y, const char *text, size_t chars);

/* Marks of different shapes. */
enum svg_mark {
	SVG_DOT,
	SVG_SQUARE,
	SVG_DIAMOND,
	SVG_TRIANGLE,
};

void svg_mark(FILE *out, const char *class, enum svg_mark shape, double x, double y, const char *tip);

/* A line through points: one svg_path_to() for each. */
struct svg_path {
	FILE *out;
	bool started;
};

void svg_path_begin(struct svg_path *p, FILE *out, const char *class);
void svg_path_to(struct svg_path *p, double x, double y);
void svg_path_end(struct svg_path *p, const char *tip);

/*
 * struct svg_axis - a scale
 * @lo, @hi: the values at its ends
 * @log: logarithmic; then both are above 0
 * @from, @to: the coordinates of its ends
 */
struct svg_axis {
	double lo, hi;
	bool log;
	double from, to;
};

/* Sets the ends of the scale to round values around @lo and @hi; a linear scale starts at 0. */
void svg_axis_fit(struct svg_axis *a, double lo, double hi);
/* The coordinate of @value, clamped to the ends. */
double svg_axis_at(const struct svg_axis *a, double value);
/* Stores at most @max (up to SVG_TICKS_MAX) round values on the scale; returns their number. */
size_t svg_axis_ticks(const struct svg_axis *a, double ticks[SVG_TICKS_MAX], size_t max);

#endif
