// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outer loop of KVM_RUN: it may sleep. It blocks a halted vCPU, handles
 * INIT and SIPI, signals, rescheduling and absent memory, and calls the runner
 * for everything else (thread.c; an owned core will be another one).
 */
#include <linux/sched/signal.h>
#include <linux/task_work.h>

#include "base/compat.h"
#include "base/vcpu.h"
#include "cpu/event.h"
#include "cpu/pv.h"
#include "exit.h"
#include "halt.h"
#include "irq/vlapic.h"
#include "irq/vlapic_timer.h"
#include "mem/page_fault.h"
#include "run.h"
#include "thread.h"
#include "vcpu.h"

/* INIT and SIPI from other vCPUs. */
static void vcpu_serve_init_sipi(struct vcpu *v)
{
	u8 vector;

	clear_bit(REQ_INIT_SIPI, &v->requests);
	for (;;) {
		switch (vlapic_take_init_sipi(v, &vector)) {
		case VLAPIC_STARTUP_INIT:
			vcpu_reset(v, true);
			v->mp_state = v->id == v->vm->bsp_id ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_INIT_RECEIVED;
			break;
		case VLAPIC_STARTUP_SIPI:
			vcpu_make_runnable_by_sipi(v, vector);
			break;
		default:
			return;
		}
	}
}

/* Serve what a stopped vCPU can serve; true when it may enter the guest. */
static bool vcpu_is_runnable(struct vcpu *v)
{
	if (vcpu_test_and_clear_request(v, REQ_TSC_CHANGED))
		vlapic_timer_tsc_changed(v);
	if (vcpu_test_and_clear_request(v, REQ_TIMER))
		vlapic_timer_serve(v);
	if (test_bit(REQ_INIT_SIPI, &v->requests))
		vcpu_serve_init_sipi(v);
	if (v->mp_state == KVM_MP_STATE_HALTED && (event_runnable(v) || vlapic_take_kick(v))) {
		v->mp_state = KVM_MP_STATE_RUNNABLE;
		vcpu_request(v, REQ_EVENT);
	}
	return v->mp_state == KVM_MP_STATE_RUNNABLE;
}

/* A signal: 0 to user space with -EINTR as KVM reports it. */
static int vcpu_interrupted(struct vcpu *v)
{
	v->run->exit_reason = KVM_EXIT_INTR;
	v->stats.signal_exits++;
	return -EINTR;
}

/* Other tasks that want the CPU run before the guest is entered again. */
static void vcpu_give_way(void)
{
	if (hv_resched_wanted())
		schedule();
	else
		cond_resched(); /* without preemption: reports a quiescent state to RCU */
}

int vcpu_outer_loop(struct vcpu *v)
{
	for (;;) {
		int r;

		if (READ_ONCE(v->vm->dead) || test_bit(REQ_VM_DEAD, &v->requests))
			return -EIO;
		if (signal_pending(current))
			return vcpu_interrupted(v);
		if (!vcpu_is_runnable(v)) {
			/* Served above; later events set the bits again. */
			clear_bit(REQ_EVENT, &v->requests);
			clear_bit(REQ_NMI, &v->requests);
			if (v->vlapic)
				lapic_sync_pir_to_irr(&v->vlapic->l);
			smp_mb__after_atomic();
			if (!vcpu_is_runnable(v)) {
				vcpu_block(v);
				continue;
			}
		}
		r = vcpu_thread_run(v);
		switch (r) {
		case RUN_BLOCK:
			v->mp_state = KVM_MP_STATE_HALTED;
			break;
		case RUN_AGAIN:
			if (unlikely(v->pv->yield_to))
				pv_yield(v);
			if (task_work_pending(current))
				return vcpu_interrupted(v);
			vcpu_give_way();
			break;
		case RUN_MEMORY:
			r = mem_fault(v, v->exit.mem.gpa, v->exit.mem.write);
			if (r && !(r == -EINTR && signal_pending(current)))
				return r;
			break;
		case RUN_SPLIT_LOCK:
			if (!exit_split_lock(v))
				return 0;
			break;
		default:
			return r == RUN_USER ? 0 : r;
		}
	}
}
