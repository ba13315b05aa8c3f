// SPDX-License-Identifier: GPL-2.0-only
#include "halt_poll.h"

static u32 grow(const struct halt_poll_params *p, u32 window)
{
	u64 next;

	if (!p->grow)
		return window;
	next = (u64)window * p->grow;
	return min_t(u64, max_t(u64, next, p->start), p->ceiling);
}

static u32 shrink(const struct halt_poll_params *p, u32 window)
{
	u32 next = p->shrink ? window / p->shrink : 0;

	return next < p->start ? 0 : next;
}

u32 halt_poll_next(const struct halt_poll_params *p, u32 window, u64 waited)
{
	if (waited <= window)
		return halt_poll_window(p, window); /* it was enough */
	if (waited > p->ceiling)
		return shrink(p, window); /* no window could have been enough */
	return grow(p, window);
}
