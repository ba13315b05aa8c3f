// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LAPIC timer in the host.
 *
 * model/lapic_timer.c knows when the timer is due; an hrtimer on the vCPU's own
 * CPU wakes us then. Its callback may run on another CPU, at the same time as
 * the vCPU's thread rearms or disarms: it only sets REQ_TIMER and kicks. The
 * thread looks at the arithmetic again, so a callback that came too late, or
 * for a deadline that was moved, changes nothing.
 *
 * Exitless. Where interrupts can be posted, the hrtimer may live on a
 * housekeeping CPU (timer_remote.c says for whom, and on which). Its callback then
 * does all that the firing takes: it looks at the arithmetic, delivers, posts,
 * and sets itself for the next period. Linux sets an hrtimer on the CPU that
 * asks only, so the vCPU's thread, when it arms, sends the housekeeping CPU
 * there by an interrupt (vlapic_timer_remote_arm()), unless the hrtimer is set for an
 * earlier time as it is: a callback that comes early sets itself anew. A vCPU
 * that does so too often (CALL_NS) waits on its own CPU meanwhile.
 *   - a->timer, a->remote, a->due_ns and a->asked change under a->timer_lock,
 *     and so does whether the hrtimer is queued. The vCPU's side holds it
 *     whenever it touches these; the callback only while a->remote is set,
 *     which it looks at again under the lock.
 *   - vlapic_timer_remote_arm() looks at the arithmetic of the moment, not at what it was
 *     called for: one call on its way is enough for any number of changes.
 *   - Whatever the callback delivers goes the way of any other interrupt that
 *     is posted, so a vCPU that has left the guest meanwhile, sleeps, or has
 *     left x2APIC mode gets it as it would get an MSI.
 *   - All of it works with host times of a guest TSC that stays as it is; a
 *     firing that comes while the TSC is moved may be measured by either.
 *
 * Advance. The hrtimer is set ahead of the guest's timer by what
 * model/timer_advance.c has learnt (or by a fixed time, or not at all: module
 * parameter timer_advance_ns). The interrupt is then pending in the LAPIC
 * before its time, and a->expired says so. The guest cannot notice:
 *   - the entry that injects it waits for its time (run/run.c), with interrupts
 *     on, and turns back for whatever else has to be done;
 *   - a guest that cannot take it yet goes on without waiting; if it looks at
 *     its LAPIC or sets the timer anew, that access waits (vlapic_timer_wait_expire());
 *   - so does KVM_RUN before it returns to user space.
 * No wait is longer than TIMER_WAIT_MAX_NS. A timer that is masked, or has an
 * illegal vector, is not advanced.
 * All three modes are: the latency is the same, and the guest's clock for the
 * counting ones, CLOCK_MONOTONIC, is as good as its TSC.
 *
 * A vCPU that runs and one that is halted have latencies of their own, so each
 * kind has its own advance. Whether the vCPU will be halted when the timer
 * fires is not known when it is armed; that it was the last time is a good
 * guess, and moving the hrtimer at every HLT would cost more than a bad one.
 */
#include <linux/ktime.h>

#include "base/clock.h"
#include "base/compat.h"
#include "base/kick.h"
#include "base/params.h"
#include "base/trace.h"
#include "timer_remote.h"
#include "vlapic.h"
#include "vlapic_accept.h"
#include "vlapic_timer.h"

#define CALL_NS 100000 /* in the long run a vCPU may call its housekeeping CPU that often, */
#define CALLS_AT_ONCE 64 /* and so many times in a row */

#define NEVER U64_MAX

#define FAR_NS (S64_MAX / 2) /* times are not told apart beyond this; sums of two still fit */

/* The time on the clock that it is set by. */
static u64 vlapic_timer_clock_now(const struct vcpu *v, const struct lapic_timer_next *at)
{
	return at->unit == LAPIC_TIMER_AT_TSC ? clock_guest_tsc(v) : ktime_get_ns();
}

