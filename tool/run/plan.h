/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan of one instance: options, then what the checks add. */
#ifndef TAXCUT_RUN_PLAN_H
#define TAXCUT_RUN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "host/cuts.h"
#include "lib/cpulist.h"
#include "lib/util.h"

/*
 * struct run_plan - one instance
 *
 * First the options, as given or with their defaults. run_usage() and run_check()
 * fill the members after the blank line.
 *
 * @cpus_arg, @housekeeping_arg: CPU lists as given, or NULL
 * @vcpus: 0 until the number is known
 * @own_cores: the CPUs leave Linux and belong to the vCPUs
 * @hugepage: page size in bytes, 0 for ordinary pages
 *
 * @cpus: entry N is the CPU of vCPU N; empty when vCPUs are not pinned
 * @housekeeping: CPUs of all other threads
 * @node: NUMA node of all @cpus, or -1
 */
struct run_plan {
	const char *name;
	const char *qemu;
	const char *device;
	const char *machine;
	const char *irqchip;
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *disk;
	const char *share;
	const char *net;
	const char *console;
	const char *cpu_properties;
	const char *qmp;
	const char *cpus_arg;
	const char *housekeeping_arg;
	struct strv drives;
	struct strv extra;
	uint64_t vcpus;
	uint64_t memory;
	uint64_t hugepage;
	enum cut_state cuts[CUT_COUNT];
	bool own_cores;
	bool lock_memory;
	bool no_reboot;
	bool quiet;
	bool dry_run;
	bool json;

	struct cpu_list cpus;
	struct cpu_mask housekeeping;
	int node;
};

#endif
