/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The adaptive halt-polling window: how long an idle CPU looks for a wake-up
 * before it gives itself away. In the host that is a halted vCPU's thread
 * before it sleeps (run/run.c), in the guest an idle CPU before its HLT
 * (guest/module). The window grows progressively while waits are short and
 * shrinks at once when they are long. All times in ns.
 */
#ifndef TAXCUT_MODEL_HALT_POLL_H
#define TAXCUT_MODEL_HALT_POLL_H

#include "port.h"

struct halt_poll_params {
	u32 ceiling; /* 0: never poll */
	u32 start; /* first window after 0; smaller ones are 0 */
	u32 grow; /* factor, 0: never grow */
	u32 shrink; /* divisor, 0: to nothing */
};

/* How long to poll this time; 0: not at all. The ceiling may have come down since the window was computed. */
static inline u32 halt_poll_window(const struct halt_poll_params *p, u32 window)
{
	return min(window, p->ceiling);
}

/* The window after a halt that took waited ns in all, with the window it had. */
u32 halt_poll_next(const struct halt_poll_params *p, u32 window, u64 waited);

#endif /* TAXCUT_MODEL_HALT_POLL_H */
