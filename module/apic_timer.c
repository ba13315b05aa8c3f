// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LAPIC timer in the host.
 *
 * pure/lapic_timer.c knows when the timer is due; an hrtimer on the vCPU's own
 * CPU wakes us then. Its callback may run on another CPU, at the same time as
 * the vCPU's thread rearms or disarms: it only sets REQ_TIMER and kicks. The
 * thread looks at the arithmetic again, so a callback that came too late, or
 * for a deadline that was moved, changes nothing.
 */
#include <linux/ktime.h>

#include "apic.h"
#include "clock.h"
#include "compat.h"

#define MIN_PERIOD_NS 200000 /* a guest cannot have more than 5000 periodic interrupts per second */
#define EARLY_SPIN_NS 1000 /* the host's clock and the TSC drift apart by less than this between two looks */

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

static void start(struct vcpu *v, ktime_t when)
{
	struct apic *a = v->apic;

	v->stats.lapic_timer_arms++;
	a->timer_cpu = raw_smp_processor_id();
	hrtimer_start(&a->hrtimer, when, HRTIMER_MODE_ABS_PINNED_HARD);
}

static void deliver(struct vcpu *v)
{
	v->stats.lapic_timer_fires++;
	if (lapic_local_deliver(&v->apic->l, LAPIC_LVTT) == LAPIC_LOCAL_FIXED)
		vcpu_request(v, REQ_EVENT);
}

/* One look at a TSC deadline: true when it was due and is done with, false when a host timer waits for it. */
static bool serve_deadline(struct vcpu *v, u64 deadline)
{
	struct lapic_timer *t = &v->apic->timer;
	u64 ns, now = clock_guest_tsc(v);

	if (now < deadline) {
		ns = clock_guest_cycles_to_ns(v, deadline - now);
		if (ns > EARLY_SPIN_NS) {
			start(v, ktime_add_safe(ktime_get(), ns_to_ktime(ns)));
			return false;
		}
		while (now < deadline) {
			cpu_relax();
			now = clock_guest_tsc(v);
		}
	}
	if (lapic_timer_fire(t, 0, now))
		deliver(v);
	return true;
}

static bool serve_count(struct vcpu *v, u64 expiry)
{
	struct lapic_timer *t = &v->apic->timer;
	u64 now = ktime_get_ns();

	if (now < expiry) {
		start(v, ns_to_ktime(min_t(u64, expiry, KTIME_MAX)));
		return false;
	}
	if (lapic_timer_fire(t, now, 0))
		deliver(v);
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
	bool again;

	do {
		next = lapic_timer_next(&a->timer);
		switch (next.unit) {
		case LAPIC_TIMER_AT_TSC:
			again = serve_deadline(v, next.when);
			break;
		case LAPIC_TIMER_AT_NS:
			again = serve_count(v, next.when);
			break;
		default:
			hrtimer_try_to_cancel(&a->hrtimer);
			again = false;
		}
	} while (again);
}

void apic_timer_expired(struct vcpu *v)
{
	if (v->apic)
		timer_sync(v);
}

/* reg 0: everything changed (reset, KVM_SET_LAPIC); a deadline stays if the mode is still TSC-deadline. */
void apic_timer_changed(struct vcpu *v, u32 reg)
{
	struct apic *a = v->apic;
	struct lapic *l = &a->l;
	u64 deadline;

	if (reg) {
		lapic_timer_write(&a->timer, reg, lapic_reg(l, reg), ktime_get_ns());
	} else {
		deadline = lapic_timer_deadline(&a->timer);
		lapic_timer_restore(&a->timer, lapic_reg(l, LAPIC_LVTT), lapic_reg(l, LAPIC_TDCR),
				    lapic_reg(l, LAPIC_TMICT), lapic_reg(l, LAPIC_TMCCT),
				    ktime_get_ns());
		lapic_timer_set_deadline(&a->timer, deadline);
	}
	timer_sync(v);
}

void apic_timer_publish_count(struct vcpu *v)
{
	struct apic *a = v->apic;

	lapic_set_current_count(&a->l, lapic_timer_count(&a->timer, ktime_get_ns()));
}

u64 apic_tsc_deadline_get(struct vcpu *v)
{
	return v->apic ? lapic_timer_deadline(&v->apic->timer) : 0;
}

void apic_tsc_deadline_set(struct vcpu *v, u64 tsc)
{
	struct apic *a = v->apic;

	if (!a || !lapic_hw_enabled(&a->l) ||
	    lapic_timer_lvt_mode(lapic_reg(&a->l, LAPIC_LVTT)) != LAPIC_TIMER_DEADLINE)
		return;
	lapic_timer_set_deadline(&a->timer, tsc);
	timer_sync(v);
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
