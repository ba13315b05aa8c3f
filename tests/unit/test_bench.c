// SPDX-License-Identifier: GPL-2.0-only
/* taxcut bench: parsing of lists, cuts of configurations, report lines, medians. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/histogram.h"
#include "bench/model/item.h"
#include "bench/model/names.h"
#include "bench/model/plan.h"
#include "bench/model/result.h"
#include "bench/model/summary.h"

#include <cmocka.h> /* last: its fail() differs from util.h's */

static json_t *parsed(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);

	assert_non_null(j);
	return j;
}

static void assert_json(json_t *got, const char *want)
{
	json_t *expected = parsed(want);

	if (!json_equal(got, expected)) {
		char *text = json_dumps(got, JSON_SORT_KEYS);

		print_error("%s\n  is not\n%s\n", text, want);
		free(text);
		fail();
	}
	json_decref(expected);
}

static void plan_of_lists(void **state)
{
	struct bench_plan plan = { 0 };
	char *why, *items;

	(void)state;
	assert_true(bench_plan_configs(&plan, "off,kvm:hint,host", &why));
	assert_true(bench_plan_work(&plan, "cyclic:70,idle", &why));
	assert_int_equal(plan.configs, 3);
	assert_string_equal(plan.config[1].name, "kvm:hint");
	assert_int_equal(plan.config[1].place, BENCH_KVM);
	assert_int_equal(plan.config[1].on, 1u << CUT_HINT | 1u << CUT_GUEST_POLL);
	assert_true(bench_plan_needs(&plan, BENCH_HOST));
	assert_int_equal(bench_plan_vcpus(&plan), 1);
	assert_int_equal(bench_plan_seconds(&plan), 2);
	assert_false(bench_plan_uses(&plan, BENCH_NEEDS_NET | BENCH_NEEDS_MODULE));
	items = bench_plan_items(&plan);
	assert_string_equal(items, "cyclic:70,idle:2");
	free(items);
	bench_plan_quick(&plan);
	items = bench_plan_items(&plan);
	assert_string_equal(items, "cyclic:7,idle:1");
	free(items);
	assert_true(bench_plan_work(&plan, "multicast,net_rr", &why));
	assert_true(bench_plan_uses(&plan, BENCH_NEEDS_NET | BENCH_NEEDS_MODULE));
	assert_int_equal(bench_plan_vcpus(&plan), 3);
	bench_plan_free(&plan);
}

static void refused_lists(void **state)
{
	static const struct {
		const char *list;
		const char *why;
	} configs[] = {
		{ "off,bogus", "no configuration 'bogus'" }, { "", "no configuration ''" },
		{ "off,,all", "no configuration ''" },	     { "off,all,off", "'off' is given twice" },
		{ "kvm:kvm", "no configuration 'kvm:kvm'" }, { "kvm:host", "no configuration 'kvm:host'" },
	}, work[] = {
		{ "cyclic,none", "no work 'none'" }, { "cyclic:", "takes a number" }, { "cyclic:0", "takes a number" },
		{ "cyclic:1x", "takes a number" },   { "cyclic:-1", "takes a number" },
		{ "cyclic:100000001", "takes a number" }, { "idle:86401", "1 to 86400" }, { "idle,idle:3", "'idle' is given twice" },
	};
	struct bench_plan plan = { 0 };
	char *why = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
		assert_false(bench_plan_configs(&plan, configs[i].list, &why));
		assert_non_null(strstr(why, configs[i].why));
		free(why);
		bench_plan_free(&plan);
	}
	for (size_t i = 0; i < ARRAY_LEN(work); i++) {
		assert_false(bench_plan_work(&plan, work[i].list, &why));
		assert_non_null(strstr(why, work[i].why));
		free(why);
		bench_plan_free(&plan);
	}
}

/* The table and the sets are consistent. */
static void sets_are_plans(void **state)
{
	char *why = NULL;

	(void)state;
	for (size_t i = 0; i < bench_sets_n; i++) {
		struct bench_plan plan = { 0 };

		assert_ptr_equal(bench_find_set(bench_sets[i].name), &bench_sets[i]);
		assert_true(bench_plan_configs(&plan, bench_sets[i].configs, &why));
		assert_true(bench_plan_work(&plan, bench_sets[i].work, &why));
		assert_true(bench_plan_vcpus(&plan) <= bench_sets[i].vcpus);
		for (size_t c = 0; c < plan.configs; c++)
			assert_string_not_equal(bench_config_name(plan.config[c].name).about, "");
		assert_true(bench_sets[i].rounds >= 1 && bench_sets[i].rounds <= BENCH_ROUNDS_MAX);
		bench_plan_free(&plan);
	}
	assert_null(bench_find_set("bogus"));
}

