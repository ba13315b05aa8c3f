/* SPDX-License-Identifier: GPL-2.0-only */
/* `taxcut top` on a terminal. */
#ifndef TAXCUT_WATCH_TOP_SCREEN_H
#define TAXCUT_WATCH_TOP_SCREEN_H

#include <stdint.h>

/*
 * Shows the view until the user quits, or for @count intervals unless @count is 0.
 * Returns an exit status.
 */
int top_screen(double interval, uint64_t count);

#endif
