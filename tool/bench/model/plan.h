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
#define BENCH_COUNT_MAX 100000000u /* as the guest's programs have it */
#define BENCH_SECONDS_MAX 86400u
#define BENCH_ROUNDS_MAX 1000u

/* struct bench_plan - what is to be measured; bench_plan_free() when done */
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

/* Both add to the plan; false with *why (owned) set when the list is wrong. */
bool bench_plan_configs(struct bench_plan *plan, const char *list, char **why);
bool bench_plan_work(struct bench_plan *plan, const char *list, char **why);
/* A tenth of the work, but some. */
void bench_plan_quick(struct bench_plan *plan);
bool bench_plan_needs(const struct bench_plan *plan, enum bench_place place);
/* Does any item need one of these, bits of BENCH_NEEDS_*? */
bool bench_plan_uses(const struct bench_plan *plan, unsigned int needs);
/* The most vCPUs that an item of the plan needs. */
unsigned int bench_plan_vcpus(const struct bench_plan *plan);
/* The longest that an item is told to take, in seconds; 0 when none is told. */
unsigned int bench_plan_seconds(const struct bench_plan *plan);
/* "NAME:COUNT,..." as the guest's workload scenario takes it; the caller frees it. */
char *bench_plan_items(const struct bench_plan *plan);
void bench_plan_free(struct bench_plan *plan);

#endif
