// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LAPIC timer in the host.
 *
 * pure/lapic_timer.c knows when the timer is due; an hrtimer on the vCPU's own
 * CPU wakes us then. Its callback may run on another CPU, at the same time as
 * the vCPU's thread rearms or disarms: it only sets REQ_TIMER and kicks. The
 * thread looks at the arithmetic again, so a callback that came too late, or
 * for a deadline that was moved, changes nothing.
 *
 * Advance. The hrtimer is set ahead of the guest's timer by what
 * pure/timer_advance.c has learnt (or by a fixed time, or not at all: module
 * parameter timer_advance_ns). The interrupt is then pending in the LAPIC
 * before its time, and a->firing says so. The guest cannot notice:
 *   - the entry that injects it waits for its time (vcpu.c), with interrupts
 *     on, and turns back for whatever else has to be done;
 *   - a guest that cannot take it yet goes on without waiting; if it looks at
 *     its LAPIC or sets the timer anew, that access waits (settle());
 *   - so does KVM_RUN before it returns to user space.
 * No wait is longer than TIMER_WAIT_MAX_NS. A masked timer is not advanced.
 * All three modes are: the latency is the same, and the guest's clock for the
 * counting ones, CLOCK_MONOTONIC, is as good as its TSC.
 *
 * A vCPU that runs and one that is halted have latencies of their own, so each
 * kind has its own advance. Whether the vCPU will be halted when the timer
 * fires is not known when it is armed; that it was the last time is a good
 * guess, and moving the hrtimer at every HLT would cost more than a bad one.
 */
#include <linux/ktime.h>

#include "apic.h"
#include "clock.h"
#include "compat.h"
#include "params.h"
#include "trace.h"

#define MIN_PERIOD_NS 200000 /* a guest cannot have more than 5000 periodic interrupts per second */

static enum hrtimer_restart timer_callback(struct hrtimer *timer)
{
	struct apic *a = container_of(timer, struct apic, hrtimer);

	vcpu_request(a->vcpu, REQ_TIMER);
	vcpu_kick(a->vcpu);
	return HRTIMER_NORESTART;
}

