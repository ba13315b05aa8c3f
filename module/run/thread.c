// SPDX-License-Identifier: GPL-2.0-only
/* The inner loop: entering the guest and handling its exits in the vCPU's own thread. */
#include <linux/cpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>

#include "base/backend.h"
#include "base/compat.h"
#include "base/trace.h"
#include "cpu/cpuid.h"
#include "cpu/event.h"
#include "cpu/pv.h"
#include "cpu/xstate.h"
#include "exit.h"
#include "irq/chips.h"
#include "irq/vlapic.h"
#include "irq/vlapic_timer.h"
#include "load.h"
#include "owned.h"
#include "thread.h"
#include "vcpu.h"

/* Memory that the hypervisor wanted for the guest could not be had: what KVM_RUN returns. */
static int vcpu_memory_error(struct vcpu *v)
{
	int r = v->mem_error;

	v->mem_error = 0;
	return r;
}

/* Requests that are served while loaded. Anything but RUN_GUEST leaves the inner loop. */
static int vcpu_serve_requests(struct vcpu *v)
{
	if (READ_ONCE(v->requests) & (BIT(REQ_VM_DEAD) | BIT(REQ_INIT_SIPI)))
		return RUN_AGAIN;
	if (vcpu_test_and_clear_request(v, REQ_TRIPLE_FAULT)) {
		v->run->exit_reason = KVM_EXIT_SHUTDOWN;
		return RUN_USER;
	}
	if (vcpu_test_and_clear_request(v, REQ_MEMORY_ERROR))
		return vcpu_memory_error(v);
	if (vcpu_test_and_clear_request(v, REQ_DEBUG_STEP))
		return exit_debug_step(v);
	if (vcpu_test_and_clear_request(v, REQ_TIMER))
		vlapic_timer_serve(v);
	if (vcpu_test_and_clear_request(v, REQ_TSC_CHANGED))
		vlapic_timer_tsc_changed(v);
	if (vcpu_test_and_clear_request(v, REQ_CLOCK))
		pv_serve_clock(v);
	if (vcpu_test_and_clear_request(v, REQ_STEAL))
		pv_serve_steal(v);
	if (vcpu_test_and_clear_request(v, REQ_TLB_FLUSH)) {
		v->stats.tlb_flush++;
		hv->flush_tlb(v);
	}
	if (vcpu_test_and_clear_request(v, REQ_INTERCEPTS)) {
		cpuid_update_pv(v);
		hv->update_intercepts(v);
	}
	if (test_bit(REQ_IOAPIC_EOI, &v->requests)) {
		u8 vector;

		if (chips_ioapic_eoi_exit(v, &vector)) {
			v->run->exit_reason = KVM_EXIT_IOAPIC_EOI;
			v->run->eoi.vector = vector;
			return RUN_USER;
		}
		clear_bit(REQ_IOAPIC_EOI, &v->requests);
	}
	if (READ_ONCE(v->requests) & (BIT(REQ_EVENT) | BIT(REQ_NMI))) {
		clear_bit(REQ_NMI, &v->requests);
		clear_bit(REQ_EVENT, &v->requests);
		smp_mb__after_atomic(); /* what is asked for after this look sets the bit again */
		event_inject(v);
	}
	return RUN_GUEST;
}

static void vcpu_sync_tpr(struct vcpu *v)
{
	if (likely(v->cr8 == v->apic_cr8))
		return;
	v->apic_cr8 = v->cr8;
	if (v->vlapic)
		vlapic_set_tpr(v, v->cr8);
	else
		v->run->cr8 = v->cr8;
	vcpu_request(v, REQ_EVENT);
}

/*
 * The LAPIC timer fired ahead of its time: the entry that takes its interrupt
 * along comes when the time has come. Interrupts stay on, and whatever else
 * has to be done ends the wait; false then: do not enter.
 */
static bool vcpu_wait_for_timer(struct vcpu *v)
{
	u32 first = vlapic_timer_early_ns(v), left = first;

	while (left && !vcpu_has_request(v) && !vcpu_must_leave(v)) {
		cpu_relax();
		left = vlapic_timer_early_ns(v);
	}
	v->stats.lapic_timer_wait_ns += first - left;
	return !left;
}

/* One stay in the guest. Returns with interrupts on; false when it did not come to that. */
static bool vcpu_enter(struct vcpu *v)
{
	if (unlikely(v->ev.in_flight) && vlapic_timer_expiring(v) && !vcpu_wait_for_timer(v)) {
		event_cancel(v);
		return false;
	}
	local_irq_disable();
	/* A full barrier between the store and the looks: see "Kicking". */
	smp_store_mb(v->mode, VCPU_IN_GUEST);
	if (unlikely(vcpu_has_request(v) || vcpu_must_leave(v))) {
		WRITE_ONCE(v->mode, VCPU_OUTSIDE);
		local_irq_enable();
		event_cancel(v);
		return false;
	}
	event_delivered(v);
	if (v->exit.reason == HV_EXIT_INTR)
		rcu_note_context_switch(false); /* a guest is as quiescent as user space */
	vlapic_pv_eoi_before_entry(v);
	trace_taxcut_entry(v);
	v->stats.outside_cycles += rdtsc() - v->exit_tsc;
	hv_call(run)(v);
	v->exit_tsc = rdtsc();
	WRITE_ONCE(v->mode, VCPU_OUTSIDE);
	trace_taxcut_exit(v);
	if (v->exit.reason == HV_EXIT_INTR && hv->host_interrupt)
		hv->host_interrupt(v);
	local_irq_enable(); /* what caused an INTR exit is handled here */
	return true;
}

/* Preemption is off; vm->mem_sem is held for reading. */
static int vcpu_inner_loop(struct vcpu *v)
{
	for (;;) {
		int r;

		if (unlikely(vcpu_has_request(v))) {
			r = vcpu_serve_requests(v);
			if (r != RUN_GUEST)
				return r;
		}
		if (unlikely(!(unlikely(v->core) ? owned_enter(v) : vcpu_enter(v)))) {
			if (vcpu_must_leave(v))
				return RUN_AGAIN;
			continue;
		}
		stats_count_exit(&v->stats, v->exit.reason);
		vlapic_pv_eoi_after_exit(v);
		vcpu_sync_tpr(v);
		r = exit_dispatch(v);
		if (r != RUN_GUEST) {
			if (vcpu_test_and_clear_request(v, REQ_MEMORY_ERROR))
				return vcpu_memory_error(v);
			return r;
		}
	}
}

int vcpu_call_loaded(struct vcpu *v, int (*fn)(struct vcpu *v))
{
	int r;

	if (unlikely(atomic_read(&v->vm->mem_writers)))
		WRITE_ONCE(v->vm->mem_held_up, true);
	if (down_read_killable(&v->vm->mem_sem))
		return -EINTR;
	vcpu_load(v);
	r = fn(v);
	vcpu_unload(v);
	up_read(&v->vm->mem_sem);
	return r;
}

int vcpu_thread_run(struct vcpu *v)
{
	int r;

	r = vcpu_call_loaded(v, vcpu_inner_loop);
	if (unlikely(v->reset_after_shutdown)) {
		v->reset_after_shutdown = false;
		vcpu_reset(v, true);
	}
	return r;
}
