// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <string.h>

#include "chart.h"
#include "lib/svg.h"
#include "lib/util.h"
#include "view.h"

#define WIDTH 400
#define LEFT 104 /* left edge of plots, right of the configurations' names */
#define RIGHT 330 /* right edge, left of the values */
#define ROW 23
#define TOP 8
#define FOOT 24 /* for the axis below */
#define GAP 9 /* between references and taxcut */
#define LABEL_CHARS 16

/*
 * struct chart - the figure that is being drawn
 * @x: the scale from left to right
 * @below: the lower end of the rows
 */
struct chart {
	FILE *out;
	const struct view_group *group;
	struct svg_axis x;
	double below;
	struct chart_text (*text)(double value);
};

struct chart_text chart_count(double value)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	struct chart_text t;
	size_t unit = 0;

	for (; value >= (unit ? 999.5 : 9999.5) && unit + 1 < ARRAY_LEN(units); unit++)
		value /= 1000;
	if (value == 0)
		snprintf(t.s, sizeof(t.s), "0");
	else if (value < 0.005)
		snprintf(t.s, sizeof(t.s), "%.1g", value);
	else
		snprintf(t.s, sizeof(t.s), "%.*f%s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, units[unit]);
	return t;
}

struct chart_text chart_time(double ns)
{
	static const char *const units[] = { "ns", "\xc2\xb5s", "ms", "s" };
	struct chart_text t;
	size_t unit = 0;

	for (; ns >= 999.5 && unit + 1 < ARRAY_LEN(units); unit++)
		ns /= 1000;
	snprintf(t.s, sizeof(t.s), "%.*f %s", unit == 0 || ns >= 99.95 ? 0 : ns < 9.995 ? 2 : 1, ns, units[unit]);
	return t;
}

struct chart_text chart_tick(struct chart_text (*text)(double value), double value)
{
	struct chart_text full = text(value), t = { "0" };
	size_t digits = strspn(full.s, "0123456789."), keep = digits;

	if (value == 0)
		return t;
	if (memchr(full.s, '.', digits)) {
		while (full.s[keep - 1] == '0')
			keep--;
		keep -= full.s[keep - 1] == '.';
	}
	snprintf(t.s, sizeof(t.s), "%.*s%s", (int)keep, full.s, full.s + digits);
	return t;
}

static double row_top(const struct view_group *g, size_t row)
{
	double y = TOP + (double)row * ROW;

	for (size_t i = 1; i <= row && i < g->n; i++)
		if (view_is_reference(g->rows[i].config) != view_is_reference(g->rows[i - 1].config))
			y += GAP;
	return y;
}

static void figure_begin(struct chart *c, const char *title, const char *per, const char *label)
{
	char *what = xasprintf("%s%s, %s", title, per, label);

	c->below = row_top(c->group, c->group->n - 1) + ROW + 2;
	fputs("<figure>\n<figcaption><b>", c->out);
	xml_text(c->out, title);
	fputs("</b>", c->out);
	xml_text(c->out, per);
	fputs("</figcaption>\n", c->out);
	svg_begin(c->out, WIDTH, c->below + FOOT, what);
	free(what);
}

static void figure_end(FILE *out, const char *note)
{
	svg_end(out);
	if (note) {
		fputs("<p class=\"note\">", out);
		xml_text(out, note);
		fputs("</p>\n", out);
	}
	fputs("</figure>\n", out);
}

static void draw_axis(const struct chart *c)
{
	double ticks[SVG_TICKS_MAX], x;
	size_t n = svg_axis_ticks(&c->x, ticks, 5);

	for (size_t i = 0; i < n; i++) {
		x = svg_axis_at(&c->x, ticks[i]);
		svg_line(c->out, "grid", x, TOP - 4, x, c->below);
		svg_text(c->out, "tick mid", x, c->below + 15, chart_tick(c->text, ticks[i]).s);
	}
}

/* The text of a row without data. */
static void draw_missing(const struct chart *c, const struct view_row *row, double y, bool of_guests)
{
	const char *why = of_guests && row->summary && !strcmp(row->config, "host") ? "no guest" : "not measured";

	svg_text(c->out, "missing", LEFT + 5, y + 15, why);
}

static void draw_labels(const struct chart *c)
{
	for (size_t i = 0; i < c->group->n; i++)
		svg_label(c->out, "label", LEFT - 8, row_top(c->group, i) + 15, c->group->rows[i].config, LABEL_CHARS);
}

/* A line from the smallest to the largest value, with a stop at each end. */
static void draw_spread(const struct chart *c, const struct spread *s, double y, const char *class)
{
	double x1 = svg_axis_at(&c->x, s->min), x2 = svg_axis_at(&c->x, s->max);

	if (x2 - x1 < 0.5)
		return;
	svg_line(c->out, class, x1, y, x2, y);
	svg_line(c->out, class, x1, y - 3, x1, y + 3);
	svg_line(c->out, class, x2, y - 3, x2, y + 3);
}

