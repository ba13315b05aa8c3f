/* SPDX-License-Identifier: GPL-2.0-only */
/* A plan: which configurations run which work. */
#ifndef TAXCUT_BENCH_MODEL_PLAN_H
#define TAXCUT_BENCH_MODEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog.h"
#include "lib/util.h"

#define BENCH_CONFIGS_MAX 64
#define BENCH_WORKS_MAX 32
#define BENCH_COUNT_MAX 100000000u /* the limit of the guest programs */
#define BENCH_SECONDS_MAX 86400u
#define BENCH_ROUNDS_MAX 1000u

/* struct bench_plan - configurations and work to measure; free it with bench_plan_free() */
struct bench_plan {
	struct bench_config config[BENCH_CONFIGS_MAX];
	size_t configs;
	struct {
		const struct bench_work *work;
		unsigned int count;
	} item[BENCH_WORKS_MAX];
	size_t items;
	struct strv names; /* of "kvm:" configurations */
};

/* Add the entries of a list to the plan. False with *why set (the caller frees it) when the list is wrong. */
bool bench_plan_configs(struct bench_plan *plan, const char *list, char **why);
bool bench_plan_work(struct bench_plan *plan, const char *list, char **why);
/* Reduces the work to a tenth, at least one event each. */
void bench_plan_quick(struct bench_plan *plan);
/* Does any configuration run at @place? */
bool bench_plan_needs(const struct bench_plan *plan, enum bench_place place);
/* Does any item have one of the requirements @needs (bits of BENCH_NEEDS_*)? */
bool bench_plan_uses(const struct bench_plan *plan, unsigned int needs);
/* The largest number of vCPUs that an item needs. */
unsigned int bench_plan_vcpus(const struct bench_plan *plan);
/* The duration of the longest timed item in seconds; 0 without timed items. */
unsigned int bench_plan_seconds(const struct bench_plan *plan);
/* "NAME:COUNT,..." for the guest's workload scenario; the caller frees it. */
char *bench_plan_items(const struct bench_plan *plan);
void bench_plan_free(struct bench_plan *plan);

#endif
