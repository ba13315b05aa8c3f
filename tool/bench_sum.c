// SPDX-License-Identifier: GPL-2.0-only
/* From what programs report to items, and from the items of all rounds to medians. */
#include <errno.h>
#include <string.h>

#include "bench.h"

#define VALUES_MAX BENCH_ROUNDS_MAX

/* Decimal, the whole string, at most 2^63 - 1. */
static bool parse_count(const char *s, json_int_t *val)
{
	uint64_t n;

	if (!parse_u64(s, &n) || n > INT64_MAX)
		return false;
	*val = (json_int_t)n;
	return true;
}

static json_int_t get(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

/* "LOW:COUNT,..." as [[LOW, COUNT], ...]; NULL when it is anything else. */
static json_t *parse_hist(const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *word, *colon;
	json_t *buckets = json_array();
	json_int_t low, count;

	while (buckets && (word = strsep(&rest, ","))) {
		colon = strchr(word, ':');
		if (colon)
			*colon = '\0';
		if (colon && parse_count(word, &low) && parse_count(colon + 1, &count)) {
			json_array_append_new(buckets, json_pack("[I, I]", low, count));
		} else {
			json_decref(buckets);
			buckets = NULL;
		}
	}
	free(copy);
	return buckets;
}

static json_t *member_object(json_t *obj, const char *name)
{
	json_t *member = json_object_get(obj, name);

	if (!member) {
		member = json_object();
		json_object_set_new(obj, name, member);
	}
	return member;
}

static bool add_hist(json_t *item, const char *text)
{
	json_t *latency = member_object(item, "latency"), *buckets = parse_hist(text);

	if (!buckets)
		return false;
	json_object_set_new(latency, "buckets", bench_merge(json_object_get(latency, "buckets"), buckets));
	json_decref(buckets);
	return true;
}

bool bench_report_line(json_t *item, const char *line)
{
	const char *dot = strchr(line, '.'), *equal = strchr(line, '=');
	json_int_t value;
	char *key;
	bool ok;

	if (!dot || !equal || dot > equal || equal == dot + 1)
		return false;
	key = xasprintf("%.*s", (int)(equal - dot - 1), dot + 1);
	if (!strcmp(key, "hist")) {
		ok = add_hist(item, equal + 1);
	} else {
		ok = parse_count(equal + 1, &value);
		if (ok)
			json_object_set_new(member_object(item, "report"), key, json_integer(value));
	}
	free(key);
	return ok;
}

void bench_report_end(json_t *item)
{
	/* What a latency is called, and what programs call it in ns and in us. */
	static const struct {
		const char *name;
		const char *ns;
		const char *us;
	} keys[] = {
		{ "p50", "p50_ns", "p50_us" },	  { "p99", "p99_ns", "p99_us" }, { "p999", "p999_ns", "p999_us" },
		{ "max", "max_ns", "max_us" },	  { "mean", "mean_ns", "avg_us" },
	};
	json_t *report = member_object(item, "report"), *latency = member_object(item, "latency"), *bucket;
	json_int_t count = 0;
	size_t i;

	json_object_set_new(item, "events", json_integer(get(report, "events")));
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (json_object_get(report, keys[i].ns))
			json_object_set(latency, keys[i].name, json_object_get(report, keys[i].ns));
		else if (json_object_get(report, keys[i].us))
			json_object_set_new(latency, keys[i].name, json_integer(get(report, keys[i].us) * 1000));
	}
	if (!json_object_size(latency)) {
		json_object_del(item, "latency");
		return;
	}
	json_array_foreach(json_object_get(latency, "buckets"), i, bucket)
		count += json_integer_value(json_array_get(bucket, 1));
	json_object_set_new(latency, "unit", json_string("ns"));
	json_object_set_new(latency, "count", json_integer(count ? count : get(report, "events")));
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

json_t *bench_median(double *v, size_t n)
{
	if (!n)
		return NULL;
	qsort(v, n, sizeof(*v), by_size);
	return json_pack("{s:f, s:f, s:f}", "median", n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2,
			 "min", v[0], "max", v[n - 1]);
}

json_t *bench_merge(const json_t *a, const json_t *b)
{
	json_t *out = json_array(), *x, *y;
	size_t i = 0, j = 0;

	while ((x = json_array_get(a, i), y = json_array_get(b, j), x || y)) {
		json_int_t low_x = json_integer_value(json_array_get(x, 0));
		json_int_t low_y = json_integer_value(json_array_get(y, 0));
		json_int_t sum = 0;
		bool take_x = x && (!y || low_x <= low_y), take_y = y && (!x || low_y <= low_x);

		if (take_x)
			sum += json_integer_value(json_array_get(x, 1));
		if (take_y)
			sum += json_integer_value(json_array_get(y, 1));
		i += take_x;
		j += take_y;
		json_array_append_new(out, json_pack("[I, I]", take_x ? low_x : low_y, sum));
	}
	return out;
}

/*
 * struct group - the items of one kind of work under one configuration, one per round
 * @item: borrowed
 */
struct group {
	const json_t *item[VALUES_MAX];
	size_t n;
};

static void find_group(struct group *g, const json_t *bills, const char *work, const char *config, json_int_t vcpus)
{
	json_t *bill, *item;
	size_t i, j;

	g->n = 0;
	json_array_foreach(bills, i, bill) {
		if (strcmp(json_string_value(json_object_get(bill, "config")), config) || get(bill, "vcpus") != vcpus)
			continue;
		json_array_foreach(json_object_get(bill, "items"), j, item)
			if (!strcmp(json_string_value(json_object_get(item, "name")), work) &&
			    get(item, "events") > 0 && g->n < VALUES_MAX)
				g->item[g->n++] = item;
	}
}

/* The median of @key over each item's events, times @scale, where the items have it. */
static json_t *per_event(const struct group *g, const char *key, double scale)
{
	double v[VALUES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		if (json_object_get(g->item[i], key))
			v[n++] = (double)get(g->item[i], key) * scale / (double)get(g->item[i], "events");
	return bench_median(v, n);
}

/* A reason that an item does not name did not occur there. */
static json_t *reasons(const struct group *g)
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
				v[n++] = (double)get(of, name) / (double)get(g->item[i], "events");
		}
		json_object_set_new(out, name, bench_median(v, n));
	}
	json_decref(all);
	return out;
}

