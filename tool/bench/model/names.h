/* SPDX-License-Identifier: GPL-2.0-only */
/* The descriptions of work and configurations in tables and in the report. */
#ifndef TAXCUT_BENCH_MODEL_NAMES_H
#define TAXCUT_BENCH_MODEL_NAMES_H

#include <stddef.h>

/*
 * struct bench_work_name - the description of a kind of work
 * @name: its name in results
 * @title: a heading
 * @event: the unit of counts ("per @event"), singular
 * @latency: what its latency measures, or NULL without latency
 */
struct bench_work_name {
	const char *name;
	const char *title;
	const char *event;
	const char *latency;
};

/*
 * struct bench_config_name - the description of a configuration
 * @name: its name in results
 * @about: what runs and which cuts are on
 * @order: its position among the configurations; unknown ones come last
 */
struct bench_config_name {
	const char *name;
	const char *about;
	size_t order;
};

/* An unknown name is its own description, and the result points to @name. */
struct bench_work_name bench_work_name(const char *name);
struct bench_config_name bench_config_name(const char *name);

#endif
