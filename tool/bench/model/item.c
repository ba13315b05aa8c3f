// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "histogram.h"
#include "item.h"
#include "lib/util.h"

/* Parses a decimal number up to 2^63 - 1. */
static bool parse_count(const char *s, json_int_t *val)
{
	uint64_t n;

	if (!parse_u64(s, &n) || n > INT64_MAX)
		return false;
	*val = (json_int_t)n;
	return true;
}

static json_int_t int_member(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

/* Converts "LOW:COUNT,..." to [[LOW, COUNT], ...]; NULL for other text. */
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
	/* The name of a latency in the item, and the keys of the programs in ns and in us. */
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

	json_object_set_new(item, "events", json_integer(int_member(report, "events")));
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (json_object_get(report, keys[i].ns))
			json_object_set(latency, keys[i].name, json_object_get(report, keys[i].ns));
		else if (json_object_get(report, keys[i].us))
			json_object_set_new(latency, keys[i].name, json_integer(int_member(report, keys[i].us) * 1000));
	}
	if (!json_object_size(latency)) {
		json_object_del(item, "latency");
		return;
	}
	json_array_foreach(json_object_get(latency, "buckets"), i, bucket)
		count += json_integer_value(json_array_get(bucket, 1));
	json_object_set_new(latency, "unit", json_string("ns"));
	json_object_set_new(latency, "count", json_integer(count ? count : int_member(report, "events")));
}
