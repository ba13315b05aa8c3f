/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The adaptive halt-polling window: how long a halted vCPU's thread looks for
 * a wake-up before it gives its CPU away. It grows progressively while waits
 * are short and shrinks at once when they are long. All times in ns.
 */
#ifndef TAXCUT_PURE_HALT_POLL_H
#define TAXCUT_PURE_HALT_POLL_H

#include "port.h"

struct halt_poll_params {
	u32 ceiling; /* 0: never poll */
	u32 start; /* first window after 0 */
	u32 grow; /* factor, 0: never grow */
	u32 shrink; /* divisor, 0: to nothing */
};

/* The window after a halt that took waited ns in all, with the window it had. */
u32 halt_poll_next(const struct halt_poll_params *p, u32 window, u64 waited);

#endif /* TAXCUT_PURE_HALT_POLL_H */
