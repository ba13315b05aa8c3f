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

#endif
