// SPDX-License-Identifier: GPL-2.0-only
/* The HTML report of a synthetic result (bench-synthetic.json), and of malformed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/chart.h"
#include "bench/report/html.h"
#include "bench/report/tables.h"
#include "bench/report/view.h"
#include "lib/util.h"
#include "xml.h"

#include <cmocka.h> /* last: its fail() differs from util.h's */

#ifndef UNIT_DIR
#define UNIT_DIR "."
#endif

static json_t *load(void)
{
	json_error_t error;
	json_t *result = json_load_file(UNIT_DIR "/bench-synthetic.json", 0, &error);

	assert_non_null(result);
	return result;
}

/* The page of a result, after a check that it is well-formed; steals @result. */
static char *page_of(json_t *result)
{
	char *page = NULL;
	const char *fault;
	size_t size, at;
	int failed;
	FILE *out = open_memstream(&page, &size);

	assert_non_null(out);
	assert_int_equal(bench_html(result, out), EXIT_OK);
	failed = fclose(out);
	assert_false(failed);
	json_decref(result);
	fault = xml_fault(page, &at);
	if (fault)
		fail_msg("%s, at %zu: %.60s", fault, at, page + at);
	return page;
}

static void has(const char *page, const char *what)
{
	if (!strstr(page, what))
		fail_msg("the page lacks: %s", what);
}

static void lacks(const char *page, const char *what)
{
	if (strstr(page, what))
		fail_msg("the page has: %.80s", strstr(page, what));
}

/* Of {"format", "host", "complete", "notes", "summary": [row, ...]}; steals @row. */
static json_t *result_of(json_t *row)
{
	return json_pack("{s:s, s:b, s:{}, s:[], s:[o]}", "format", "taxcut-bench-1", "complete", 1, "host", "notes",
			 "summary", row);
}

static void whole_page(void **state)
{
	char *page = page_of(load());

	(void)state;
	has(page, "1 kHz cyclic timer");
	has(page, "IPI to all but one of the others, by number of vCPUs");
	has(page, "Polling (none, by the host, by the guest): ping-pong");
	has(page, "did not complete");
	has(page, "The CPU was emulated");
	has(page, "timer: left out: taxcut has no such parameter here");
	has(page, "Synthetic CPU");
	has(page, "<b>The tail</b>");
	has(page, "<b>Histogram</b>");
	has(page, "<b>Housekeeping CPUs busy</b>");
	free(page);
}

/* The page is self-contained: it loads nothing. */
static void asks_for_nothing(void **state)
{
	static const char *const fetches[] = { " src=", "url(", "@import", "fetch(", "XMLHttp", "<iframe", "<object", "<img",
					       "href=\"http", "href=\"//" };
	char *page = page_of(load());

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fetches); i++)
		lacks(page, fetches[i]);
	has(page, "default-src 'none'");
	free(page);
}

static void missing_is_not_zero(void **state)
{
	char *page = page_of(result_of(json_pack("{s:s, s:s, s:i}", "work", "cyclic", "config", "off", "vcpus", 2)));

	(void)state;
	lacks(page, "<figure");
	has(page, "There is no data for a plot");
	has(page, "Stock KVM (configuration kvm) was not measured");
	has(page, "does not say whether the CPU was emulated");
	lacks(page, "did not complete");
	has(page, "No configuration has three rounds");
	free(page);
	page = page_of(load());
	lacks(page, "No configuration has three rounds");
	has(page, "class=\"missing\" x=\"109.0\" y=\"23.0\">no guest</text>");
	has(page, "not measured</text>");
	free(page);
}

static void zero_is_shown(void **state)
{
	static const char row[] = "{\"work\": \"cyclic\", \"config\": \"off\", \"vcpus\": 2, \"rounds\": 3, "
				  "\"exits\": {\"median\": 0, \"min\": 0, \"max\": 0}}";
	char *page = page_of(result_of(json_loads(row, 0, NULL)));

	(void)state;
	has(page, "<figure");
	has(page, ">0</text>");
	free(page);
}