void apic_timer_init(struct vcpu *v)
{
	struct apic *a = v->apic;

	lapic_timer_init(&a->timer, v->vm->apic_bus_cycle_ns, MIN_PERIOD_NS);
	hv_hrtimer_setup(&a->hrtimer, timer_callback, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	a->timer_cpu = -1;
}

#define FAR_NS (S64_MAX / 2) /* times are not told apart beyond this; sums of two still fit */

/* The time on the clock that it is set by. */
static u64 clock_now(const struct vcpu *v, const struct lapic_timer_next *at)
{
	return at->unit == LAPIC_TIMER_AT_TSC ? clock_guest_tsc(v) : ktime_get_ns();
}

static u64 span_ns(const struct vcpu *v, const struct lapic_timer_next *at, u64 span)
{
	if (at->unit == LAPIC_TIMER_AT_TSC)
		span = clock_guest_cycles_to_ns(v, span);
	return min_t(u64, span, FAR_NS);
}

/* How much later than that now is, ns; below 0: it is still to come. Never 0 before its time. */
static s64 late_ns(const struct vcpu *v, const struct lapic_timer_next *at, u64 now)
{
	if (now < at->when)
		return -(s64)max_t(u64, span_ns(v, at, at->when - now), 1);
	return span_ns(v, at, now - at->when);
}

/* How far ahead the host's timer is set, ns. */
static u32 advance_now(const struct apic *a)
{
	int fixed = READ_ONCE(param_timer_advance_ns);

	return fixed < 0 ? a->advance[a->wakes_halted].ns : min_t(u32, fixed, TIMER_ADVANCE_MAX_NS);
}

/* In -late ns, or advance ns before that. */
static void start(struct vcpu *v, const struct lapic_timer_next *at, s64 late, u32 advance)
{
	struct apic *a = v->apic;
	u64 when = at->unit == LAPIC_TIMER_AT_NS ? at->when : ktime_get_ns() - late;

	v->stats.lapic_timer_arms++;
	v->stats.lapic_timer_advance_ns = advance;
	a->host_armed = true;
	a->host_advance = advance;
	a->timer_cpu = raw_smp_processor_id();
	trace_taxcut_timer_arm(v, when - advance, advance);
	hrtimer_start(&a->hrtimer, min_t(u64, when - advance, KTIME_MAX), HRTIMER_MODE_ABS_PINNED_HARD);
}

/* It fires, at->when being its time, which may lie a little ahead. */
static void fire(struct vcpu *v, const struct lapic_timer_next *at, u64 now)
{
	struct apic *a = v->apic;
	bool by_host = a->host_armed;

	a->host_armed = false;
	trace_taxcut_timer_fire(v, at, now);
	now = max(now, at->when);
	lapic_timer_fire(&a->timer, now, now);
	v->stats.lapic_timer_fires++;
	if (lapic_local_deliver(&a->l, LAPIC_LVTT) != LAPIC_LOCAL_FIXED)
		return;
	if (a->cpu_delivers) {
		vcpu_request(v, REQ_EVENT);
		return;
	}
	a->firing = (struct apic_firing){ .pending = true,
					  .measure = by_host,
					  .was_halted = v->mp_state == KVM_MP_STATE_HALTED,
					  .vector = (u8)lapic_reg(&a->l, LAPIC_LVTT),
					  .at = *at,
					  .exits = v->stats.exits };
	vcpu_request(v, REQ_EVENT);
}

/* Before its time: true when the host's timer is set for it, false when it is close enough to fire. */
static bool wait_by_host(struct vcpu *v, const struct lapic_timer_next *at, u64 now)
{
	/* A CPU that delivers by itself cannot be made to wait with it. */
	bool exact = v->apic->cpu_delivers || (lapic_reg(&v->apic->l, LAPIC_LVTT) & LAPIC_LVT_MASKED);
	u32 advance = exact ? 0 : advance_now(v->apic);
	u32 early = exact ? 0 : advance + TIMER_ADVANCE_SLACK_NS;
	s64 late = late_ns(v, at, now);

	if (late >= -(s64)early)
		return false;
	start(v, at, late, advance);
	return true;
}

/* One look at an armed timer: true when it fired, false when a host timer waits for it. */
static bool serve(struct vcpu *v, const struct lapic_timer_next *at)
{
	u64 now = clock_now(v, at);

	if (now < at->when && wait_by_host(v, at, now))
		return false;
	fire(v, at, now);
	return true;
}

/*
 * Deliver what is due and see to it that the host wakes us for what comes. At
 * most two rounds: one-shot and deadline disarm, a period ends in the future.
 */
static void timer_sync(struct vcpu *v)
{
	struct apic *a = v->apic;
	struct lapic_timer_next next;

	do {
		next = lapic_timer_next(&a->timer);
		if (next.unit == LAPIC_TIMER_OFF) {
			if (hrtimer_is_queued(&a->hrtimer))
				hrtimer_try_to_cancel(&a->hrtimer);
			return;
		}
	} while (serve(v, &next));
}

void apic_timer_expired(struct vcpu *v)
{
	if (v->apic)
		timer_sync(v);
}

/* The guest or user space set the timer: what fires now was not waited for by the host. */
static void timer_set(struct vcpu *v)
{
	v->apic->host_armed = false;
	timer_sync(v);
}

/* The time that is left until the interrupt under way was meant to come, ns, when it is so late. */
static u32 early_ns(s64 late)
{
	/* Much too early: the guest's TSC was set back meanwhile. */
	return late < 0 && late >= -TIMER_WAIT_MAX_NS ? -late : 0;
}

/* Of the interrupt under way. */
static s64 late_now(const struct vcpu *v)
{
	const struct lapic_timer_next *at = &v->apic->firing.at;

	return late_ns(v, at, clock_now(v, at));
}

void apic_timer_wait(struct vcpu *v)
{
	while (early_ns(late_now(v)))
		cpu_relax();
	v->apic->firing.pending = false;
}

/* The entry is ready, so late. */
static void measure(struct vcpu *v, s64 late)
{
	struct apic *a = v->apic;
	struct apic_firing *f = &a->firing;

	f->measure = false;
	if (f->exits != v->stats.exits)
		return; /* the guest could not take it at once: that was not our latency */
	if (late < 0) {
		v->stats.lapic_timer_early++;
	} else {
		v->stats.lapic_timer_late++;
		stats_hist_add(v->stats.lapic_timer_late_hist, late);
	}
	a->wakes_halted = f->was_halted;
	timer_advance_tune(&a->advance[f->was_halted], late + a->host_advance);
}

u32 apic_timer_early_ns(struct vcpu *v)
{
	struct apic_firing *f = &v->apic->firing;
	u32 left;
	s64 late;

	if (!v->ev.irq.injected || v->ev.irq.vector != f->vector)
		return 0;
	late = late_now(v);
	if (f->measure)
		measure(v, late);
	left = early_ns(late);
	f->pending = left;
	return left;
}

/* reg 0: everything changed (reset, KVM_SET_LAPIC); a deadline stays if the mode is still TSC-deadline. */
void apic_timer_changed(struct vcpu *v, u32 reg)
{
	struct apic *a = v->apic;
	struct lapic *l = &a->l;
	u64 deadline;

	if (reg) {
		apic_timer_settle(v);
		lapic_timer_write(&a->timer, reg, lapic_reg(l, reg), ktime_get_ns());
	} else {
		a->firing.pending = false;
		deadline = lapic_timer_deadline(&a->timer);
		lapic_timer_restore(&a->timer, lapic_reg(l, LAPIC_LVTT), lapic_reg(l, LAPIC_TDCR),
				    lapic_reg(l, LAPIC_TMICT), lapic_reg(l, LAPIC_TMCCT),
				    ktime_get_ns());
		lapic_timer_set_deadline(&a->timer, deadline);
	}
	timer_set(v);
}

void apic_timer_publish_count(struct vcpu *v)
{
	struct apic *a = v->apic;

	lapic_set_current_count(&a->l, lapic_timer_count(&a->timer, ktime_get_ns()));
}

u64 apic_tsc_deadline_get(struct vcpu *v)
{
	apic_timer_settle(v);
	return v->apic ? lapic_timer_deadline(&v->apic->timer) : 0;
}

void apic_tsc_deadline_set(struct vcpu *v, u64 tsc)
{
	struct apic *a = v->apic;

	if (!a || !lapic_hw_enabled(&a->l) ||
	    lapic_timer_lvt_mode(lapic_reg(&a->l, LAPIC_LVTT)) != LAPIC_TIMER_DEADLINE)
		return;
	apic_timer_settle(v);
	lapic_timer_set_deadline(&a->timer, tsc);
	timer_set(v);
}

void apic_timer_load(struct vcpu *v)
{
	struct apic *a = v->apic;
	int cpu = raw_smp_processor_id();

	if (!a || a->timer_cpu == cpu)
		return;
	a->timer_cpu = cpu;
	if (hrtimer_is_queued(&a->hrtimer))
		hrtimer_start_expires(&a->hrtimer, HRTIMER_MODE_ABS_PINNED_HARD);
}

void apic_timer_tsc_changed(struct vcpu *v)
{
	if (v->apic && lapic_timer_next(&v->apic->timer).unit == LAPIC_TIMER_AT_TSC)
		timer_sync(v);
}
