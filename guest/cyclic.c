// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cyclic timer at 1 kHz, and how late each period starts: what a control
 * loop or a packet pacer sees.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "work.h"

#define PERIOD_NS	1000000ULL

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Best effort: an ordinary user still gets a measurement, a noisier one. */
static void be_prompt(void)
{
	struct sched_param prio = { .sched_priority = 80 };

	if (sched_setscheduler(0, SCHED_FIFO, &prio))
		fprintf(stderr, "cyclic: no real-time priority\n");
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		fprintf(stderr, "cyclic: memory is not locked\n");
	prctl(PR_SET_TIMERSLACK, 1);
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / NSEC_PER_SEC),
		.tv_nsec = (long)(ns % NSEC_PER_SEC),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

int main(int argc, char **argv)
{
	uint64_t *late, start, next, now;
	struct work_args args;
	unsigned long i;

	work_args(argc, argv, "PERIODS", &args);
	late = calloc(args.count, sizeof(*late));
	if (!late)
		work_die("cyclic");
	work_pin(args.cpu[0]);
	be_prompt();

	start = work_now();
	next = start;
	for (i = 0; i < args.count; i++) {
		next += PERIOD_NS;
		sleep_until(next);
		now = work_now();
		late[i] = now - next;
		if (now > next + PERIOD_NS)
			next = now;
	}
	now = work_now();

	qsort(late, args.count, sizeof(*late), by_value);
	work_report_events("cyclic", args.count, now - start);
	work_report("cyclic", "p50_us", late[args.count / 2] / 1000);
	work_report("cyclic", "p99_us", late[args.count * 99 / 100] / 1000);
	work_report("cyclic", "max_us", late[args.count - 1] / 1000);
	free(late);
	return 0;
}