static void strings_do_nothing(void **state)
{
	static const char evil[] = "</script><script>alert('x')</script>\"><img src=x onerror=alert(1)>&\x01";
	json_t *result = load(), *rows = json_object_get(result, "summary"), *row = json_deep_copy(json_array_get(rows, 1));
	json_t *reasons = json_object_get(row, "reasons");
	char *page;

	(void)state;
	json_object_set_new(row, "work", json_string(evil));
	json_object_set_new(row, "config", json_string(evil));
	json_object_set_new(reasons, evil, json_pack("{s:f, s:f, s:f}", "median", 90.0, "min", 80.0, "max", 100.0));
	json_array_append_new(rows, row);
	json_array_append_new(json_object_get(result, "notes"), json_string(evil));
	json_object_set_new(result, "date", json_string(evil));
	json_object_set_new(json_object_get(result, "host"), "cpu", json_string(evil));
	json_object_set_new(json_object_get(result, "host"), "kernel", json_string(evil));
	page = page_of(result);
	lacks(page, "<img");
	lacks(page, "<script>alert");
	lacks(page, "\x01");
	has(page, "&lt;img src=x onerror=alert(1)&gt;&amp;\xef\xbf\xbd");
	free(page);
}

/* Malformed rows count as not measured. */
static void broken_results(void **state)
{
	static const char *const rows[] = {
		"7", "{}", "{\"work\": 3, \"config\": []}", "{\"work\": \"\", \"config\": \"off\"}",
		"{\"work\": \"idle\", \"config\": \"off\", \"exits\": 5, \"reasons\": [1], \"latency\": \"x\"}",
		"{\"work\": \"idle\", \"config\": \"off\", \"exits\": {\"median\": -1, \"min\": -2, \"max\": 0}}",
		"{\"work\": \"idle\", \"config\": \"off\", \"exits\": {\"median\": 3, \"min\": 4, \"max\": 2}}",
		"{\"work\": \"idle\", \"config\": \"off\", \"latency\": {\"buckets\": [[1], 3, [\"a\", 2], [-1, 5], [4, -4], [3, 0]]}}",
		"{\"work\": \"idle\", \"config\": \"off\", \"vcpus\": \"many\", \"rounds\": -1, \"reasons\": {\"x\": null}}",
	};
	json_t *result;
	char *page;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		result = result_of(json_loads(rows[i], JSON_DECODE_ANY, NULL));
		assert_non_null(result);
		page = page_of(result);
		lacks(page, "<figure");
		lacks(page, "nan");
		free(page);
	}
	page = page_of(json_pack("{s:s, s:s, s:i, s:i}", "format", "taxcut-bench-1", "summary", "none", "host", 1, "notes", 2));
	has(page, "No measurement compares cuts");
	free(page);
}

static unsigned int seed;

static unsigned int next_random(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

static json_t *anything(void)
{
	static const char *const values[] = { "null", "true", "-1", "0", "9223372036854775807", "1e308", "-1e308", "5e-324",
					      "1e-300", "\"\"", "\"<x>&'\\u0001\"", "[]", "{}", "[[1, 2]]" };

	return json_loads(values[next_random(ARRAY_LEN(values))], JSON_DECODE_ANY, NULL);
}

/* Replaces or removes one of @rate values inside @j. */
static void spoil(json_t *j, unsigned int rate)
{
	const char *key;
	json_t *value;
	void *next;
	size_t i;

	json_object_foreach_safe(j, next, key, value) {
		if (!strcmp(key, "format"))
			continue;
		if (next_random(rate))
			spoil(value, rate);
		else if (next_random(4))
			json_object_set_new(j, key, anything());
		else
			json_object_del(j, key);
	}
	json_array_foreach(j, i, value) {
		if (next_random(rate))
			spoil(value, rate);
		else
			json_array_set_new(j, i, anything());
	}
}

static void spoilt_results(void **state)
{
	static const unsigned int rates[] = { 20, 200, 2000 };
	json_t *result;
	char *page;

	(void)state;
	for (unsigned int i = 0; i < 24; i++) {
		seed = i;
		result = load();
		spoil(result, rates[i % ARRAY_LEN(rates)]);
		page = page_of(result);
		lacks(page, "nan ");
		lacks(page, "inf ");
		lacks(page, "\"nan");
		lacks(page, "\"inf");
		free(page);
	}
}

static void other_formats_are_refused(void **state)
{
	json_t *results[] = { json_object(), json_pack("{s:s}", "format", "taxcut-bench-2"), json_array() };
	char *page;
	size_t size;
	FILE *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		out = open_memstream(&page, &size);
		assert_int_equal(bench_html(results[i], out), EXIT_FAILED);
		fclose(out);
		assert_int_equal(size, 0);
		free(page);
		json_decref(results[i]);
	}
}

