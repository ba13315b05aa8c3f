/* SPDX-License-Identifier: GPL-2.0-only */
/* What `taxcut run` is about to start, from options to QEMU's arguments. */
#ifndef TAXCUT_RUN_H
#define TAXCUT_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "cpulist.h"
#include "cuts.h"
#include "util.h"

/*
 * struct run_plan - one instance
 *
 * Options first, as given or defaulted; run_usage() and run_check() complete the
 * part after the blank line.
 *
 * @cpus_arg, @housekeeping_arg: CPU lists as given, or NULL
 * @vcpus: 0 until it is known
 * @hugepage: bytes, 0 for ordinary pages
 *
 * @cpus: position N is the CPU of vCPU N; empty when not pinned
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
	bool lock_memory;
	bool no_reboot;
	bool quiet;
	bool dry_run;
	bool json;

	struct cpu_list cpus;
	struct cpu_mask housekeeping;
	int node;
};

/* Are vCPUs pinned, and other threads kept off their CPUs? */
bool run_pinned(const struct run_plan *plan);

/*
 * Judges the options by themselves, whatever the machine, and reads the lists of
 * CPUs; comes first. EXIT_OK, or EXIT_USAGE after a message.
 */
int run_usage(struct run_plan *plan);

/*
 * Validates the plan against the host and the running instances and completes it;
 * starts and changes nothing. EXIT_OK, or EXIT_FAILED after a message that says what
 * to do. run_check_place() leaves out network, device and QEMU.
 */
int run_check(struct run_plan *plan);
int run_check_place(struct run_plan *plan);

/* QEMU's command line for a checked plan. */
void run_qemu_args(const struct run_plan *plan, struct strv *argv);

/*
 * Starts QEMU, pins its threads, lets the guest go and waits for the end. @lock is
 * the run directory's lock (instance.h), released once the claim is recorded.
 * Returns QEMU's exit status (128 + N when signal N ended it), or EXIT_FAILED.
 */
int run_supervise(const struct run_plan *plan, char **argv, int lock);

/* The file name part of a QEMU drive argument "FILE[,key=value...]"; ",," is a comma. */
char *drive_file(const char *drive);
/* Is "readonly" or "readonly=on" among its keys? */
bool drive_readonly(const char *drive);

#endif
