// SPDX-License-Identifier: GPL-2.0-only
/* Compute, for COUNT seconds: whatever exits now is pure interference. */
#include <stdio.h>

#include "work.h"

int main(int argc, char **argv)
{
	uint64_t start, now, spins = 0;
	struct work_args args;

	work_args(argc, argv, "SECONDS", 1, &args);
	work_pin(args.cpu[0]);
	start = work_now();
	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		spins++;
		now = work_now();
	} while (now - start < args.count * NSEC_PER_SEC);

	work_report_events("busy", args.count, now - start);
	work_report("busy", "spins", spins);
	return 0;
}