static void a_full_disk_is_reported(void **state)
{
	FILE *out = fopen("/dev/full", "w");
	json_t *result = load();

	(void)state;
	assert_non_null(out);
	assert_int_equal(bench_html(result, out), EXIT_FAILED);
	fclose(out);
	json_decref(result);
}

static void differences_need_rounds_apart(void **state)
{
	static const struct spread low = { 10, 9, 11, true }, high = { 20, 11.5, 30, true }, near = { 12, 11, 13, true };
	static const struct spread zero = { 0, 0, 0, true }, none = { 0 };
	struct comparison c = compare_values(&low, 3, &high, 3);

	(void)state;
	assert_int_equal(c.verdict, VERDICT_LESS);
	assert_true(c.ratio == 0.5);
	c = compare_values(&high, 3, &low, 4);
	assert_int_equal(c.verdict, VERDICT_MORE);
	assert_int_equal(compare_values(&low, 3, &near, 3).verdict, VERDICT_SAME);
	assert_int_equal(compare_values(&low, 2, &high, 3).verdict, VERDICT_SAME);
	assert_int_equal(compare_values(&low, 3, &high, 0).verdict, VERDICT_SAME);
	assert_int_equal(compare_values(&none, 3, &high, 3).verdict, VERDICT_UNKNOWN);
	c = compare_values(&low, 3, &zero, 3);
	assert_int_equal(c.verdict, VERDICT_MORE);
	assert_true(c.ratio < 0);
}

static void histograms_in_order(void **state)
{
	json_t *row = json_loads("{\"latency\": {\"buckets\": [[1024, 2], [7, 1], [1088, 1]]}}", 0, NULL);
	const struct view_row r = { "off", row };
	double count;
	size_t n;
	struct view_bucket *b = view_histogram(&r, &n, &count);

	(void)state;
	assert_int_equal(n, 3);
	assert_true(count == 4);
	assert_true(b[0].low == 7 && b[0].high == 8 && b[0].share == 0.25);
	assert_true(b[1].low == 1024 && b[1].high == 1088 && b[1].share == 0.5);
	assert_true(b[2].low == 1088 && b[2].high == 1152);
	free(b);
	json_decref(row);
}

/* p99 is unknown with 50 events per round: it would be the maximum of a round. */
static void percentiles_need_events(void **state)
{
	json_t *row = json_loads("{\"rounds\": 3, \"latency\": {\"buckets\": [[64, 150]], \"p50\": {\"median\": 64, \"min\": 64, "
				 "\"max\": 64}, \"p99\": {\"median\": 65, \"min\": 64, \"max\": 65}}}", 0, NULL);
	const struct view_row r = { "off", row };

	(void)state;
	assert_true(view_latency(&r, "p50").known);
	assert_false(view_latency(&r, "p99").known);
	json_array_append_new(json_object_get(json_object_get(row, "latency"), "buckets"), json_pack("[i, i]", 68, 150));
	assert_true(view_latency(&r, "p99").known);
	assert_false(view_latency(&r, "p999").known);
	json_object_del(json_object_get(row, "latency"), "buckets");
	assert_true(view_latency(&r, "p99").known);
	json_decref(row);
}

