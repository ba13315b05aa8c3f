/* SPDX-License-Identifier: GPL-2.0-only */
/* Views that go on until they are told to end. */
#ifndef TAXCUT_LIB_LIVE_H
#define TAXCUT_LIB_LIVE_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP end the view and not the program. */
void live_begin(void);
/* One of them has come. */
bool live_ended(void);
/* Waits; false when one of them has come. */
bool live_wait(double seconds);

/* The argument of --interval: seconds, 0.05 to 86400. */
bool live_interval(const char *arg, double *seconds);

#endif
