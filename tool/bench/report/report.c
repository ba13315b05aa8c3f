// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results in a terminal: up to three configurations side by side, more of them as one table per kind
 * of work with a row per configuration.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/model/result.h"
#include "html.h"
#include "lib/table.h"
#include "lib/util.h"
#include "report.h"
#include "view.h"

/* A reason with fewer exits per event than this in all configurations is not shown. */
#define RARE 0.05
#define REASONS_MAX 5
#define SIDE_BY_SIDE 3

/*
 * struct reasons - the reasons that a group shows
 * @name: the most frequent first
 */
struct reasons {
	const char *name[REASONS_MAX];
	double weight[REASONS_MAX];
	size_t n;
};

/* Inserts a reason in order; a full list drops its last one. */
static void insert_reason(struct reasons *r, const char *name, double weight)
{
	size_t at = r->n;

	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->name[i], name))
			return;
	while (at > 0 && r->weight[at - 1] < weight)
		at--;
	if (at == REASONS_MAX)
		return;
	if (r->n < REASONS_MAX)
		r->n++;
	for (size_t i = r->n - 1; i > at; i--) {
		r->name[i] = r->name[i - 1];
		r->weight[i] = r->weight[i - 1];
	}
	r->name[at] = name;
	r->weight[at] = weight;
}

static struct reasons choose_reasons(const struct view_group *g)
{
	struct reasons r = { .n = 0 };
	const char *name;
	json_t *unused;

	for (size_t i = 0; i < g->n; i++) {
		json_object_foreach(json_object_get(g->rows[i].summary, "reasons"), name, unused) {
			double weight = 0;

			for (size_t j = 0; j < g->n; j++)
				if (view_reason(&g->rows[j], name).median > weight)
					weight = view_reason(&g->rows[j], name).median;
			if (weight >= RARE)
				insert_reason(&r, name, weight);
		}
	}
	return r;
}

/* struct measure - a column or a line besides the exits, in us */
static const struct measure {
	const char *latency;
	const char *value;
	const char *column;
	const char *line;
} measures[] = {
	{ "p50", NULL, "p50 us", "latency, median (us)" },
	{ "p99", NULL, "p99 us", "latency, 99th percentile (us)" },
	{ "p999", NULL, "p99.9 us", "latency, 99.9th percentile (us)" },
	{ "max", NULL, "max us", "latency, worst (us)" },
	{ "mean", NULL, "mean us", "latency, mean (us)" },
	{ NULL, "outside_ns", "outside us", "outside the guest (us)" },
	{ NULL, "host_cpu_ns", "CPU us", "host CPU time (us)" },
};

static struct spread measured_value(const struct view_row *row, const struct measure *m)
{
	struct spread s = m->latency ? view_latency(row, m->latency) : view_value(row, m->value);

	s.median /= 1000;
	return s;
}

static bool any_measured(const struct view_group *g, const struct measure *m)
{
	for (size_t i = 0; i < g->n; i++)
		if (measured_value(&g->rows[i], m).known)
			return true;
	return false;
}

static void spread_cell(struct table *t, struct spread s, int digits)
{
	if (s.known)
		table_cell(t, "%.*f", digits, s.median);
	else
		table_cell(t, "-");
}

static void print_row(struct table *t, const struct view_group *g, const struct reasons *r, const struct view_row *row)
{
	struct spread exits = view_value(row, "exits");

	table_cell(t, "%s", row->config);
	spread_cell(t, exits, 2);
	if (exits.known)
		table_cell(t, "%.2f-%.2f", exits.min, exits.max);
	else
		table_cell(t, "-");
	for (size_t i = 0; i < r->n; i++)
		spread_cell(t, view_reason(row, r->name[i]), 2);
	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		if (any_measured(g, &measures[i]))
			spread_cell(t, measured_value(row, &measures[i]), 0);
}

static void print_many(const struct view_group *g)
{
	struct reasons r = choose_reasons(g);
	struct table t = { .left = 1 };

	t.columns = 3 + r.n;
	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		t.columns += any_measured(g, &measures[i]);
	table_cell(&t, "configuration");
	table_cell(&t, "exits");
	table_cell(&t, "min-max");
	for (size_t i = 0; i < r.n; i++)
		table_cell(&t, "%s", r.name[i]);
	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		if (any_measured(g, &measures[i]))
			table_cell(&t, "%s", measures[i].column);
	for (size_t i = 0; i < g->n; i++)
		print_row(&t, g, &r, &g->rows[i]);
	printf("%s, per %s; %lld vCPUs\n", g->work.title, g->work.event, (long long)g->vcpus);
	table_print(&t);
	putchar('\n');
}

/* One line of the side-by-side table: a value per configuration and, for two configurations, their ratio. */
static void print_line(struct table *t, const char *indent, const char *title, const struct spread *v, size_t n,
		       int digits)
{
	table_cell(t, "%s%s", indent, title);
	for (size_t i = 0; i < n; i++)
		spread_cell(t, v[i], digits);
	if (n == 2 && v[0].known && v[1].known && v[0].median > 0)
		table_cell(t, "%.2f", v[1].median / v[0].median);
	else if (n == 2)
		table_cell(t, "-");
}

