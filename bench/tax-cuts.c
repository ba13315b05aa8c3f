// SPDX-License-Identifier: GPL-2.0-only
/* Many bills, one table per work item: what each cut changes in exits per event, by reason. */
#include <stdio.h>
#include <string.h>

#include "table.h"
#include "tax.h"
#include "util.h"

/* A reason that in no row comes more often than this per event gets no column. */
#define SELDOM 0.05
#define COLUMNS_MAX 8

/*
 * struct columns - the reasons that have a column, the weightiest first
 * @weight: exits per event in the row that has most
 */
struct columns {
	const char *name[COLUMNS_MAX];
	double weight[COLUMNS_MAX];
	size_t n;
};

/* Keeps the list in order; the lightest falls off its end. */
static void column_insert(struct columns *c, const char *name, double weight)
{
	size_t at = c->n;

	while (at > 0 && c->weight[at - 1] < weight)
		at--;
	if (at == COLUMNS_MAX)
		return;
	if (c->n < COLUMNS_MAX)
		c->n++;
	for (size_t i = c->n - 1; i > at; i--) {
		c->name[i] = c->name[i - 1];
		c->weight[i] = c->weight[i - 1];
	}
	c->name[at] = name;
	c->weight[at] = weight;
}

static double weight_of(const char *name, const json_t *const items[], size_t n)
{
	double weight = 0, v;

	for (size_t i = 0; i < n; i++) {
		v = items[i] ? tax_per_event(items[i], json_object_get(items[i], "reasons"), name) : 0;
		weight = v > weight ? v : weight;
	}
	return weight;
}

/* @all holds the names for as long as the columns are used. */
static struct columns choose_columns(json_t *all, const json_t *const items[], size_t n)
{
	struct columns c = { .n = 0 };
	const char *name;
	json_t *value;
	double weight;

	for (size_t i = 0; i < n; i++)
		if (items[i])
			json_object_update(all, json_object_get(items[i], "reasons"));
	json_object_foreach(all, name, value) {
		weight = weight_of(name, items, n);
		if (weight >= SELDOM)
			column_insert(&c, name, weight);
	}
	return c;
}

static void print_row(struct table *t, const struct tax_work *w, const struct columns *c, const json_t *bill,
		      const json_t *item)
{
	const char *config = json_string_value(json_object_get(bill, "config"));

	table_cell(t, "%s", tax_device_title(bill));
	table_cell(t, "%s", config ? config : "");
	table_cell(t, "%.2f", tax_per_event(item, item, "exits"));
	for (size_t i = 0; i < c->n; i++)
		table_cell(t, "%.2f", tax_per_event(item, json_object_get(item, "reasons"), c->name[i]));
	if (w->latency)
		table_cell(t, "%lld", (long long)json_integer_value(
				   json_object_get(json_object_get(item, "report"), w->latency)));
}

static void print_work(const struct tax_work *w, json_t *const bills[], size_t n)
{
	const json_t **items = xcalloc(n, sizeof(*items));
	json_t *all = json_object();
	struct table t = { .left = 2 };
	struct columns c;
	size_t rows = 0;

	for (size_t i = 0; i < n; i++) {
		items[i] = tax_find_item(bills[i], w->name);
		rows += items[i] != NULL;
	}
	c = choose_columns(all, items, n);
	t.columns = 3 + c.n + (w->latency != NULL);
	table_cell(&t, "%s", "hypervisor");
	table_cell(&t, "%s", "on");
	table_cell(&t, "%s", "exits");
	for (size_t i = 0; i < c.n; i++)
		table_cell(&t, "%s", c.name[i]);
	if (w->latency)
		table_cell(&t, "%s", "us");
	for (size_t i = 0; i < n; i++)
		if (items[i])
			print_row(&t, w, &c, bills[i], items[i]);
	if (rows) {
		printf("%s%s%s\n", w->title, w->latency ? "; us: " : "", w->latency ? w->latency_title : "");
		table_print(&t);
		putchar('\n');
	}
	strv_free(&t.cells);
	json_decref(all);
	free(items);
}

void tax_print_cuts(json_t *const bills[], size_t n)
{
	for (size_t i = 0; i < tax_works_n; i++)
		if (tax_works[i].title)
			print_work(&tax_works[i], bills, n);
}
