// SPDX-License-Identifier: GPL-2.0-only
/*
 * Broadcast IPI: membarrier() in its private expedited form interrupts every
 * CPU that runs a thread of this process and waits for all of them.  One busy
 * thread per other CPU makes that all CPUs.
 *
 * As `multicast' the last CPU is left alone. For an IPI to all others Linux has
 * one write to the APIC, however many they are; for an IPI to some it has one
 * for each, or for each cluster, unless the hypervisor offers better.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "work.h"

static atomic_int running;
static atomic_bool done;

static void *busy(void *cpu)
{
	work_pin((int)(intptr_t)cpu);
	running++;
	while (!done)
		;
	return NULL;
}

static void membarrier(int command)
{
	if (syscall(SYS_membarrier, command, 0, 0))
		work_die("membarrier");
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), cpu;
	const char *name = basename(argv[0]);
	struct work_args args;
	uint64_t start, ns;
	pthread_t *thread;
	unsigned long i;

	work_args(argc, argv, "BROADCASTS", &args);
	if (!strcmp(name, "multicast"))
		cpus--;
	if (cpus < 2) {
		fprintf(stderr, "%s: not enough CPUs\n", name);
		return 1;
	}
	thread = calloc((size_t)cpus, sizeof(*thread));
	if (!thread)
		work_die("ipi");
	work_pin(0);
	for (cpu = 1; cpu < cpus; cpu++) {
		if (pthread_create(&thread[cpu], NULL, busy, (void *)(intptr_t)cpu))
			work_die("pthread_create");
	}
	while (running < cpus - 1)
		;
	membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);

	start = work_now();
	for (i = 0; i < args.count; i++)
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	ns = work_now() - start;
	done = true;
	for (cpu = 1; cpu < cpus; cpu++)
		pthread_join(thread[cpu], NULL);
	free(thread);

	work_report_events(name, args.count, ns);
	work_report(name, "avg_us", ns / args.count / 1000);
	return 0;
}