/* Events per second of the work's own time. */
static json_t *rate(const struct group *g)
{
	double v[VALUES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		json_int_t ns = get(json_object_get(g->item[i], "report"), "ns");

		if (ns > 0)
			v[n++] = (double)get(g->item[i], "events") * 1e9 / (double)ns;
	}
	return bench_median(v, n);
}

static json_t *latency(const struct group *g)
{
	static const char * const keys[] = { "p50", "p99", "p999", "max", "mean" };
	json_t *out = json_object(), *of, *buckets = NULL, *merged;
	double v[VALUES_MAX];

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		size_t n = 0;

		for (size_t i = 0; i < g->n; i++) {
			of = json_object_get(g->item[i], "latency");
			if (json_object_get(of, keys[k]))
				v[n++] = (double)get(of, keys[k]);
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

/* Sets the member unless there is nothing to set. */
static void put(json_t *row, const char *key, json_t *value)
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

	put(row, "exits", per_event(g, "exits", 1));
	if (json_object_get(row, "exits"))
		put(row, "reasons", reasons(g));
	if (tsc_khz > 0)
		put(row, "outside_ns", per_event(g, "outside_cycles", 1e6 / tsc_khz));
	put(row, "host_cpu_ns", per_event(g, "host_cpu_ns", 1));
	put(row, "isolated_ns", per_event(g, "isolated_ns", 1));
	put(row, "housekeeping_ns", per_event(g, "housekeeping_ns", 1));
	if (known && !known->timed)
		put(row, "rate", rate(g));
	put(row, "latency", latency(g));
	return row;
}

static bool has_row(const json_t *summary, const char *work, const char *config, json_int_t vcpus)
{
	json_t *row;
	size_t i;

	json_array_foreach(summary, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "work")), work) &&
		    !strcmp(json_string_value(json_object_get(row, "config")), config) && get(row, "vcpus") == vcpus)
			return true;
	return false;
}

json_t *bench_summary(const json_t *bills, double tsc_khz)
{
	json_t *summary = json_array(), *bill, *item;
	struct group *g = xcalloc(1, sizeof(*g));
	size_t i, j;

	json_array_foreach(bills, i, bill) {
		const char *config = json_string_value(json_object_get(bill, "config"));
		json_int_t vcpus = get(bill, "vcpus");

		json_array_foreach(json_object_get(bill, "items"), j, item) {
			const char *work = json_string_value(json_object_get(item, "name"));

			if (has_row(summary, work, config, vcpus))
				continue;
			find_group(g, bills, work, config, vcpus);
			if (g->n)
				json_array_append_new(summary, summarize(g, work, config, vcpus, tsc_khz));
		}
	}
	free(g);
	return summary;
}

static char *item_fault(const json_t *item)
{
	if (!json_is_string(json_object_get(item, "name")) || !json_is_integer(json_object_get(item, "events")))
		return xstrdup("an item without name or events");
	return NULL;
}

static char *bill_fault(const json_t *bill)
{
	char *fault = NULL;
	json_t *item;
	size_t i;

	if (!json_is_string(json_object_get(bill, "config")) || !json_is_integer(json_object_get(bill, "vcpus")) ||
	    !json_is_array(json_object_get(bill, "items")))
		return xstrdup("a bill without config, vcpus or items");
	json_array_foreach(json_object_get(bill, "items"), i, item) {
		fault = item_fault(item);
		if (fault)
			break;
	}
	return fault;
}

bool bench_result_ok(const json_t *result, char **why)
{
	const char *format = json_string_value(json_object_get(result, "format"));
	json_t *bill, *row;
	size_t i;

	*why = NULL;
	if (!format || strcmp(format, BENCH_FORMAT))
		*why = xstrdup("its format is not " BENCH_FORMAT);
	else if (!json_is_object(json_object_get(result, "host")) || !json_is_array(json_object_get(result, "bills")) ||
		 !json_is_array(json_object_get(result, "summary")) || !json_is_array(json_object_get(result, "notes")))
		*why = xstrdup("host, bills, summary or notes are missing");
	json_array_foreach(json_object_get(result, "bills"), i, bill)
		if (!*why)
			*why = bill_fault(bill);
	json_array_foreach(json_object_get(result, "summary"), i, row)
		if (!*why && (!json_is_string(json_object_get(row, "work")) ||
			      !json_is_string(json_object_get(row, "config")) ||
			      !json_is_integer(json_object_get(row, "vcpus"))))
			*why = xstrdup("a row of the summary without work, config or vcpus");
	return !*why;
}
