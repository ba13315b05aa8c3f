// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC timer's arithmetic; see lapic_timer.h. */
#include "lapic.h"
#include "lapic_timer.h"

static u64 add_sat(u64 a, u64 b)
{
	return a + b < a ? ~0ULL : a + b;
}

static enum lapic_timer_mode timer_mode(const struct lapic_timer *t)
{
	return lapic_timer_lvt_mode(t->lvtt);
}

static bool counts(const struct lapic_timer *t)
{
	return timer_mode(t) <= LAPIC_TIMER_PERIODIC;
}

/* Nanoseconds of one count. */
static u64 unit_ns(const struct lapic_timer *t)
{
	return (u64)t->divide * t->ns_per_cycle;
}

u32 lapic_timer_divisor(u32 tdcr)
{
	u32 code = (tdcr & 3) | ((tdcr & 8) >> 1);

	/* 0..6 are 2..128, 7 is 1 (SDM 3 "Divide Configuration Register"). */
	return 1U << ((code + 1) & 7);
}

static void disarm(struct lapic_timer *t)
{
	t->armed = false;
	t->expiry_ns = 0;
	t->deadline_tsc = 0;
}

void lapic_timer_reset(struct lapic_timer *t)
{
	disarm(t);
	t->lvtt = LAPIC_LVT_MASKED;
	t->divide = lapic_timer_divisor(0);
	t->tmict = 0;
}

void lapic_timer_init(struct lapic_timer *t, u32 ns_per_cycle, u64 min_period_ns)
{
	t->ns_per_cycle = ns_per_cycle ? min_t(u32, ns_per_cycle, LAPIC_TIMER_MAX_CYCLE_NS) : 1;
	t->min_period_ns = min_period_ns;
	lapic_timer_reset(t);
}

u64 lapic_timer_period_ns(const struct lapic_timer *t)
{
	u64 period = t->tmict * unit_ns(t);

	if (timer_mode(t) == LAPIC_TIMER_PERIODIC)
		period = max_t(u64, period, t->min_period_ns);
	return period;
}

u32 lapic_timer_count(const struct lapic_timer *t, u64 now_ns)
{
	u64 unit = unit_ns(t);
	u64 left = t->expiry_ns - now_ns;
	u64 period, count;

	if (!t->armed || !counts(t))
		return 0;
	if (now_ns >= t->expiry_ns) {
		if (timer_mode(t) == LAPIC_TIMER_ONESHOT)
			return 0;
		period = lapic_timer_period_ns(t);
		left = period - (now_ns - t->expiry_ns) % period;
	}
	count = left / unit + (left % unit != 0);
	return (u32)min_t(u64, count, t->tmict);
}

void lapic_timer_set_lvtt(struct lapic_timer *t, u32 lvtt)
{
	enum lapic_timer_mode from = timer_mode(t);
	enum lapic_timer_mode to = lapic_timer_lvt_mode(lvtt);

	t->lvtt = lvtt;
	if (from == to || (from <= LAPIC_TIMER_PERIODIC && to <= LAPIC_TIMER_PERIODIC))
		return;
	disarm(t);
	t->tmict = 0;
}

void lapic_timer_set_count(struct lapic_timer *t, u32 count, u64 now_ns)
{
	if (!counts(t))
		return;
	disarm(t);
	t->tmict = count;
	if (!count)
		return;
	t->armed = true;
	t->expiry_ns = add_sat(now_ns, lapic_timer_period_ns(t));
}

void lapic_timer_set_divide(struct lapic_timer *t, u32 tdcr, u64 now_ns)
{
	u32 left = lapic_timer_count(t, now_ns);
	bool due = t->armed && counts(t) && t->expiry_ns <= now_ns;

	t->divide = lapic_timer_divisor(tdcr);
	if (left && !due)
		t->expiry_ns = add_sat(now_ns, left * unit_ns(t));
}

void lapic_timer_set_deadline(struct lapic_timer *t, u64 tsc)
{
	if (timer_mode(t) != LAPIC_TIMER_DEADLINE)
		return;
	t->deadline_tsc = tsc;
	t->armed = tsc != 0;
}

void lapic_timer_write(struct lapic_timer *t, u32 reg, u32 value, u64 now_ns)
{
	switch (reg) {
	case LAPIC_LVTT:
		lapic_timer_set_lvtt(t, value);
		break;
	case LAPIC_TMICT:
		lapic_timer_set_count(t, value, now_ns);
		break;
	case LAPIC_TDCR:
		lapic_timer_set_divide(t, value, now_ns);
		break;
	}
}

struct lapic_timer_next lapic_timer_next(const struct lapic_timer *t)
{
	struct lapic_timer_next next = { .unit = LAPIC_TIMER_OFF };

	if (!t->armed)
		return next;
	if (counts(t)) {
		next.unit = LAPIC_TIMER_AT_NS;
		next.when = t->expiry_ns;
	} else {
		next.unit = LAPIC_TIMER_AT_TSC;
		next.when = t->deadline_tsc;
	}
	return next;
}

bool lapic_timer_due(const struct lapic_timer *t, u64 now_ns, u64 now_tsc)
{
	if (!t->armed)
		return false;
	return counts(t) ? now_ns >= t->expiry_ns : now_tsc >= t->deadline_tsc;
}

u64 lapic_timer_fire(struct lapic_timer *t, u64 now_ns, u64 now_tsc)
{
	u64 period, passed;

	if (!lapic_timer_due(t, now_ns, now_tsc))
		return 0;
	if (timer_mode(t) != LAPIC_TIMER_PERIODIC) {
		disarm(t);
		return 1;
	}
	period = lapic_timer_period_ns(t);
	passed = (now_ns - t->expiry_ns) / period + 1;
	t->expiry_ns = add_sat(now_ns, period - (now_ns - t->expiry_ns) % period);
	return passed;
}

void lapic_timer_restore(struct lapic_timer *t, u32 lvtt, u32 tdcr, u32 tmict, u32 tmcct,
			 u64 now_ns)
{
	disarm(t);
	t->lvtt = lvtt;
	t->divide = lapic_timer_divisor(tdcr);
	t->tmict = 0;
	if (!counts(t))
		return;
	t->tmict = tmict;
	if (!tmict || (!tmcct && timer_mode(t) == LAPIC_TIMER_ONESHOT))
		return;
	t->armed = true;
	if (tmcct && tmcct < tmict)
		t->expiry_ns = add_sat(now_ns, tmcct * unit_ns(t));
	else
		t->expiry_ns = add_sat(now_ns, lapic_timer_period_ns(t));
}
