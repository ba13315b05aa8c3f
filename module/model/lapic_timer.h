/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC timer's arithmetic: one-shot, periodic and TSC-deadline.
 * Units: now_ns and *_ns are nanoseconds of one monotonic clock of the caller's
 * choice; *_tsc are guest TSC ticks; counts are register values. Times saturate,
 * they never wrap. Nothing is armed here: after a change ask
 * lapic_timer_next() and (re)arm, or cancel. Owner (vCPU thread) only, or under
 * the caller's lock; no atomics inside.
 * (SDM 3 "APIC Timer"; APM 2, 16.4.1.)
 */
#ifndef TAXCUT_MODEL_LAPIC_TIMER_H
#define TAXCUT_MODEL_LAPIC_TIMER_H

#include "port.h"

enum lapic_timer_mode {
	LAPIC_TIMER_ONESHOT = 0,
	LAPIC_TIMER_PERIODIC = 1,
	LAPIC_TIMER_DEADLINE = 2,
	LAPIC_TIMER_RESERVED = 3, /* never fires */
};

/* Bits 18:17 of LVTT. */
static inline enum lapic_timer_mode lapic_timer_lvt_mode(u32 lvtt)
{
	return (enum lapic_timer_mode)((lvtt >> 17) & 3);
}

struct lapic_timer {
	u32 ns_per_cycle; /* of the undivided bus clock */
	u64 min_period_ns; /* periodic mode never fires faster */
	u32 lvtt; /* last value given */
	u32 divide; /* 1..128, from TDCR */
	u32 tmict; /* initial count */
	bool armed; /* counting down to expiry_ns, or waiting for deadline_tsc */
	u64 expiry_ns; /* one-shot, periodic */
	u64 deadline_tsc; /* TSC-deadline; 0 when not armed */
};

enum lapic_timer_unit {
	LAPIC_TIMER_OFF, /* not armed: cancel */
	LAPIC_TIMER_AT_NS, /* fires at .when ns; may lie in the past: fire now */
	LAPIC_TIMER_AT_TSC, /* fires when the guest TSC reaches .when; may lie in the past */
};

struct lapic_timer_next {
	enum lapic_timer_unit unit;
	u64 when;
};

/* Largest bus cycle for which 2^32 counts divided by 128 fit in signed 64-bit ns. */
#define LAPIC_TIMER_MAX_CYCLE_NS ((1u << 24) - 1)

/*
 * Reset state: not armed, divide by 2. ns_per_cycle 1..LAPIC_TIMER_MAX_CYCLE_NS
 * (out of range is clamped); min_period_ns 0 for none.
 */
void lapic_timer_init(struct lapic_timer *t, u32 ns_per_cycle, u64 min_period_ns);

/* Back to the reset state (INIT, power-up, APIC disabled); keeps the parameters. */
void lapic_timer_reset(struct lapic_timer *t);

/* Divisor 1..128 that a TDCR value selects. */
u32 lapic_timer_divisor(u32 tdcr);

/*
 * A register changed: reg is LAPIC_LVTT, LAPIC_TMICT or LAPIC_TDCR, value what
 * the page holds now. Dispatches to the three functions below.
 */
void lapic_timer_write(struct lapic_timer *t, u32 reg, u32 value, u64 now_ns);

/*
 * LVTT: one-shot and periodic keep the running count when one becomes the
 * other; any switch to or from TSC-deadline disarms. The mask bit does not
 * stop the count.
 */
void lapic_timer_set_lvtt(struct lapic_timer *t, u32 lvtt);

/* Initial count: starts counting; 0 stops. Ignored in TSC-deadline mode. */
void lapic_timer_set_count(struct lapic_timer *t, u32 count, u64 now_ns);

/* Divide configuration: the remaining count goes on at the new rate. */
void lapic_timer_set_divide(struct lapic_timer *t, u32 tdcr, u64 now_ns);

/* IA32_TSC_DEADLINE: 0 disarms; ignored, and reads 0, in other modes. */
void lapic_timer_set_deadline(struct lapic_timer *t, u64 tsc);

static inline u64 lapic_timer_deadline(const struct lapic_timer *t)
{
	return t->deadline_tsc;
}

/* Current count register (TMCCT) at now_ns; 0 when stopped or in TSC-deadline mode. */
u32 lapic_timer_count(const struct lapic_timer *t, u64 now_ns);

/* Length of a full count from TMICT in ns, the minimum period applied in periodic mode. */
u64 lapic_timer_period_ns(const struct lapic_timer *t);

/* When to fire next. */
struct lapic_timer_next lapic_timer_next(const struct lapic_timer *t);

/* In ns or TSC mode: has it expired by now_ns, guest TSC now_tsc? */
bool lapic_timer_due(const struct lapic_timer *t, u64 now_ns, u64 now_tsc);

/*
 * The timer fired (deliver LVTT once). One-shot and TSC-deadline disarm;
 * periodic moves to the first expiry after now_ns, on the original grid.
 * Returns the number of expiries that passed: 0 if none was due yet (do not
 * deliver), 1 normally, more if periods were missed (they are skipped).
 * now_tsc matters in TSC-deadline mode only.
 */
u64 lapic_timer_fire(struct lapic_timer *t, u64 now_ns, u64 now_tsc);

/*
 * State from KVM_SET_LAPIC's page: registers as given; counting goes on from
 * tmcct (0 in one-shot mode: expired already, so deliver what is due before
 * KVM_GET_LAPIC). TSC-deadline mode: set the deadline afterwards.
 */
void lapic_timer_restore(struct lapic_timer *t, u32 lvtt, u32 tdcr, u32 tmict, u32 tmcct,
			 u64 now_ns);

#endif /* TAXCUT_MODEL_LAPIC_TIMER_H */
