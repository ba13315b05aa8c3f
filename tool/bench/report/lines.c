// SPDX-License-Identifier: GPL-2.0-only
/* Plots with a line per configuration: the distribution of latencies, and costs over the number of vCPUs. */
#include <math.h>
#include <string.h>

#include "bench/model/names.h"
#include "chart.h"
#include "lib/svg.h"
#include "lib/util.h"
#include "lines.h"
#include "view.h"

#define WIDTH 400
#define LEFT 46
#define RIGHT 378
#define TOP 8
#define HEIGHT 200 /* of the plot */
#define RIDGE 40 /* of one configuration's histogram */
#define BINS 72
#define LINES_MAX 6

/*
 * struct lines - the configurations of a plot
 * @slot: number of the colour and dash; a main configuration has the same in all plots
 */
struct lines {
	const struct view_row *row[LINES_MAX];
	size_t slot[LINES_MAX];
	size_t n;
};

static bool slot_taken(const struct lines *l, size_t slot)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->slot[i] == slot)
			return true;
	return false;
}

static void lines_add(struct lines *l, const struct view_row *row, size_t slot)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->row[i] == row)
			return;
	while (slot_taken(l, slot) && slot < LINES_MAX)
		slot++;
	if (l->n == LINES_MAX || slot == LINES_MAX)
		return;
	l->row[l->n] = row;
	l->slot[l->n++] = slot;
}

/* Of the configurations for which @usable holds: the main ones, and others until there are @least. */
static struct lines choose_lines(const struct view_group *g, size_t least, bool (*usable)(const struct view_row *row))
{
	static const char *const main_ones[LINES_MAX] = { "host", "kvm", "kvm-tuned", "off", "timer", "all" };
	const struct view_row *row;
	struct lines l = { .n = 0 };

	for (size_t i = 0; i < LINES_MAX; i++) {
		row = view_find(g, main_ones[i]);
		if (row && usable(row))
			lines_add(&l, row, i);
	}
	for (size_t i = 0; i < g->n && l.n < least; i++)
		if (usable(&g->rows[i]))
			lines_add(&l, &g->rows[i], l.n);
	return l;
}

static bool has_histogram(const struct view_row *row)
{
	double count;
	size_t n;

	free(view_histogram(row, &n, &count));
	return n > 1;
}

static void legend_begin(FILE *out)
{
	fputs("<ul class=\"legend\">\n", out);
}

static void legend_item(FILE *out, const char *config, size_t slot)
{
	fprintf(out, "<li><svg class=\"dash\" viewBox=\"0 0 26 8\" aria-hidden=\"true\"><path class=\"line l%zu\" "
		     "d=\"M0 4L26 4\"/></svg>",
		slot);
	xml_text(out, config);
	fputs("</li>\n", out);
}

static void write_legend(FILE *out, const struct lines *l)
{
	legend_begin(out);
	for (size_t i = 0; i < l->n; i++)
		legend_item(out, l->row[i]->config, l->slot[i]);
	fputs("</ul>\n", out);
}

/* Fits a logarithmic scale to all buckets of all lines. */
static void fit_buckets(struct svg_axis *x, const struct lines *l)
{
	double lo = INFINITY, hi = 1, count;
	struct view_bucket *b;
	size_t n;

	for (size_t i = 0; i < l->n; i++) {
		b = view_histogram(l->row[i], &n, &count);
		lo = fmin(lo, fmax(b[0].low, 1));
		hi = fmax(hi, b[n - 1].high);
		free(b);
	}
	svg_axis_fit(x, lo, hi);
}

static void draw_x_axis(FILE *out, const struct svg_axis *x, double bottom, struct chart_text (*text)(double value), size_t max)
{
	double ticks[SVG_TICKS_MAX], at;
	size_t n = svg_axis_ticks(x, ticks, max);

	for (size_t i = 0; i < n; i++) {
		at = svg_axis_at(x, ticks[i]);
		svg_line(out, "grid", at, TOP - 4, at, bottom);
		svg_text(out, "tick mid", at, bottom + 15, chart_tick(text, ticks[i]).s);
	}
}

