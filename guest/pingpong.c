// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads on two CPUs pass a byte back and forth through pipes: a wake-up
 * IPI each way, and the idle path in between.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "work.h"

static struct work_args args;
static struct histogram round_trip;
static int there[2], back[2];

static void pass(int in, int out)
{
	char byte;

	if (read(in, &byte, 1) != 1 || write(out, &byte, 1) != 1)
		work_die("pingpong");
}

static void *echo(void *unused)
{
	unsigned long i;

	(void)unused;
	work_pin(args.cpu[1]);
	for (i = 0; i < args.count; i++)
		pass(there[0], back[1]);
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t start, last, now, ns;
	unsigned long i;
	pthread_t thread;
	char byte = 0;

	work_args(argc, argv, "ROUND_TRIPS", 2, &args);
	work_pin(args.cpu[0]);
	if (pipe(there) || pipe(back))
		work_die("pipe");
	if (pthread_create(&thread, NULL, echo, NULL))
		work_die("pthread_create");

	start = work_now();
	last = start;
	for (i = 0; i < args.count; i++) {
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			work_die("pingpong");
		now = work_now();
		histogram_add(&round_trip, now - last, 1);
		last = now;
	}
	ns = last - start;
	pthread_join(thread, NULL);

	work_report_events("pingpong", args.count, ns);
	work_report("pingpong", "avg_us", ns / args.count / 1000);
	work_report_latency("pingpong", &round_trip);
	return 0;
}
