// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "bench/model/names.h"
#include "chart.h"
#include "lib/svg.h"
#include "lib/util.h"
#include "tables.h"
#include "view.h"

#define NOT_MEASURED "<td class=\"none\" title=\"unknown\">\xe2\x80\x93</td>"

/* The values that the comparing tables show. */
static const struct metric {
	const char *name;
	const char *latency; /* key of the latency, or NULL: exits */
	struct chart_text (*text)(double value);
} metrics[] = {
	{ "exits", NULL, chart_count },
	{ "median latency", "p50", chart_time },
	{ "99 % latency", "p99", chart_time },
};

static struct spread metric_of(const struct view_row *row, const struct metric *m)
{
	if (!row)
		return (struct spread){ 0 };
	return m->latency ? view_latency(row, m->latency) : view_value(row, "exits");
}

struct comparison compare_values(const struct spread *value, json_int_t rounds, const struct spread *base,
				 json_int_t base_rounds)
{
	struct comparison c = { VERDICT_UNKNOWN, -1 };

	if (!value->known || !base->known)
		return c;
	if (base->median > 0)
		c.ratio = value->median / base->median;
	c.verdict = VERDICT_SAME;
	if (rounds < ROUNDS_MIN || base_rounds < ROUNDS_MIN)
		return c;
	if (value->max < base->min)
		c.verdict = VERDICT_LESS;
	else if (value->min > base->max)
		c.verdict = VERDICT_MORE;
	return c;
}

/* A ratio and its sign, which needs no colour. */
static void write_ratio(FILE *out, const struct comparison *c)
{
	static const char *const signs[] = {
		[VERDICT_SAME] = "\xe2\x89\x88", [VERDICT_LESS] = "\xe2\x96\xbc", [VERDICT_MORE] = "\xe2\x96\xb2"
	};

	if (c->ratio >= 0)
		fprintf(out, "%s\xc2\xa0\xc3\x97%.*f", signs[c->verdict], c->ratio < 9.995 ? 2 : 0, c->ratio);
	else
		fprintf(out, "%s", signs[c->verdict]);
}

static const char *verdict_class(enum verdict v)
{
	return v == VERDICT_LESS ? " class=\"less\"" : v == VERDICT_MORE ? " class=\"more\"" : "";
}

static void group_heading(FILE *out, const struct view_group *g)
{
	xml_text(out, g->work.title);
	fprintf(out, "<small>per ");
	xml_text(out, g->work.event);
	fprintf(out, ", %lld vCPU%s</small>", (long long)g->vcpus, g->vcpus == 1 ? "" : "s");
}

void table_config_about(FILE *out, const char *config)
{
	const char *name = view_on_kvm(config);

	xml_textf(out, "%s%s", name != config ? "on stock KVM: " : "", bench_config_name(name).about);
}

/* The value, and its ratio to @base unless @row is @base. */
static void compared_cell(FILE *out, const struct metric *m, const struct view_row *row, const struct view_row *base)
{
	struct spread value = metric_of(row, m), of = metric_of(base, m);
	struct comparison c;

	if (!value.known) {
		fputs(NOT_MEASURED, out);
		return;
	}
	if (row == base || !of.known) {
		fprintf(out, "<td>%s</td>", m->text(value.median).s);
		return;
	}
	c = compare_values(&value, view_rounds(row), &of, view_rounds(base));
	fprintf(out, "<td%s>", verdict_class(c.verdict));
	write_ratio(out, &c);
	fprintf(out, " <small>%s</small></td>", m->text(value.median).s);
}

static const char *const main_configs[] = { "kvm", "kvm-tuned", "default", "off", "all", "host" };

/* A row of the configuration in any group that compares cuts, or NULL. */
static const struct view_row *anywhere(const struct view *v, const char *config)
{
	const struct view_row *row = NULL;

	for (size_t i = 0; i < v->n && !row; i++)
		if (!v->groups[i].polling)
			row = view_find(&v->groups[i], config);
	return row;
}

