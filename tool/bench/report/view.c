// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/names.h"
#include "lib/util.h"
#include "view.h"

/* The guest's histograms divide each power of two into 2^SUB_BUCKET_BITS buckets. */
#define SUB_BUCKET_BITS 4

static bool number_of(const json_t *j, double *value)
{
	*value = json_number_value(j);
	return json_is_number(j) && isfinite(*value) && *value >= 0;
}

static struct spread spread_of(const json_t *j)
{
	struct spread s = { 0 };

	s.known = number_of(json_object_get(j, "median"), &s.median) &&
		  number_of(json_object_get(j, "min"), &s.min) && number_of(json_object_get(j, "max"), &s.max) &&
		  s.min <= s.median && s.median <= s.max;
	return s;
}

struct spread view_value(const struct view_row *row, const char *key)
{
	return spread_of(json_object_get(row->summary, key));
}

json_int_t view_rounds(const struct view_row *row)
{
	json_int_t rounds = json_integer_value(json_object_get(row->summary, "rounds"));

	return rounds > 0 ? rounds : 0;
}

/* Events per round in the histogram; 0 without histogram. */
static double events_per_round(const struct view_row *row)
{
	const json_t *list = json_object_get(json_object_get(row->summary, "latency"), "buckets");
	json_int_t rounds = view_rounds(row);
	double sum = 0, count;
	json_t *bucket;
	size_t i;

	json_array_foreach(list, i, bucket)
		if (number_of(json_array_get(bucket, 1), &count))
			sum += count;
	return sum / (double)(rounds ? rounds : 1);
}

struct spread view_latency(const struct view_row *row, const char *key)
{
	double events = events_per_round(row), needed = !strcmp(key, "p999") ? 1000 : !strcmp(key, "p99") ? 100 : 1;

	if (events > 0 && events < needed)
		return (struct spread){ 0 };
	return spread_of(json_object_get(json_object_get(row->summary, "latency"), key));
}

struct spread view_reason(const struct view_row *row, const char *reason)
{
	const json_t *reasons = json_object_get(row->summary, "reasons"), *value = json_object_get(reasons, reason);

	/* A reason that is not listed did not occur. */
	if (json_object_size(reasons) && !value)
		return (struct spread){ .known = true };
	return spread_of(value);
}

bool view_has_reasons(const struct view_row *row)
{
	return json_object_size(json_object_get(row->summary, "reasons")) > 0;
}

double view_other_reasons(const struct view *v, const struct view_row *row)
{
	const char *name;
	double sum = 0;
	json_t *value;
	size_t i;

	json_object_foreach(json_object_get(row->summary, "reasons"), name, value) {
		for (i = 0; i < v->n_reasons && strcmp(v->reasons[i], name); i++)
			;
		if (i == v->n_reasons)
			sum += spread_of(value).median;
	}
	return sum;
}

bool view_is_reference(const char *config)
{
	return !strcmp(config, "host") || !strncmp(config, "kvm", 3);
}

const struct view_row *view_find(const struct view_group *g, const char *config)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->rows[i].summary && !strcmp(g->rows[i].config, config))
			return &g->rows[i];
	return NULL;
}

const char *view_on_kvm(const char *config)
{
	return strncmp(config, "kvm:", 4) ? config : config + 4;
}

/* NAME of "kvm:NAME" and "kvm-NAME", which are NAME on stock KVM. */
static const char *without_place(const char *config)
{
	return view_is_reference(config) && strlen(config) > 4 ? config + 4 : config;
}

/* The position in the comparison of polling, or -1. "guest-poll" is also the name of a cut. */
static int polling_place(const char *config)
{
	static const char *const names[] = { "host-idle", "host-poll", "guest-poll" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(without_place(config), names[i]))
			return (int)i;
	return -1;
}

