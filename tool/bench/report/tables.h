/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of the HTML report. */
#ifndef TAXCUT_BENCH_REPORT_TABLES_H
#define TAXCUT_BENCH_REPORT_TABLES_H

#include <stdio.h>

#include "view.h"

/* The comparison of two values. */
enum verdict {
	VERDICT_UNKNOWN, /* one of the values is missing */
	VERDICT_SAME, /* their ranges overlap, or there are too few rounds */
	VERDICT_LESS,
	VERDICT_MORE,
};

/* @ratio: value over base; negative when the base is 0. */
struct comparison {
	enum verdict verdict;
	double ratio;
};

/* Least number of rounds that distinguish a difference from chance. */
#define ROUNDS_MIN 3

/* VERDICT_LESS and VERDICT_MORE need ROUNDS_MIN rounds of both values, and ranges that do not overlap. */
struct comparison compare_values(const struct spread *value, json_int_t rounds, const struct spread *base,
				 json_int_t base_rounds);

/* The description of a configuration. */
void table_config_about(FILE *out, const char *config);

/* Exits and latencies of stock KVM, and of the main configurations relative to it. */
void table_against_kvm(FILE *out, const struct view *v);
/* Each cut, relative to the configuration with all cuts off. */
void table_of_cuts(FILE *out, const struct view *v);
/* All values of a group. */
void table_of_group(FILE *out, const struct view_group *g);

#endif
