// SPDX-License-Identifier: GPL-2.0-only
/* An interrupt reaches a LAPIC: IRR, requests, notification of a CPU that delivers by itself. */
#include "base/backend.h"
#include "base/trace.h"
#include "irqchip.h"
#include "vlapic_accept.h"
#include "vlapic_state.h"

bool vlapic_notify(struct vcpu *v)
{
	struct lapic *l = &v->vlapic->l;

	if (l->pi_desc && hv->notify(v, word_test_and_set_bit(&l->pi_desc->on, 0))) {
		v->stats.irqs_posted++;
		return true;
	}
	vcpu_request(v, REQ_EVENT);
	return false;
}

/* later: deliver_late_kicks() will do what there is to do for it, so *kick is set. */
static enum lapic_irr_result vlapic_deliver_fixed(struct vcpu *v, u8 vector, bool level, bool later, bool *kick)
{
	bool needs_eoi = level || vector == READ_ONCE(v->vm->irq->pit_eoi_vector);
	enum lapic_irr_result r;

	if (unlikely(needs_eoi && !level))
		r = lapic_set_irr_eoi_exit(&v->vlapic->l, vector);
	else
		r = lapic_set_irr(&v->vlapic->l, vector, level);
	if (unlikely(r == LAPIC_ERROR)) {
		vcpu_request(v, REQ_EVENT);
		*kick = true;
	}
	if (r != LAPIC_NEW)
		return r;
	if (unlikely(needs_eoi || (later && !v->vlapic->l.pi_desc)))
		vcpu_request(v, REQ_EVENT);
	*kick = needs_eoi || later || !vlapic_notify(v);
	trace_taxcut_deliver(v, vector, level, !*kick);
	return r;
}

static void vlapic_deliver_nmi(struct vcpu *v)
{
	atomic_add_unless(&v->nmi_queued, 1, VCPU_MAX_NMIS);
	vcpu_request(v, REQ_NMI);
}

/* INIT clears a SIPI that came before it: the new start-up sequence begins here. */
static void vlapic_deliver_init(struct vcpu *v)
{
	lapic_take(&v->vlapic->l, LAPIC_PENDING_SIPI);
	lapic_post(&v->vlapic->l, LAPIC_PENDING_INIT);
	vcpu_request(v, REQ_INIT_SIPI);
}

enum lapic_irr_result vlapic_accept(struct vcpu *v, u8 vector, u8 mode, bool level, bool later, bool *kick)
{
	*kick = false;
	if (mode == APIC_MSG_FIXED || mode == APIC_MSG_LOWEST)
		return vlapic_deliver_fixed(v, vector, level, later, kick);
	switch (mode) {
	case APIC_MSG_NMI:
		vlapic_deliver_nmi(v);
		break;
	case APIC_MSG_INIT:
		vlapic_deliver_init(v);
		break;
	case APIC_MSG_STARTUP:
		lapic_post_sipi(&v->vlapic->l, vector);
		vcpu_request(v, REQ_INIT_SIPI);
		break;
	case APIC_MSG_EXTINT:
		WRITE_ONCE(v->vlapic->wire_extint, 1);
		vcpu_request(v, REQ_EVENT);
		break;
	case APIC_MSG_RESERVED: /* Remote Read; to KVM's guests it is KVM_HC_KICK_CPU */
		WRITE_ONCE(v->vlapic->unhalted, 1);
		vcpu_request(v, REQ_EVENT);
		break;
	default: /* SMI: there is no SMM here */
		return LAPIC_REJECTED;
	}
	*kick = true;
	return LAPIC_NEW;
}