static const char *text_of(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

/* guest-poll belongs to the comparison when one of the other two was measured. */
static bool compares_polling(const json_t *summary, const json_t *row)
{
	int place = polling_place(text_of(row, "config")), other;
	json_t *r;
	size_t i;

	if (place != 2)
		return place >= 0;
	json_array_foreach(summary, i, r) {
		other = polling_place(text_of(r, "config"));
		if (!strcmp(text_of(r, "work"), text_of(row, "work")) && other >= 0 && other < 2)
			return true;
	}
	return false;
}

static void group_add(struct view_group *g, const struct view_row *row)
{
	g->rows = xrealloc(g->rows, (g->n + 1) * sizeof(*g->rows));
	g->rows[g->n++] = *row;
}

static struct view_group *group_for(struct view *v, const json_t *row, bool polling)
{
	const char *work = text_of(row, "work");
	json_int_t vcpus = json_integer_value(json_object_get(row, "vcpus"));
	struct view_group *g;

	for (size_t i = 0; i < v->n; i++) {
		g = &v->groups[i];
		if (!strcmp(g->work.name, work) && g->vcpus == vcpus && g->polling == polling)
			return g;
	}
	v->groups = xrealloc(v->groups, (v->n + 1) * sizeof(*v->groups));
	g = &v->groups[v->n++];
	*g = (struct view_group){ .work = bench_work_name(work), .vcpus = vcpus, .polling = polling, .place = v->n };
	for (size_t i = 0; i + 1 < v->n; i++)
		if (!strcmp(v->groups[i].work.name, work))
			g->place = v->groups[i].place;
	return g;
}

static bool is_missing(const struct view_group *g, const char *config)
{
	for (size_t i = 0; i < g->n_missing; i++)
		if (!strcmp(g->missing[i], config))
			return false;
	return !view_find(g, config);
}

static void note_missing(struct view_group *g, const char *config)
{
	if (!is_missing(g, config))
		return;
	g->missing = xrealloc(g->missing, (g->n_missing + 1) * sizeof(*g->missing));
	g->missing[g->n_missing++] = config;
}

/* Finds configurations that were measured with other work only. */
static void find_missing(const struct view *v, struct view_group *g)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct view_group *other = &v->groups[i];

		for (size_t r = 0; other->vcpus == g->vcpus && !other->polling && r < other->n; r++)
			note_missing(g, other->rows[r].config);
	}
}

/* Finds configurations that the comparison of polling lacks for a hypervisor. */
static void find_missing_polling(struct view_group *g)
{
	static const char *const names[2][3] = {
		{ "kvm-host-idle", "kvm-host-poll", "kvm-guest-poll" },
		{ "host-idle", "host-poll", "guest-poll" },
	};
	bool any;

	for (size_t h = 0; h < 2; h++) {
		any = false;
		for (size_t i = 0; i < 3; i++)
			any = any || view_find(g, names[h][i]);
		for (size_t i = 0; any && i < 3; i++)
			note_missing(g, names[h][i]);
	}
}

static void add_missing(struct view_group *g)
{
	for (size_t i = 0; g->n_missing <= VIEW_MISSING && i < g->n_missing; i++)
		group_add(g, &(struct view_row){ g->missing[i], NULL });
}

/* References first; "kvm:NAME" after the other references, in the order of NAME. */
static int by_order(const void *a, const void *b)
{
	const char *x = ((const struct view_row *)a)->config, *y = ((const struct view_row *)b)->config;
	size_t order_x, order_y;

	if (view_is_reference(x) != view_is_reference(y))
		return view_is_reference(x) ? -1 : 1;
	if ((view_on_kvm(x) != x) != (view_on_kvm(y) != y))
		return view_on_kvm(x) != x ? 1 : -1;
	order_x = bench_config_name(view_on_kvm(x)).order;
	order_y = bench_config_name(view_on_kvm(y)).order;
	return order_x < order_y ? -1 : order_x > order_y;
}

static int by_polling(const void *a, const void *b)
{
	const char *x = ((const struct view_row *)a)->config, *y = ((const struct view_row *)b)->config;

	if (view_is_reference(x) != view_is_reference(y))
		return view_is_reference(x) ? -1 : 1;
	return polling_place(x) - polling_place(y);
}

void view_sort(struct view_group *g)
{
	if (g->n)
		qsort(g->rows, g->n, sizeof(*g->rows), g->polling ? by_polling : by_order);
}

