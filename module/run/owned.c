// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU that owns a CPU (core/core.h).
 *
 * Its thread does all that it does for any vCPU, but for the stay in the guest:
 * it unloads the vCPU into memory and the mailbox, gives the turn to the core, and
 * sleeps until the core has handed over. vm->mem_sem is not held meanwhile: a
 * writer kicks the cores, and waits for the end of their turns (mem/write_lock.c).
 *
 * Kicks: kick is cleared, then v->mode is set, then requests are looked at, then
 * the turn changes. A kicker that sees the mode sets kick, and the core looks at
 * that before each entry.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "base/backend.h"
#include "base/host_cpu.h"
#include "base/trace.h"
#include "core/core.h"
#include "cpu/event.h"
#include "cpu/xstate.h"
#include "irq/vlapic.h"
#include "load.h"
#include "owned.h"

/* As vcpu_put(), but the guest's events and steps stay on their way in. */
static void owned_put(struct vcpu *v)
{
	struct core *c = v->core;

	local_irq_disable();
	v->loaded = false;
	hv->core_put(v, c->mailbox);
	local_irq_enable();
	xstate_unload(v);
	put_cpu();
	memcpy(c->xstate, v->xstate, host_xstate_size);
	c->mailbox->guest_xcr0 = v->xcr0;
}

static void owned_get(struct vcpu *v)
{
	struct core *c = v->core;

	hv->core_get(v, c->mailbox);
	memcpy(v->xstate, c->xstate, host_xstate_size);
	vcpu_get(v);
}

bool owned_enter(struct vcpu *v)
{
	struct core *c = v->core;
	int r;

	core_clear_kick(c);
	smp_store_mb(v->mode, VCPU_IN_GUEST);
	if (unlikely(vcpu_has_request(v) || vcpu_must_leave(v))) {
		WRITE_ONCE(v->mode, VCPU_OUTSIDE);
		event_cancel(v);
		return false;
	}
	vlapic_pv_eoi_before_entry(v);
	trace_taxcut_entry(v);
	v->stats.outside_cycles += rdtsc() - v->exit_tsc;
	owned_put(v);
	core_run(c);
	up_read(&v->vm->mem_sem);
	r = core_wait(c);
	WRITE_ONCE(v->mode, VCPU_OUTSIDE);
	if (r == -EIO) {
		WRITE_ONCE(v->vm->dead, true);
		vcpu_request(v, REQ_VM_DEAD);
	}
	down_read(&v->vm->mem_sem);
	owned_get(v);
	if (c->mailbox->entered && r != -EIO) {
		event_delivered(v);
		hv->core_exited(v);
	} else {
		event_cancel(v);
		v->exit.reason = HV_EXIT_NONE;
	}
	trace_taxcut_exit(v);
	return true;
}

int owned_take(struct vcpu *v, unsigned int cpu)
{
	struct core_setup setup = { .xcr0 = host_xcr0, .xstate_size = host_xstate_size };
	struct core *c;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!hv->core_setup)
		return -EOPNOTSUPP;
	if (v->core)
		return -EBUSY;
	hv->core_setup(v, &setup);
	c = core_take(cpu, &setup);
	if (IS_ERR(c))
		return PTR_ERR(c);
	WRITE_ONCE(v->core, c);
	vcpu_request(v, REQ_INTERCEPTS); /* HLT */
	return 0;
}

void owned_give_back(struct vcpu *v)
{
	struct core *c = v->core;

	if (!c)
		return;
	/* Writers of mem_sem look at it. */
	down_read(&v->vm->mem_sem);
	WRITE_ONCE(v->core, NULL);
	vcpu_request(v, REQ_INTERCEPTS);
	up_read(&v->vm->mem_sem);
	synchronize_rcu(); /* vcpu_kick() looks at it with preemption off */
	core_give_back(c);
}
