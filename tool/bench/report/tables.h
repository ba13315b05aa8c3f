/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of a benchmark's report, in HTML. */
#ifndef TAXCUT_BENCH_REPORT_TABLES_H
#define TAXCUT_BENCH_REPORT_TABLES_H

#include <stdio.h>

#include "view.h"

/* Two values and what to make of them. */
enum verdict {
	VERDICT_UNKNOWN, /* one of them was not measured */
	VERDICT_SAME, /* they lie within each other's spread, or nothing is known of that */
	VERDICT_LESS,
	VERDICT_MORE,
};

/* @ratio: value over base; below 0: it has none, for the base is 0. */
struct comparison {
	enum verdict verdict;
	double ratio;
};

/* Fewer rounds than this tell no difference from chance. */
#define ROUNDS_MIN 3

/* A difference counts when both values come from ROUNDS_MIN rounds or more, and no round of one lies among those of the other. */
struct comparison compare_values(const struct spread *value, json_int_t rounds, const struct spread *base,
				 json_int_t base_rounds);

/* What a configuration is, as text. */
void table_config_about(FILE *out, const char *config);

/* Stock KVM, and how the main configurations compare with it: exits, and latencies. */
void table_against_kvm(FILE *out, const struct view *v);
/* Each cut, compared with all of them off. */
void table_of_cuts(FILE *out, const struct view *v);
/* All numbers of a group. */
void table_of_group(FILE *out, const struct view_group *g);

#endif
