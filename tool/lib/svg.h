/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drawings inside a page: SVG elements, and scales for them. Lengths are px. Whatever strings hold, what is written
 * is well-formed XML: they are escaped, and what XML has no place for is replaced.
 */
#ifndef TAXCUT_LIB_SVG_H
#define TAXCUT_LIB_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util.h"

#define SVG_TICKS_MAX 12

/* @s (UTF-8) as text or as the value of a quoted attribute, in XML and in HTML. */
void xml_text(FILE *out, const char *s);
/* The same, formatted. */
void xml_textf(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A drawing that scales with the width it is given; @label says to a screen reader what it shows. */
void svg_begin(FILE *out, double width, double height, const char *label);
void svg_end(FILE *out);

/*
 * Elements of class @class; @tip is shown under the pointer, NULL: nothing is. A rectangle
 * of less than half a pixel is still drawn as wide as that.
 */
void svg_rect(FILE *out, const char *class, double x, double y, double width, double height, const char *tip);
void svg_line(FILE *out, const char *class, double x1, double y1, double x2, double y2);
void svg_text(FILE *out, const char *class, double x, double y, const char *text);
/* At most @chars characters of @text, with the whole of it as a tip when that cuts it. */
void svg_label(FILE *out, const char *class, double x, double y, const char *text, size_t chars);

/* Marks that are told apart by their shape. */
enum svg_mark {
	SVG_DOT,
	SVG_SQUARE,
	SVG_DIAMOND,
	SVG_TRIANGLE,
};

void svg_mark(FILE *out, const char *class, enum svg_mark shape, double x, double y, const char *tip);

/* A line through points, one svg_path_to() for each; the first one starts it. */
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
 * @from, @to: where its ends are
 */
struct svg_axis {
	double lo, hi;
	bool log;
	double from, to;
};

/* Sets the ends of the scale to round values around @lo and @hi; a linear one begins at 0. */
void svg_axis_fit(struct svg_axis *a, double lo, double hi);
/* Where @value is; values beyond the ends are at the ends. */
double svg_axis_at(const struct svg_axis *a, double value);
/* Round values on the scale, at most @max (up to SVG_TICKS_MAX) of them; returns how many. */
size_t svg_axis_ticks(const struct svg_axis *a, double ticks[SVG_TICKS_MAX], size_t max);

#endif
