// SPDX-License-Identifier: GPL-2.0-only
/* Nothing at all, for COUNT seconds: what does an idle guest cost? */
#include <time.h>

#include "work.h"

int main(int argc, char **argv)
{
	struct work_args args;
	struct timespec ts;
	uint64_t start;

	work_args(argc, argv, "SECONDS", 1, &args);
	start = work_now();
	ts = (struct timespec){ .tv_sec = (time_t)args.count };
	while (nanosleep(&ts, &ts))
		;
	work_report_events("idle", args.count, work_now() - start);
	return 0;
}
