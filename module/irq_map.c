// SPDX-License-Identifier: GPL-2.0-only
/*
 * The destination map of a VM, and delivery into the LAPICs.
 *
 * Senders may be hard interrupts, so readers of the map take no lock: there
 * are two copies, and map_gen's low bit names the current one. A writer (under
 * map_lock) fills the other copy and then raises map_gen. A copy is written
 * again only after map_gen has moved on, so a reader whose map_gen did not
 * change while it looked has seen a whole map; otherwise it looks again. The
 * pure code bounds every index by a constant, so a torn copy does no harm.
 * Writers are threads, and keep interrupts on.
 *
 * What a message costs: a look-up per bit of its destination (at most 16 in an
 * ICR, 128 in KVM_HC_SEND_IPI), then an atomic bit and a kick per target. A
 * vCPU's own IPIs and hypercalls run here with interrupts on, however many
 * they wake. A device's message to several vCPUs may come in with interrupts
 * off: then only the bits are set, and irq_late_kicks() does the waking.
 */
#include "apic.h"
#include "irq.h"
#include "irqchip.h"
#include "trace.h"

/* The LAPIC does what NMI lines do: one in service, one waiting (SDM 3, "Handling Multiple NMIs"). */
#define MAX_QUEUED_NMIS 2

void irq_map_update(struct vm *vm)
{
	struct irqchip *irq = vm->irq;
	unsigned int nr = irq_nr_vcpus(vm);
	unsigned int i, gen;

	raw_spin_lock(&irq->map_lock);
	for (i = 0; i < nr; i++) {
		struct vcpu *v = READ_ONCE(vm->vcpus[i]);

		if (v && v->apic)
			lapic_map_entry(&v->apic->l, &irq->map_in[i]);
		else
			memset(&irq->map_in[i], 0, sizeof(irq->map_in[i]));
	}
	gen = irq->map_gen + 1;
	ipi_map_build(&irq->map[gen & 1], irq->map_in, nr, vm->x2apic_no_broadcast_quirk);
	smp_store_release(&irq->map_gen, gen); /* after the map */
	raw_spin_unlock(&irq->map_lock);
}

u64 irq_resolve(struct irqchip *irq, const struct apic_msg *msg, int self)
{
	unsigned int gen;
	u64 targets;

	do {
		gen = smp_load_acquire(&irq->map_gen); /* before the map */
		targets = ipi_map_resolve(&irq->map[gen & 1], msg, self, &irq->cursor);
		smp_rmb(); /* the map before map_gen */
	} while (READ_ONCE(irq->map_gen) != gen);
	return targets;
}

u64 irq_resolve_pv(struct irqchip *irq, u64 low, u64 high, u64 min, bool is_64bit)
{
	unsigned int gen;
	u64 targets;

	do {
		gen = smp_load_acquire(&irq->map_gen); /* before the map */
		targets = ipi_map_pv(&irq->map[gen & 1], low, high, min, is_64bit);
		smp_rmb(); /* the map before map_gen */
	} while (READ_ONCE(irq->map_gen) != gen);
	return targets;
}

static enum lapic_irr_result deliver_fixed(struct vcpu *v, u8 vector, bool level, bool *kick)
{
	bool watched = level || vector == READ_ONCE(v->vm->irq->edge_ack_vector);
	enum lapic_irr_result r;

	if (unlikely(watched && !level))
		r = lapic_set_irr_watched(&v->apic->l, vector);
	else
		r = lapic_set_irr(&v->apic->l, vector, level);
	if (unlikely(r == LAPIC_ERROR)) {
		vcpu_request(v, REQ_EVENT);
		*kick = true;
		return LAPIC_REJECTED;
	}
	if (r != LAPIC_NEW)
		return r;
	if (unlikely(watched))
		vcpu_request(v, REQ_EVENT);
	*kick = watched || !apic_notify(v);
	trace_taxcut_deliver(v, vector, level, !*kick);
	return r;
}

static void deliver_nmi(struct vcpu *v)
{
	atomic_add_unless(&v->nmi_queued, 1, MAX_QUEUED_NMIS);
	vcpu_request(v, REQ_NMI);
}

/* INIT clears a SIPI that came before it: the new start-up sequence begins here. */
static void deliver_init(struct vcpu *v)
{
	lapic_take(&v->apic->l, LAPIC_PENDING_SIPI);
	lapic_post(&v->apic->l, LAPIC_PENDING_INIT);
	vcpu_request(v, REQ_INIT_SIPI);
}

