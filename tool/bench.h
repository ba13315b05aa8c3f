/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * taxcut bench: the same work under many configurations, and what it costs there.
 *
 * A bill is what one configuration paid for a list of work items: a guest booted for it (or, for
 * "host", the programs run straight on the host), and counters read around each item. A round is
 * one bill of every configuration; rounds follow each other, so that what changes slowly on the
 * machine touches all configurations alike. The summary holds the median over the rounds.
 *
 * Everything that is measured lives in one JSON document, the result (format "taxcut-bench-1"),
 * which is written anew after each bill. The man page describes it.
 */
#ifndef TAXCUT_BENCH_H
#define TAXCUT_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "cpulist.h"
#include "cuts.h"
#include "util.h"

#define BENCH_FORMAT "taxcut-bench-1"

/* Where a configuration runs. */
enum bench_place {
	BENCH_HOST,
	BENCH_KVM,
	BENCH_TAXCUT,
};

/*
 * struct bench_config - one configuration; bench_names.h has it in words
 * @name: owned by the table, or by the plan for "kvm:NAME"
 * @defaults: cuts that are not in @on stay as the hypervisor has them; else they are switched off.
 *	The hint is never left alone: it is on or off.
 * @on: bits of enum cut_id
 * @point: the cut that the configuration is about, without which it is left out; or CUT_COUNT
 * @append: more for the guest's kernel command line, or NULL
 * @iommu: a q35 with interrupt remapping, with which Linux sends IPIs by x2APIC cluster
 */
struct bench_config {
	const char *name;
	enum bench_place place;
	bool defaults;
	unsigned int on;
	enum cut_id point;
	const char *append;
	bool iommu;
};

/* What work needs beyond its program. */
enum {
	BENCH_NEEDS_TOOLS = 1, /* well-known tools, in an initrd of their own */
	BENCH_NEEDS_MODULE = 2, /* taxcut_work.ko, which guests have */
	BENCH_NEEDS_NET = 4, /* a network card, and a netserver on the host */
};

/*
 * struct bench_work - one kind of work; bench_names.h has it in words
 * @name: the program in the guest
 * @count: how much of it, unless the user says
 * @vcpus: how many it needs
 * @timed: an event is a second, so that events per second mean nothing
 * @needs: bits of BENCH_NEEDS_*
 */
struct bench_work {
	const char *name;
	unsigned int count;
	unsigned int vcpus;
	bool timed;
	unsigned int needs;
};

/* A named selection: configurations and work as lists, and the rest that goes with them. */
struct bench_set {
	const char *name;
	const char *summary;
	const char *configs;
	const char *work;
	unsigned int vcpus;
	unsigned int rounds;
};

extern const struct bench_config bench_configs[];
extern const size_t bench_configs_n;
extern const struct bench_work bench_works[];
extern const size_t bench_works_n;
extern const struct bench_set bench_sets[];
extern const size_t bench_sets_n;

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

/* The set of that name, or NULL. */
const struct bench_set *bench_find_set(const char *name);
const struct bench_work *bench_find_work(const char *name);
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

/*
 * Adds the --cut arguments of a configuration, "NAME=on" or "NAME=off". @available has a bit for each
 * cut that this hypervisor can switch; others are not mentioned. False when it lacks the point of
 * the configuration.
 */
bool bench_config_cuts(const struct bench_config *c, unsigned int available, struct strv *cut_args);

/*
 * What an item reports, from the programs' lines "NAME.KEY=VALUE": integers go to the item's
 * "report", the histogram (key "hist", "LOW:COUNT,...") to its "latency". False for a line that is
 * no report.
 */
bool bench_report_line(json_t *item, const char *line);
/* Once all lines are in: sets the item's "events" and "latency". */
void bench_report_end(json_t *item);

/* {"median", "min", "max"} of @n numbers, which are sorted; NULL for none. */
json_t *bench_median(double *v, size_t n);
/* [[low, count], ...] of both, by low; NULL or no array counts as empty. */
json_t *bench_merge(const json_t *a, const json_t *b);
/* The "summary" of a result's "bills"; @tsc_khz 0: cycles are not told as time. */
json_t *bench_summary(const json_t *bills, double tsc_khz);

/* Is it a result, with all members of the right type? False with *why (owned) set. */
bool bench_result_ok(const json_t *result, char **why);

#endif