static u64 vlapic_timer_span_ns(const struct vcpu *v, const struct lapic_timer_next *at, u64 span)
{
	if (at->unit == LAPIC_TIMER_AT_TSC)
		span = clock_guest_cycles_to_ns(v, span);
	return min_t(u64, span, FAR_NS);
}

/* How much later than that now is, ns; below 0: it is still to come. Never 0 before its time. */
static s64 vlapic_timer_lateness_ns(const struct vcpu *v, const struct lapic_timer_next *at, u64 now)
{
	if (now < at->when)
		return -(s64)max_t(u64, vlapic_timer_span_ns(v, at, at->when - now), 1);
	return vlapic_timer_span_ns(v, at, now - at->when);
}

/* How far ahead the host's timer is set, ns. */
static u32 vlapic_timer_advance_now(const struct vlapic *a)
{
	int fixed = READ_ONCE(param_timer_advance_ns);

	return fixed < 0 ? a->advance[a->wakes_halted].ns : min_t(u32, fixed, TIMER_ADVANCE_MAX_NS);
}

/* The host's time for it, CLOCK_MONOTONIC, when it is so late. */
static u64 vlapic_timer_host_time(const struct lapic_timer_next *at, s64 late)
{
	return at->unit == LAPIC_TIMER_AT_NS ? at->when : ktime_get_ns() - late;
}

/* Expire the timer, whose deadline is at->when, and deliver its LVT. REQ_EVENT is set for the error interrupt. */
static enum lapic_local vlapic_timer_expire(struct vcpu *v, const struct lapic_timer_next *at, u64 now)
{
	enum lapic_local result;

	trace_taxcut_timer_fire(v, lapic_reg(&v->vlapic->l, LAPIC_LVTT), at, now);
	now = max(now, at->when);
	lapic_timer_fire(&v->vlapic->timer, now, now);
	v->stats.lapic_timer_fires++;
	result = lapic_local_deliver(&v->vlapic->l, LAPIC_LVTT);
	if (unlikely(result == LAPIC_LOCAL_ERROR))
		vcpu_request(v, REQ_EVENT);
	return result;
}

/* It fires, at->when being its time, which may lie a little ahead. */
static void vlapic_timer_fire(struct vcpu *v, const struct lapic_timer_next *at, u64 now)
{
	struct vlapic *a = v->vlapic;
	bool by_host = a->host_armed;

	a->host_armed = false;
	if (vlapic_timer_expire(v, at, now) != LAPIC_LOCAL_FIXED)
		return;
	vcpu_request(v, REQ_EVENT);
	if (a->apicv_active)
		return;
	a->expired = (struct vlapic_expired){ .pending = true,
					  .measure = by_host,
					  .was_halted = v->mp_state == KVM_MP_STATE_HALTED,
					  .vector = (u8)lapic_reg(&a->l, LAPIC_LVTT),
					  .at = *at,
					  .exits = v->stats.exits };
}

/* ---- on a housekeeping CPU ---- */

static bool vlapic_timer_post(struct vcpu *v)
{
	bool posted = vlapic_notify(v);

	trace_taxcut_deliver(v, (u8)lapic_reg(&v->vlapic->l, LAPIC_LVTT), false, posted);
	return posted;
}

/* Delivers what is due; a->due_ns is when the callback is to come next. True: the vCPU has to be kicked. */
static bool vlapic_timer_serve_remote(struct vlapic *a)
{
	struct vcpu *v = a->vcpu;
	bool kick = false;

	for (;;) {
		struct lapic_timer_next next = lapic_timer_next(&a->timer);
		enum lapic_local result;
		u64 now;
		s64 late;

		a->due_ns = NEVER;
		if (next.unit == LAPIC_TIMER_OFF)
			return kick;
		now = vlapic_timer_clock_now(v, &next);
		late = vlapic_timer_lateness_ns(v, &next, now);
		if (late < 0) {
			a->due_ns = min_t(u64, vlapic_timer_host_time(&next, late), KTIME_MAX);
			return kick;
		}
		stats_hist_add(v->stats.lapic_timer_late_hist, late);
		v->stats.lapic_timer_posted++;
		/* Before the lock is dropped: a guest that disarms the timer now must not hear of it after that. */
		result = vlapic_timer_expire(v, &next, now);
		if (result == LAPIC_LOCAL_FIXED)
			kick |= !vlapic_timer_post(v);
		else
			kick |= result == LAPIC_LOCAL_ERROR;
	}
}

