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
/* Waits at most @ms for a signal or for input on @fd (-1: none). 1: input, 0: timeout, -1: a signal. */
int bench_wait(struct bench_run *run, int fd, int ms);
/*
 * Starts @argv in a process group of its own; the child is killed when this process ends. *@out reads its
 * output, *@in writes its input (@in NULL: /dev/null). The pid, or -1 after a message.
 */
pid_t bench_spawn(const struct bench_run *run, char *const argv[], int *in, int *out);
/* Waits at most @ms for the end of the child. True, with its status and CPU time (both may be NULL), if it ended. */
bool bench_reap(pid_t pid, int ms, int *status, int64_t *cpu_ns);

/*
 * struct bench_lines - the output of a program, line by line
 * @tail: the end of the output, for error messages
 */
struct bench_lines {
	int fd;
	char buf[16384];
	size_t len;
	char tail[2001];
};

/*
 * The next line without its newline, which the caller frees. NULL after @seconds, at the end of output, or on a
 * signal.
 */
char *bench_next_line(struct bench_run *run, struct bench_lines *l, int seconds);

#endif
