/* SPDX-License-Identifier: GPL-2.0-only */
/* The configurations, the kinds of work and the sets that `taxcut bench` knows. */
#ifndef TAXCUT_BENCH_MODEL_CATALOG_H
#define TAXCUT_BENCH_MODEL_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "host/cuts.h"
#include "lib/util.h"

/* Where a configuration runs. */
enum bench_place {
	BENCH_HOST,
	BENCH_KVM,
	BENCH_TAXCUT,
};

/*
 * struct bench_config - one configuration; names.h has its description
 * @name: owned by the table, or by the plan for "kvm:NAME"
 * @defaults: cuts that are not in @on keep the hypervisor's default; else they are switched off.
 *	The hint is always switched on or off.
 * @on: bits of enum cut_id
 * @point: the cut that the configuration measures, or CUT_COUNT; without the cut it is skipped
 * @append: appended to the guest's kernel command line, or NULL
 * @iommu: a q35 with interrupt remapping, where Linux sends IPIs by x2APIC cluster
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

/* Requirements of work, beyond its program. */
enum {
	BENCH_NEEDS_TOOLS = 1, /* standard tools, from --tools-initrd */
	BENCH_NEEDS_MODULE = 2, /* taxcut_work.ko; guests have it */
	BENCH_NEEDS_NET = 4, /* a network card, and a netserver on the host */
};

/*
 * struct bench_work - one kind of work; names.h has its description
 * @name: the program in the guest
 * @count: default number of events
 * @vcpus: least number of vCPUs
 * @timed: an event is one second, so there is no rate
 * @needs: bits of BENCH_NEEDS_*
 */
struct bench_work {
	const char *name;
	unsigned int count;
	unsigned int vcpus;
	bool timed;
	unsigned int needs;
};

/* A named selection of configurations and work. */
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

/* NULL for an unknown name. */
const struct bench_config *bench_find_config(const char *name);
const struct bench_work *bench_find_work(const char *name);
const struct bench_set *bench_find_set(const char *name);

/*
 * Adds the --cut arguments of a configuration, "NAME=on" or "NAME=off". @available has a bit for each
 * cut that this hypervisor can switch; the others are left out. False when it lacks the cut that the
 * configuration is about.
 */
bool bench_config_cuts(const struct bench_config *c, unsigned int available, struct strv *cut_args);

#endif
