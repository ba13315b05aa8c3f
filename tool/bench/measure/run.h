/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of one run of `taxcut bench`.
 *
 * One thread. SIGINT, SIGTERM and SIGHUP are blocked and read from a descriptor that every wait polls. The
 * first one ends the run in order: programs and guests are stopped, modules and parameters are restored, and the
 * measurements so far are kept.
 */
#ifndef TAXCUT_BENCH_MEASURE_RUN_H
#define TAXCUT_BENCH_MEASURE_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "bench/model/plan.h"
#include "lib/cpulist.h"
#include "modules.h"
#include "net.h"

/*
 * struct bench_part - a set, with the configurations and work from the command line; parts are measured in order
 * @skip: bits of configurations that the hypervisor does not support
 * @noted: bits of configurations whose missing cuts are in the notes
 * @host_seen: the notes have the work that cannot run on the host
 */
struct bench_part {
	const struct bench_set *set;
	struct bench_plan plan;
	unsigned int vcpus;
	unsigned int rounds;
	uint64_t skip;
	uint64_t noted;
	bool host_seen;
};

#define BENCH_PARTS_MAX 8

/*
 * struct bench_run - one run of the command
 *
 * First the options, then the state of the run.
 *
 * @tools_initrd: the initrd with standard tools, or NULL when @initrd has them
 * @work_module: taxcut_work.ko for the host, or NULL
 * @programs: directory of the programs of the configuration "host", or NULL
 * @timeout: limit of a guest's silence in seconds, beyond the duration of its work
 *
 * @part: the current part
 * @cpus: CPUs for the vCPUs of the largest part; @isolated is the same set
 * @signal: the signal that ended the run, or 0
 * @failed: a measurement failed
 */
struct bench_run {
	struct bench_part parts[BENCH_PARTS_MAX];
	size_t parts_n;
	const char *kernel;
	const char *initrd;
	const char *tools_initrd;
	const char *work_module;
	const char *programs;
	const char *qemu;
	const char *append; /* for the guests' kernel command lines, or NULL */
	const char *cpus_arg;
	const char *housekeeping_arg;
	int timeout;

	struct bench_part *part;
	struct cpu_list cpus;
	struct cpu_mask isolated;
	struct cpu_mask housekeeping;
	struct bench_modules modules;
	struct bench_net net;
	sigset_t old_signals;
	int signal_fd;
	int signal;
	bool failed;
	json_t *result;
};

#endif
