// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a vCPU and its run loop.
 *
 * vcpu_run() is the outer loop: it may sleep. It blocks a halted vCPU, handles
 * INIT and SIPI, signals and rescheduling, then calls the runner.
 * vcpu_thread_run() is the runner of this version, "the vCPU's own thread": it
 * holds vm->mem_sem for reading, puts the guest's state into the CPU
 * (preemption off from there), and enters and handles exits until something
 * needs the outer loop or user space. An owned core will be another runner.
 *
 * Kicking. The vCPU:                       Anyone else:
 *     mode = VCPU_IN_GUEST                     set a request bit (or
 *     full barrier                                raise mem_writers)
 *     requests or mem_writers? leave           full barrier
 *     enter the guest                          mode == VCPU_IN_GUEST? send an
 *                                                 interrupt to vcpu->cpu
 * One of the two sees the other. A blocked vCPU does the same with its task
 * state in the place of mode (rcuwait).
 */
#include <linux/cpu.h>
#include <linux/ktime.h>
#include <trace/events/ipi.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <asm/fpu/api.h>
#include <asm/fpu/xcr.h>
#include <asm/special_insns.h>

#include "apic.h"
#include "clock.h"
#include "cpuid.h"
#include "compat.h"
#include "irq.h"
#include "memory.h"
#include "msr.h"
#include "params.h"
#include "pure/halt_poll.h"
#include "pv.h"
#include "state.h"
#include "trace.h"
#include "vcpu.h"
#include "xstate.h"

void vcpu_kick(struct vcpu *v)
{
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
	 * They rely on it (mem_client_changed() spins until then), so whoever
	 * owes it is not preempted in between.
	 */
	me = get_cpu();
	if (cmpxchg(&v->mode, VCPU_IN_GUEST, VCPU_LEAVING) != VCPU_IN_GUEST) {
		put_cpu();
		return;
	}
	cpu = READ_ONCE(v->cpu);
	if (cpu != me && cpu >= 0 && cpu_online(cpu)) {
		v->stats.kicks++;
		smp_send_reschedule(cpu);
	}
	put_cpu();
}

/* Power-up or INIT. The vCPU is not loaded. May sleep. */
void vcpu_reset(struct vcpu *v, bool init_event)
{
	memset(&v->ev, 0, sizeof(v->ev));
	atomic_set(&v->nmi_queued, 0);
	emul_reset(v);
	v->completion = COMPLETE_NONE;
	hv->vcpu_reset(v);
	state_vcpu_reset(v, init_event);
	if (v->apic)
		apic_reset(v, init_event);
	hv->update_dr(v);
	vcpu_request(v, REQ_EVENT);
}

void vcpu_make_runnable_by_sipi(struct vcpu *v, u8 vector)
{
	struct hv_sregs s;

	hv->get_sregs(v, &s);
	s.seg[SEG_CS].sel = vector << 8;
	s.seg[SEG_CS].base = vector << 12;
	hv->set_sregs(v, &s);
	v->rip = 0;
	v->mp_state = KVM_MP_STATE_RUNNABLE;
}

static struct vcpu *vcpu_alloc(struct vm *vm, u32 id)
{
	struct vcpu *v = kvzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);

	if (!v)
		return NULL;
	v->vm = vm;
	v->id = id;
	v->index = vm->nr_vcpus;
	v->cpu = -1;
	if (!zalloc_cpumask_var(&v->caches, GFP_KERNEL_ACCOUNT)) {
		kvfree(v);
		return NULL;
	}
	mutex_init(&v->mutex);
	rcuwait_init(&v->wait);
	v->run = (struct kvm_run *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	v->pio_data = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	snprintf(v->stats_name, sizeof(v->stats_name), "taxcut-%d/vcpu-%u", task_pid_nr(current), id);
	return v;
}

void vcpu_destroy(struct vcpu *v)
{
	apic_destroy(v);
	if (v->backend)
		hv->vcpu_destroy(v);
	state_vcpu_destroy(v);
	emul_destroy(v);
	free_page((unsigned long)v->run);
	free_page((unsigned long)v->pio_data);
	free_cpumask_var(v->caches);
	kvfree(v);
}

