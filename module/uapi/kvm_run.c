// SPDX-License-Identifier: GPL-2.0-only
/* KVM_RUN: what comes before and after the run loop. vcpu->run belongs to user space, too: read once, check, use. */
#include <linux/sched/signal.h>
#include <linux/signal.h>

#include "base/backend.h"
#include "base/compat.h"
#include "cpu/pv.h"
#include "irq/vlapic.h"
#include "irq/vlapic_timer.h"
#include "kvm_run.h"
#include "run/emulate.h"
#include "run/exit.h"
#include "run/run.h"
#include "run/thread.h"
#include "vcpu_state.h"

/* A PIC in user space is told whether it may inject now, and whether a window opened. */
static void vcpu_publish_run_state(struct vcpu *v)
{
	struct kvm_run *run = v->run;

	run->if_flag = !!(v->rflags & X86_EFLAGS_IF);
	run->cr8 = v->vlapic ? vlapic_get_tpr(v) : v->cr8;
	run->apic_base = vlapic_get_base(v);
	run->ready_for_interrupt_injection = hv_call(irq_allowed)(v) && !v->ev.user_irq_pending && !v->ev.irq.injected &&
					     (!v->vlapic || (v->vm->split_irqchip && vlapic_accepts_extint(v)));
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
	if (r == RUN_EMULATE)
		r = vcpu_call_loaded(v, emul_resume);
	if (r)
		return r; /* also when the next exit is ready: user space has to see it */
	/* No exit: user space still finds the reason for the last one. */
	return hv_immediate_exit(run) ? -EINTR : 0;
}

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
	vlapic_timer_wait_expire(v);
	vcpu_publish_run_state(v);
	if (READ_ONCE(v->run->kvm_valid_regs))
		state_sync_to_run(v);
	if (r != -EINTR)
		v->stats.userspace_exits++;
	RCU_INIT_POINTER(v->thread, NULL);
	return r;
}
