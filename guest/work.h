/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measured programs share: arguments, pinning, time, report lines. */
#ifndef TAXCUT_GUEST_WORK_H
#define TAXCUT_GUEST_WORK_H

#include <stdint.h>

#include "histogram.h"

#define NSEC_PER_SEC	1000000000ULL
#define WORK_MAX_CPUS	1024

/* Arguments every program takes: how much to do, and the CPUs to do it on. */
struct work_args {
	unsigned long count;
	unsigned int cpus;
	int cpu[WORK_MAX_CPUS];
};

/*
 * Read `PROGRAM COUNT [CPU...]` into *@args; without CPUs these are the ones the
 * program may run on.  Exits with status 2 when it is something else, when a CPU
 * is named twice, and when there are fewer than @cpus.
 */
void work_args(int argc, char **argv, const char *unit, unsigned int cpus, struct work_args *args);

/* Print a message with the reason in errno and exit with status 1. */
_Noreturn void work_die(const char *what);

/* Bind the calling thread to one CPU; exits when that cannot be had. */
void work_pin(int cpu);

/*
 * Real-time priority, locked memory, no timer slack.  Best effort: an ordinary
 * user still gets a measurement, a noisier one.
 */
void work_be_prompt(void);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t work_now(void);

/*
 * Say `TC: WHAT=NAME` on standard error, and wait for a line from standard input
 * where tc_sync is in the environment.  Only where the scenario leaves its marks
 * to the program: it has tc_marks in the environment then.
 */
void work_mark(const char *what, const char *name);

/* Report a value as `TC: NAME.KEY=VALUE`. */
void work_report(const char *name, const char *key, uint64_t value);

/* The two lines every program ends with: how many events, in how many ns. */
void work_report_events(const char *name, uint64_t events, uint64_t ns);

/*
 * Latencies: mean_ns, p50_ns, p99_ns, p999_ns, max_ns, and the histogram itself as one or
 * more lines `TC: NAME.hist=LOW:COUNT,...`, each short enough for any console.
 */
void work_report_latency(const char *name, const struct histogram *h);

#endif
