// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs from the first CPU to others, each of which runs a busy thread, so that
 * every one of them is an interrupt, and none a wake-up.
 *
 *     ipi, multicast     by membarrier() in its private expedited form, which
 *                        interrupts every CPU that runs a thread of this process
 *     ipi-unicast, ipi-multicast, ipi-broadcast
 *                        by taxcut_work.ko
 *
 * A multicast leaves the last CPU alone. For an IPI to all others Linux has one
 * write to the APIC, however many they are; for an IPI to some it has one for
 * each, or for each cluster, unless the hypervisor offers better.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_work.h"
#include "work.h"

/*
 * struct kind - one way to interrupt CPUs
 * @all_but: CPUs that are left alone; ALL_BUT_ONE: all but one are
 * @cpus: how many it takes
 */
static const struct kind {
	const char *name;
	bool by_module;
	unsigned int spared;
	unsigned int cpus;
} kinds[] = {
	{ "ipi", false, 0, 2 },		  { "multicast", false, 1, 3 },	    { "ipi-broadcast", true, 0, 2 },
	{ "ipi-multicast", true, 1, 3 },  { "ipi-unicast", true, WORK_MAX_CPUS, 2 },
};

static struct work_args args;
static struct histogram latency;
static pthread_t threads[WORK_MAX_CPUS];
static atomic_uint running;
static atomic_bool done;

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(name, kinds[i].name))
			return &kinds[i];
	fprintf(stderr, "%s: no such work\n", name);
	exit(2);
}

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

static void by_membarrier(void)
{
	uint64_t last = work_now(), now;

	for (unsigned long i = 0; i < args.count; i++) {
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
		now = work_now();
		histogram_add(&latency, now - last, 1);
		last = now;
	}
}

/* Returns the sum of the times until the last handler ran. */
static uint64_t by_module(unsigned int targets)
{
	struct taxcut_work_batch batch = { .what = TAXCUT_WORK_IPI };
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned int i = 1; i <= targets; i++)
		CPU_SET(args.cpu[i], &set);
	batch.cpus = (uintptr_t)&set;
	batch.cpus_size = sizeof(set);
	return kernel_work(&batch, args.count, &latency);
}

int main(int argc, char **argv)
{
	const struct kind *kind = kind_of(basename(argv[0]));
	uint64_t start, ns, arrival = 0;
	unsigned int targets, i;

	work_args(argc, argv, "IPIS", kind->cpus, &args);
	targets = kind->spared < args.cpus - 1 ? args.cpus - 1 - kind->spared : 1;
	work_pin(args.cpu[0]);
	if (kind->by_module)
		kernel_work_open();
	for (i = 1; i <= targets; i++) {
		if (pthread_create(&threads[i], NULL, busy, (void *)(intptr_t)args.cpu[i]))
			work_die("pthread_create");
	}
	while (running < targets)
		;
	membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);

	start = work_now();
	if (kind->by_module)
		arrival = by_module(targets);
	else
		by_membarrier();
	ns = work_now() - start;
	done = true;
	for (i = 1; i <= targets; i++)
		pthread_join(threads[i], NULL);

	work_report_events(kind->name, args.count, ns);
	work_report(kind->name, "targets", targets);
	work_report(kind->name, "avg_us", ns / args.count / 1000);
	if (kind->by_module)
		work_report(kind->name, "arrival_ns", arrival / args.count);
	work_report_latency(kind->name, &latency);
	return 0;
}
