/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measured programs share: arguments, pinning, time, report lines. */
#ifndef TAXCUT_GUEST_WORK_H
#define TAXCUT_GUEST_WORK_H

#include <stdint.h>

#define NSEC_PER_SEC	1000000000ULL

/* Arguments every program takes: COUNT, then optionally the CPUs to run on. */
struct work_args {
	unsigned long count;
	int cpu[2];
};

/*
 * Read `PROGRAM COUNT [CPU [CPU]]` into *args, exit with status 2 when it is
 * something else.  The CPUs default to 0 and 1.
 */
void work_args(int argc, char **argv, const char *unit, struct work_args *args);

/* Print a message with the reason in errno and exit with status 1. */
_Noreturn void work_die(const char *what);

/* Bind the calling thread to one CPU; exits when that cannot be had. */
void work_pin(int cpu);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t work_now(void);

/* Report a value as `TC: NAME.KEY=VALUE`. */
void work_report(const char *name, const char *key, uint64_t value);

/* The two lines every program ends with: how many events, in how many ns. */
void work_report_events(const char *name, uint64_t events, uint64_t ns);

#endif
