// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "assets.h"
#include "chart.h"
#include "html.h"
#include "lib/svg.h"
#include "lib/util.h"
#include "lines.h"
#include "tables.h"
#include "view.h"

static const char head[] =
	"<!DOCTYPE html>\n"
	"<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	"script-src 'unsafe-inline'; img-src data:\"/>\n<link rel=\"icon\" href=\"data:,\"/>\n";

static const char how_to_read[] =
	"<p>Numbers are medians over the rounds; thin lines with stops, and small print, show the smallest and the "
	"largest round. \xe2\x96\xbc (less) and \xe2\x96\xb2 (more) mean that the ranges of the two values do not overlap and "
	"that both have at least three rounds; \xe2\x89\x88 means everything else. Stock KVM\xe2\x80\x99s exits by reason come "
	"from a second round with its tracepoint on, so their sum may differ from its exits.</p>\n";

static const char on_emulated[] =
	"The CPU was emulated. The exits and their number per event depend on the hypervisor and the guest, and hold "
	"for hardware too, except where they depend on time: whether a poll succeeds, how many ticks occur during a slow "
	"operation. Latencies, rates and CPU times depend on the emulator: they compare, roughly, with each other on "
	"this page only.";

static const char on_unknown[] =
	"The result does not say whether the CPU was emulated. If it was, times on this page compare with each other only.";

static const char few_rounds[] =
	"No configuration has three rounds: too few to distinguish a difference from chance, so no difference is marked.";

