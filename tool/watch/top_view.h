/* SPDX-License-Identifier: GPL-2.0-only */
/* What `taxcut top` shows, computed from two readings. */
#ifndef TAXCUT_WATCH_TOP_VIEW_H
#define TAXCUT_WATCH_TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/cpulist.h"
#include "lib/util.h"
#include "top_read.h"

/*
 * struct top_figures - figures of a vCPU, or of an instance: sums, means of shares, the largest advance
 * @exits: per second
 * @outside: share of time that the vCPU was runnable but outside the guest (in exits)
 * @halted: share of time that the vCPU slept
 * @polling: share of time that the vCPU polled for wake-ups
 * @cpu: CPU time of the vCPU's thread; of an instance, of QEMU's other threads
 * @poll_success: share of polls that avoided a sleep
 * @advance: the last timer advance in ns
 * @reasons: exits per second, in the order of struct top_view's @reasons
 *
 * Shares are 0 to 1, CPU time is in CPUs; negative: unknown.
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

/* @cpu: the CPU that the vCPU is pinned to, or -1 */
struct top_vcpu {
	size_t index;
	int cpu;
	struct top_figures f;
};

/* @error: why there are no figures, or NULL; a new instance has neither error nor figures */
struct top_vm {
	char *name;
	pid_t pid;
	char *error;
	struct top_figures f;
	struct top_vcpu *vcpus;
	size_t n;
};

/*
 * struct top_view - the figures between two readings
 * @housekeeping: CPUs that are neither isolated nor owned by an instance
 * @busy: busy share of their time, negative: unknown
 * @busiest: the busiest of them, by @busiest_share; -1: unknown
 * @reasons: statistics that count exits by reason; the most frequent in the last intervals first
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

/* @weights: an object, initially empty, that keeps the frequency of the reasons between calls. */
void top_view_make(struct top_view *v, const struct top_reading *now, const struct top_reading *before,
		   json_t *weights);
void top_view_free(struct top_view *v);
/* Shortens "msr_exits" to "msr". Valid until the next call. */
const char *top_reason_name(const char *stat);

#endif
