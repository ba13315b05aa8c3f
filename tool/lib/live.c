// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <time.h>

#include "live.h"

static volatile sig_atomic_t ended;

static void on_end(int sig)
{
	(void)sig;
	ended = 1;
}

void live_begin(void)
{
	struct sigaction sa = { .sa_handler = on_end };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

bool live_ended(void)
{
	return ended;
}

bool live_wait(double seconds)
{
	struct timespec ts = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	if (!ended)
		nanosleep(&ts, NULL);
	return !ended;
}
