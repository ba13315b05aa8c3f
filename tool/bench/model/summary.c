// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "catalog.h"
#include "histogram.h"
#include "lib/util.h"
#include "plan.h"
#include "summary.h"

#define VALUES_MAX BENCH_ROUNDS_MAX

static json_int_t int_member(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

json_t *bench_median(double *v, size_t n)
{
	if (!n)
		return NULL;
	qsort(v, n, sizeof(*v), compare_doubles);
	return json_pack("{s:f, s:f, s:f}", "median", n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2,
			 "min", v[0], "max", v[n - 1]);
}

/*
 * struct group - the items of one kind of work under one configuration, one per round
 * @item: borrowed
 */
struct group {
	const json_t *item[VALUES_MAX];
	size_t n;
};

static void find_group(struct group *g, const json_t *measurements, const char *work, const char *config, json_int_t vcpus)
{
	json_t *measurement, *item;
	size_t i, j;

	g->n = 0;
	json_array_foreach(measurements, i, measurement) {
		if (strcmp(json_string_value(json_object_get(measurement, "config")), config) || int_member(measurement, "vcpus") != vcpus)
			continue;
		json_array_foreach(json_object_get(measurement, "items"), j, item)
			if (!strcmp(json_string_value(json_object_get(item, "name")), work) &&
			    int_member(item, "events") > 0 && g->n < VALUES_MAX)
				g->item[g->n++] = item;
	}
}

/* The median over the items that have @key of @key per event, times @scale. */
static json_t *median_per_event(const struct group *g, const char *key, double scale)
{
	double v[VALUES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		if (json_object_get(g->item[i], key))
			v[n++] = (double)int_member(g->item[i], key) * scale / (double)int_member(g->item[i], "events");
	return bench_median(v, n);
}

/* A reason that an item does not list counts as 0. */
static json_t *median_reasons(const struct group *g)
{
	json_t *all = json_object(), *out = json_object(), *of, *unused;
	double v[VALUES_MAX];
	const char *name;
	size_t n;

	for (size_t i = 0; i < g->n; i++)
		json_object_update(all, json_object_get(g->item[i], "reasons"));
	json_object_foreach(all, name, unused) {
		n = 0;
		for (size_t i = 0; i < g->n; i++) {
			of = json_object_get(g->item[i], "reasons");
			if (of)
				v[n++] = (double)int_member(of, name) / (double)int_member(g->item[i], "events");
		}
		json_object_set_new(out, name, bench_median(v, n));
	}
	json_decref(all);
	return out;
}

/* Events per second of the time that the program reports. */
static json_t *median_rate(const struct group *g)
{
	double v[VALUES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		json_int_t ns = int_member(json_object_get(g->item[i], "report"), "ns");

		if (ns > 0)
			v[n++] = (double)int_member(g->item[i], "events") * 1e9 / (double)ns;
	}
	return bench_median(v, n);
}

static json_t *median_latency(const struct group *g)
{
	static const char * const keys[] = { "p50", "p99", "p999", "max", "mean" };
	json_t *out = json_object(), *of, *buckets = NULL, *merged;
	double v[VALUES_MAX];

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		size_t n = 0;

		for (size_t i = 0; i < g->n; i++) {
			of = json_object_get(g->item[i], "latency");
			if (json_object_get(of, keys[k]))
				v[n++] = (double)int_member(of, keys[k]);
		}
		if (n)
			json_object_set_new(out, keys[k], bench_median(v, n));
	}
	for (size_t i = 0; i < g->n; i++) {
		of = json_object_get(json_object_get(g->item[i], "latency"), "buckets");
		if (!of)
			continue;
		merged = bench_merge(buckets, of);
		json_decref(buckets);
		buckets = merged;
	}
	if (buckets)
		json_object_set_new(out, "buckets", buckets);
	if (json_object_size(out))
		return out;
	json_decref(out);
	return NULL;
}

/* Sets the member unless @value is NULL. */
static void put_known(json_t *row, const char *key, json_t *value)
{
	if (value)
		json_object_set_new(row, key, value);
}

static json_t *summarize(const struct group *g, const char *work, const char *config, json_int_t vcpus,
			 double tsc_khz)
{
	const struct bench_work *known = bench_find_work(work);
	json_t *row = json_pack("{s:s, s:s, s:I, s:I}", "work", work, "config", config, "vcpus", vcpus,
				"rounds", (json_int_t)g->n);

	put_known(row, "exits", median_per_event(g, "exits", 1));
	if (json_object_get(row, "exits"))
		put_known(row, "reasons", median_reasons(g));
	if (tsc_khz > 0)
		put_known(row, "outside_ns", median_per_event(g, "outside_cycles", 1e6 / tsc_khz));
	put_known(row, "host_cpu_ns", median_per_event(g, "host_cpu_ns", 1));
	put_known(row, "isolated_ns", median_per_event(g, "isolated_ns", 1));
	put_known(row, "housekeeping_ns", median_per_event(g, "housekeeping_ns", 1));
	if (known && !known->timed)
		put_known(row, "rate", median_rate(g));
	put_known(row, "latency", median_latency(g));
	return row;
}

static bool has_row(const json_t *summary, const char *work, const char *config, json_int_t vcpus)
{
	json_t *row;
	size_t i;

	json_array_foreach(summary, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "work")), work) &&
		    !strcmp(json_string_value(json_object_get(row, "config")), config) && int_member(row, "vcpus") == vcpus)
			return true;
	return false;
}

json_t *bench_summary(const json_t *measurements, double tsc_khz)
{
	json_t *summary = json_array(), *measurement, *item;
	struct group *g = xcalloc(1, sizeof(*g));
	size_t i, j;

	json_array_foreach(measurements, i, measurement) {
		const char *config = json_string_value(json_object_get(measurement, "config"));
		json_int_t vcpus = int_member(measurement, "vcpus");

		json_array_foreach(json_object_get(measurement, "items"), j, item) {
			const char *work = json_string_value(json_object_get(item, "name"));

			if (has_row(summary, work, config, vcpus))
				continue;
			find_group(g, measurements, work, config, vcpus);
			if (g->n)
				json_array_append_new(summary, summarize(g, work, config, vcpus, tsc_khz));
		}
	}
	free(g);
	return summary;
}
