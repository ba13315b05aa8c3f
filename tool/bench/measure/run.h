/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of one measurement.
 *
 * One thread. SIGINT, SIGTERM and SIGHUP are blocked and read from a descriptor that every wait polls. The
 * first one ends the measurement in order: what runs is stopped, modules and parameters are restored, what was
 * measured is kept.
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
 * struct bench_part - a set, or what was named instead of it: measured on its own, after the one before
 * @skip: bits of configurations that the hypervisor cannot do; @noted: of those of which it was said what they lack
 * @host_seen: it was said what the host's programs lack
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
 * Options first, then what became of them.
 *
 * @tools_initrd: of guests that need well-known tools, or NULL: @initrd has them
 * @work_module: taxcut_work.ko for the host, or NULL
 * @programs: directory of the programs that "host" runs, or NULL
 * @timeout: seconds that a guest may be silent, beyond what its work takes
 *
 * @part: the one that is being measured
 * @cpus: as many as the largest part has vCPUs; @isolated is the same
 * @signal: the one that ended the measurement, or 0
 * @failed: a bill could not be had
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
	const char *append; /* NULL, or for the guests' command lines */
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