static const char *text_of(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

static void write_banner(FILE *out, const char *text)
{
	fputs("<div class=\"banner\"><p>", out);
	xml_text(out, text);
	fputs("</p></div>\n", out);
}

static void write_fact(FILE *out, const char *name, const char *value)
{
	fprintf(out, "<dt>%s</dt><dd>", name);
	xml_text(out, value && *value ? value : "unknown");
	fputs("</dd>\n", out);
}

/* @cpus: an array of numbers, or a string. */
static void write_cpus(FILE *out, const char *name, const json_t *cpus)
{
	char *text = xstrdup(json_is_string(cpus) ? json_string_value(cpus) : ""), *longer;
	json_t *cpu;
	size_t i;

	json_array_foreach(cpus, i, cpu) {
		longer = xasprintf("%s%s%lld", text, *text ? ", " : "", (long long)json_integer_value(cpu));
		free(text);
		text = longer;
	}
	write_fact(out, name, text);
	free(text);
}

static void write_environment(FILE *out, const json_t *result)
{
	const json_t *host = json_object_get(result, "host"), *emulated = json_object_get(host, "emulated");
	json_int_t khz = json_integer_value(json_object_get(host, "tsc_khz")), rounds;
	char *text;

	fputs("<section id=\"where\">\n<h2>Environment</h2>\n<dl class=\"facts\">\n", out);
	write_fact(out, "Date", text_of(result, "date"));
	write_fact(out, "CPU", text_of(host, "cpu"));
	write_fact(out, "Emulated", json_is_boolean(emulated) ? json_is_true(emulated) ? "yes" : "no" : NULL);
	write_fact(out, "Kernel", text_of(host, "kernel"));
	write_cpus(out, "CPUs of the guest", json_object_get(host, "cpus"));
	write_cpus(out, "Housekeeping CPUs", json_object_get(host, "housekeeping"));
	text = khz > 0 ? xasprintf("%.3f GHz", (double)khz / 1e6) : NULL;
	write_fact(out, "TSC", text);
	free(text);
	rounds = json_integer_value(json_object_get(result, "rounds"));
	text = rounds > 0 ? xasprintf("%lld", (long long)rounds) : NULL;
	write_fact(out, "Rounds", text);
	free(text);
	fputs("</dl>\n", out);
	fputs("</section>\n", out);
}

/* All measured configurations with their descriptions. */
static void write_configs(FILE *out, const struct view *v)
{
	json_t *seen = json_object();

	fputs("<section id=\"configs\">\n<h2>Configurations</h2>\n<dl class=\"facts\">\n", out);
	for (size_t i = 0; i < v->n; i++) {
		for (size_t r = 0; r < v->groups[i].n; r++) {
			const char *config = v->groups[i].rows[r].config;

			if (json_object_get(seen, config))
				continue;
			json_object_set_new(seen, config, json_true());
			fputs("<dt>", out);
			xml_text(out, config);
			fputs("</dt><dd>", out);
			table_config_about(out, config);
			fputs("</dd>\n", out);
		}
	}
	fputs("</dl>\n</section>\n", out);
	json_decref(seen);
}

static void write_notes(FILE *out, const json_t *result)
{
	const json_t *notes = json_object_get(result, "notes");
	json_t *note;
	size_t i;

	if (!json_array_size(notes))
		return;
	fputs("<section id=\"notes\">\n<h2>Notes</h2>\n<ul>\n", out);
	json_array_foreach(notes, i, note) {
		fputs("<li>", out);
		xml_text(out, json_is_string(note) ? json_string_value(note) : "(not a text)");
		fputs("</li>\n", out);
	}
	fputs("</ul>\n</section>\n", out);
}

/* Was the configuration measured in a group that compares cuts? */
static bool was_measured(const struct view *v, const char *config)
{
	for (size_t i = 0; i < v->n; i++)
		if (!v->groups[i].polling && view_find(&v->groups[i], config))
			return true;
	return false;
}

static bool compares_cuts(const struct view *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (!v->groups[i].polling)
			return true;
	return false;
}

static void write_comparisons(FILE *out, const struct view *v)
{
	fputs("<section id=\"worth\">\n<h2>The effect of each cut</h2>\n", out);
	fputs(how_to_read, out);
	if (!compares_cuts(v)) {
		fputs("<p>No measurement compares cuts.</p>\n</section>\n", out);
		return;
	}
	fputs("<h3>Compared with stock KVM</h3>\n", out);
	if (!was_measured(v, "kvm"))
		fputs("<p class=\"none\">Stock KVM (configuration kvm) was not measured, so the table has no ratios.</p>\n", out);
	table_against_kvm(out, v);
	fputs("<h3>Compared with every cut off</h3>\n", out);
	if (was_measured(v, "off"))
		table_of_cuts(out, v);
	else
		fputs("<p class=\"none\">taxcut with every cut off (configuration off) was not measured.</p>\n", out);
	fputs("</section>\n", out);
}

static void write_charts(FILE *out, const struct view *v, const struct view_group *g)
{
	static const struct chart_bars outside = { "outside_ns", "Time outside the guest", chart_time, false };
	static const struct chart_bars host_cpu = { "host_cpu_ns", "Host CPU time", chart_time, false };
	static const struct chart_bars housekeeping = { "housekeeping_ns", "Housekeeping CPUs busy", chart_time, false };
	static const struct chart_bars rate = { "rate", "Rate", chart_count, true };
	bool any;

	fputs("<div class=\"charts\">\n", out);
	any = chart_exits(out, v, g);
	any |= chart_latency(out, g);
	any |= g->polling && chart_bars(out, g, &rate);
	any |= chart_bars(out, g, &host_cpu);
	any |= chart_bars(out, g, &outside);
	any |= chart_bars(out, g, &housekeeping);
	any |= chart_tail(out, g);
	any |= chart_histogram(out, g);
	fputs("</div>\n", out);
	if (!any)
		fputs("<p class=\"none\">There is no data for a plot.</p>\n", out);
}

static void write_missing(FILE *out, const struct view_group *g)
{
	if (!g->n_missing)
		return;
	fputs("<p class=\"none\">Not measured with this work:", out);
	for (size_t i = 0; i < g->n_missing; i++) {
		fputs(i ? ", " : " ", out);
		xml_text(out, g->missing[i]);
	}
	fputs(".</p>\n", out);
}

static void write_group(FILE *out, const struct view *v, size_t i)
{
	const struct view_group *g = &v->groups[i];

	fprintf(out, "<section id=\"work%zu\">\n<h2>", i);
	if (g->polling)
		fputs("Polling (none, by the host, by the guest): ", out);
	xml_text(out, g->work.title);
	fprintf(out, " <span class=\"muted\">%lld vCPU%s</span></h2>\n", (long long)g->vcpus, g->vcpus == 1 ? "" : "s");
	write_missing(out, g);
	write_charts(out, v, g);
	fputs("<details><summary>All numbers: ", out);
	xml_text(out, g->work.title);
	fputs("</summary>\n", out);
	table_of_group(out, g);
	fputs("</details>\n</section>\n", out);
}

/* Is group @i the last one of its work? The plots over all groups of the work follow it. */
static bool last_of_work(const struct view *v, size_t i)
{
	return i + 1 == v->n || v->groups[i + 1].polling != v->groups[i].polling ||
	       strcmp(v->groups[i + 1].work.name, v->groups[i].work.name);
}

static void write_scaling(FILE *out, const struct view *v, size_t i)
{
	const char *work = v->groups[i].work.name;

	if (v->groups[i].polling || !last_of_work(v, i) || !view_has_siblings(v, &v->groups[i]))
		return;
	fprintf(out, "<section id=\"scale%zu\">\n<h3>", i);
	xml_text(out, v->groups[i].work.title);
	fputs(", by number of vCPUs</h3>\n<div class=\"charts\">\n", out);
	chart_scaling(out, v, work, "exits");
	chart_scaling(out, v, work, "p50");
	fputs("</div>\n</section>\n", out);
}

static void write_contents(FILE *out, const struct view *v)
{
	fputs("<nav aria-label=\"Contents\"><ul>\n<li><a href=\"#worth\">The effect of each cut</a></li>\n"
	      "<li><a href=\"#configs\">Configurations</a></li>\n<li><a href=\"#where\">Environment</a></li>\n", out);
	for (size_t i = 0; i < v->n; i++) {
		fprintf(out, "<li><a href=\"#work%zu\">%s", i, v->groups[i].polling ? "Polling: " : "");
		xml_text(out, v->groups[i].work.title);
		if (view_has_siblings(v, &v->groups[i]))
			fprintf(out, ", %lld vCPUs", (long long)v->groups[i].vcpus);
		fputs("</a></li>\n", out);
	}
	fputs("</ul></nav>\n", out);
}

static bool enough_rounds(const struct view *v)
{
	for (size_t i = 0; i < v->n; i++)
		for (size_t r = 0; r < v->groups[i].n; r++)
			if (view_rounds(&v->groups[i].rows[r]) >= ROUNDS_MIN)
				return true;
	return false;
}

static void write_page(FILE *out, const struct view *v, const json_t *result)
{
	const char *cpu = text_of(json_object_get(result, "host"), "cpu"), *date = text_of(result, "date");
	const json_t *emulated = json_object_get(json_object_get(result, "host"), "emulated");

	fputs(head, out);
	fputs("<title>taxcut bench: the tax bill</title>\n<style>\n", out);
	fputs(bench_html_css, out);
	fputs("</style>\n</head>\n<body>\n<header>\n<h1>The tax bill</h1>\n"
	      "<button id=\"theme\" type=\"button\" hidden=\"hidden\">Dark</button>\n<p class=\"muted\">taxcut bench, ", out);
	xml_textf(out, "%s, on %s%s", date ? date : "unknown date", cpu ? cpu : "an unknown CPU",
		  json_is_true(emulated) ? " (emulated)" : "");
	fputs("</p>\n", out);
	if (!json_is_true(json_object_get(result, "complete")))
		write_banner(out, "The run did not complete: measurements are missing.");
	if (!json_is_false(emulated))
		write_banner(out, json_is_true(emulated) ? on_emulated : on_unknown);
	if (!enough_rounds(v))
		write_banner(out, few_rounds);
	write_contents(out, v);
	fputs("</header>\n<main>\n", out);
	write_comparisons(out, v);
	for (size_t i = 0; i < v->n; i++) {
		write_group(out, v, i);
		write_scaling(out, v, i);
	}
	write_configs(out, v);
	write_notes(out, result);
	write_environment(out, result);
	fputs("</main>\n<footer>taxcut bench; the numbers are in result.json, format taxcut-bench-1.</footer>\n<script>\n", out);
	fputs(bench_html_js, out);
	fputs("</script>\n</body>\n</html>\n", out);
}

int bench_html(const json_t *result, FILE *out)
{
	const char *format = text_of(result, "format");
	struct view v;

	if (!format || strcmp(format, "taxcut-bench-1"))
		return fail("not a result of taxcut bench: its format is not taxcut-bench-1");
	view_open(&v, result);
	write_page(out, &v, result);
	view_close(&v);
	if (fflush(out) || ferror(out))
		return fail("cannot write the report: %m");
	return EXIT_OK;
}