/*
 * KVM_CREATE_VCPU, vm->lock held. Creates and publishes it; the caller makes
 * the file. -EEXIST, -EINVAL (id or number out of range), -ENOMEM.
 */
struct vcpu *vcpu_create(struct vm *vm, u32 id)
{
	struct vcpu *v;
	int r;

	if (id >= vm->max_vcpu_id || vm->nr_vcpus >= HV_MAX_VCPUS)
		return ERR_PTR(-EINVAL);
	if (test_bit(id, vm->vcpu_ids))
		return ERR_PTR(-EEXIST);
	v = vcpu_alloc(vm, id);
	if (!v)
		return ERR_PTR(-ENOMEM);
	r = v->run && v->pio_data ? 0 : -ENOMEM;
	if (!r)
		r = emul_create(v);
	if (!r)
		r = state_vcpu_create(v);
	if (!r)
		r = hv->vcpu_create(v);
	if (!r && irq_has_lapic(vm))
		r = apic_create(v);
	if (r) {
		vcpu_destroy(v);
		return ERR_PTR(r);
	}
	v->mp_state = !irq_has_lapic(vm) || id == vm->bsp_id ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_UNINITIALIZED;
	vcpu_reset(v, false);
	vm->vcpus[v->index] = v;
	__set_bit(id, vm->vcpu_ids);
	smp_store_release(&vm->nr_vcpus, vm->nr_vcpus + 1);
	irq_map_update(v);
	return v;
}

/*
 * Some AMD CPUs restore the addresses and the opcode of the last x87 instruction
 * only where an exception is pending (APM vol. 2, "FXSAVE and FXRSTOR"): what
 * stays would be the last user's, the host's or another guest's. A load that
 * everybody may know of takes their place; with exceptions cleared, it traps not.
 */
static void xstate_clear_x87_pointers(void)
{
	static const int harmless;

	if (static_cpu_has_bug(X86_BUG_FXSAVE_LEAK))
		asm volatile("fnclex\n\temms\n\tfildl %0" ::"m"(harmless));
}

/*
 * The guest's extended state goes into the CPU. The task's own is safe: since
 * kernel_fpu_begin() it is in memory, and comes back before user space runs.
 * Nobody else uses the FPU until kernel_fpu_end(): preemption is off, and
 * interrupt handlers see the FPU as busy. PKRU is outside that protection.
 */
