// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's timer, back to back, by taxcut_work.ko:
 *
 *     timer-storm    arm it, wait busily until it fires; latency: how late it did
 *     timer-arm      arm it again and again before it fires; latency: of arming
 *
 * The latter is as far ahead as it takes not to fire in between; the kernel's
 * own tick is further away most of the time, and where it is not, taxcut_work.ko
 * waits for it to pass.
 */
#include <string.h>

#include "kernel_work.h"
#include "work.h"

#define STORM_DELAY_NS	50000
#define ARM_DELAY_NS	200000

static struct histogram latency;

int main(int argc, char **argv)
{
	const char *name = basename(argv[0]);
	struct taxcut_work_batch batch = { .what = TAXCUT_WORK_FIRE, .delay_ns = STORM_DELAY_NS };
	struct work_args args;
	uint64_t start, ns;

	work_args(argc, argv, "TIMES", 1, &args);
	if (!strcmp(name, "timer-arm")) {
		batch.what = TAXCUT_WORK_ARM;
		batch.delay_ns = ARM_DELAY_NS;
	}
	work_pin(args.cpu[0]);
	kernel_work_open();

	start = work_now();
	kernel_work(&batch, args.count, &latency);
	ns = work_now() - start;

	work_report_events(name, args.count, ns);
	work_report_latency(name, &latency);
	return 0;
}
