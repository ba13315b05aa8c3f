// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

/* The CPUs that this process may run on. */
static void allowed_cpus(struct work_args *args)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		work_die("sched_getaffinity");
	for (cpu = 0; cpu < WORK_MAX_CPUS; cpu++)
		if (CPU_ISSET(cpu, &set))
			args->cpu[args->cpus++] = cpu;
}

static void named_cpus(int argc, char **argv, struct work_args *args)
{
	cpu_set_t seen;

	CPU_ZERO(&seen);
	for (int i = 2; i < argc && args->cpus < WORK_MAX_CPUS; i++) {
		int cpu = (int)number(argv[i], WORK_MAX_CPUS - 1);

		if (CPU_ISSET(cpu, &seen)) {
			fprintf(stderr, "%s: CPU %d is named twice\n", argv[0], cpu);
			exit(2);
		}
		CPU_SET(cpu, &seen);
		args->cpu[args->cpus++] = cpu;
	}
}

void work_args(int argc, char **argv, const char *unit, unsigned int cpus, struct work_args *args)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s %s [CPU...]\n", argv[0], unit);
		exit(2);
	}
	args->count = number(argv[1], 100000000);
	if (!args->count) {
		fprintf(stderr, "%s: nothing to do\n", argv[0]);
		exit(2);
	}
	args->cpus = 0;
	if (argc > 2)
		named_cpus(argc, argv, args);
	else
		allowed_cpus(args);
	if (args->cpus < cpus) {
		fprintf(stderr, "%s: needs %u CPUs, has %u\n", argv[0], cpus, args->cpus);
		exit(2);
	}
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

void work_be_prompt(void)
{
	struct sched_param prio = { .sched_priority = 80 };

	if (sched_setscheduler(0, SCHED_FIFO, &prio))
		perror("no real-time priority");
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		perror("memory is not locked");
	prctl(PR_SET_TIMERSLACK, 1);
}

uint64_t work_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

void work_mark(const char *what, const char *name)
{
	const char *sync = getenv("tc_sync");
	char line[16];

	if (!getenv("tc_marks"))
		return;
	fprintf(stderr, "TC: %s=%s\n", what, name);
	if (sync && *sync && !fgets(line, sizeof(line), stdin))
		work_die("no answer to the mark");
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

void work_report_latency(const char *name, const struct histogram *h)
{
	unsigned int from = 0;
	char text[960];

	work_report(name, "mean_ns", h->count ? h->sum / h->count : 0);
	work_report(name, "p50_ns", histogram_percentile(h, 500));
	work_report(name, "p99_ns", histogram_percentile(h, 990));
	work_report(name, "p999_ns", histogram_percentile(h, 999));
	work_report(name, "max_ns", h->max);
	while (histogram_text(h, &from, text, sizeof(text)))
		printf("TC: %s.hist=%s\n", name, text);
}
