/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loaded: the guest's state is in this CPU, and preemption is off. vm->mem_sem is
 * held for reading around it. All in the vCPU's thread.
 */
#ifndef TAXCUT_RUN_LOAD_H
#define TAXCUT_RUN_LOAD_H

#include <linux/task_work.h>

#include "base/compat.h"
#include "base/runner.h"
#include "base/vcpu.h"

extern const struct vcpu_runner thread_runner;

/* Load and unload, between two stays in the guest. */
void vcpu_get(struct vcpu *v);
void vcpu_put(struct vcpu *v);
/* The same at both ends of vcpu_call_loaded(): the guest hears that its vCPU runs, or is preempted. */
void vcpu_load(struct vcpu *v);
void vcpu_unload(struct vcpu *v);

/*
 * Rescheduling, signals, work on the way to user space. Every context switch
 * of a thread with restartable sequences raises TIF_NOTIFY_RESUME; that only
 * concerns user space, so it can wait until the thread goes there.
 */
static inline bool vcpu_thread_has_work(void)
{
	unsigned long work = read_thread_flags() & XFER_TO_GUEST_MODE_WORK;

	return unlikely(work) && (work != _TIF_NOTIFY_RESUME || task_work_pending(current));
}

/* Interrupts on or off; on, the answer may be old: look again with them off, and the vCPU's mode set, before an entry. */
static inline bool vcpu_must_leave(struct vcpu *v)
{
	return vcpu_thread_has_work() || atomic_read(&v->vm->mem_writers) || hv_softirq_waits();
}

#endif /* TAXCUT_RUN_LOAD_H */