static void write_caption(FILE *out, const char *title, const char *rest)
{
	fputs("<figure>\n<figcaption><b>", out);
	xml_text(out, title);
	fputs("</b>", out);
	xml_text(out, rest);
	fputs("</figcaption>\n", out);
}

/* The scale of shares, from 1 at the top to the smallest share (smallest_share()) at the bottom. */
static void draw_tail_axis(FILE *out, const struct svg_axis *y)
{
	static const struct {
		double share;
		const char *name;
	} ticks[] = { { 1, "all" }, { 0.5, "50 %" }, { 0.1, "10 %" }, { 0.01, "1 %" }, { 0.001, "0.1 %" }, { 1e-4, "0.01 %" } };
	double at;

	for (size_t i = 0; i < ARRAY_LEN(ticks); i++) {
		if (ticks[i].share < y->lo * (1 - 1e-9))
			break;
		at = svg_axis_at(y, ticks[i].share);
		svg_line(out, "grid", LEFT, at, RIGHT, at);
		svg_text(out, "tick end", LEFT - 6, at + 4, ticks[i].name);
	}
}

static void draw_tail_line(FILE *out, const struct view_row *row, size_t slot, const struct svg_axis *x, const struct svg_axis *y)
{
	struct svg_path p;
	char class[32];
	double count, left = 1;
	size_t n;
	struct view_bucket *b = view_histogram(row, &n, &count);

	snprintf(class, sizeof(class), "line l%zu", slot);
	svg_path_begin(&p, out, class);
	for (size_t i = 0; i < n; i++) {
		svg_path_to(&p, svg_axis_at(x, b[i].low), svg_axis_at(y, left));
		left = i + 1 < n ? fmax(left - b[i].share, 0) : y->lo;
		svg_path_to(&p, svg_axis_at(x, b[i].high), svg_axis_at(y, fmax(left, y->lo)));
	}
	svg_path_end(&p, row->config);
	free(b);
}

/* The smallest share that the plot shows: one event, but at least 1e-4. */
static double smallest_share(const struct lines *l)
{
	double most = 10, count;
	size_t n;

	for (size_t i = 0; i < l->n; i++) {
		free(view_histogram(l->row[i], &n, &count));
		most = fmax(most, count);
	}
	return fmax(1 / most, 1e-4);
}

bool chart_tail(FILE *out, const struct view_group *g)
{
	struct lines l = choose_lines(g, g->polling ? LINES_MAX : 2, has_histogram);
	struct svg_axis x = { .log = true, .from = LEFT, .to = RIGHT };
	struct svg_axis y = { .lo = smallest_share(&l), .hi = 1, .log = true, .from = TOP + HEIGHT, .to = TOP };
	char *label;

	if (!l.n)
		return false;
	label = xasprintf("Share of latencies above a value, %s", g->work.title);
	fit_buckets(&x, &l);
	write_caption(out, "The tail", ": share of latencies above a value");
	svg_begin(out, WIDTH, TOP + HEIGHT + 24, label);
	draw_x_axis(out, &x, TOP + HEIGHT, chart_time, 5);
	draw_tail_axis(out, &y);
	for (size_t i = 0; i < l.n; i++)
		draw_tail_line(out, l.row[i], l.slot[i], &x, &y);
	svg_end(out);
	write_legend(out, &l);
	fputs("</figure>\n", out);
	free(label);
	return true;
}

/* Distributes the buckets over bins of equal width on the scale; returns the largest bin. */
static double fill_bins(double bins[BINS], const struct view_bucket *b, size_t n, const struct svg_axis *x)
{
	const struct svg_axis scale = { x->lo, x->hi, true, 0, BINS };
	double most = 0, from, to;

	memset(bins, 0, BINS * sizeof(bins[0]));
	for (size_t i = 0; i < n; i++) {
		from = svg_axis_at(&scale, b[i].low);
		to = fmax(svg_axis_at(&scale, b[i].high), from + 1e-6);
		for (size_t k = (size_t)from; k < BINS && (double)k < to; k++)
			bins[k] += b[i].share * (fmin(to, (double)k + 1) - fmax(from, (double)k)) / (to - from);
	}
	for (size_t k = 0; k < BINS; k++)
		most = fmax(most, bins[k]);
	return most;
}

