/* SPDX-License-Identifier: GPL-2.0-only */
/* Injection of exceptions and interrupts; the vCPU's own thread. */
#ifndef TAXCUT_CPU_EVENT_H
#define TAXCUT_CPU_EVENT_H

#include "base/vcpu.h"

void event_queue_exception(struct vcpu *v, u8 vector, bool has_error, u32 error);
void event_queue_exception_payload(struct vcpu *v, u8 vector, bool has_error, u32 error, u64 payload);
void event_queue_ud(struct vcpu *v);
void event_queue_gp(struct vcpu *v);
void event_deliver_payload(struct vcpu *v);
/* Programs the next entry's event injection, and windows for events that must wait. Serves REQ_EVENT. */
void event_inject(struct vcpu *v);
bool event_user_wants_window(struct vcpu *v);
/* The programmed event counts as delivered; the backend requeues it when an exit cuts the delivery short. */
static inline void event_delivered(struct vcpu *v)
{
	if (unlikely(v->ev.in_flight)) {
		v->ev.exc.injected = false;
		v->ev.irq.injected = false;
		v->ev.nmi_injected = false;
		v->ev.in_flight = false;
	}
}
/* The entry does not happen: the event stays for the next one. */
void event_cancel(struct vcpu *v);
/* A halted vCPU has a reason to run again. Any state, own thread. */
bool event_runnable(struct vcpu *v);

#endif /* TAXCUT_CPU_EVENT_H */
