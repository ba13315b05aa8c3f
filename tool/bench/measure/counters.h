/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of exits and CPU time. */
#ifndef TAXCUT_BENCH_MEASURE_COUNTERS_H
#define TAXCUT_BENCH_MEASURE_COUNTERS_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "run.h"

/* Where exits by reason come from. */
enum bench_source {
	BENCH_STATS, /* one statistic per reason, as taxcut has them */
	BENCH_TRACE, /* the tracepoint kvm:kvm_exit, which stock KVM has */
};

/*
 * struct bench_counts - counters at one time; what is not known is -1
 * @exits: of all vCPUs
 * @reasons: object, reason to exits, or NULL
 * @outside: host TSC cycles spent outside the guest
 * @cpu, @isolated, @housekeeping: CPU time of the QEMU process, busy time of those CPUs, in ns
 */
struct bench_counts {
	int64_t exits;
	json_t *reasons;
	int64_t outside;
	int64_t cpu;
	int64_t isolated;
	int64_t housekeeping;
};

/* Counting with the tracepoint: both return EXIT_OK, or EXIT_FAILED after a message. */
int bench_trace_start(void);
void bench_trace_stop(void);
/* The two halves: CPU time of a process (0: none) and of CPUs; exits of the QEMU behind a QMP socket. */
void bench_counts_cpu(struct bench_counts *c, const struct bench_run *run, pid_t pid);
int bench_counts_exits(struct bench_counts *c, const char *socket, enum bench_source source);
/* Sets in @item what grew from @before to @after. */
void bench_counts_diff(json_t *item, const struct bench_counts *before, const struct bench_counts *after);
void bench_counts_free(struct bench_counts *c);

#endif
