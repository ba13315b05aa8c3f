/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loaded: the guest's state is in this CPU, and preemption is off. vm->mem_sem is
 * held for reading around it. All in the vCPU's thread.
 */
#ifndef TAXCUT_RUN_LOAD_H
#define TAXCUT_RUN_LOAD_H

#include "base/runner.h"
#include "base/vcpu.h"

extern const struct vcpu_runner thread_runner;

/* Load and unload, between two stays in the guest. */
void vcpu_get(struct vcpu *v);
void vcpu_put(struct vcpu *v);
/* The same at both ends of vcpu_call_loaded(): the guest hears that its vCPU runs, or is preempted. */
void vcpu_load(struct vcpu *v);
void vcpu_unload(struct vcpu *v);

/* Interrupts on or off; on, the answer may be old: look again with them off, and the vCPU's mode set, before an entry. */
bool vcpu_must_leave(struct vcpu *v);

#endif /* TAXCUT_RUN_LOAD_H */