static void numbers_are_short(void **state)
{
	static const struct {
		double value;
		const char *count, *time, *tick;
	} cases[] = {
		{ 0, "0", "0 ns", "0" },
		{ 0.004, "0.004", "0 ns", "0.004" },
		{ 4.777, "4.78", "5 ns", "4.78" },
		{ 20, "20.0", "20 ns", "20" },
		{ 9.999, "10.0", "10 ns", "10" },
		{ 1000, "1000", "1.00 \xc2\xb5s", "1000" },
		{ 25000, "25.0k", "25.0 \xc2\xb5s", "25k" },
		{ 3.2e9, "3.20G", "3.20 s", "3.2G" },
		{ 1e15, "1000T", "1000000 s", "1000T" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_string_equal(chart_count(cases[i].value).s, cases[i].count);
		assert_string_equal(chart_time(cases[i].value).s, cases[i].time);
		assert_string_equal(chart_tick(chart_count, cases[i].value).s, cases[i].tick);
	}
}

static void order_of_configurations(void **state)
{
	static const char *const want[] = { "host", "kvm", "kvm-tuned", "kvm:exits", "off", "exits", "all", "new" };
	json_t *rows = json_array();
	struct view v;

	(void)state;
	for (size_t i = ARRAY_LEN(want); i-- > 0;)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:i}", "work", "idle", "config", want[i], "vcpus", 2));
	rows = json_pack("{s:o}", "summary", rows);
	view_open(&v, rows);
	assert_int_equal(v.n, 1);
	assert_int_equal(v.groups[0].n, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(v.groups[0].rows[i].config, want[i]);
	view_close(&v);
	json_decref(rows);
}

/* "guest-poll" is a cut, and belongs to the comparison of polling if the other two were measured. */
static void polling_is_apart(void **state)
{
	static const char *const configs[] = { "guest-poll", "off", "host-poll", "kvm-host-idle", "host-idle" };
	json_t *rows = json_array();
	struct view v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(configs); i++)
		json_array_append_new(rows, json_pack("{s:s, s:s}", "work", "pingpong", "config", configs[i]));
	json_array_append_new(rows, json_pack("{s:s, s:s}", "work", "idle", "config", "guest-poll"));
	rows = json_pack("{s:o}", "summary", rows);
	view_open(&v, rows);
	assert_int_equal(v.n, 3);
	assert_false(v.groups[0].polling || v.groups[1].polling);
	assert_true(v.groups[2].polling);
	assert_int_equal(v.groups[2].n, 6);
	assert_int_equal(v.groups[2].n_missing, 2);
	assert_string_equal(v.groups[2].rows[0].config, "kvm-host-idle");
	assert_non_null(v.groups[2].rows[0].summary);
	assert_string_equal(v.groups[2].rows[1].config, "kvm-host-poll");
	assert_null(v.groups[2].rows[1].summary);
	assert_string_equal(v.groups[2].rows[5].config, "guest-poll");
	view_close(&v);
	json_decref(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_page),
		cmocka_unit_test(asks_for_nothing),
		cmocka_unit_test(missing_is_not_zero),
		cmocka_unit_test(zero_is_shown),
		cmocka_unit_test(strings_do_nothing),
		cmocka_unit_test(broken_results),
		cmocka_unit_test(spoilt_results),
		cmocka_unit_test(other_formats_are_refused),
		cmocka_unit_test(a_full_disk_is_reported),
		cmocka_unit_test(differences_need_rounds_apart),
		cmocka_unit_test(histograms_in_order),
		cmocka_unit_test(percentiles_need_events),
		cmocka_unit_test(numbers_are_short),
		cmocka_unit_test(order_of_configurations),
		cmocka_unit_test(polling_is_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
