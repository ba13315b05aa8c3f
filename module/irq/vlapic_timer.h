/* SPDX-License-Identifier: GPL-2.0-only */
/* The LAPIC timer in the host. A NULL vlapic is fine where the comment says so; the vCPU's own thread. */
#ifndef TAXCUT_IRQ_VLAPIC_TIMER_H
#define TAXCUT_IRQ_VLAPIC_TIMER_H

#include <linux/types.h>

#include "base/vcpu.h"
#include "vlapic_state.h"

/* MSR IA32_TSC_DEADLINE, in guest TSC ticks; 0 = disarmed. Writes are ignored outside TSC-deadline mode (SDM 3, 11.5.4.1). */
u64 vlapic_tsc_deadline_get(struct vcpu *v);
void vlapic_tsc_deadline_set(struct vcpu *v, u64 tsc);

/* REQ_TIMER: deliver what expired, arm the next period. */
void vlapic_timer_serve(struct vcpu *v);

/* The timer's interrupt is on its way into the guest, perhaps ahead of its time. NULL vlapic is fine. */
static inline bool vlapic_timer_expiring(const struct vcpu *v)
{
	return v->vlapic && v->vlapic->expired.pending;
}

/*
 * vlapic_timer_expiring(): the next entry would inject the interrupt so many ns too
 * early (0..TIMER_WAIT_MAX_NS); do not enter before it is 0. Call it when the
 * entry is ready: the first call measures the firing's latency.
 */
u32 vlapic_timer_early_ns(struct vcpu *v);

void vlapic_timer_spin(struct vcpu *v);

/* Wait (at most TIMER_WAIT_MAX_NS) until the guest cannot tell that the timer fired early. NULL vlapic is fine. */
static inline void vlapic_timer_wait_expire(struct vcpu *v)
{
	if (unlikely(vlapic_timer_expiring(v)))
		vlapic_timer_spin(v);
}

/* The vCPU's thread is now on this CPU: the host timer follows. Preemption off. NULL vlapic is fine. */
void vlapic_timer_load(struct vcpu *v);

/* tsc_offset or tsc_khz changed: a TSC deadline means another host time now. NULL vlapic is fine. */
void vlapic_timer_tsc_changed(struct vcpu *v);
/* The host is back from a suspend. Any thread. */
void vlapic_timer_host_resumed(struct vcpu *v);

/* For vlapic.c: a timer register was written; reg 0: all of them. */
void vlapic_timer_changed(struct vcpu *v, u32 reg);
void vlapic_timer_init(struct vcpu *v);
void vlapic_timer_destroy(struct vlapic *a);
/* Current count into the register page, before it is read. */
void vlapic_timer_publish_count(struct vcpu *v);

#endif /* TAXCUT_IRQ_VLAPIC_TIMER_H */
