// SPDX-License-Identifier: GPL-2.0-only
/* Halt polling and sleeping. The vCPU's own thread; it may sleep. */
#include <linux/ktime.h>
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>

#include "base/compat.h"
#include "base/params.h"
#include "base/trace.h"
#include "base/vcpu.h"
#include "cpu/pv.h"
#include "halt.h"
#include "irq/vlapic.h"
#include "model/halt_poll.h"

static bool vcpu_has_wakeup(struct vcpu *v)
{
	return (READ_ONCE(v->requests) & (BIT(REQ_TIMER) | BIT(REQ_INIT_SIPI) | BIT(REQ_VM_DEAD) | BIT(REQ_EVENT) |
					  BIT(REQ_NMI))) ||
	       vlapic_has_posted(v);
}

/* The polling parameters now in force. KVM_CAP_HALT_POLL overrides the module parameter. */
static struct halt_poll_params vcpu_poll_params(const struct vcpu *v)
{
	bool own = smp_load_acquire(&v->vm->halt_poll_override);

	return (struct halt_poll_params){
		.ceiling = own ? READ_ONCE(v->vm->max_halt_poll_ns) : READ_ONCE(param_halt_poll_ns),
		.start = READ_ONCE(param_halt_poll_ns_grow_start),
		.grow = READ_ONCE(param_halt_poll_ns_grow),
		.shrink = READ_ONCE(param_halt_poll_ns_shrink),
	};
}

/* Poll for at most window ns; true when there is something to do, in the guest or, for a signal, in user space. */
static bool vcpu_poll(struct vcpu *v, u64 start, u32 window)
{
	v->stats.halt_attempted_poll++;
	do {
		if (vcpu_has_wakeup(v) || signal_pending(current))
			return true;
		cpu_relax();
		/* The thread that will wake this vCPU may wait for this CPU. */
	} while (!hv_resched_wanted() && single_task_running() && ktime_get_ns() - start < window);
	return false;
}

/* False: it did not sleep, an event was already pending. */
static bool vcpu_sleep(struct vcpu *v)
{
	bool slept = false;

	prepare_to_rcuwait(&v->wait);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (vcpu_has_wakeup(v) || signal_pending(current))
			break;
		v->stats.blocking = 1;
		schedule();
		slept = true;
	}
	finish_rcuwait(&v->wait);
	v->stats.blocking = 0;
	return slept;
}

static void vcpu_count_poll(struct vcpu_stats *s, bool success, u64 ns)
{
	if (success) {
		s->halt_successful_poll++;
		s->halt_poll_success_ns += ns;
		stats_hist_add(s->halt_poll_success_hist, ns);
	} else {
		s->halt_poll_fail_ns += ns;
		stats_hist_add(s->halt_poll_fail_hist, ns);
	}
}

void vcpu_block(struct vcpu *v)
{
	struct halt_poll_params params = vcpu_poll_params(v);
	bool may_poll = v->mp_state == KVM_MP_STATE_HALTED && pv_host_may_poll(v);
	u32 window = may_poll ? halt_poll_window(&params, v->halt_poll_ns) : 0;
	u64 start = ktime_get_ns(), polled, waited;
	bool woken, slept;

	woken = window && vcpu_poll(v, start, window);
	polled = ktime_get_ns() - start;
	slept = !woken && vcpu_sleep(v);
	waited = slept ? ktime_get_ns() - start : polled;
	if (slept) {
		v->stats.halt_wait_ns += waited - polled;
		stats_hist_add(v->stats.halt_wait_hist, waited - polled);
	}
	if (window)
		vcpu_count_poll(&v->stats, !slept, polled);
	v->halt_poll_ns = may_poll ? halt_poll_next(&params, window, waited) : 0;
	trace_taxcut_halt_poll(v, window, polled, waited - polled, !slept);
}