static void assert_cuts(const char *config, unsigned int available, const char *want)
{
	struct bench_plan plan = { 0 };
	struct strv args = { 0 };
	char *why, *got = strdup(""), *longer;
	bool ok;

	assert_true(bench_plan_configs(&plan, config, &why));
	ok = bench_config_cuts(&plan.config[0], available, &args);
	for (size_t i = 0; i < args.n; i++) {
		longer = xasprintf("%s%s%s", got, i ? " " : "", args.v[i]);
		free(got);
		got = longer;
	}
	assert_string_equal(ok ? got : "refused", want);
	free(got);
	strv_free(&args);
	bench_plan_free(&plan);
}

static void cuts_of_configurations(void **state)
{
	unsigned int few = 1u << CUT_HINT | 1u << CUT_EXITS | 1u << CUT_PV_EOI;

	(void)state;
	assert_cuts("kvm", ~0u, "hint=off");
	assert_cuts("kvm-tuned", ~0u, "exits=on hint=on");
	assert_cuts("default", ~0u, "hint=off");
	assert_cuts("off", few, "exits=off hint=off pv-eoi=off");
	assert_cuts("all", few, "exits=on hint=on pv-eoi=on");
	assert_cuts("pv-eoi", few, "exits=off hint=off pv-eoi=on");
	assert_cuts("kvm:pv-eoi", few, "exits=off hint=off pv-eoi=on");
	assert_cuts("halt-poll", few, "refused");
	assert_cuts("timer", few, "refused");
	/* They exclude each other: "all" leaves pv-unhalt off. */
	assert_cuts("all", 1u << CUT_EXITS | 1u << CUT_PV_UNHALT, "exits=on pv-unhalt=off");
}

static void lines_of_a_report(void **state)
{
	static const char * const no_reports[] = {
		"", "cyclic", "cyclic.events", "cyclic=1", "a=b.c", "cyclic.=3", "cyclic.p50_us=", "cyclic.p50_us=-1",
		"cyclic.p50_us=1.5", "cyclic.p50_us=99999999999999999999", "cyclic.hist=", "cyclic.hist=1",
		"cyclic.hist=1:2,", "cyclic.hist=1:2,x:3", "cyclic.hist=1:",
	};
	json_t *item = json_object();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(no_reports); i++)
		assert_false(bench_report_line(item, no_reports[i]));
	assert_null(json_object_get(item, "report"));
	assert_true(bench_report_line(item, "cyclic.events=5"));
	assert_true(bench_report_line(item, "cyclic.p50_ns=1500"));
	assert_true(bench_report_line(item, "cyclic.p50_us=1"));
	assert_true(bench_report_line(item, "cyclic.p99_us=7"));
	assert_true(bench_report_line(item, "cyclic.hist=100:2,120:1"));
	assert_true(bench_report_line(item, "cyclic.hist=90:1,120:1"));
	bench_report_end(item);
	assert_json(item, "{\"events\": 5, \"report\": {\"events\": 5, \"p50_ns\": 1500, \"p50_us\": 1, \"p99_us\": 7},"
			  "\"latency\": {\"unit\": \"ns\", \"count\": 5, \"p50\": 1500, \"p99\": 7000,"
			  "\"buckets\": [[90, 1], [100, 2], [120, 2]]}}");
	json_decref(item);
}

static void a_report_without_latency(void **state)
{
	json_t *item = json_object();

	(void)state;
	assert_true(bench_report_line(item, "busy.events=2"));
	assert_true(bench_report_line(item, "busy.spins=9"));
	bench_report_end(item);
	assert_json(item, "{\"events\": 2, \"report\": {\"events\": 2, \"spins\": 9}}");
	json_decref(item);
}

static void medians(void **state)
{
	double odd[] = { 3, 1, 2 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 };
	json_t *j;

	(void)state;
	assert_null(bench_median(NULL, 0));
	j = bench_median(odd, 3);
	assert_json(j, "{\"median\": 2.0, \"min\": 1.0, \"max\": 3.0}");
	json_decref(j);
	j = bench_median(even, 4);
	assert_json(j, "{\"median\": 2.5, \"min\": 1.0, \"max\": 4.0}");
	json_decref(j);
	j = bench_median(one, 1);
	assert_json(j, "{\"median\": 7.0, \"min\": 7.0, \"max\": 7.0}");
	json_decref(j);
}

