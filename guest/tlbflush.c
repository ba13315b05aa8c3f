// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB shootdown: one thread keeps a page in use on its CPU while another
 * changes the page's protection, which must flush the first CPU's TLB each
 * time.  One operation is two mprotect() calls, there and back.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "work.h"

static struct work_args args;
static struct histogram operation;
static volatile char *page;
static atomic_bool running, done;

static void *user(void *unused)
{
	(void)unused;
	work_pin(args.cpu[1]);
	running = true;
	while (!done)
		(void)page[0];
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t start, last, now, ns;
	unsigned long i;
	pthread_t thread;
	void *map;

	work_args(argc, argv, "OPERATIONS", 2, &args);
	work_pin(args.cpu[0]);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		work_die("mmap");
	page = map;
	page[0] = 1;
	if (pthread_create(&thread, NULL, user, NULL))
		work_die("pthread_create");
	while (!running)
		;

	start = work_now();
	last = start;
	for (i = 0; i < args.count; i++) {
		if (mprotect(map, 4096, PROT_READ) ||
		    mprotect(map, 4096, PROT_READ | PROT_WRITE))
			work_die("mprotect");
		page[0] = 1;
		now = work_now();
		histogram_add(&operation, now - last, 1);
		last = now;
	}
	ns = last - start;
	done = true;
	pthread_join(thread, NULL);

	work_report_events("tlbflush", args.count, ns);
	work_report("tlbflush", "avg_us", ns / args.count / 1000);
	work_report_latency("tlbflush", &operation);
	return 0;
}
