/* SPDX-License-Identifier: GPL-2.0-only */
/* The order of the rows of `taxcut top`. */
#ifndef TAXCUT_WATCH_TOP_SORT_H
#define TAXCUT_WATCH_TOP_SORT_H

#include "top_view.h"

/* The sort keys, which are also the columns of the screen. */
enum top_key {
	TOP_BY_NAME,
	TOP_BY_EXITS,
	TOP_BY_OUTSIDE,
	TOP_BY_HALTED,
	TOP_BY_POLL,
	TOP_BY_ADVANCE,
	TOP_BY_CPU,
	TOP_KEYS,
};

/* Sorts the instances, and the vCPUs of each: largest figure first, but names and vCPU numbers ascending. */
void top_sort(struct top_view *v, enum top_key key, bool reverse);
/* The figure of a sort key other than TOP_BY_NAME. */
double top_figure(const struct top_figures *f, enum top_key key);

#endif