static void draw_ridge(FILE *out, const struct view_row *row, size_t slot, const struct svg_axis *x, double base)
{
	double bins[BINS], most, count, at;
	struct svg_path p;
	char class[32];
	size_t n;
	struct view_bucket *b = view_histogram(row, &n, &count);

	most = fill_bins(bins, b, n, x);
	snprintf(class, sizeof(class), "ridge a%zu", slot);
	svg_path_begin(&p, out, class);
	svg_path_to(&p, x->from, base);
	for (size_t k = 0; k < BINS; k++) {
		at = base - (most > 0 ? bins[k] / most : 0) * (RIDGE - 8);
		svg_path_to(&p, x->from + (double)k * (x->to - x->from) / BINS, at);
		svg_path_to(&p, x->from + (double)(k + 1) * (x->to - x->from) / BINS, at);
	}
	svg_path_to(&p, x->to, base);
	svg_path_end(&p, row->config);
	free(b);
}

bool chart_histogram(FILE *out, const struct view_group *g)
{
	struct lines l = choose_lines(g, g->polling ? LINES_MAX : 2, has_histogram);
	struct svg_axis x = { .log = true, .from = 104, .to = RIGHT };
	double bottom = TOP + (double)l.n * RIDGE + 2;
	char *label;

	if (!l.n)
		return false;
	label = xasprintf("Histogram of latencies, %s", g->work.title);
	fit_buckets(&x, &l);
	write_caption(out, "Histogram", " of latencies, each scaled to its peak");
	svg_begin(out, WIDTH, bottom + 24, label);
	draw_x_axis(out, &x, bottom, chart_time, 5);
	for (size_t i = 0; i < l.n; i++) {
		draw_ridge(out, l.row[i], l.slot[i], &x, TOP + (double)(i + 1) * RIDGE);
		svg_label(out, "label", 96, TOP + (double)(i + 1) * RIDGE - 6, l.row[i]->config, 16);
	}
	svg_end(out);
	fputs("</figure>\n", out);
	free(label);
	return true;
}

static struct spread scaling_value(const struct view_row *row, const char *what)
{
	return strcmp(what, "exits") ? view_latency(row, what) : view_value(row, what);
}

/* The configurations of all groups of the work, each with the row of its first group. */
static void scaling_rows(struct view_group *all, const struct view *v, const char *work, const char *what)
{
	const struct view_group *g;

	for (size_t i = 0; i < v->n; i++) {
		g = &v->groups[i];
		for (size_t r = 0; !g->polling && !strcmp(g->work.name, work) && r < g->n; r++) {
			if (!scaling_value(&g->rows[r], what).known || view_find(all, g->rows[r].config))
				continue;
			all->rows = xrealloc(all->rows, (all->n + 1) * sizeof(*all->rows));
			all->rows[all->n++] = g->rows[r];
		}
	}
}

static bool any_row(const struct view_row *row)
{
	return row->summary != NULL;
}

static void scaling_line(FILE *out, const struct view *v, const char *work, const struct view_row *of, const char *what,
			 size_t slot, const struct svg_axis *x, const struct svg_axis *y)
{
	const struct view_row *row;
	struct svg_path p;
	struct spread s;
	char class[32];

	snprintf(class, sizeof(class), "line l%zu", slot);
	svg_path_begin(&p, out, class);
	for (size_t i = 0; i < v->n; i++) {
		row = v->groups[i].polling || strcmp(v->groups[i].work.name, work) ? NULL : view_find(&v->groups[i], of->config);
		s = row ? scaling_value(row, what) : (struct spread){ 0 };
		if (s.known)
			svg_path_to(&p, svg_axis_at(x, (double)v->groups[i].vcpus), svg_axis_at(y, s.median));
	}
	svg_path_end(&p, of->config);
}