static void print_few(struct table *t, const struct view_group *g)
{
	struct spread v[SIDE_BY_SIDE] = { 0 };
	struct reasons r = choose_reasons(g);
	size_t i, m;

	table_cell(t, "%s, per %s", g->work.title, g->work.event);
	for (i = 1; i < t->columns; i++)
		table_cell(t, "%s", "");
	for (i = 0; i < g->n; i++)
		v[i] = view_value(&g->rows[i], "exits");
	print_line(t, "  ", "exits", v, g->n, 2);
	for (m = 0; m < r.n; m++) {
		for (i = 0; i < g->n; i++)
			v[i] = view_reason(&g->rows[i], r.name[m]);
		print_line(t, "    ", r.name[m], v, g->n, 2);
	}
	for (m = 0; m < ARRAY_LEN(measures); m++) {
		if (!any_measured(g, &measures[m]))
			continue;
		for (i = 0; i < g->n; i++)
			v[i] = measured_value(&g->rows[i], &measures[m]);
		print_line(t, "  ", measures[m].line, v, g->n, 0);
	}
}

/* Do all groups have the same configurations, SIDE_BY_SIDE at most? */
static bool side_by_side(const struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct view_group *g = &v->groups[i], *first = &v->groups[0];

		if (g->n != first->n || g->n > SIDE_BY_SIDE)
			return false;
		for (size_t j = 0; j < g->n; j++)
			if (strcmp(g->rows[j].config, first->rows[j].config))
				return false;
	}
	return v->n;
}

static void print_groups(const struct view *v)
{
	size_t n = v->n ? v->groups[0].n : 0;
	struct table t = { .columns = n + 1 + (n == 2), .left = 1 };

	if (!side_by_side(v)) {
		for (size_t i = 0; i < v->n; i++)
			print_many(&v->groups[i]);
		return;
	}
	table_cell(&t, "%s", "");
	for (size_t i = 0; i < n; i++)
		table_cell(&t, "%s", v->groups[0].rows[i].config);
	if (n == 2)
		table_cell(&t, "ratio");
	for (size_t i = 0; i < v->n; i++)
		print_few(&t, &v->groups[i]);
	table_print(&t);
}

static void print_table(const json_t *result)
{
	struct view v;
	json_t *line;
	size_t i;

	view_open(&v, result);
	if (!json_is_true(json_object_get(result, "complete")))
		puts("Not complete.\n");
	if (v.n)
		print_groups(&v);
	else
		puts("Nothing was measured.");
	view_close(&v);
	json_array_foreach(json_object_get(result, "notes"), i, line)
		printf("note: %s\n", json_string_value(line) ? json_string_value(line) : "?");
	if (json_is_true(json_object_get(json_object_get(result, "host"), "emulated")))
		puts("Measured on an emulated machine: exit counts are valid, latencies compare with each other only, not with hardware.");
}

int bench_show(const json_t *result, enum bench_look look)
{
	if (look == BENCH_HTML)
		return bench_html(result, stdout) ? EXIT_FAILED : EXIT_OK;
	if (look == BENCH_JSON)
		json_print(json_incref((json_t *)result));
	else
		print_table(result);
	return EXIT_OK;
}

int bench_write_html(const json_t *result, const char *file)
{
	FILE *f = fopen(file, "we");
	int ret = f ? bench_html(result, f) : -1;

	if (f && fclose(f))
		ret = -1;
	return ret ? fail("cannot write %s: %m", file) : EXIT_OK;
}

enum {
	OPT_JSON = 0x100,
	OPT_HTML,
};

struct report_args {
	const char *from;
	enum bench_look look;
};

static const struct argp_option report_options[] = {
	{ "json", OPT_JSON, NULL, 0, "Print the result as JSON", 0 },
	{ "html", OPT_HTML, NULL, 0, "Print a self-contained HTML page with plots", 0 },
	{ 0 }
};

static void set_look(struct argp_state *state, enum bench_look look)
{
	struct report_args *args = state->input;

	if (args->look != BENCH_TABLE && args->look != look)
		argp_error(state, "--json and --html exclude each other");
	args->look = look;
}

static error_t parse_report(int key, char *arg, struct argp_state *state)
{
	struct report_args *args = state->input;

	switch (key) {
	case OPT_JSON:
		set_look(state, BENCH_JSON);
		return 0;
	case OPT_HTML:
		set_look(state, BENCH_HTML);
		return 0;
	case ARGP_KEY_ARG:
		if (args->from)
			argp_error(state, "unexpected argument '%s'", arg);
		args->from = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "DIR or FILE is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int bench_report(int argc, char **argv)
{
	static const struct argp argp = { report_options, parse_report, "DIR|FILE",
					  "Show saved results of taxcut bench.", NULL, NULL, NULL };
	struct report_args args = { .look = BENCH_TABLE };
	static char name[] = "taxcut bench report";
	char *file, *why;
	json_error_t error;
	json_t *result;
	struct stat st;
	int ret;

	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (stat(args.from, &st))
		return fail("%s: %m", args.from);
	file = S_ISDIR(st.st_mode) ? xasprintf("%s/result.json", args.from) : xstrdup(args.from);
	result = json_load_file(file, 0, &error);
	if (!result) {
		ret = fail("%s: %s", file, error.text);
	} else if (!bench_result_ok(result, &why)) {
		ret = fail("%s is no result of taxcut bench: %s", file, why);
		free(why);
	} else {
		ret = bench_show(result, args.look);
	}
	json_decref(result);
	free(file);
	return ret;
}
