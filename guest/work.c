// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "work.h"

static unsigned long number(const char *text, unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > max) {
		fprintf(stderr, "not a number from 0 to %lu: %s\n", max, text);
		exit(2);
	}
	return value;
}

void work_args(int argc, char **argv, const char *unit, struct work_args *args)
{
	int i;

	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: %s %s [CPU [CPU]]\n", argv[0], unit);
		exit(2);
	}
	args->count = number(argv[1], 100000000);
	if (!args->count) {
		fprintf(stderr, "%s: nothing to do\n", argv[0]);
		exit(2);
	}
	for (i = 0; i < 2; i++)
		args->cpu[i] = argc > 2 + i ? (int)number(argv[2 + i], CPU_SETSIZE - 1) : i;
}

void work_die(const char *what)
{
	perror(what);
	exit(1);
}

void work_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		work_die("sched_setaffinity");
}

uint64_t work_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

void work_report(const char *name, const char *key, uint64_t value)
{
	printf("TC: %s.%s=%" PRIu64 "\n", name, key, value);
}

void work_report_events(const char *name, uint64_t events, uint64_t ns)
{
	work_report(name, "events", events);
	work_report(name, "ns", ns);
}
