// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cyclic timer at 1 kHz, and how late each period starts: what a control
 * loop or a packet pacer sees.
 */
#include <errno.h>
#include <time.h>

#include "work.h"

#define PERIOD_NS	1000000ULL

static struct histogram late;

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
	uint64_t start, next, now;
	struct work_args args;
	unsigned long i;

	work_args(argc, argv, "PERIODS", 1, &args);
	work_pin(args.cpu[0]);
	work_be_prompt();

	start = work_now();
	next = start;
	for (i = 0; i < args.count; i++) {
		next += PERIOD_NS;
		sleep_until(next);
		now = work_now();
		histogram_add(&late, now - next, 1);
		if (now > next + PERIOD_NS)
			next = now;
	}
	now = work_now();

	work_report_events("cyclic", args.count, now - start);
	work_report("cyclic", "p50_us", histogram_percentile(&late, 500) / 1000);
	work_report("cyclic", "p99_us", histogram_percentile(&late, 990) / 1000);
	work_report("cyclic", "max_us", late.max / 1000);
	work_report_latency("cyclic", &late);
	return 0;
}
