// SPDX-License-Identifier: GPL-2.0-only
/* The order of the rows of taxcut top. */
#include <string.h>

#include "top_sort.h"
#include "top_view.h"

double top_figure(const struct top_figures *f, enum top_key key)
{
	switch (key) {
	case TOP_BY_OUTSIDE:
		return f->outside;
	case TOP_BY_HALTED:
		return f->halted;
	case TOP_BY_POLL:
		return f->poll_success;
	case TOP_BY_ADVANCE:
		return f->advance;
	case TOP_BY_CPU:
		return f->cpu;
	default:
		return f->exits;
	}
}

/* The argument of the qsort_r() functions. */
struct order {
	enum top_key key;
	bool reverse;
};

static int compare_figures(const struct order *o, const struct top_figures *a, const struct top_figures *b, int by_name)
{
	double x = top_figure(a, o->key), y = top_figure(b, o->key);
	int less = o->key == TOP_BY_NAME || x == y ? by_name : x < y ? 1 : -1;

	return o->reverse ? -less : less;
}

static int compare_vms(const void *a, const void *b, void *order)
{
	const struct top_vm *x = a, *y = b;

	return compare_figures(order, &x->f, &y->f, strcmp(x->name, y->name));
}

static int compare_vcpus(const void *a, const void *b, void *order)
{
	const struct top_vcpu *x = a, *y = b;

	return compare_figures(order, &x->f, &y->f, (x->index > y->index) - (x->index < y->index));
}

void top_sort(struct top_view *v, enum top_key key, bool reverse)
{
	struct order order = { key, reverse };

	qsort_r(v->vms, v->n, sizeof(*v->vms), compare_vms, &order);
	for (size_t i = 0; i < v->n; i++)
		if (v->vms[i].n)
			qsort_r(v->vms[i].vcpus, v->vms[i].n, sizeof(*v->vms[i].vcpus), compare_vcpus, &order);
}