static void head_of_main(FILE *out, const struct view *v)
{
	fputs("<thead><tr><th class=\"text\" scope=\"col\">work</th><th class=\"text\" scope=\"col\">what</th>", out);
	for (size_t i = 0; i < ARRAY_LEN(main_configs); i++) {
		if (!anywhere(v, main_configs[i]))
			continue;
		fputs("<th scope=\"col\" title=\"", out);
		xml_text(out, bench_config_name(main_configs[i]).about);
		fprintf(out, "\">%s</th>", main_configs[i]);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
}

static bool any_known(const struct view_group *g, const struct metric *m)
{
	for (size_t i = 0; i < g->n; i++)
		if (metric_of(&g->rows[i], m).known)
			return true;
	return false;
}

static void rows_of_main(FILE *out, const struct view *v, const struct view_group *g)
{
	size_t rows = 0;

	for (size_t m = 0; m < ARRAY_LEN(metrics); m++)
		rows += any_known(g, &metrics[m]);
	for (size_t m = 0, done = 0; m < ARRAY_LEN(metrics); m++) {
		if (!any_known(g, &metrics[m]))
			continue;
		fputs("<tr>", out);
		if (!done++) {
			fprintf(out, "<th scope=\"rowgroup\" rowspan=\"%zu\">", rows);
			group_heading(out, g);
			fputs("</th>", out);
		}
		fprintf(out, "<td class=\"text\">%s</td>", metrics[m].name);
		for (size_t i = 0; i < ARRAY_LEN(main_configs); i++)
			if (anywhere(v, main_configs[i]))
				compared_cell(out, &metrics[m], view_find(g, main_configs[i]), view_find(g, "kvm"));
		fputs("</tr>\n", out);
	}
}

void table_against_kvm(FILE *out, const struct view *v)
{
	fputs("<div class=\"table\"><table class=\"worth\">\n", out);
	head_of_main(out, v);
	for (size_t i = 0; i < v->n; i++)
		if (!v->groups[i].polling)
			rows_of_main(out, v, &v->groups[i]);
	fputs("</tbody></table></div>\n", out);
}

/* The effect of a cut on one work: a line per metric. */
static void cut_cell(FILE *out, const struct view_group *g, const char *config)
{
	const struct view_row *row = view_find(g, config), *off = view_find(g, "off");
	struct comparison c;
	struct spread value, base;
	bool any = false;

	if (!row || !off) {
		fputs(NOT_MEASURED, out);
		return;
	}
	fputs("<td>", out);
	for (size_t m = 0; m < ARRAY_LEN(metrics); m++) {
		value = metric_of(row, &metrics[m]);
		base = metric_of(off, &metrics[m]);
		c = compare_values(&value, view_rounds(row), &base, view_rounds(off));
		if (c.verdict == VERDICT_UNKNOWN)
			continue;
		fprintf(out, "%s<span%s title=\"%s: %s, off: %s\"><small>%s</small> ", any ? "<br/>" : "",
			verdict_class(c.verdict), metrics[m].name, metrics[m].text(value.median).s,
			metrics[m].text(base.median).s, m == 0 ? "exits" : m == 1 ? "50 %" : "99 %");
		write_ratio(out, &c);
		fputs("</span>", out);
		any = true;
	}
	fputs(any ? "</td>" : "\xe2\x80\x93</td>", out);
}

/* The configurations of all groups that are compared with "off", each once. */
static struct view_group cuts_of(const struct view *v)
{
	struct view_group all = { .n = 0 };
	const struct view_row *row;

	for (size_t i = 0; i < v->n; i++) {
		for (size_t r = 0; !v->groups[i].polling && r < v->groups[i].n; r++) {
			row = &v->groups[i].rows[r];
			if (!row->summary || view_is_reference(row->config) || !strcmp(row->config, "off") ||
			    view_find(&all, row->config))
				continue;
			all.rows = xrealloc(all.rows, (all.n + 1) * sizeof(*all.rows));
			all.rows[all.n++] = *row;
		}
	}
	view_sort(&all);
	return all;
}

void table_of_cuts(FILE *out, const struct view *v)
{
	struct view_group all = cuts_of(v);

	fputs("<div class=\"table\"><table class=\"worth\">\n<thead><tr><th class=\"text\" scope=\"col\">on</th>", out);
	for (size_t i = 0; i < v->n; i++) {
		if (v->groups[i].polling)
			continue;
		fputs("<th scope=\"col\">", out);
		xml_textf(out, "%s, %lld\xc2\xa0vCPUs", v->groups[i].work.title, (long long)v->groups[i].vcpus);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t r = 0; r < all.n; r++) {
		fputs("<tr><th scope=\"row\">", out);
		xml_text(out, all.rows[r].config);
		fputs("<small class=\"about\">", out);
		table_config_about(out, all.rows[r].config);
		fputs("</small></th>", out);
		for (size_t i = 0; i < v->n; i++)
			if (!v->groups[i].polling)
				cut_cell(out, &v->groups[i], all.rows[r].config);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
	free(all.rows);
}

/* The columns of a group's table, without the reasons. */
static const struct column {
	const char *name;
	const char *key;
	bool latency;
	struct chart_text (*text)(double value);
} columns[] = {
	{ "exits", "exits", false, chart_count },
	{ "outside the guest", "outside_ns", false, chart_time },
	{ "host CPU", "host_cpu_ns", false, chart_time },
	{ "isolated CPUs busy", "isolated_ns", false, chart_time },
	{ "housekeeping busy", "housekeeping_ns", false, chart_time },
	{ "per second", "rate", false, chart_count },
	{ "latency, mean", "mean", true, chart_time },
	{ "median", "p50", true, chart_time },
	{ "99 %", "p99", true, chart_time },
	{ "99.9 %", "p999", true, chart_time },
	{ "longest", "max", true, chart_time },
};

static struct spread column_value(const struct view_row *row, const struct column *c)
{
	return c->latency ? view_latency(row, c->key) : view_value(row, c->key);
}

static bool column_used(const struct view_group *g, const struct column *c)
{
	for (size_t i = 0; i < g->n; i++)
		if (column_value(&g->rows[i], c).known)
			return true;
	return false;
}

static void spread_cell(FILE *out, const struct spread *s, struct chart_text (*text)(double value))
{
	if (!s->known) {
		fputs(NOT_MEASURED, out);
		return;
	}
	fprintf(out, "<td>%s", text(s->median).s);
	if (s->max > s->min)
		fprintf(out, "<br/><small>%s\xe2\x80\x93%s</small>", text(s->min).s, text(s->max).s);
	fputs("</td>", out);
}

/* The reasons of a group as the keys of an object, in order of appearance. */
static json_t *reasons_of(const struct view_group *g)
{
	json_t *all = json_object();

	for (size_t i = 0; i < g->n; i++)
		json_object_update(all, json_object_get(g->rows[i].summary, "reasons"));
	return all;
}

static void group_row(FILE *out, const struct view_group *g, const struct view_row *row, json_t *reasons)
{
	const char *name;
	struct spread s;
	json_t *unused;

	fputs("<tr><th scope=\"row\" title=\"", out);
	table_config_about(out, row->config);
	fputs("\">", out);
	xml_text(out, row->config);
	fputs("</th>", out);
	if (view_rounds(row))
		fprintf(out, "<td>%lld</td>", (long long)view_rounds(row));
	else
		fputs(NOT_MEASURED, out);
	for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
		if (!column_used(g, &columns[c]))
			continue;
		s = column_value(row, &columns[c]);
		spread_cell(out, &s, columns[c].text);
	}
	json_object_foreach(reasons, name, unused) {
		s = view_reason(row, name);
		spread_cell(out, &s, chart_count);
	}
	fputs("</tr>\n", out);
}

void table_of_group(FILE *out, const struct view_group *g)
{
	json_t *reasons = reasons_of(g), *unused;
	const char *name;

	fputs("<div class=\"table\"><table>\n<caption>Medians of the rounds, smallest and largest below; per ", out);
	xml_text(out, g->work.event);
	fputs(", except latencies and rates. \xe2\x80\x93: not measured, or too few events.</caption>\n<thead><tr><th class=\"text\" scope=\"col\">"
	      "configuration</th><th scope=\"col\">rounds</th>", out);
	for (size_t c = 0; c < ARRAY_LEN(columns); c++)
		if (column_used(g, &columns[c]))
			fprintf(out, "<th scope=\"col\">%s</th>", columns[c].name);
	json_object_foreach(reasons, name, unused) {
		fputs("<th scope=\"col\">", out);
		xml_text(out, name);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < g->n; i++)
		group_row(out, g, &g->rows[i], reasons);
	fputs("</tbody></table></div>\n", out);
	json_decref(reasons);
}
