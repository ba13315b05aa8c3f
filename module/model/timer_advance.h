/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How early a vCPU's timer has to fire in the host.
 *
 * Between the moment the host's timer expires and the moment the guest could
 * take the interrupt lies a latency that the guest does not ask for: the exit,
 * the host's interrupt, the way back, or a wake-up. The host's timer is set
 * ahead of the guest's by the advance, and the entry waits out what is left,
 * so that the guest is interrupted at its time, and never before it.
 *
 * The advance follows the latencies that were seen, one step per firing:
 *   - latency above it (the entry was too late): up by a quarter of the
 *     difference, at most TIMER_ADVANCE_UP_NS;
 *   - latency below it by more than TIMER_ADVANCE_BAND_NS (the entry waited too
 *     long): down by an eighth of the excess, at most TIMER_ADVANCE_DOWN_NS;
 *   - in between: it stays.
 * A step never goes past what it follows: with latencies between l and h the
 * advance ends up between l and h + band and stays there, and with a constant
 * latency it stands still. It settles within TIMER_ADVANCE_SETTLE firings.
 * Up is twice as fast as down because late costs the guest more than a wait:
 * of two kinds of latency in one mix the slower decides as soon as it is more
 * than a third of all.
 *
 * One unit throughout: nanoseconds.
 */
#ifndef TAXCUT_MODEL_TIMER_ADVANCE_H
#define TAXCUT_MODEL_TIMER_ADVANCE_H

#include "port.h"

/*
 * The largest advance. An exit, a host interrupt and an entry take one to
 * three microseconds on current processors; what takes longer (a deep C-state,
 * another task, firmware) comes now and then and is not worth burning guest
 * time for at every firing. At 1000 firings a second a wait of this length
 * would cost half a percent of the CPU.
 */
#define TIMER_ADVANCE_MAX_NS 5000
/* A firing that is this much earlier than meant (the TSC and the host's clock tick apart) waits, too. */
#define TIMER_ADVANCE_SLACK_NS 1000
/* No entry ever waits longer. */
#define TIMER_WAIT_MAX_NS (TIMER_ADVANCE_MAX_NS + TIMER_ADVANCE_SLACK_NS)

#define TIMER_ADVANCE_BAND_NS 200
#define TIMER_ADVANCE_UP_NS 128
#define TIMER_ADVANCE_DOWN_NS 64
#define TIMER_ADVANCE_SETTLE 128

/* Beyond this the host was somewhere else: ignored, unless so many come in a row. */
#define TIMER_ADVANCE_FAR_NS (2 * TIMER_ADVANCE_MAX_NS)
#define TIMER_ADVANCE_FAR_ROW 4

/* All zeroes is the start: no advance. */
struct timer_advance {
	u32 ns; /* 0..TIMER_ADVANCE_MAX_NS */
	u32 far; /* far latencies in a row */
};

/*
 * A firing's latency: from the moment the host's timer was set for to the
 * moment the entry was ready. Any value will do; below 0 counts as 0.
 */
void timer_advance_tune(struct timer_advance *t, s64 latency_ns);

#endif /* TAXCUT_MODEL_TIMER_ADVANCE_H */
