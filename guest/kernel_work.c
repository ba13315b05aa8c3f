// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "kernel_work.h"
#include "work.h"

/* Few enough that a signal or a failure is seen soon. */
#define BATCH 256

static int device = -1;

void kernel_work_open(void)
{
	device = open(TAXCUT_WORK_DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0) {
		fprintf(stderr, TAXCUT_WORK_DEVICE ": %m (is taxcut_work.ko loaded?)\n");
		exit(1);
	}
}

uint64_t kernel_work(struct taxcut_work_batch *batch, unsigned long count, struct histogram *h)
{
	static uint64_t latency[BATCH];
	uint64_t arrival = 0;

	batch->latency = (uintptr_t)latency;
	for (unsigned long left = count; left; left -= batch->events) {
		batch->events = left < BATCH ? (uint32_t)left : BATCH;
		if (ioctl(device, TAXCUT_WORK_RUN, batch) != (int)batch->events)
			work_die(TAXCUT_WORK_DEVICE);
		arrival += batch->arrival_ns;
		for (uint32_t i = 0; i < batch->events; i++)
			histogram_add(h, latency[i], 1);
	}
	return arrival;
}
