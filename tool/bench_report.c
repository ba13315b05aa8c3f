// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results in a terminal: two or three configurations side by side, many of them as one table per
 * kind of work with a row each.
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "bench_html.h"
#include "bench_names.h"
#include "bench_report.h"
#include "table.h"
#include "taxcut.h"

/* A reason that comes less often than this per event everywhere is not worth a row or column. */
#define SELDOM 0.05
#define REASONS_MAX 5
#define SIDE_BY_SIDE 3
#define ROWS_MAX BENCH_CONFIGS_MAX

/*
 * struct rows - what the summary has on one kind of work, and on one number of vCPUs
 * @row: by order of appearance of the configurations
 * @reason: the weightiest first
 */
struct rows {
	const char *work;
	json_int_t vcpus;
	const json_t *row[ROWS_MAX];
	size_t n;
	const char *reason[REASONS_MAX];
	double weight[REASONS_MAX];
	size_t reasons;
};

static const char *text(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

/* @row's @key, or @key's @sub; NAN when it was not measured. */
static double median(const json_t *row, const char *key, const char *sub)
{
	json_t *m = json_object_get(row, key);

	m = json_object_get(sub ? json_object_get(m, sub) : m, "median");
	return json_is_number(m) ? json_number_value(m) : NAN;
}

static double reason_of(const json_t *row, const char *name)
{
	double v = median(row, "reasons", name);

	return isnan(v) && json_object_get(row, "reasons") ? 0 : v;
}

/* Keeps the list in order; the lightest falls off its end. */
static void insert_reason(struct rows *r, const char *name, double weight)
{
	size_t at = r->reasons;

	while (at > 0 && r->weight[at - 1] < weight)
		at--;
	if (at == REASONS_MAX)
		return;
	if (r->reasons < REASONS_MAX)
		r->reasons++;
	for (size_t i = r->reasons - 1; i > at; i--) {
		r->reason[i] = r->reason[i - 1];
		r->weight[i] = r->weight[i - 1];
	}
	r->reason[at] = name;
	r->weight[at] = weight;
}

static bool has_reason(const struct rows *r, const char *name)
{
	for (size_t i = 0; i < r->reasons; i++)
		if (!strcmp(r->reason[i], name))
			return true;
	return false;
}

static void choose_reasons(struct rows *r)
{
	const char *name;
	json_t *unused;

	for (size_t i = 0; i < r->n; i++) {
		json_object_foreach(json_object_get(r->row[i], "reasons"), name, unused) {
			double weight = 0;

			for (size_t j = 0; j < r->n; j++)
				if (reason_of(r->row[j], name) > weight)
					weight = reason_of(r->row[j], name);
			if (weight >= SELDOM && !has_reason(r, name))
				insert_reason(r, name, weight);
		}
	}
}

/* The rows of the summary that belong to its row @first. */
static void collect(struct rows *r, const json_t *summary, const json_t *first)
{
	json_t *row;
	size_t i;

	*r = (struct rows){ .work = text(first, "work"),
			    .vcpus = json_integer_value(json_object_get(first, "vcpus")) };
	json_array_foreach(summary, i, row)
		if (!strcmp(text(row, "work"), r->work) && r->n < ROWS_MAX &&
		    json_integer_value(json_object_get(row, "vcpus")) == r->vcpus)
			r->row[r->n++] = row;
	choose_reasons(r);
}

static bool any(const struct rows *r, const char *key, const char *sub)
{
	for (size_t i = 0; i < r->n; i++)
		if (!isnan(median(r->row[i], key, sub)))
			return true;
	return false;
}

static void cell(struct table *t, double v, int digits)
{
	if (isnan(v))
		table_cell(t, "-");
	else
		table_cell(t, "%.*f", digits, v);
}

/* struct measure - a column beside the exits, or a line below them */
static const struct measure {
	const char *key;
	const char *sub;
	const char *column;
	const char *line;
	double scale;
} measures[] = {
	{ "latency", "p50", "p50 us", "latency, median (us)", 1e-3 },
	{ "latency", "p99", "p99 us", "latency, 99th percentile (us)", 1e-3 },
	{ "latency", "p999", "p99.9 us", "latency, 99.9th percentile (us)", 1e-3 },
	{ "latency", "max", "max us", "latency, worst (us)", 1e-3 },
	{ "latency", "mean", "mean us", "latency, mean (us)", 1e-3 },
	{ "outside_ns", NULL, "outside us", "outside the guest (us)", 1e-3 },
	{ "host_cpu_ns", NULL, "CPU us", "host CPU time (us)", 1e-3 },
};

static void print_row(struct table *t, const struct rows *r, const json_t *row)
{
	table_cell(t, "%s", text(row, "config"));
	cell(t, median(row, "exits", NULL), 2);
	if (json_object_get(row, "exits"))
		table_cell(t, "%.2f-%.2f", json_number_value(json_object_get(json_object_get(row, "exits"), "min")),
			   json_number_value(json_object_get(json_object_get(row, "exits"), "max")));
	else
		table_cell(t, "-");
	for (size_t i = 0; i < r->reasons; i++)
		cell(t, reason_of(row, r->reason[i]), 2);
	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		if (any(r, measures[i].key, measures[i].sub))
			cell(t, median(row, measures[i].key, measures[i].sub) * measures[i].scale, 0);
}

static void print_many(const struct rows *r)
{
	struct bench_work_name name = bench_work_name(r->work);
	struct table t = { .left = 1 };

	t.columns = 3 + r->reasons;
	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		t.columns += any(r, measures[i].key, measures[i].sub);
	table_cell(&t, "configuration");
	table_cell(&t, "exits");
	table_cell(&t, "min-max");
	for (size_t i = 0; i < r->reasons; i++)
		table_cell(&t, "%s", r->reason[i]);
	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		if (any(r, measures[i].key, measures[i].sub))
			table_cell(&t, "%s", measures[i].column);
	for (size_t i = 0; i < r->n; i++)
		print_row(&t, r, r->row[i]);
	printf("%s, per %s; %lld vCPUs\n", name.title, name.event, (long long)r->vcpus);
	table_print(&t);
	putchar('\n');
}

/* One line of the side-by-side table: a value per configuration and, with two of them, the second over the first. */
static void print_line(struct table *t, const char *indent, const char *title, const double *v, size_t n, int digits)
{
	table_cell(t, "%s%s", indent, title);
	for (size_t i = 0; i < n; i++)
		cell(t, v[i], digits);
	if (n == 2)
		cell(t, v[0] > 0 ? v[1] / v[0] : NAN, 2);
}

static void print_few(struct table *t, const struct rows *r)
{
	struct bench_work_name name = bench_work_name(r->work);
	double v[SIDE_BY_SIDE] = { 0 };
	size_t i, m;

	table_cell(t, "%s, per %s", name.title, name.event);
	for (i = 1; i < t->columns; i++)
		table_cell(t, "%s", "");
	for (i = 0; i < r->n; i++)
		v[i] = median(r->row[i], "exits", NULL);
	print_line(t, "  ", "exits", v, r->n, 2);
	for (m = 0; m < r->reasons; m++) {
		for (i = 0; i < r->n; i++)
			v[i] = reason_of(r->row[i], r->reason[m]);
		print_line(t, "    ", r->reason[m], v, r->n, 2);
	}
	for (m = 0; m < ARRAY_LEN(measures); m++) {
		if (!any(r, measures[m].key, measures[m].sub))
			continue;
		for (i = 0; i < r->n; i++)
			v[i] = median(r->row[i], measures[m].key, measures[m].sub) * measures[m].scale;
		print_line(t, "  ", measures[m].line, v, r->n, 0);
	}
}

/* Does an earlier row of the summary have the same work and vCPUs? */
static bool seen(const json_t *summary, size_t before, const json_t *row)
{
	for (size_t i = 0; i < before; i++) {
		const json_t *other = json_array_get(summary, i);

		if (!strcmp(text(other, "work"), text(row, "work")) &&
		    json_equal(json_object_get(other, "vcpus"), json_object_get(row, "vcpus")))
			return true;
	}
	return false;
}

/* The most configurations that any kind of work has; 0 when they are not the same everywhere. */
static size_t same_configs(const json_t *summary, struct rows *r)
{
	struct rows first = { 0 };
	json_t *row;
	size_t i, j;

	json_array_foreach(summary, i, row) {
		if (seen(summary, i, row))
			continue;
		collect(r, summary, row);
		if (!first.n)
			first = *r;
		if (r->n != first.n)
			return 0;
		for (j = 0; j < r->n; j++)
			if (strcmp(text(r->row[j], "config"), text(first.row[j], "config")))
				return 0;
	}
	return first.n;
}

static void print_side_by_side(const json_t *summary, struct rows *r, size_t n)
{
	struct table t = { .columns = n + 1 + (n == 2), .left = 1 };
	json_t *row;
	size_t i;

	table_cell(&t, "%s", "");
	for (i = 0; i < n; i++)
		table_cell(&t, "%s", text(r->row[i], "config"));
	if (n == 2)
		table_cell(&t, "ratio");
	json_array_foreach(summary, i, row) {
		if (seen(summary, i, row))
			continue;
		collect(r, summary, row);
		print_few(&t, r);
	}
	table_print(&t);
}

static void print_tables(const json_t *summary)
{
	struct rows *r = xcalloc(1, sizeof(*r));
	size_t n = same_configs(summary, r), i;
	json_t *row;

	if (n && n <= SIDE_BY_SIDE) {
		print_side_by_side(summary, r, n);
	} else {
		json_array_foreach(summary, i, row) {
			if (seen(summary, i, row))
				continue;
			collect(r, summary, row);
			print_many(r);
		}
	}
	free(r);
}

static void print_table(const json_t *result)
{
	const json_t *host = json_object_get(result, "host"), *summary = json_object_get(result, "summary");
	json_t *line;
	size_t i;

	if (!json_is_true(json_object_get(result, "complete")))
		puts("Not complete.\n");
	if (json_array_size(summary))
		print_tables(summary);
	else
		puts("Nothing was measured.");
	json_array_foreach(json_object_get(result, "notes"), i, line)
		printf("note: %s\n", json_string_value(line) ? json_string_value(line) : "?");
	if (json_is_true(json_object_get(host, "emulated")))
		puts("An emulated machine: exit counts are real, latencies compare with each other only, not with hardware.");
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

static error_t parse_report(int key, char *arg, struct argp_state *state)
{
	struct report_args *args = state->input;

	switch (key) {
	case OPT_JSON:
		args->look = BENCH_JSON;
		return 0;
	case OPT_HTML:
		args->look = BENCH_HTML;
		return 0;
	case ARGP_KEY_ARG:
		if (args->from)
			argp_error(state, "unexpected argument '%s'", arg);
		args->from = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which results? DIR or FILE is missing");
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