/* It is to come at due_ns on this CPU. Interrupts are off. */
static void vlapic_timer_wait_from_here(struct vlapic *a)
{
	a->vcpu->stats.lapic_timer_cpu = raw_smp_processor_id();
	hrtimer_start(&a->hrtimer, min_t(u64, a->due_ns, KTIME_MAX), HRTIMER_MODE_ABS_PINNED_HARD);
}

/*
 * False: the CPU has gone. Interrupts are off. A call to one's own CPU would
 * run vlapic_timer_remote_arm() at once, and timer_lock is held: an ioctl may come from there.
 */
static bool vlapic_timer_remote_send_call(struct vlapic *a, u64 when)
{
	int housekeeping_cpu = READ_ONCE(a->housekeeping_cpu);

	if (a->due_ns <= when || a->call_sent)
		return true;
	if (housekeeping_cpu == raw_smp_processor_id()) {
		a->due_ns = when;
		vlapic_timer_wait_from_here(a);
		return true;
	}
	a->call_sent = !smp_call_function_single_async(housekeeping_cpu, &a->remote_arm);
	a->vcpu->stats.lapic_timer_calls += a->call_sent;
	a->calls_paid_until_ns = max(a->calls_paid_until_ns, ktime_get_ns()) + CALL_NS;
	return a->call_sent;
}

/* A guest that sets its timer all the time loads its own CPU only. */
static bool vlapic_timer_rate_ok(const struct vlapic *a)
{
	return a->calls_paid_until_ns <= ktime_get_ns() + CALLS_AT_ONCE * CALL_NS;
}

/* vlapic_timer_serve_remote() was here, and the hrtimer is not queued: true when it is to be, for a->due_ns, on this CPU. */
static bool vlapic_timer_wait_here(struct vlapic *a)
{
	u64 due = a->due_ns;

	if (due == NEVER || READ_ONCE(a->housekeeping_cpu) == raw_smp_processor_id())
		return due != NEVER;
	a->due_ns = NEVER;
	if (vlapic_timer_remote_send_call(a, due))
		return false;
	a->due_ns = due;
	return true;
}

/* Hard interrupt. Once the hrtimer is queued again, the thread that queued it has set the next time. */
static enum hrtimer_restart vlapic_timer_remote_expired(struct vlapic *a)
{
	enum hrtimer_restart restart = HRTIMER_NORESTART;
	bool kick = false;

	raw_spin_lock(&a->timer_lock);
	if (a->remote && !hrtimer_is_queued(&a->hrtimer)) {
		kick = vlapic_timer_serve_remote(a);
		if (vlapic_timer_wait_here(a)) {
			hrtimer_set_expires(&a->hrtimer, a->due_ns);
			restart = HRTIMER_RESTART;
		}
	}
	raw_spin_unlock(&a->timer_lock);
	if (kick)
		vcpu_kick(a->vcpu);
	return restart;
}

/* Sent by vlapic_timer_remote_send_call(). Interrupts are off. The kick is under the lock: once it is free, vlapic_timer_destroy() does not wait. */
static void vlapic_timer_remote_arm(void *info)
{
	struct vlapic *a = info;

	raw_spin_lock(&a->timer_lock);
	a->call_sent = false;
	if (a->remote) {
		bool kick = vlapic_timer_serve_remote(a);

		if (vlapic_timer_wait_here(a))
			vlapic_timer_wait_from_here(a);
		if (kick)
			vcpu_kick(a->vcpu);
	}
	raw_spin_unlock(&a->timer_lock);
}

