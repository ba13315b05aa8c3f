// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench_view.h"
#include "util.h"

/* Sub-buckets of a power of two in the guest's histograms, as a power of two itself. */
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

struct spread view_latency(const struct view_row *row, const char *key)
{
	return spread_of(json_object_get(json_object_get(row->summary, "latency"), key));
}

struct spread view_reason(const struct view_row *row, const char *reason)
{
	const json_t *reasons = json_object_get(row->summary, "reasons"), *value = json_object_get(reasons, reason);

	/* What is not named did not occur. */
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

json_int_t view_rounds(const struct view_row *row)
{
	json_int_t rounds = json_integer_value(json_object_get(row->summary, "rounds"));

	return rounds > 0 ? rounds : 0;
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

/* "kvm:NAME" is NAME on stock KVM. */
static const char *without_place(const char *config)
{
	return strncmp(config, "kvm:", 4) ? config : config + 4;
}

static const char *text_of(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

/* "guest-poll" is also the name of a cut: it belongs to the comparison where one of the other two was measured. */
static bool compares_polling(const json_t *summary, const json_t *row)
{
	const char *config = without_place(text_of(row, "config")), *other;
	json_t *r;
	size_t i;

	if (!strcmp(config, "host-idle") || !strcmp(config, "host-poll"))
		return true;
	if (strcmp(config, "guest-poll"))
		return false;
	json_array_foreach(summary, i, r) {
		other = without_place(text_of(r, "config"));
		if (!strcmp(text_of(r, "work"), text_of(row, "work")) &&
		    (!strcmp(other, "host-idle") || !strcmp(other, "host-poll")))
			return true;
	}
	return false;
}

/* Where a configuration stands: as the result lists them, or as they come. */
static size_t order_of(json_t *order, const char *config)
{
	json_t *place = json_object_get(order, config);

	if (place)
		return (size_t)json_integer_value(place);
	json_object_set_new(order, config, json_integer((json_int_t)json_object_size(order)));
	return json_object_size(order) - 1;
}

static void group_add(struct view_group *g, const struct view_row *row)
{
	g->rows = xrealloc(g->rows, (g->n + 1) * sizeof(*g->rows));
	g->rows[g->n++] = *row;
}

static struct view_group *group_for(struct view *v, const json_t *row, bool polling)
{
	static const char per[] = ", per ";
	const char *work = text_of(row, "work"), *title = text_of(row, "title"), *event = NULL, *p;
	json_int_t vcpus = json_integer_value(json_object_get(row, "vcpus"));
	struct view_group *g;

	for (size_t i = 0; i < v->n; i++) {
		g = &v->groups[i];
		if (!strcmp(g->work, work) && g->vcpus == vcpus && g->polling == polling)
			return g;
	}
	title = *title ? title : work;
	for (p = title; (p = strstr(p, per)); p += strlen(per))
		event = p;
	v->groups = xrealloc(v->groups, (v->n + 1) * sizeof(*v->groups));
	g = &v->groups[v->n++];
	*g = (struct view_group){ .work = work, .vcpus = vcpus, .polling = polling, .place = v->n };
	for (size_t i = 0; i + 1 < v->n; i++)
		if (!strcmp(v->groups[i].work, work))
			g->place = v->groups[i].place;
	g->title = event ? xasprintf("%.*s", (int)(event - title), title) : xstrdup(title);
	g->event = xstrdup(event ? event + strlen(per) : "event");
	return g;
}

static bool has_config(const struct view_group *g, const char *config)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->rows[i].config, config))
			return true;
	return false;
}

/* What was measured with other work, and as many vCPUs, is missing here. */
static void add_missing(struct view *v, struct view_group *g)
{
	struct view_row missing;

	for (size_t i = 0; i < v->n && !g->polling; i++) {
		const struct view_group *other = &v->groups[i];

		for (size_t r = 0; other != g && other->vcpus == g->vcpus && !other->polling && r < other->n; r++) {
			missing = other->rows[r];
			missing.summary = NULL;
			if (!has_config(g, missing.config))
				group_add(g, &missing);
		}
	}
}

static int by_order(const void *a, const void *b)
{
	const struct view_row *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

/* What compares polling last, a work's groups together, few vCPUs before many. */
static int by_work(const void *a, const void *b)
{
	const struct view_group *x = a, *y = b;

	if (x->polling != y->polling)
		return x->polling ? 1 : -1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->vcpus < y->vcpus ? -1 : x->vcpus > y->vcpus;
}

/* The reasons that have the largest part in the exits of all rows. */
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
	const json_t *summary = json_object_get(result, "summary"), *configs = json_object_get(result, "configs");
	json_t *order = json_object(), *row, *unused;
	struct view_row r;
	const char *name;
	size_t i;

	*v = (struct view){ 0 };
	json_object_foreach((json_t *)configs, name, unused)
		order_of(order, name);
	json_array_foreach(summary, i, row) {
		if (!*text_of(row, "work") || !*text_of(row, "config"))
			continue;
		r = (struct view_row){ text_of(row, "config"), text_of(configs, text_of(row, "config")),
				       order_of(order, text_of(row, "config")), row };
		group_add(group_for(v, row, compares_polling(summary, row)), &r);
	}
	for (i = 0; i < v->n; i++)
		add_missing(v, &v->groups[i]);
	for (i = 0; i < v->n; i++)
		qsort(v->groups[i].rows, v->groups[i].n, sizeof(r), by_order);
	if (v->n)
		qsort(v->groups, v->n, sizeof(*v->groups), by_work);
	choose_reasons(v, summary);
	json_decref(order);
}

void view_close(struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->groups[i].title);
		free(v->groups[i].event);
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

/* A bucket is as wide as the guest's programs make it. */
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
