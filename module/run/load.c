// SPDX-License-Identifier: GPL-2.0-only
/* The vCPU's state into this CPU and back; when its thread has to do something else than run it. */
#include <linux/cpu.h>
#include <linux/cpumask.h>

#include "base/backend.h"
#include "base/compat.h"
#include "base/runner.h"
#include "cpu/event.h"
#include "cpu/pv.h"
#include "cpu/xstate.h"
#include "irq/vlapic_timer.h"
#include "load.h"

void vcpu_get(struct vcpu *v)
{
	int cpu = get_cpu();

	if (v->cpu != cpu) {
		WRITE_ONCE(v->cpu, cpu);
		cpumask_set_cpu(cpu, v->caches);
		vlapic_timer_load(v);
	}
	xstate_load(v);
	hv_call(load)(v);
	v->loaded = true;
	v->stats.host_state_reload++;
	v->exit_tsc = rdtsc();
}

void vcpu_load(struct vcpu *v)
{
	vcpu_get(v);
	pv_note_loaded(v);
}

void vcpu_put(struct vcpu *v)
{
	event_cancel(v);
	local_irq_disable();
	v->loaded = false;
	hv_call(unload)(v);
	local_irq_enable();
	xstate_unload(v);
	hv_note_guest_ran();
	put_cpu();
}

void vcpu_unload(struct vcpu *v)
{
	if (hv_resched_wanted())
		pv_note_preempted(v);
	vcpu_put(v);
}

static void vcpu_pause(struct vcpu *v)
{
	vcpu_put(v);
	up_read(&v->vm->mem_sem);
}

static void vcpu_resume(struct vcpu *v)
{
	down_read(&v->vm->mem_sem);
	vcpu_get(v);
}

const struct vcpu_runner thread_runner = { .pause = vcpu_pause, .resume = vcpu_resume };