/* "NAME: 3.49 (3.40 to 3.60)" */
static char *spread_tip(const char *name, const struct spread *s, struct chart_text (*text)(double value))
{
	return xasprintf("%s: %s (%s to %s)", name, text(s->median).s, text(s->min).s, text(s->max).s);
}

static double exits_drawn(const struct view *v, const struct view_row *row)
{
	double sum = view_other_reasons(v, row);

	for (size_t i = 0; i < v->n_reasons; i++)
		sum += view_reason(row, v->reasons[i]).median;
	return sum;
}

static double segment(const struct chart *c, double from, double length, double y, const char *class, const char *tip)
{
	double x = svg_axis_at(&c->x, from), end = svg_axis_at(&c->x, from + length);

	if (length > 0)
		svg_rect(c->out, class, x, y + 3, end - x, ROW - 9, tip);
	return from + length;
}

static void draw_exits(const struct chart *c, const struct view *v, const struct view_row *row, double y)
{
	struct spread exits = view_value(row, "exits"), s;
	double at = 0, other = view_other_reasons(v, row);
	char class[32], *tip;

	if (!exits.known) {
		draw_missing(c, row, y, true);
		return;
	}
	for (size_t i = 0; i < v->n_reasons; i++) {
		s = view_reason(row, v->reasons[i]);
		tip = spread_tip(v->reasons[i], &s, chart_count);
		snprintf(class, sizeof(class), "r%zu", i);
		at = segment(c, at, s.median, y, class, tip);
		free(tip);
	}
	segment(c, at, other, y, "rx", "other reasons");
	tip = spread_tip("all exits", &exits, chart_count);
	if (!view_has_reasons(row))
		segment(c, 0, exits.median, y, "rx", tip);
	at = svg_axis_at(&c->x, exits.median);
	svg_rect(c->out, "median", at - 1, y + 1, 2, ROW - 5, tip);
	draw_spread(c, &exits, y + ROW - 3.5, "spread");
	svg_text(c->out, "value", WIDTH - 2, y + 15, chart_count(exits.median).s);
	free(tip);
}

static void reason_legend(FILE *out, const struct view *v, const struct view_group *g)
{
	bool seen;

	fputs("<ul class=\"legend\">\n", out);
	for (size_t i = 0; i < v->n_reasons; i++) {
		seen = false;
		for (size_t r = 0; r < g->n; r++)
			seen = seen || view_reason(&g->rows[r], v->reasons[i]).median > 0;
		if (!seen)
			continue;
		fprintf(out, "<li><span class=\"key k%zu\"></span>", i);
		xml_text(out, v->reasons[i]);
		fputs("</li>\n", out);
	}
	for (size_t r = 0; r < g->n; r++) {
		if (view_other_reasons(v, &g->rows[r]) > 0) {
			fputs("<li><span class=\"key kx\"></span>other</li>\n", out);
			break;
		}
	}
	fputs("<li><span class=\"key kmedian\"></span>median of all exits</li>\n</ul>\n", out);
}

bool chart_exits(FILE *out, const struct view *v, const struct view_group *g)
{
	struct chart c = { .out = out, .group = g, .x = { .from = LEFT, .to = RIGHT }, .text = chart_count };
	char *per = xasprintf(" per %s, by reason", g->work.event);
	double most = -1;
	struct spread s;

	for (size_t i = 0; i < g->n; i++) {
		s = view_value(&g->rows[i], "exits");
		if (s.known)
			most = fmax(most, fmax(s.max, exits_drawn(v, &g->rows[i])));
	}
	if (most >= 0) {
		svg_axis_fit(&c.x, 0, most);
		figure_begin(&c, "Exits", per, g->work.title);
		draw_axis(&c);
		draw_labels(&c);
		for (size_t i = 0; i < g->n; i++)
			draw_exits(&c, v, &g->rows[i], row_top(g, i));
		svg_end(out);
		reason_legend(out, v, g);
		fputs("</figure>\n", out);
	}
	free(per);
	return most >= 0;
}

static void draw_bar(const struct chart *c, const struct view_row *row, const struct chart_bars *bars, double y)
{
	struct spread s = view_value(row, bars->key);
	char *tip;

	if (!s.known) {
		draw_missing(c, row, y, !strcmp(bars->key, "outside_ns"));
		return;
	}
	tip = spread_tip(row->config, &s, bars->text);
	segment(c, 0, s.median, y, view_is_reference(row->config) ? "bar reference" : "bar", tip);
	draw_spread(c, &s, y + ROW - 3.5, "spread");
	svg_text(c->out, "value", WIDTH - 2, y + 15, bars->text(s.median).s);
	free(tip);
}

