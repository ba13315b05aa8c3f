// SPDX-License-Identifier: GPL-2.0-only
#include "timer_advance.h"

/* A fraction of a distance above 0: at least 1, so that it is covered in the end. */
static u32 step(u32 distance, u32 fraction, u32 limit)
{
	return min_t(u32, (distance + fraction - 1) / fraction, limit);
}

void timer_advance_tune(struct timer_advance *t, s64 latency_ns)
{
	u32 latency;

	if (latency_ns <= TIMER_ADVANCE_FAR_NS)
		t->far = 0;
	else if (t->far < TIMER_ADVANCE_FAR_ROW)
		t->far++;
	if (t->far && t->far < TIMER_ADVANCE_FAR_ROW)
		return;
	/* More than the maximum cannot be made up for. */
	latency = (u32)min_t(s64, max_t(s64, latency_ns, 0), TIMER_ADVANCE_MAX_NS);
	if (latency > t->ns)
		t->ns += step(latency - t->ns, 4, TIMER_ADVANCE_UP_NS);
	else if (t->ns - latency > TIMER_ADVANCE_BAND_NS)
		t->ns -= step(t->ns - latency - TIMER_ADVANCE_BAND_NS, 8, TIMER_ADVANCE_DOWN_NS);
}
