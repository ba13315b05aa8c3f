// SPDX-License-Identifier: GPL-2.0-only
/* SVG elements and scales: the output is XML for any string; ticks are round and on the scale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/svg.h"
#include "xml.h"

#include <cmocka.h> /* last: its fail() differs from util.h's */

static char *text;
static size_t size;

static FILE *begin(void)
{
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	return out;
}

static void end(FILE *out, const char *want)
{
	int failed;

	failed = fclose(out);
	assert_false(failed);
	if (want)
		assert_string_equal(text, want);
	free(text);
	text = NULL;
}

static void the_checker_finds_faults(void **state)
{
	static const char *const good[] = { "<a/>", "<!DOCTYPE html>\n<a b=\"c &amp; d\"><e>f</e></a>\n" };
	static const char *const bad[] = { "<a>", "</a>", "<a></b>", "<a b=c/>", "<a b=\"c\" b=\"d\"/>", "<a>&nbsp;</a>", "<a>&</a>",
					   "<a b=\"<\"/>", "<a>\x01</a>", "<a/><b/>", "<a b=\"c/>", "<>", "<a" };
	size_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_null(xml_fault(good[i], &at));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_non_null(xml_fault(bad[i], &at));
}

static void text_is_escaped(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain \xc3\xa9", "plain \xc3\xa9" },
		{ "<script>alert(\"1\" + '2') && x</script>", "&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;) &amp;&amp; x&lt;/script&gt;" },
		{ "a\tb\nc", "a b c" },
		{ "bell\x07 delete\x7f", "bell\xef\xbf\xbd delete\xef\xbf\xbd" },
		{ "\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "", "" },
	};
	FILE *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		out = begin();
		xml_text(out, cases[i].in);
		end(out, cases[i].out);
	}
}

static void labels_are_cut_between_characters(void **state)
{
	FILE *out = begin();

	(void)state;
	svg_label(out, "c", 1, 2, "\xc3\xa9\xc3\xa9\xc3\xa9", 3);
	svg_label(out, "c", 1, 2, "\xc3\xa9\xc3\xa9\xc3\xa9<", 3);
	end(out, "<text class=\"c\" x=\"1.0\" y=\"2.0\">\xc3\xa9\xc3\xa9\xc3\xa9</text>\n"
		 "<g><title>\xc3\xa9\xc3\xa9\xc3\xa9&lt;</title><text class=\"c\" x=\"1.0\" y=\"2.0\">\xc3\xa9\xc3\xa9\xe2\x80\xa6</text>\n</g>\n");
}

static void elements_are_xml(void **state)
{
	static const char hostile[] = "\"/><script>x</script>&\x02";
	struct svg_path p;
	FILE *out = begin();
	size_t at;

	(void)state;
	svg_begin(out, 100, 50, hostile);
	svg_rect(out, "a", 0, 0, 0, 3, hostile);
	svg_rect(out, "a", 0, 0, 10, 3, NULL);
	svg_line(out, "b", 0, 0, 1, 1);
	svg_text(out, "c", 0, 0, hostile);
	svg_label(out, "c", 0, 0, hostile, 4);
	for (int m = SVG_DOT; m <= SVG_TRIANGLE; m++)
		svg_mark(out, "d", (enum svg_mark)m, 5, 5, hostile);
	svg_path_begin(&p, out, "e");
	svg_path_to(&p, 1, 2);
	svg_path_to(&p, 3, 4);
	svg_path_end(&p, hostile);
	svg_end(out);
	fflush(out);
	assert_null(xml_fault(text, &at));
	assert_null(strstr(text, "<script"));
	assert_non_null(strstr(text, "d=\"M1.0 2.0L3.0 4.0\""));
	assert_non_null(strstr(text, "width=\"0.5\""));
	end(out, NULL);
}

static void linear_scales_are_round(void **state)
{
	static const struct {
		double hi, end;
		size_t ticks;
	} cases[] = {
		{ 4.7, 5, 3 }, { 10, 10, 3 }, { 0.031, 0.035, 4 }, { 888, 1000, 3 }, { 0, 1, 3 }, { 1e9, 1e9, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct svg_axis a = { .from = 0, .to = 100 };
		double ticks[SVG_TICKS_MAX];

		svg_axis_fit(&a, 0, cases[i].hi);
		assert_true(a.lo == 0 && a.hi > cases[i].end * 0.9999 && a.hi < cases[i].end * 1.0001);
		assert_int_equal(svg_axis_ticks(&a, ticks, 5), cases[i].ticks);
		for (size_t t = 0; t < cases[i].ticks; t++)
			assert_true(ticks[t] >= a.lo && ticks[t] <= a.hi * 1.0001 && (!t || ticks[t] > ticks[t - 1]));
	}
}

static void logarithmic_scales_are_round(void **state)
{
	static const struct {
		double lo, hi, start, end, first;
		size_t ticks;
	} cases[] = {
		{ 30, 40, 20, 50, 20, 2 },
		{ 3, 900, 2, 1000, 10, 3 },
		{ 1, 1e6, 1, 1e6, 1, 4 },
		{ 100, 100, 100, 1000, 100, 4 },
		{ 0, 0, 1e-9, 1e-8, 1e-9, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct svg_axis a = { .log = true, .from = 0, .to = 100 };
		double ticks[SVG_TICKS_MAX];

		svg_axis_fit(&a, cases[i].lo, cases[i].hi);
		assert_true(a.lo / cases[i].start > 0.9999 && a.lo / cases[i].start < 1.0001);
		assert_true(a.hi / cases[i].end > 0.9999 && a.hi / cases[i].end < 1.0001);
		assert_int_equal(svg_axis_ticks(&a, ticks, 5), cases[i].ticks);
		assert_true(ticks[0] / cases[i].first > 0.9999 && ticks[0] / cases[i].first < 1.0001);
	}
}

static void places_stay_on_the_scale(void **state)
{
	const struct svg_axis linear = { 0, 10, false, 100, 200 }, log = { 1, 100, true, 200, 100 };

	(void)state;
	assert_true(svg_axis_at(&linear, 5) == 150);
	assert_true(svg_axis_at(&linear, -1) == 100 && svg_axis_at(&linear, 11) == 200);
	assert_true(svg_axis_at(&log, 10) > 149.99 && svg_axis_at(&log, 10) < 150.01);
	assert_true(svg_axis_at(&log, 0) == 200 && svg_axis_at(&log, 1e9) == 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checker_finds_faults),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(labels_are_cut_between_characters),
		cmocka_unit_test(elements_are_xml),
		cmocka_unit_test(linear_scales_are_round),
		cmocka_unit_test(logarithmic_scales_are_round),
		cmocka_unit_test(places_stay_on_the_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