static void xstate_load(struct vcpu *v)
{
	u64 mask = host_xcr0;

	kernel_fpu_begin_mask(0);
	if (boot_cpu_has(X86_FEATURE_OSPKE))
		v->host_pkru = rdpkru();
	xstate_clear_x87_pointers();
	asm volatile("xrstor64 %0" ::"m"(*(u8 *)v->xstate), "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
	v->host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	if (v->xcr0 != v->host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, v->xcr0);
	/* Entry does not switch it, and XSAVES would show the guest the client's supervisor state. */
	if (host_xss)
		wrmsrl(MSR_IA32_XSS, 0);
	v->stats.fpu_reload++;
}

static void xstate_unload(struct vcpu *v)
{
	u64 mask = host_xcr0;

	if (host_xss)
		wrmsrl(MSR_IA32_XSS, host_xss);
	if (v->xcr0 != v->host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, v->host_xcr0);
	asm volatile("xsave64 %0" : "=m"(*(u8 *)v->xstate) : "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
	if (boot_cpu_has(X86_FEATURE_OSPKE))
		wrpkru(v->host_pkru);
	kernel_fpu_end();
}

static void vcpu_get(struct vcpu *v)
{
	int cpu = get_cpu();

	if (v->cpu != cpu) {
		WRITE_ONCE(v->cpu, cpu);
		cpumask_set_cpu(cpu, v->caches);
		apic_timer_load(v);
	}
	xstate_load(v);
	hv_call(load)(v);
	v->loaded = true;
	v->stats.host_state_reload++;
	v->exit_tsc = rdtsc();
}

static void vcpu_load(struct vcpu *v)
{
	vcpu_get(v);
	pv_note_loaded(v);
}

static void vcpu_put(struct vcpu *v)
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

static void vcpu_unload(struct vcpu *v)
{
	if (hv_resched_wanted())
		pv_note_preempted(v);
	vcpu_put(v);
}

void vcpu_pause(struct vcpu *v)
{
	vcpu_put(v);
	up_read(&v->vm->mem_sem);
}

void vcpu_resume(struct vcpu *v)
{
	down_read(&v->vm->mem_sem);
	vcpu_get(v);
}

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
		apic_timer_expired(v);
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

		if (irq_ioapic_eoi_exit(v, &vector)) {
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

/*
 * Rescheduling, signals, work on the way to user space. Every context switch
 * of a thread with restartable sequences raises TIF_NOTIFY_RESUME; that only
 * concerns user space, so it can wait until the thread goes there.
 */
static bool vcpu_thread_has_work(void)
{
	unsigned long work = read_thread_flags() & XFER_TO_GUEST_MODE_WORK;

	return unlikely(work) && (work != _TIF_NOTIFY_RESUME || task_work_pending(current));
}

/* Interrupts on or off; on, the answer may be old, and vcpu_enter() looks again. */
static bool vcpu_must_leave(struct vcpu *v)
{
	return vcpu_thread_has_work() || atomic_read(&v->vm->mem_writers) || hv_softirq_waits();
}

static void vcpu_sync_tpr(struct vcpu *v)
{
	if (likely(v->cr8 == v->apic_cr8))
		return;
	v->apic_cr8 = v->cr8;
	if (v->apic)
		apic_set_tpr(v, v->cr8);
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
	u32 first = apic_timer_early_ns(v), left = first;

	while (left && !vcpu_has_request(v) && !vcpu_must_leave(v)) {
		cpu_relax();
		left = apic_timer_early_ns(v);
	}
	v->stats.lapic_timer_wait_ns += first - left;
	return !left;
}

/* One stay in the guest. Returns with interrupts on; false when it did not come to that. */
static bool vcpu_enter(struct vcpu *v)
{
	if (unlikely(v->ev.in_flight) && apic_timer_firing(v) && !vcpu_wait_for_timer(v)) {
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
	apic_pv_eoi_before_entry(v);
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
		if (unlikely(!vcpu_enter(v))) {
			if (vcpu_must_leave(v))
				return RUN_AGAIN;
			continue;
		}
		stats_count_exit(&v->stats, v->exit.reason);
		apic_pv_eoi_after_exit(v);
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

/* The runner: this thread. Returns an enum run_next, or -errno. */
static int vcpu_thread_run(struct vcpu *v)
{
	int r;

	r = vcpu_call_loaded(v, vcpu_inner_loop);
	if (unlikely(v->reset_after_shutdown)) {
		v->reset_after_shutdown = false;
		vcpu_reset(v, true);
	}
	return r;
}

/* INIT and SIPI from other vCPUs. */
static void vcpu_serve_init_sipi(struct vcpu *v)
{
	u8 vector;

	clear_bit(REQ_INIT_SIPI, &v->requests);
	for (;;) {
		switch (apic_take_init_sipi(v, &vector)) {
		case APIC_STARTUP_INIT:
			vcpu_reset(v, true);
			v->mp_state = v->id == v->vm->bsp_id ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_INIT_RECEIVED;
			break;
		case APIC_STARTUP_SIPI:
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
	if (vcpu_test_and_clear_request(v, REQ_TIMER))
		apic_timer_expired(v);
	if (test_bit(REQ_INIT_SIPI, &v->requests))
		vcpu_serve_init_sipi(v);
	if (v->mp_state == KVM_MP_STATE_HALTED && (event_runnable(v) || apic_take_kick(v))) {
		v->mp_state = KVM_MP_STATE_RUNNABLE;
		vcpu_request(v, REQ_EVENT);
	}
	return v->mp_state == KVM_MP_STATE_RUNNABLE;
}

static bool vcpu_has_wakeup(struct vcpu *v)
{
	return (READ_ONCE(v->requests) & (BIT(REQ_TIMER) | BIT(REQ_INIT_SIPI) | BIT(REQ_VM_DEAD) | BIT(REQ_EVENT) |
					  BIT(REQ_NMI))) ||
	       apic_has_posted(v);
}

/* The polling parameters of this moment. KVM_CAP_HALT_POLL goes before the module's ceiling. */
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
		/* Whoever is to wake us may be waiting for this very CPU. */
	} while (!hv_resched_wanted() && single_task_running() && ktime_get_ns() - start < window);
	return false;
}

/* False: there was no need to; what it would have waited for is there. */
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

/*
 * Wait until the vCPU has something to do or a signal is pending. REQ_EVENT
 * may turn out not to wake it; the caller looks and comes back. As KVM counts:
 * a poll succeeds when the thread need not sleep, a wait is one where it did.
 */
static void vcpu_block(struct vcpu *v)
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

/* A signal: 0 to user space with -EINTR as KVM reports it. */
static int vcpu_interrupted(struct vcpu *v)
{
	v->run->exit_reason = KVM_EXIT_INTR;
	v->stats.signal_exits++;
	return -EINTR;
}

/* The run loop does not go on before this: a guest is entered only when nobody else wants the CPU. */
static void vcpu_give_way(void)
{
	if (hv_resched_wanted())
		schedule();
	else
		cond_resched(); /* where there is no preemption: tells RCU */
}

static int vcpu_outer_loop(struct vcpu *v)
{
	for (;;) {
		int r;

		if (READ_ONCE(v->vm->dead) || test_bit(REQ_VM_DEAD, &v->requests))
			return -EIO;
		if (signal_pending(current))
			return vcpu_interrupted(v);
		if (!vcpu_is_runnable(v)) {
			/* Looked at already; what comes from here on sets it again. */
			clear_bit(REQ_EVENT, &v->requests);
			clear_bit(REQ_NMI, &v->requests);
			if (v->apic)
				lapic_collect(&v->apic->l);
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

/* A PIC in user space is told whether it may inject now, and whether a window opened. */
static void vcpu_publish_run_state(struct vcpu *v)
{
	struct kvm_run *run = v->run;

	run->if_flag = !!(v->rflags & X86_EFLAGS_IF);
	run->cr8 = v->apic ? apic_get_tpr(v) : v->cr8;
	run->apic_base = apic_get_base(v);
	run->ready_for_interrupt_injection = hv_call(irq_allowed)(v) && !v->ev.user_irq_pending && !v->ev.irq.injected &&
					     (!v->apic || (v->vm->split_irqchip && apic_accepts_extint(v)));
}

static int vcpu_run_prepare(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	u64 dirty = READ_ONCE(run->kvm_dirty_regs), valid = READ_ONCE(run->kvm_valid_regs);
	int r;

	if ((valid | dirty) & ~(u64)STATE_SYNC_FIELDS)
		return -EINVAL;
	if (dirty) {
		r = state_sync_from_run(v);
		if (r)
			return r;
	}
	r = exit_complete_userspace(v);
	if (r)
		return r; /* also when the next exit is ready: user space has to see it */
	/* No exit: user space still finds the reason for the last one. */
	return hv_immediate_exit(run) ? -EINTR : 0;
}

/* KVM_RUN; v->mutex held. 0 with run->exit_reason set, or -errno. */
int vcpu_run(struct vcpu *v)
{
	sigset_t saved;
	int r;

	WRITE_ONCE(v->has_run, true);
	rcu_assign_pointer(v->thread, current);
	if (v->sigmask_active)
		sigprocmask(SIG_SETMASK, &v->sigmask, &saved);
	vcpu_request(v, REQ_EVENT); /* user space may have changed anything */
	pv_note_run(v);
	r = vcpu_run_prepare(v);
	if (!r) {
		v->run->exit_reason = KVM_EXIT_UNKNOWN;
		r = vcpu_outer_loop(v);
	} else if (r == RUN_USER) {
		r = 0;
	}
	if (v->sigmask_active)
		sigprocmask(SIG_SETMASK, &saved, NULL);
	apic_timer_settle(v);
	vcpu_publish_run_state(v);
	if (READ_ONCE(v->run->kvm_valid_regs))
		state_sync_to_run(v);
	if (r != -EINTR)
		v->stats.userspace_exits++;
	RCU_INIT_POINTER(v->thread, NULL);
	return r;
}
