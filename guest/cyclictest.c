// SPDX-License-Identifier: GPL-2.0-only
/*
 * cyclictest at 1 kHz, told to leave the system's power management alone: with
 * it off, an idle CPU would never halt, and all hypervisors would look the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tool.h"
#include "work.h"

#define MAX_US	50000 /* the histogram's end */

static struct histogram latency;

/* "LATENCY COUNT" in us, and what has no place there counted as the longest of all. */
static void read_histogram(FILE *f)
{
	unsigned long us, count, max = 0, overflows = 0;
	char line[256];

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "# Max Latencies: %lu", &max) == 1 ||
		    sscanf(line, "# Histogram Overflows: %lu", &overflows) == 1)
			continue;
		if (sscanf(line, "%lu %lu", &us, &count) == 2)
			histogram_add(&latency, us * 1000, count);
	}
	histogram_add(&latency, max * 1000, overflows);
}

int main(int argc, char **argv)
{
	char loops[24], cpu[24], max[24];
	const char *const command[] = { "cyclictest", "--default-system", "--quiet", "--mlockall", "--priority=80",
					"--interval=1000", "--threads=1", cpu, loops, max, NULL };
	struct work_args args;
	struct tool tool;
	uint64_t start;

	work_args(argc, argv, "PERIODS", 1, &args);
	snprintf(loops, sizeof(loops), "--loops=%lu", args.count);
	snprintf(cpu, sizeof(cpu), "--affinity=%d", args.cpu[0]);
	snprintf(max, sizeof(max), "--histogram=%d", MAX_US);

	start = work_now();
	tool_start(&tool, command, args.cpu[0], false, true);
	read_histogram(tool.out);
	tool_wait(&tool);
	if (latency.count != args.count) {
		fprintf(stderr, "cyclictest: %lu latencies for %lu periods\n", (unsigned long)latency.count, args.count);
		return 1;
	}
	work_report_events("cyclictest", args.count, work_now() - start);
	work_report_latency("cyclictest", &latency);
	return 0;
}
