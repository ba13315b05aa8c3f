/* SPDX-License-Identifier: GPL-2.0-only */
/* Which LAPIC timers wait on a housekeeping CPU, and on which (vlapic_timer.c has the timer itself). */
#ifndef TAXCUT_IRQ_TIMER_REMOTE_H
#define TAXCUT_IRQ_TIMER_REMOTE_H

#include "vlapic.h"

enum exitless_mode { EXITLESS_OFF, EXITLESS_ON, EXITLESS_AUTO };

/*
 * Should the timer that this loaded vCPU arms wait on a->housekeeping_cpu? The vCPU's own
 * thread, preemption off.
 */
bool timer_remote_wanted(struct vcpu *v);

/* The vCPU has come to this CPU: choose a->housekeeping_cpu anew. The vCPU's own thread, preemption off; v->vlapic is not NULL. */
void timer_remote_choose_cpu(struct vcpu *v, int cpu);

/* *housekeeping_cpu serves one timer less; it is -1 from here on. */
void timer_remote_leave(int *housekeeping_cpu);

#endif /* TAXCUT_IRQ_TIMER_REMOTE_H */
