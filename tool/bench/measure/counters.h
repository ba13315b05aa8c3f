/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of exits and CPU time. */
#ifndef TAXCUT_BENCH_MEASURE_COUNTERS_H
#define TAXCUT_BENCH_MEASURE_COUNTERS_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "run.h"

/* The source of exits by reason. */
enum bench_source {
	BENCH_STATS, /* one KVM statistic per reason (taxcut) */
	BENCH_TRACE, /* the tracepoint kvm:kvm_exit (stock KVM) */
};

/*
 * struct bench_counts - counters at one time; -1: unknown
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

/* Starts counting with the tracepoint. EXIT_OK, or EXIT_FAILED after a message. */
int bench_trace_start(void);
void bench_trace_stop(void);
/* Reads the CPU time of a process (0: none) and of the CPUs. */
void bench_counts_cpu(struct bench_counts *c, const struct bench_run *run, pid_t pid);
/* Reads the exits of the QEMU at a QMP socket. EXIT_OK, or EXIT_FAILED after a message. */
int bench_counts_exits(struct bench_counts *c, const char *socket, enum bench_source source);
/* Stores the growth from @before to @after in @item. */
void bench_counts_diff(json_t *item, const struct bench_counts *before, const struct bench_counts *after);
void bench_counts_free(struct bench_counts *c);

#endif
