// SPDX-License-Identifier: GPL-2.0-only
/* Names of work and configurations: each has one entry, in order; unknown names describe themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bench/model/catalog.h"
#include "bench/model/names.h"
#include "host/cuts.h"

#include <cmocka.h> /* last: its fail() differs from util.h's */

static void works_have_titles(void **state)
{
	(void)state;
	for (size_t n = 0; n < bench_works_n; n++) {
		struct bench_work_name w = bench_work_name(bench_works[n].name);

		assert_string_equal(w.name, bench_works[n].name);
		assert_string_not_equal(w.event, "event");
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(w.title, bench_work_name(bench_works[i].name).title);
	}
}

static void configs_are_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < bench_configs_n; i++)
		assert_string_not_equal(bench_config_name(bench_configs[i].name).about, "");
}

static void configs_are_in_order(void **state)
{
	static const char *const order[] = { "host", "kvm", "kvm-tuned", "off", "ipi", "exits", "steal-time", "all" };

	(void)state;
	for (size_t i = 1; i < sizeof(order) / sizeof(order[0]); i++)
		assert_true(bench_config_name(order[i - 1]).order < bench_config_name(order[i]).order);
}

static void every_cut_is_a_config(void **state)
{
	(void)state;
	for (size_t i = 0; i < CUT_COUNT; i++)
		assert_string_equal(bench_config_name(cuts[i].name).about, cuts[i].summary);
}

static void strangers_stand_for_themselves(void **state)
{
	static const char name[] = "<b>new</b>";
	struct bench_config_name c = bench_config_name(name);

	(void)state;
	assert_ptr_equal(bench_work_name(name).title, name);
	assert_string_equal(bench_work_name(name).event, "event");
	assert_ptr_equal(c.name, name);
	assert_true(c.order > bench_config_name("all").order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(works_have_titles),
		cmocka_unit_test(configs_are_described),
		cmocka_unit_test(configs_are_in_order),
		cmocka_unit_test(every_cut_is_a_config),
		cmocka_unit_test(strangers_stand_for_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
