/* SPDX-License-Identifier: GPL-2.0-only */
/* What `taxcut bench` calls its works and configurations, in tables and in the report. */
#ifndef TAXCUT_BENCH_MODEL_NAMES_H
#define TAXCUT_BENCH_MODEL_NAMES_H

#include <stddef.h>

/*
 * struct bench_work_name - a work item, in words
 * @name: as results have it
 * @title: a heading
 * @event: what counts are per, singular
 * @latency: what its latency measures, or NULL where there is none
 */
struct bench_work_name {
	const char *name;
	const char *title;
	const char *event;
	const char *latency;
};

/*
 * struct bench_config_name - a configuration, in words
 * @name: as results have it
 * @about: what runs, and what is switched on there
 * @order: its place among the others; those that are not known come last
 */
struct bench_config_name {
	const char *name;
	const char *about;
	size_t order;
};

/* Both know every name: one that is not in the tables stands for itself, and points at @name. */
struct bench_work_name bench_work_name(const char *name);
struct bench_config_name bench_config_name(const char *name);

#endif
