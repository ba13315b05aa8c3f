/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals, child processes and their output. */
#ifndef TAXCUT_BENCH_MEASURE_WAIT_H
#define TAXCUT_BENCH_MEASURE_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "run.h"

/* Blocks the signals and opens the descriptor; false after a message. */
bool bench_signals_open(struct bench_run *run);
void bench_signals_close(struct bench_run *run);
/* Has a signal come? Also waits for input on @fd (-1: none), at most @ms: 1 input, 0 none in time, -1 a signal. */
int bench_wait(struct bench_run *run, int fd, int ms);
/*
 * Starts @argv, of which it takes no ownership, in a process group of its own that dies with this
 * process; its output comes on *@out, its input is *@in, unless NULL. Its pid, or -1 after a message.
 */
pid_t bench_spawn(const struct bench_run *run, char *const argv[], int *in, int *out);
/* Waits until the child has ended, at most @ms; true then, with its status and CPU time (either may be NULL). */
bool bench_reap(pid_t pid, int ms, int *status, int64_t *cpu_ns);

/*
 * struct bench_lines - a program's output, line by line
 * @tail: the last of it, for when something goes wrong
 */
struct bench_lines {
	int fd;
	char buf[16384];
	size_t len;
	char tail[2001];
};

/* The next line without its end, which the caller frees; NULL after @seconds, at the end, or when a signal came. */
char *bench_next_line(struct bench_run *run, struct bench_lines *l, int seconds);

#endif
