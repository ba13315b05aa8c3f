// SPDX-License-Identifier: GPL-2.0-only
/* Names of works and configurations: all are there once, in their order, and strangers stand for themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench_names.h"
#include "cuts.h"

static void works_are_told_apart(void **state)
{
	size_t n = 0;

	(void)state;
	for (; bench_work_at(n); n++) {
		struct bench_work_name w = bench_work_name(bench_work_at(n));

		assert_string_equal(w.name, bench_work_at(n));
		assert_true(*w.title && *w.event);
		for (size_t i = 0; i < n; i++) {
			assert_string_not_equal(w.name, bench_work_at(i));
			assert_string_not_equal(w.title, bench_work_name(bench_work_at(i)).title);
		}
	}
	assert_true(n > 0);
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
		cmocka_unit_test(works_are_told_apart),
		cmocka_unit_test(configs_are_in_order),
		cmocka_unit_test(every_cut_is_a_config),
		cmocka_unit_test(strangers_stand_for_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
