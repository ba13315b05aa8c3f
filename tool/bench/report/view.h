/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A view of a result: rows sorted and grouped by work. A missing value is distinct from 0. The result is not
 * trusted: a malformed member counts as missing.
 */
#ifndef TAXCUT_BENCH_REPORT_VIEW_H
#define TAXCUT_BENCH_REPORT_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "bench/model/names.h"

/* Number of exit reasons with their own colour; the other reasons share one. */
#define VIEW_REASONS 7
/* A group with more missing configurations than this lists them instead of adding rows. */
#define VIEW_MISSING 3

/* Median and range of several rounds. */
struct spread {
	double median, min, max;
	bool known;
};

/*
 * struct view_row - one configuration of a group; its strings belong to the result
 * @summary: the row of the result's summary, or NULL for a missing configuration
 */
struct view_row {
	const char *config;
	const json_t *summary;
};

/*
 * struct view_group - the configurations of one work with one number of vCPUs
 * @place: position of the work in the result
 * @missing: configurations that were measured with other work and as many vCPUs, or that belong to the comparison
 *	of polling, but not with this work; up to VIEW_MISSING of them have rows
 * @polling: the group compares polling before a vCPU sleeps; the others compare cuts
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

/* @reasons: the most frequent reasons of the result, in order */
struct view {
	struct view_group *groups;
	size_t n;
	char *reasons[VIEW_REASONS];
	size_t n_reasons;
};

/*
 * struct view_bucket - part of a latency histogram
 * @low, @high: from @low to below @high, in ns
 * @share: share of all events
 */
struct view_bucket {
	double low, high, share;
};

void view_open(struct view *v, const json_t *result);
void view_close(struct view *v);

/* Sorts the rows in the common order of configurations. */
void view_sort(struct view_group *g);
/* The group's row of a measured configuration, or NULL. */
const struct view_row *view_find(const struct view_group *g, const char *config);
/* Was the work measured with several numbers of vCPUs? */
bool view_has_siblings(const struct view *v, const struct view_group *g);
/* Is the configuration one of the host or of stock KVM? */
bool view_is_reference(const char *config);
/* NAME of "kvm:NAME"; else @config itself. */
const char *view_on_kvm(const char *config);
/* The number of rounds of the row; 0: unknown. */
json_int_t view_rounds(const struct view_row *row);

/* A member of the row's summary: "exits", "host_cpu_ns", ... */
struct spread view_value(const struct view_row *row, const char *key);
/*
 * "mean", "p50", "p99", "p999" or "max" of the latency in ns. "p99" is unknown with fewer than 100 events per
 * round, "p999" with fewer than 1000: it would be the maximum.
 */
struct spread view_latency(const struct view_row *row, const char *key);
/* Exits of one reason; 0 when the row has reasons, but not this one. */
struct spread view_reason(const struct view_row *row, const char *reason);
/* The sum of the medians of all reasons without their own colour. */
double view_other_reasons(const struct view *v, const struct view_row *row);
/* Does the row have exits by reason? */
bool view_has_reasons(const struct view_row *row);

/* The sorted latency histogram; the caller frees it. *@n: number of buckets, *@count: number of events. */
struct view_bucket *view_histogram(const struct view_row *row, size_t *n, double *count);

#endif
