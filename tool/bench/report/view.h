/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A result of `taxcut bench` made ready to be shown: sorted, grouped, and with what is missing told from what is 0.
 * Nothing in it is trusted: what is not as it should be counts as not measured.
 */
#ifndef TAXCUT_BENCH_REPORT_VIEW_H
#define TAXCUT_BENCH_REPORT_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "bench/model/names.h"

/* Exit reasons with a colour of their own; the others share one. */
#define VIEW_REASONS 7
/* More missing configurations than this are named beside the group instead of having rows. */
#define VIEW_MISSING 3

/* The median of several rounds, and how far they lie apart. */
struct spread {
	double median, min, max;
	bool known;
};

/*
 * struct view_row - one configuration of a group; its strings belong to the result
 * @summary: what was measured, or NULL: nothing was, though the others of the group were
 */
struct view_row {
	const char *config;
	const json_t *summary;
};

/*
 * struct view_group - the configurations that one work was measured in, with one number of vCPUs
 * @place: its work's among all, as they come
 * @missing: configurations that were measured with other work and as many vCPUs (or, in a comparison of polling,
 *	that belong to it), but not here; where they are VIEW_MISSING at most, they have rows, too
 * @polling: they compare who polls before a vCPU halts; the others compare cuts
 */
struct view_group {
	struct bench_work_name work;
	json_int_t vcpus;
	size_t place;
	bool polling;
	struct view_row *rows;
	size_t n;
	const char **missing;
	size_t n_missing;
};

/* @reasons: the most common ones of the whole result, that first of which there is most. */
struct view {
	struct view_group *groups;
	size_t n;
	char *reasons[VIEW_REASONS];
	size_t n_reasons;
};

/*
 * struct view_bucket - part of a latency histogram
 * @low, @high: ns, from and below
 * @share: of all events
 */
struct view_bucket {
	double low, high, share;
};

void view_open(struct view *v, const json_t *result);
void view_close(struct view *v);

/* In the order that configurations have everywhere. */
void view_sort(struct view_group *g);
/* The group's row of that configuration, if it was measured; or NULL. */
const struct view_row *view_find(const struct view_group *g, const char *config);
/* Was the work measured with several numbers of vCPUs? */
bool view_has_siblings(const struct view *v, const struct view_group *g);
/* A configuration that is not taxcut's. */
bool view_is_reference(const char *config);
/* NAME of "kvm:NAME", which is that configuration on stock KVM; else @config itself. */
const char *view_on_kvm(const char *config);
/* How many rounds are behind the row; 0: not told. */
json_int_t view_rounds(const struct view_row *row);

/* A member of the row's summary: "exits", "host_cpu_ns", ...; never known in a row that was not measured. */
struct spread view_value(const struct view_row *row, const char *key);
/*
 * "mean", "p50", "p99", "p999" or "max" of the latency, ns. A percentile is not known either where a round had so few
 * events that it is the longest of them: "p99" takes 100, "p999" 1000.
 */
struct spread view_latency(const struct view_row *row, const char *key);
/* Exits of one reason; 0 when others were counted and not this one. */
struct spread view_reason(const struct view_row *row, const char *reason);
/* The sum of the medians of all reasons that have no colour of their own. */
double view_other_reasons(const struct view *v, const struct view_row *row);
/* Were exits told apart by reason? */
bool view_has_reasons(const struct view_row *row);

/* The latency histogram in order; the caller frees it. *@n is 0 when there is none. *@count: events in it. */
struct view_bucket *view_histogram(const struct view_row *row, size_t *n, double *count);

#endif