bool chart_bars(FILE *out, const struct view_group *g, const struct chart_bars *bars)
{
	struct chart c = { .out = out, .group = g, .x = { .from = LEFT, .to = RIGHT }, .text = bars->text };
	char *per = bars->rate ? xasprintf(", %ss per second; more is better", g->work.event) : xasprintf(" per %s", g->work.event);
	double most = -1;
	struct spread s;

	for (size_t i = 0; i < g->n; i++) {
		s = view_value(&g->rows[i], bars->key);
		if (s.known)
			most = fmax(most, s.max);
	}
	if (most >= 0) {
		svg_axis_fit(&c.x, 0, most);
		figure_begin(&c, bars->title, per, g->work.title);
		draw_axis(&c);
		draw_labels(&c);
		for (size_t i = 0; i < g->n; i++)
			draw_bar(&c, &g->rows[i], bars, row_top(g, i));
		figure_end(out, NULL);
	}
	free(per);
	return most >= 0;
}

static const struct {
	const char *key;
	const char *name;
	enum svg_mark shape;
} percentiles[] = {
	{ "p50", "median (number on the right)", SVG_DOT },
	{ "p99", "99 %", SVG_SQUARE },
	{ "p999", "99.9 %", SVG_DIAMOND },
	{ "max", "longest", SVG_TRIANGLE },
};

static void draw_percentiles(const struct chart *c, const struct view_row *row, double y)
{
	struct spread s, first = { 0 }, last = { 0 };
	char class[32], *tip;

	for (size_t i = 0; i < ARRAY_LEN(percentiles); i++) {
		s = view_latency(row, percentiles[i].key);
		if (s.known) {
			first = first.known ? first : s;
			last = s;
		}
	}
	if (!first.known) {
		draw_missing(c, row, y, false);
		return;
	}
	y += 11;
	svg_line(c->out, "range", svg_axis_at(&c->x, first.median), y, svg_axis_at(&c->x, last.median), y);
	for (size_t i = 0; i < ARRAY_LEN(percentiles); i++) {
		s = view_latency(row, percentiles[i].key);
		if (!s.known)
			continue;
		tip = spread_tip(percentiles[i].name, &s, chart_time);
		draw_spread(c, &s, y + (i % 2 ? -6 : 6), "spread");
		snprintf(class, sizeof(class), "p%zu", i);
		svg_mark(c->out, class, percentiles[i].shape, svg_axis_at(&c->x, s.median), y, tip);
		free(tip);
	}
	s = view_latency(row, "p50");
	svg_text(c->out, "value", WIDTH - 2, y + 4, s.known ? chart_time(s.median).s : "");
}

/* Does the figure have a mark of this kind? */
static bool percentile_used(const struct view_group *g, const char *key)
{
	for (size_t i = 0; i < g->n; i++)
		if (view_latency(&g->rows[i], key).known)
			return true;
	return false;
}

static void percentile_legend(FILE *out, const struct view_group *g)
{
	char class[32];

	fputs("<ul class=\"legend\">\n", out);
	for (size_t i = 0; i < ARRAY_LEN(percentiles); i++) {
		if (!percentile_used(g, percentiles[i].key))
			continue;
		snprintf(class, sizeof(class), "p%zu", i);
		fputs("<li><svg class=\"mark\" viewBox=\"0 0 12 12\" aria-hidden=\"true\">", out);
		svg_mark(out, class, percentiles[i].shape, 6, 6, NULL);
		fprintf(out, "</svg>%s</li>\n", percentiles[i].name);
	}
	fputs("</ul>\n", out);
}

/* The smallest and the largest latency of a figure of percentiles; false when there is none. */
static bool latency_range(const struct view_group *g, double *lo, double *hi)
{
	struct spread s;

	*lo = INFINITY;
	*hi = 0;
	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; k < ARRAY_LEN(percentiles); k++) {
			s = view_latency(&g->rows[i], percentiles[k].key);
			if (!s.known)
				continue;
			*lo = fmin(*lo, s.min);
			*hi = fmax(*hi, s.max);
		}
	}
	*lo = fmax(*lo, 1);
	return *hi > 0;
}

bool chart_latency(FILE *out, const struct view_group *g)
{
	struct chart c = { .out = out, .group = g, .x = { .from = LEFT + 6, .to = RIGHT, .log = true }, .text = chart_time };
	double lo, hi;
	char *per;

	if (!latency_range(g, &lo, &hi))
		return false;
	per = xasprintf(": %s", g->work.latency ? g->work.latency : "one event");
	svg_axis_fit(&c.x, lo, hi);
	figure_begin(&c, "Latency", per, g->work.title);
	draw_axis(&c);
	draw_labels(&c);
	for (size_t i = 0; i < g->n; i++)
		draw_percentiles(&c, &g->rows[i], row_top(g, i));
	svg_end(out);
	percentile_legend(out, g);
	fputs("</figure>\n", out);
	free(per);
	return true;
}
