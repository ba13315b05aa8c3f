/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * taxcut top: readings of all instances and of the host, what two of them one
 * after the other amount to, and how that is shown.
 */
#ifndef TAXCUT_TOP_H
#define TAXCUT_TOP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "cpulist.h"
#include "instance.h"
#include "proc.h"
#include "sample.h"
#include "util.h"

/*
 * struct top_reading - everything at one time
 * @cpus: NULL when the host does not tell
 * @sample: one for each instance; its vcpus is NULL when it could not be read, and @error says why
 * @process_ns: CPU time of the instances' processes, -1 where unknown
 * @thread_ns: of their vCPU threads: one object for each instance, vCPU's number to ns
 */
struct top_reading {
	double when;
	struct host_cpus *host;
	struct proc_cpus *cpus;
	struct instances all;
	struct sample *sample;
	char **error;
	int64_t *process_ns;
	int64_t **thread_ns;
};

void top_read(struct top_reading *r);
void top_reading_free(struct top_reading *r);

/*
 * struct top_figures - of a vCPU, or of an instance: sums, means of shares, the largest advance
 * @exits: per second
 * @outside: share of the time that the vCPU could run, but was not in the guest (exits being served)
 * @halted: share of the time that it slept
 * @polling: share of the time that it polled before it slept, or instead of it
 * @cpu: CPU time: of the vCPU's thread; of an instance, what QEMU's other threads take
 * @poll_success: share of the polls that saved a sleep
 * @advance: ns that the timer was last set ahead by
 * @reasons: exits per second, in the order of struct top_view's @reasons
 *
 * Shares are 0 to 1, CPU time is in CPUs; below 0: unknown.
 */
struct top_figures {
	double exits;
	double outside;
	double halted;
	double polling;
	double cpu;
	double poll_success;
	double advance;
	double *reasons;
};

/* @cpu: where it is pinned, -1: it is not */
struct top_vcpu {
	size_t index;
	int cpu;
	struct top_figures f;
};

/* @error: why there are no figures, or NULL; an instance that has just come has neither */
struct top_vm {
	char *name;
	pid_t pid;
	char *error;
	struct top_figures f;
	struct top_vcpu *vcpus;
	size_t n;
};

/*
 * struct top_view - what two readings amount to
 * @housekeeping: CPUs that are neither isolated nor an instance's
 * @busy: share of their time, below 0: unknown
 * @busiest: of these the one that is busiest, by @busiest_share; -1: unknown
 * @reasons: the statistics that count exits by reason, the most frequent of late first
 */
struct top_view {
	double seconds;
	struct cpu_mask housekeeping;
	double busy;
	int busiest;
	double busiest_share;
	struct strv reasons;
	struct top_vm *vms;
	size_t n;
};

/* @weights: an object that remembers how frequent the reasons were; empty at first. */
void top_view_make(struct top_view *v, const struct top_reading *now, const struct top_reading *before,
		   json_t *weights);
void top_view_free(struct top_view *v);
/* "msr_exits" is "msr". Valid until the next call. */
const char *top_reason_name(const char *stat);

/* What rows can be sorted by, and what is in the columns of the screen. */
enum top_key {
	TOP_BY_NAME,
	TOP_BY_EXITS,
	TOP_BY_OUTSIDE,
	TOP_BY_HALTED,
	TOP_BY_POLL,
	TOP_BY_ADVANCE,
	TOP_BY_CPU,
	TOP_KEYS,
};

/* Instances, and within each its vCPUs: the largest first, but names and numbers the smallest. */
void top_sort(struct top_view *v, enum top_key key, bool reverse);
/* The figure that a key sorts by; not of TOP_BY_NAME. */
double top_figure(const struct top_figures *f, enum top_key key);

/* One line. */
void top_json(const struct top_view *v, FILE *out);

/*
 * The view on the terminal until it is left, or for @count intervals unless that
 * is 0. An exit status.
 */
int top_screen(double interval, uint64_t count);

#endif