bool view_has_siblings(const struct view *v, const struct view_group *g)
{
	for (size_t i = 0; i < v->n; i++)
		if (&v->groups[i] != g && v->groups[i].place == g->place && v->groups[i].polling == g->polling)
			return true;
	return false;
}

/* Comparisons of polling last, then by work, then by number of vCPUs. */
static int by_work(const void *a, const void *b)
{
	const struct view_group *x = a, *y = b;

	if (x->polling != y->polling)
		return x->polling ? 1 : -1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->vcpus < y->vcpus ? -1 : x->vcpus > y->vcpus;
}

/* The reasons with the largest share of the exits of all rows. */
static void choose_reasons(struct view *v, const json_t *summary)
{
	json_t *weights = json_object(), *row, *value;
	const char *name, *best;
	double sum, most, part;
	size_t i;

	json_array_foreach(summary, i, row) {
		sum = 0;
		json_object_foreach(json_object_get(row, "reasons"), name, value)
			sum += spread_of(value).median;
		json_object_foreach(json_object_get(row, "reasons"), name, value) {
			part = sum > 0 ? spread_of(value).median / sum : 0;
			part += json_real_value(json_object_get(weights, name));
			json_object_set_new(weights, name, json_real(part));
		}
	}
	while (v->n_reasons < VIEW_REASONS) {
		best = NULL;
		most = 0;
		json_object_foreach(weights, name, value) {
			if (json_real_value(value) > most) {
				most = json_real_value(value);
				best = name;
			}
		}
		if (!best)
			break;
		v->reasons[v->n_reasons++] = xstrdup(best);
		json_object_del(weights, best);
	}
	json_decref(weights);
}

void view_open(struct view *v, const json_t *result)
{
	const json_t *summary = json_object_get(result, "summary");
	struct view_row r;
	json_t *row;
	size_t i;

	*v = (struct view){ 0 };
	json_array_foreach(summary, i, row) {
		if (!*text_of(row, "work") || !*text_of(row, "config"))
			continue;
		r = (struct view_row){ text_of(row, "config"), row };
		group_add(group_for(v, row, compares_polling(summary, row)), &r);
	}
	for (i = 0; i < v->n; i++) {
		if (v->groups[i].polling)
			find_missing_polling(&v->groups[i]);
		else
			find_missing(v, &v->groups[i]);
	}
	for (i = 0; i < v->n; i++) {
		add_missing(&v->groups[i]);
		view_sort(&v->groups[i]);
	}
	if (v->n)
		qsort(v->groups, v->n, sizeof(*v->groups), by_work);
	choose_reasons(v, summary);
}

void view_close(struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->groups[i].missing);
		free(v->groups[i].rows);
	}
	for (size_t i = 0; i < v->n_reasons; i++)
		free(v->reasons[i]);
	free(v->groups);
	*v = (struct view){ 0 };
}

static int by_low(const void *a, const void *b)
{
	const struct view_bucket *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

/* The upper end of a bucket of the guest's histograms. */
static double bucket_end(double low)
{
	return low < (1 << SUB_BUCKET_BITS) ? low + 1 : low + exp2(floor(log2(low)) - SUB_BUCKET_BITS);
}

struct view_bucket *view_histogram(const struct view_row *row, size_t *n, double *count)
{
	const json_t *list = json_object_get(json_object_get(row->summary, "latency"), "buckets");
	struct view_bucket *out = xcalloc(json_array_size(list) + 1, sizeof(*out));
	json_t *bucket;
	double low, c;
	size_t i;

	*n = 0;
	*count = 0;
	json_array_foreach(list, i, bucket) {
		if (!number_of(json_array_get(bucket, 0), &low) || !number_of(json_array_get(bucket, 1), &c) || !(c > 0))
			continue;
		out[(*n)++] = (struct view_bucket){ low, bucket_end(low), c };
		*count += c;
	}
	qsort(out, *n, sizeof(*out), by_low);
	for (i = 0; i < *n; i++)
		out[i].share /= *count;
	return out;
}
