/* SPDX-License-Identifier: GPL-2.0-only */
/* Views that update until a signal ends them. */
#ifndef TAXCUT_LIB_LIVE_H
#define TAXCUT_LIB_LIVE_H

#include <stdbool.h>

/* Makes SIGINT, SIGTERM and SIGHUP end the view instead of the program. */
void live_begin(void);
/* Has one of these signals arrived? */
bool live_ended(void);
/* Waits; false when one of these signals has arrived. */
bool live_wait(double seconds);

#endif