static void merged_histograms(void **state)
{
	json_t *a = parsed("[[0, 1], [16, 2], [40, 3]]"), *b = parsed("[[16, 5], [17, 1]]"), *empty = json_array(), *j;

	(void)state;
	j = bench_merge(a, b);
	assert_json(j, "[[0, 1], [16, 7], [17, 1], [40, 3]]");
	json_decref(j);
	j = bench_merge(NULL, b);
	assert_json(j, "[[16, 5], [17, 1]]");
	json_decref(j);
	j = bench_merge(a, empty);
	assert_json(j, "[[0, 1], [16, 2], [40, 3]]");
	json_decref(j);
	j = bench_merge(NULL, NULL);
	assert_json(j, "[]");
	json_decref(j);
	json_decref(a);
	json_decref(b);
	json_decref(empty);
}

static void a_summary(void **state)
{
	json_t *bills = parsed(
		"[{\"config\": \"off\", \"vcpus\": 2, \"round\": 0, \"items\": [{\"name\": \"cyclic\", \"events\": 10,"
		"  \"exits\": 40, \"reasons\": {\"HLT\": 20}, \"outside_cycles\": 2000, \"report\": {\"ns\": 1000000000},"
		"  \"latency\": {\"p50\": 100, \"buckets\": [[96, 4], [128, 6]]}}]},"
		" {\"config\": \"off\", \"vcpus\": 2, \"round\": 1, \"items\": [{\"name\": \"cyclic\", \"events\": 20,"
		"  \"exits\": 40, \"reasons\": {\"CPUID\": 20}, \"outside_cycles\": 8000, \"report\": {\"ns\": 1000000000},"
		"  \"latency\": {\"p50\": 300, \"buckets\": [[96, 20]]}},"
		"  {\"name\": \"idle\", \"events\": 0, \"exits\": 3}]},"
		" {\"config\": \"host\", \"vcpus\": 2, \"round\": 0, \"items\": [{\"name\": \"cyclic\", \"events\": 10,"
		"  \"host_cpu_ns\": 500, \"report\": {}}]},"
		" {\"config\": \"off\", \"vcpus\": 8, \"round\": 0, \"items\": []}]");
	json_t *summary = bench_summary(bills, 2e6);

	(void)state;
	assert_json(summary,
		    "[{\"work\": \"cyclic\", \"config\": \"off\","
		    "  \"vcpus\": 2, \"rounds\": 2, \"exits\": {\"median\": 3.0, \"min\": 2.0, \"max\": 4.0},"
		    "  \"reasons\": {\"HLT\": {\"median\": 1.0, \"min\": 0.0, \"max\": 2.0},"
		    "    \"CPUID\": {\"median\": 0.5, \"min\": 0.0, \"max\": 1.0}},"
		    "  \"outside_ns\": {\"median\": 150.0, \"min\": 100.0, \"max\": 200.0},"
		    "  \"rate\": {\"median\": 15.0, \"min\": 10.0, \"max\": 20.0},"
		    "  \"latency\": {\"p50\": {\"median\": 200.0, \"min\": 100.0, \"max\": 300.0},"
		    "    \"buckets\": [[96, 24], [128, 6]]}},"
		    " {\"work\": \"cyclic\", \"config\": \"host\","
		    "  \"vcpus\": 2, \"rounds\": 1, \"host_cpu_ns\": {\"median\": 50.0, \"min\": 50.0, \"max\": 50.0}}]");
	json_decref(summary);
	summary = bench_summary(bills, 0);
	assert_null(json_object_get(json_array_get(summary, 0), "outside_ns"));
	json_decref(summary);
	json_decref(bills);
}

static void results_are_checked(void **state)
{
	static const char * const bad[] = {
		"{}", "[]", "{\"format\": \"other\"}", "{\"format\": \"taxcut-bench-1\"}",
		"{\"format\": \"taxcut-bench-1\", \"host\": {}, \"bills\": [{}], \"summary\": [], \"notes\": []}",
		"{\"format\": \"taxcut-bench-1\", \"host\": {}, \"summary\": [], \"notes\": [], \"bills\": [{\"config\": \"a\"}]}",
		"{\"format\": \"taxcut-bench-1\", \"host\": {}, \"bills\": [], \"summary\": [{\"work\": 3}], \"notes\": []}",
	};
	json_t *j;
	char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		j = parsed(bad[i]);
		assert_false(bench_result_ok(j, &why));
		assert_non_null(why);
		free(why);
		json_decref(j);
	}
	j = parsed("{\"format\": \"taxcut-bench-1\", \"host\": {}, \"bills\": [], \"summary\": [], \"notes\": []}");
	assert_true(bench_result_ok(j, &why));
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_of_lists),
		cmocka_unit_test(refused_lists),
		cmocka_unit_test(sets_are_plans),
		cmocka_unit_test(cuts_of_configurations),
		cmocka_unit_test(lines_of_a_report),
		cmocka_unit_test(a_report_without_latency),
		cmocka_unit_test(medians),
		cmocka_unit_test(merged_histograms),
		cmocka_unit_test(a_summary),
		cmocka_unit_test(results_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
