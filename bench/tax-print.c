// SPDX-License-Identifier: GPL-2.0-only
/* Bills side by side, per event. */
#include <stdio.h>
#include <string.h>

#include "table.h"
#include "tax.h"
#include "util.h"

/* Reasons that come less often than this per event are not worth a row. */
#define SELDOM 0.05

const struct tax_work tax_works[] = {
	{ "idle", "idle, per second", NULL, NULL },
	{ "busy", "busy loop, per second", NULL, NULL },
	{ "cyclic", "1 kHz cyclic timer, per period", "p50_us", "latency, median (us)" },
	{ "cyclic", NULL, "p99_us", "latency, 99th percentile (us)" },
	{ "pingpong", "ping-pong between two vCPUs, per round trip", "avg_us", "latency, mean (us)" },
	{ "tlbflush", "TLB shootdown (2 mprotect), per operation", "avg_us", "latency, mean (us)" },
	{ "ipi", "broadcast IPI, per operation", "avg_us", "latency, mean (us)" },
	{ "multicast", "IPI to all but two CPUs, per operation", "avg_us", "latency, mean (us)" },
};

const size_t tax_works_n = ARRAY_LEN(tax_works);

static const char *text_of(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

const char *tax_device_title(const json_t *bill)
{
	const char *device = text_of(bill, "device"), *base = strrchr(device, '/');

	if (!strcmp(device, "/dev/kvm"))
		return "stock KVM";
	return base ? base + 1 : device;
}

const json_t *tax_find_item(const json_t *bill, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(bill, "items"), i, item)
		if (!strcmp(text_of(item, "name"), name))
			return item;
	return NULL;
}

double tax_per_event(const json_t *item, const json_t *counts, const char *key)
{
	double events = (double)json_integer_value(json_object_get(item, "events"));

	return events > 0 ? (double)json_integer_value(json_object_get(counts, key)) / events : 0;
}

/* One row: a value per bill and, with two of them, the last over the first. */
static void row(struct table *t, const char *indent, const char *title, const double *value, size_t n,
		int digits)
{
	table_cell(t, "%s%s", indent, title);
	for (size_t i = 0; i < n; i++)
		table_cell(t, "%.*f", digits, value[i]);
	if (n == 2 && value[0] > 0)
		table_cell(t, "%.2f", value[1] / value[0]);
	else if (n == 2)
		table_cell(t, value[1] > 0 ? "-" : "1.00");
}

struct line {
	const char *name;
	double value[8];
	double weight;
};

static int by_weight(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->weight < y->weight ? 1 : x->weight > y->weight ? -1 : strcmp(x->name, y->name);
}

/* The reasons of all bills, the weightiest first. */
static void print_reasons(struct table *t, const json_t *const items[], size_t n)
{
	json_t *all = json_object();
	struct line *lines, *line;
	const char *name;
	json_t *value;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		json_object_update(all, json_object_get(items[i], "reasons"));
	lines = xcalloc(json_object_size(all) + 1, sizeof(*lines));
	json_object_foreach(all, name, value) {
		line = &lines[count++];
		line->name = name;
		for (size_t i = 0; i < n; i++) {
			line->value[i] = tax_per_event(items[i], json_object_get(items[i], "reasons"), name);
			if (line->value[i] > line->weight)
				line->weight = line->value[i];
		}
	}
	qsort(lines, count, sizeof(*lines), by_weight);
	for (size_t i = 0; i < count && lines[i].weight >= SELDOM; i++)
		row(t, "    ", lines[i].name, lines[i].value, n, 2);
	free(lines);
	json_decref(all);
}

static void print_latency(struct table *t, const struct tax_work *w, const json_t *const items[], size_t n)
{
	double value[8] = { 0 };

	for (size_t i = 0; i < n; i++)
		value[i] = (double)json_integer_value(json_object_get(json_object_get(items[i], "report"),
								      w->latency));
	row(t, "  ", w->latency_title, value, n, 0);
}

static void print_work(struct table *t, const struct tax_work *w, json_t *const bills[], size_t n)
{
	const json_t *items[8];
	double value[8] = { 0 };

	for (size_t i = 0; i < n; i++) {
		items[i] = tax_find_item(bills[i], w->name);
		if (!items[i])
			return;
		value[i] = tax_per_event(items[i], items[i], "exits");
	}
	if (w->title) {
		table_cell(t, "%s", w->title);
		for (size_t i = 0; i < t->columns - 1; i++)
			table_cell(t, "%s", "");
		row(t, "  ", "exits", value, n, 2);
		print_reasons(t, items, n);
	}
	if (w->latency)
		print_latency(t, w, items, n);
}

void tax_print(json_t *const bills[], size_t n)
{
	struct table t = { .columns = n + 1 + (n == 2), .left = 1 };

	table_cell(&t, "%s", "");
	for (size_t i = 0; i < n; i++)
		table_cell(&t, "%s", tax_device_title(bills[i]));
	if (n == 2)
		table_cell(&t, "%s", "ratio");
	for (size_t i = 0; i < ARRAY_LEN(tax_works); i++)
		print_work(&t, &tax_works[i], bills, n);
	table_print(&t);
}

void tax_print_json(json_t *const bills[], size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append(out, bills[i]);
	json_print(json_pack("{s:o}", "bills", out));
}