/* Fits the scale to the measured numbers of vCPUs; returns how many there are. */
static size_t vcpu_range(const struct view *v, const char *work, struct svg_axis *x)
{
	json_int_t last = 0;
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct view_group *g = &v->groups[i];

		if (g->polling || strcmp(g->work.name, work) || g->vcpus <= last)
			continue;
		x->lo = n ? x->lo : (double)g->vcpus;
		x->hi = (double)g->vcpus;
		last = g->vcpus;
		n++;
	}
	return n;
}

static void scaling_axes(FILE *out, const struct view *v, const char *work, const struct svg_axis *x,
			 const struct svg_axis *y, struct chart_text (*text)(double value))
{
	double ticks[SVG_TICKS_MAX], at;
	size_t n = svg_axis_ticks(y, ticks, 6);

	for (size_t i = 0; i < n; i++) {
		at = svg_axis_at(y, ticks[i]);
		svg_line(out, "grid", LEFT + 8, at, RIGHT, at);
		svg_text(out, "tick end", LEFT + 2, at + 4, chart_tick(text, ticks[i]).s);
	}
	for (size_t i = 0; i < v->n; i++) {
		if (v->groups[i].polling || strcmp(v->groups[i].work.name, work))
			continue;
		at = svg_axis_at(x, (double)v->groups[i].vcpus);
		svg_line(out, "grid", at, TOP, at, TOP + HEIGHT);
		svg_text(out, "tick mid", at, TOP + HEIGHT + 15, chart_tick(chart_count, (double)v->groups[i].vcpus).s);
	}
}

/* The largest and the smallest value of all rows of a work. */
static void scaling_range(const struct view *v, const char *work, const char *what, double *lo, double *hi)
{
	struct spread s;

	*lo = INFINITY;
	*hi = 0;
	for (size_t i = 0; i < v->n; i++) {
		for (size_t r = 0; !strcmp(v->groups[i].work.name, work) && r < v->groups[i].n; r++) {
			s = scaling_value(&v->groups[i].rows[r], what);
			if (!s.known)
				continue;
			*lo = fmin(*lo, s.median);
			*hi = fmax(*hi, s.median);
		}
	}
}

static void scaling_draw(FILE *out, const struct view *v, const char *work, const char *what, const struct view_group *all)
{
	struct svg_axis x = { .log = true, .from = LEFT + 16, .to = RIGHT - 6 };
	struct svg_axis y = { .log = strcmp(what, "exits") != 0, .from = TOP + HEIGHT, .to = TOP };
	struct chart_text (*text)(double value) = y.log ? chart_time : chart_count;
	struct lines l = choose_lines(all, LINES_MAX, any_row);
	double lo, hi;
	char *label;

	vcpu_range(v, work, &x);
	scaling_range(v, work, what, &lo, &hi);
	svg_axis_fit(&y, lo, hi);
	label = xasprintf("%s over the number of vCPUs, %s", y.log ? "Median latency" : "Exits", all->work.title);
	write_caption(out, y.log ? "Median latency" : "Exits", " over the number of vCPUs");
	svg_begin(out, WIDTH, TOP + HEIGHT + 24, label);
	scaling_axes(out, v, work, &x, &y, text);
	for (size_t i = 0; i < l.n; i++)
		scaling_line(out, v, work, l.row[i], what, l.slot[i], &x, &y);
	svg_end(out);
	write_legend(out, &l);
	fputs("</figure>\n", out);
	free(label);
}

bool chart_scaling(FILE *out, const struct view *v, const char *work, const char *what)
{
	struct view_group all = { .work = bench_work_name(work) };
	struct svg_axis x = { .lo = 0 };
	bool worth = vcpu_range(v, work, &x) > 1;

	if (worth)
		scaling_rows(&all, v, work, what);
	worth = all.n > 0;
	if (worth)
		scaling_draw(out, v, work, what, &all);
	free(all.rows);
	return worth;
}