static enum hrtimer_restart vlapic_timer_callback(struct hrtimer *timer)
{
	struct vlapic *a = container_of(timer, struct vlapic, hrtimer);

	if (READ_ONCE(a->remote))
		return vlapic_timer_remote_expired(a);
	vcpu_request(a->vcpu, REQ_TIMER);
	vcpu_kick(a->vcpu);
	return HRTIMER_NORESTART;
}

/* ---- on the vCPU's own CPU ---- */

void vlapic_timer_init(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;

	lapic_timer_init(&a->timer, v->vm->apic_bus_cycle_ns, HV_MIN_PERIOD_NS);
	raw_spin_lock_init(&a->timer_lock);
	hv_hrtimer_setup(&a->hrtimer, vlapic_timer_callback, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	a->armed_cpu = -1;
	a->housekeeping_cpu = -1;
	a->due_ns = NEVER;
	INIT_CSD(&a->remote_arm, vlapic_timer_remote_arm, a);
}

/* Preemption is on, no other thread uses the vCPU any more. */
void vlapic_timer_destroy(struct vlapic *a)
{
	raw_spin_lock_irq(&a->timer_lock);
	a->remote = false;
	while (a->call_sent) {
		raw_spin_unlock_irq(&a->timer_lock);
		cpu_relax();
		raw_spin_lock_irq(&a->timer_lock);
	}
	raw_spin_unlock_irq(&a->timer_lock);
	hrtimer_cancel(&a->hrtimer);
	timer_remote_leave(&a->housekeeping_cpu);
}

/* Whether a housekeeping CPU waits for what is armed now. A vCPU that is not loaded stays where it is. */
static bool vlapic_timer_choose_cpu(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;
	bool remote = (v->loaded ? timer_remote_wanted(v) : a->remote && a->apicv_active) && vlapic_timer_rate_ok(a);

	if (remote != a->remote) {
		WRITE_ONCE(a->remote, remote);
		a->due_ns = NEVER; /* of an hrtimer that only we know about */
	}
	return remote;
}

/* In -late ns, or advance ns before that. */
static void vlapic_timer_start(struct vcpu *v, const struct lapic_timer_next *at, s64 late, u32 advance)
{
	struct vlapic *a = v->vlapic;
	u64 when = vlapic_timer_host_time(at, late);
	bool remote = vlapic_timer_choose_cpu(v);

	v->stats.lapic_timer_arms++;
	v->stats.lapic_timer_advance_ns = advance;
	trace_taxcut_timer_arm(v, remote ? READ_ONCE(a->housekeeping_cpu) : raw_smp_processor_id(), when - advance, advance);
	if (remote) {
		if (vlapic_timer_remote_send_call(a, when))
			return;
		WRITE_ONCE(a->remote, false);
	}
	a->host_armed = true;
	a->host_advance = advance;
	a->armed_cpu = raw_smp_processor_id();
	v->stats.lapic_timer_cpu = a->armed_cpu;
	hrtimer_start(&a->hrtimer, min_t(u64, when - advance, KTIME_MAX), HRTIMER_MODE_ABS_PINNED_HARD);
}

/* Only the timer's own interrupt can be held back until its deadline, and only where the CPU does not deliver it. */
static bool vlapic_timer_may_be_early(const struct vcpu *v)
{
	u32 lvtt = lapic_reg(&v->vlapic->l, LAPIC_LVTT);

	return !v->vlapic->apicv_active && !(lvtt & LAPIC_LVT_MASKED) && (u8)lvtt >= LAPIC_FIRST_LEGAL_VECTOR;
}

/* Before its time: true when the host's timer is set for it, false when it is close enough to fire. */
static bool vlapic_timer_wait_by_host(struct vcpu *v, const struct lapic_timer_next *at, u64 now)
{
	bool exact = !vlapic_timer_may_be_early(v);
	u32 advance = exact ? 0 : vlapic_timer_advance_now(v->vlapic);
	u32 early = exact ? 0 : advance + TIMER_ADVANCE_SLACK_NS;
	s64 late = vlapic_timer_lateness_ns(v, at, now);

	if (late >= -(s64)early)
		return false;
	vlapic_timer_start(v, at, late, advance);
	return true;
}

/* One look at an armed timer: true when it fired, false when a host timer waits for it. */
static bool vlapic_timer_look(struct vcpu *v, const struct lapic_timer_next *at)
{
	u64 now = vlapic_timer_clock_now(v, at);

	if (now < at->when && vlapic_timer_wait_by_host(v, at, now))
		return false;
	vlapic_timer_fire(v, at, now);
	return true;
}

/*
 * Deliver what is due and see to it that the host wakes us for what comes. At
 * most two rounds: one-shot and deadline disarm, a period ends in the future.
 * timer_lock is held. A housekeeping CPU finds out by itself that there is
 * nothing to wait for.
 */
static void vlapic_timer_sync(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;
	struct lapic_timer_next next;

	do {
		next = lapic_timer_next(&a->timer);
		if (next.unit == LAPIC_TIMER_OFF) {
			if (!a->remote && hrtimer_is_queued(&a->hrtimer))
				hrtimer_try_to_cancel(&a->hrtimer);
			return;
		}
	} while (vlapic_timer_look(v, &next));
}

void vlapic_timer_serve(struct vcpu *v)
{
	unsigned long flags;

	if (!v->vlapic)
		return;
	raw_spin_lock_irqsave(&v->vlapic->timer_lock, flags);
	vlapic_timer_sync(v);
	raw_spin_unlock_irqrestore(&v->vlapic->timer_lock, flags);
}

/* The guest or user space set the timer: what fires now was not waited for by the host. timer_lock is held. */
static void vlapic_timer_set(struct vcpu *v)
{
	v->vlapic->host_armed = false;
	vlapic_timer_sync(v);
}

/* The time that is left until the interrupt under way was meant to come, ns, when it is so late. */
static u32 vlapic_timer_left_ns(s64 late)
{
	/* Much too early: the guest's TSC was set back meanwhile. */
	return late < 0 && late >= -TIMER_WAIT_MAX_NS ? -late : 0;
}

/* Of the interrupt under way. */
static s64 vlapic_timer_late_now(const struct vcpu *v)
{
	const struct lapic_timer_next *at = &v->vlapic->expired.at;

	return vlapic_timer_lateness_ns(v, at, vlapic_timer_clock_now(v, at));
}

void vlapic_timer_spin(struct vcpu *v)
{
	while (vlapic_timer_left_ns(vlapic_timer_late_now(v)))
		cpu_relax();
	v->vlapic->expired.pending = false;
}

/* The entry is ready, so late. */
static void vlapic_timer_measure(struct vcpu *v, s64 late)
{
	struct vlapic *a = v->vlapic;
	struct vlapic_expired *f = &a->expired;

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

u32 vlapic_timer_early_ns(struct vcpu *v)
{
	struct vlapic_expired *f = &v->vlapic->expired;
	u32 left;
	s64 late;

	if (!v->ev.irq.injected || v->ev.irq.vector != f->vector)
		return 0;
	late = vlapic_timer_late_now(v);
	if (f->measure)
		vlapic_timer_measure(v, late);
	left = vlapic_timer_left_ns(late);
	f->pending = left;
	return left;
}

/* All of the LAPIC changed (reset, KVM_SET_LAPIC); a deadline stays if the mode is still TSC-deadline. */
static void vlapic_timer_restore(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;
	struct lapic *l = &a->l;
	u64 deadline = lapic_timer_deadline(&a->timer);

	a->expired.pending = false;
	lapic_timer_restore(&a->timer, lapic_reg(l, LAPIC_LVTT), lapic_reg(l, LAPIC_TDCR), lapic_reg(l, LAPIC_TMICT),
			    lapic_reg(l, LAPIC_TMCCT), ktime_get_ns());
	lapic_timer_set_deadline(&a->timer, deadline);
}

/* reg 0: everything */
void vlapic_timer_changed(struct vcpu *v, u32 reg)
{
	struct vlapic *a = v->vlapic;
	unsigned long flags;

	if (reg)
		vlapic_timer_wait_expire(v);
	raw_spin_lock_irqsave(&a->timer_lock, flags);
	if (reg)
		lapic_timer_write(&a->timer, reg, lapic_reg(&a->l, reg), ktime_get_ns());
	else
		vlapic_timer_restore(v);
	vlapic_timer_set(v);
	raw_spin_unlock_irqrestore(&a->timer_lock, flags);
}

void vlapic_timer_publish_count(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;
	unsigned long flags;

	raw_spin_lock_irqsave(&a->timer_lock, flags);
	lapic_set_current_count(&a->l, lapic_timer_count(&a->timer, ktime_get_ns()));
	raw_spin_unlock_irqrestore(&a->timer_lock, flags);
}

u64 vlapic_tsc_deadline_get(struct vcpu *v)
{
	vlapic_timer_wait_expire(v);
	return v->vlapic ? READ_ONCE(v->vlapic->timer.deadline_tsc) : 0;
}

void vlapic_tsc_deadline_set(struct vcpu *v, u64 tsc)
{
	struct vlapic *a = v->vlapic;
	unsigned long flags;

	if (!a || !lapic_hw_enabled(&a->l) ||
	    lapic_timer_lvt_mode(lapic_reg(&a->l, LAPIC_LVTT)) != LAPIC_TIMER_DEADLINE)
		return;
	vlapic_timer_wait_expire(v);
	raw_spin_lock_irqsave(&a->timer_lock, flags);
	lapic_timer_set_deadline(&a->timer, tsc);
	vlapic_timer_set(v);
	raw_spin_unlock_irqrestore(&a->timer_lock, flags);
}

void vlapic_timer_load(struct vcpu *v)
{
	int cpu = raw_smp_processor_id();
	struct vlapic *a = v->vlapic;
	unsigned long flags;

	if (!a)
		return;
	timer_remote_choose_cpu(v, cpu);
	raw_spin_lock_irqsave(&a->timer_lock, flags);
	a->due_ns = NEVER; /* on the CPU that it was to wait on before */
	if (!a->remote && a->armed_cpu != cpu && hrtimer_is_queued(&a->hrtimer))
		hrtimer_start_expires(&a->hrtimer, HRTIMER_MODE_ABS_PINNED_HARD);
	if (!a->remote)
		a->armed_cpu = cpu;
	raw_spin_unlock_irqrestore(&a->timer_lock, flags);
	if (hv->pi_desc)
		vcpu_request(v, REQ_TIMER); /* another CPU may be in charge now */
}

/*
 * CLOCK_MONOTONIC, and the hrtimer with it, stood still while the host slept. The
 * TSC may have run on: then the hrtimer is set too late for a TSC deadline.
 */
void vlapic_timer_host_resumed(struct vcpu *v)
{
	vcpu_request(v, REQ_TIMER);
	vcpu_kick(v);
}

void vlapic_timer_tsc_changed(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;
	unsigned long flags;

	if (!a)
		return;
	raw_spin_lock_irqsave(&a->timer_lock, flags);
	if (lapic_timer_next(&a->timer).unit == LAPIC_TIMER_AT_TSC) {
		a->due_ns = NEVER;
		vlapic_timer_sync(v);
	}
	raw_spin_unlock_irqrestore(&a->timer_lock, flags);
}
