/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a vCPU runs: today by its own thread (run/thread.c). Code below the run
 * loop that has to sleep in the middle of an exit handler asks the runner for it.
 */
#ifndef TAXCUT_BASE_RUNNER_H
#define TAXCUT_BASE_RUNNER_H

struct vcpu;

struct vcpu_runner {
	/* The vCPU is loaded: unload it and drop vm->mem_sem, so that the caller may sleep; and back. */
	void (*pause)(struct vcpu *v);
	void (*resume)(struct vcpu *v);
};

#endif /* TAXCUT_BASE_RUNNER_H */
