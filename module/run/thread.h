/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The runner of a vCPU whose own thread enters the guest.
 *
 * It holds vm->mem_sem for reading, puts the guest's state into the CPU
 * (preemption off from there), and enters and handles exits until something
 * needs the outer loop or user space.
 */
#ifndef TAXCUT_RUN_THREAD_H
#define TAXCUT_RUN_THREAD_H

struct vcpu;

/* Run the guest until the outer loop is needed. An enum run_next, or -errno. */
int vcpu_thread_run(struct vcpu *v);
/* Call fn as if from the inner loop: loaded, vm->mem_sem held. Its value, or -EINTR. */
int vcpu_call_loaded(struct vcpu *v, int (*fn)(struct vcpu *v));

#endif /* TAXCUT_RUN_THREAD_H */
