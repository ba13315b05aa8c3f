// SPDX-License-Identifier: GPL-2.0-only
/* Getting a vCPU's attention; see kick.h. */
#include <linux/cpu.h>
#include <linux/rcuwait.h>
#include <linux/smp.h>
#include <trace/events/ipi.h>

#include "core/core.h"
#include "kick.h"
#include "model/port.h"
#include "vcpu.h"

void vcpu_kick(struct vcpu *v)
{
	struct core *core;
	int cpu, me;

	smp_mb();
	if (rcuwait_active(&v->wait)) {
		if (rcuwait_wake_up(&v->wait))
			v->stats.halt_wakeup++;
		return;
	}
	if (READ_ONCE(v->mode) != VCPU_IN_GUEST)
		return;
	/*
	 * One interrupt is enough for all who come before the vCPU has left.
	 * They rely on it (mem_write_lock_spinning() waits for it), so the thread that
	 * owes it is not preempted in between.
	 */
	me = get_cpu();
	if (cmpxchg(&v->mode, VCPU_IN_GUEST, VCPU_LEAVING) != VCPU_IN_GUEST) {
		put_cpu();
		return;
	}
	cpu = READ_ONCE(v->cpu);
	core = READ_ONCE(v->core); /* stays while preemption is off: owned_give_back() */
	if (core) {
		v->stats.kicks++;
		core_kick(core);
	} else if (cpu != me && cpu >= 0 && cpu_online(cpu)) {
		v->stats.kicks++;
		smp_send_reschedule(cpu);
	}
	put_cpu();
}