/* *kick: a request is set, and the caller has to kick the vCPU for it, whatever the result. */
static enum lapic_irr_result deliver_one(struct vcpu *v, u8 vector, u8 mode, bool level, bool *kick)
{
	*kick = false;
	if (mode == APIC_MSG_FIXED || mode == APIC_MSG_LOWEST)
		return deliver_fixed(v, vector, level, kick);
	switch (mode) {
	case APIC_MSG_NMI:
		deliver_nmi(v);
		break;
	case APIC_MSG_INIT:
		deliver_init(v);
		break;
	case APIC_MSG_STARTUP:
		lapic_post_sipi(&v->apic->l, vector);
		vcpu_request(v, REQ_INIT_SIPI);
		break;
	case APIC_MSG_EXTINT:
		WRITE_ONCE(v->apic->wire_extint, 1);
		vcpu_request(v, REQ_EVENT);
		break;
	default: /* SMI: there is no SMM here; and the reserved mode */
		return LAPIC_REJECTED;
	}
	*kick = true;
	return LAPIC_NEW;
}

static void kick_set(struct vm *vm, u64 targets)
{
	for (; targets; targets &= targets - 1)
		vcpu_kick(vm->vcpus[__ffs64(targets)]);
}

void irq_late_kicks(struct work_struct *work)
{
	struct irqchip *irq = container_of(work, struct irqchip, late_kick);

	kick_set(irq->vm, atomic64_xchg(&irq->late_targets, 0));
}

void irq_kick_later(struct irqchip *irq, u64 targets)
{
	atomic64_or(targets, &irq->late_targets);
	queue_work(system_highpri_wq, &irq->late_kick);
}

static int deliver_many(struct vm *vm, u64 targets, u8 vector, u8 mode, bool level, int *coalesced)
{
	bool kick_late = irqs_disabled();
	int reached = 0, already = 0;
	u64 late = 0;

	for (; targets; targets &= targets - 1) {
		unsigned int i = __ffs64(targets);
		struct vcpu *v = vm->vcpus[i];
		bool kick;
		enum lapic_irr_result r = deliver_one(v, vector, mode, level, &kick);

		if (kick && kick_late)
			late |= BIT_ULL(i);
		else if (kick)
			vcpu_kick(v);
		already += r == LAPIC_ALREADY;
		reached += r != LAPIC_REJECTED;
	}
	if (late)
		irq_kick_later(vm->irq, late);
	if (coalesced)
		*coalesced = already;
	return reached;
}

int irq_deliver(struct vm *vm, u64 targets, u8 vector, u8 mode, bool level, int *coalesced)
{
	enum lapic_irr_result r = LAPIC_REJECTED;

	if (targets & (targets - 1))
		return deliver_many(vm, targets, vector, mode, level, coalesced);
	if (targets) {
		struct vcpu *v = vm->vcpus[__ffs64(targets)];
		bool kick;

		r = deliver_one(v, vector, mode, level, &kick);
		if (kick)
			vcpu_kick(v);
	}
	if (coalesced)
		*coalesced = r == LAPIC_ALREADY;
	return r != LAPIC_REJECTED;
}

int irq_send_msg(struct irqchip *irq, const struct apic_msg *msg, int self, int *coalesced)
{
	u64 targets;

	if (coalesced)
		*coalesced = 0;
	if (msg->delivery == APIC_MSG_INIT && msg->level && !msg->assert)
		return 0; /* INIT level de-assert does nothing (SDM 3, "Interrupt Command Register") */
	targets = irq_resolve(irq, msg, self);
	if (!targets)
		return -1;
	return irq_deliver(irq->vm, targets, msg->vector, msg->delivery, msg->level, coalesced);
}

int irq_send_msi(struct vm *vm, u64 address, u32 data)
{
	struct apic_msg msg;

	msi_decode(address, data, vm->x2apic_32bit_ids ? MSI_DEST_HI32 : 0, &msg);
	return irq_send_msg(vm->irq, &msg, -1, NULL);
}

struct vcpu *apic_find(struct vm *vm, u64 apic_id)
{
	struct apic_msg msg = { .dest = (u32)apic_id, .wide = true, .assert = true };
	u64 targets;

	if (apic_id >= U32_MAX)
		return NULL;
	targets = irq_resolve(vm->irq, &msg, -1);
	return targets ? READ_ONCE(vm->vcpus[__ffs64(targets)]) : NULL;
}
