// SPDX-License-Identifier: GPL-2.0-only
/*
 * The destination map of a VM, and delivery into the LAPICs.
 *
 * Senders may be hard interrupts and take no lock. A writer (under map_lock,
 * interrupts off, a few dozen instructions however many vCPUs there are) makes
 * map_gen odd, changes the map, and makes it even again. A reader whose map_gen
 * was even and has not changed while it looked has seen a whole map; otherwise
 * it looks once more, under map_lock: vCPUs that keep changing their APICs
 * cannot keep it busy. The pure code bounds every index and every chain, so a
 * look at a half-changed map does no harm.
 *
 * What a message costs: a look-up per bit of its destination (at most 16 in an
 * ICR, 128 in KVM_HC_SEND_IPI), then an atomic bit and a kick per target. A
 * vCPU's own IPIs and hypercalls run here with interrupts on, however many
 * they wake. A device's message to several vCPUs may come in with interrupts
 * off: then only the bits are set, and irq_late_kicks() does the waking, and
 * sends the notifications of posted interrupts.
 */
#include "apic.h"
#include "irq.h"
#include "irqchip.h"
#include "trace.h"

/* The LAPIC does what NMI lines do: one in service, one waiting (SDM 3, "Handling Multiple NMIs"). */
#define MAX_QUEUED_NMIS 2

static_assert(IPI_MAP_VCPUS == HV_MAX_VCPUS);
static_assert(IPI_MAP_IDS == HV_MAX_VCPU_ID);
static_assert(sizeof(struct ipi_map_vcpu) == 16); /* no holes: it is compared as a whole */

void irq_map_update(struct vcpu *v)
{
	struct irqchip *irq = v->vm->irq;
	struct ipi_map_vcpu now;
	unsigned long flags;

	if (!v->apic || v->index >= irq_nr_vcpus(v->vm))
		return;
	lapic_map_entry(&v->apic->l, &now);
	if (!memcmp(&now, &v->apic->mapped, sizeof(now)))
		return;
	raw_spin_lock_irqsave(&irq->map_lock, flags);
	WRITE_ONCE(irq->map_gen, irq->map_gen + 1);
	smp_wmb(); /* map_gen before the map */
	ipi_map_change(&irq->map, v->index, &v->apic->mapped, &now);
	smp_store_release(&irq->map_gen, irq->map_gen + 1); /* after the map */
	raw_spin_unlock_irqrestore(&irq->map_lock, flags);
	v->apic->mapped = now;
}

void irq_set_strict_broadcast(struct vm *vm)
{
	ipi_map_set_strict_broadcast(&vm->irq->map);
}

/* A look at the map: begin, look, and again if it says so. */
struct map_look {
	unsigned int gen;
	bool locked;
	unsigned long flags;
};

static struct map_look look_begin(struct irqchip *irq)
{
	return (struct map_look){ .gen = smp_load_acquire(&irq->map_gen) }; /* before the map */
}

static bool look_again(struct irqchip *irq, struct map_look *k)
{
	if (k->locked) {
		__acquire(&irq->map_lock); /* for sparse: an earlier call took it */
		raw_spin_unlock_irqrestore(&irq->map_lock, k->flags);
		return false;
	}
	smp_rmb(); /* the map before map_gen */
	if (likely(!(k->gen & 1) && READ_ONCE(irq->map_gen) == k->gen))
		return false;
	raw_spin_lock_irqsave(&irq->map_lock, k->flags);
	__release(&irq->map_lock); /* for sparse: a later call lets it go */
	k->locked = true;
	return true;
}

void irq_resolve(struct irqchip *irq, const struct apic_msg *msg, int self, struct ipi_set *to)
{
	struct map_look k = look_begin(irq);

	do {
		ipi_map_resolve(&irq->map, msg, self, &irq->cursor, to);
	} while (look_again(irq, &k));
}

void irq_resolve_pv(struct irqchip *irq, u64 low, u64 high, u64 min, bool is_64bit, struct ipi_set *to)
{
	struct map_look k = look_begin(irq);

	do {
		ipi_map_pv(&irq->map, low, high, min, is_64bit, to);
	} while (look_again(irq, &k));
}

void irq_resolve_pic(struct irqchip *irq, struct ipi_set *to)
{
	struct map_look k = look_begin(irq);

	do {
		ipi_map_pic(&irq->map, to);
	} while (look_again(irq, &k));
}

/* later: irq_late_kicks() will do what there is to do for it, so *kick is set. */
static enum lapic_irr_result deliver_fixed(struct vcpu *v, u8 vector, bool level, bool later, bool *kick)
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
	}
	if (r != LAPIC_NEW)
		return r;
	if (unlikely(watched || (later && !v->apic->l.posted)))
		vcpu_request(v, REQ_EVENT);
	*kick = watched || later || !apic_notify(v);
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
static enum lapic_irr_result deliver_one(struct vcpu *v, u8 vector, u8 mode, bool level, bool later, bool *kick)
{
	*kick = false;
	if (mode == APIC_MSG_FIXED || mode == APIC_MSG_LOWEST)
		return deliver_fixed(v, vector, level, later, kick);
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
	case APIC_MSG_RESERVED: /* Remote Read; to KVM's guests it is KVM_HC_KICK_CPU */
		WRITE_ONCE(v->apic->unhalted, 1);
		vcpu_request(v, REQ_EVENT);
		break;
	default: /* SMI: there is no SMM here */
		return LAPIC_REJECTED;
	}
	*kick = true;
	return LAPIC_NEW;
}

void irq_late_kicks(struct work_struct *work)
{
	struct irqchip *irq = container_of(work, struct irqchip, late_kick);
	unsigned int w;

	for (w = 0; w < IPI_SET_WORDS; w++) {
		u64 left = atomic64_read(&irq->late_targets[w]) ? atomic64_xchg(&irq->late_targets[w], 0) : 0;

		for (; left; left &= left - 1) {
			struct vcpu *v = irq->vm->vcpus[w * 64 + __ffs64(left)];
			bool notified = v->apic->l.posted && apic_notify(v);

			/* NMI, INIT and the like are requests. */
			if (!notified || vcpu_has_request(v))
				vcpu_kick(v);
		}
	}
}

void irq_kick_later(struct irqchip *irq, const struct ipi_set *targets)
{
	u32 used = targets->used;

	for (; used; used &= used - 1) {
		unsigned int w = __ffs(used);

		atomic64_or(targets->word[w], &irq->late_targets[w]);
	}
	queue_work(system_highpri_wq, &irq->late_kick);
}

static int deliver_many(struct vm *vm, struct ipi_set *targets, u8 vector, u8 mode, bool level, int *coalesced)
{
	struct ipi_set late __uninitialized;
	bool later = irqs_disabled();
	int i, reached = 0, already = 0;

	ipi_set_init(&late);
	while ((i = ipi_set_take(targets)) >= 0) {
		struct vcpu *v = vm->vcpus[i];
		bool kick;
		enum lapic_irr_result r = deliver_one(v, vector, mode, level, later, &kick);

		if (kick && later)
			ipi_set_add(&late, i);
		else if (kick)
			vcpu_kick(v);
		already += r == LAPIC_ALREADY;
		reached += r != LAPIC_REJECTED;
	}
	if (!ipi_set_empty(&late))
		irq_kick_later(vm->irq, &late);
	if (coalesced)
		*coalesced = already;
	return reached;
}

static int deliver_to(struct vcpu *v, u8 vector, u8 mode, bool level, int *coalesced)
{
	bool kick;
	enum lapic_irr_result r = deliver_one(v, vector, mode, level, false, &kick);

	if (kick)
		vcpu_kick(v);
	if (coalesced)
		*coalesced = r == LAPIC_ALREADY;
	return r != LAPIC_REJECTED;
}

int irq_deliver(struct vm *vm, struct ipi_set *targets, u8 vector, u8 mode, bool level, int *coalesced)
{
	if (ipi_set_single(targets))
		return deliver_to(vm->vcpus[ipi_set_take(targets)], vector, mode, level, coalesced);
	return deliver_many(vm, targets, vector, mode, level, coalesced);
}

int irq_send_msg(struct irqchip *irq, const struct apic_msg *msg, int self, int *coalesced)
{
	struct ipi_set targets __uninitialized;
	int one;

	if (coalesced)
		*coalesced = 0;
	if (msg->delivery == APIC_MSG_INIT && msg->level && !msg->assert)
		return 0; /* INIT level de-assert does nothing (SDM 3, "Interrupt Command Register") */
	one = ipi_map_resolve_one(&irq->map, msg, self);
	if (likely(one >= 0))
		return deliver_to(irq->vm->vcpus[one], msg->vector, msg->delivery, msg->level, coalesced);
	irq_resolve(irq, msg, self, &targets);
	if (ipi_set_empty(&targets))
		return -1;
	return irq_deliver(irq->vm, &targets, msg->vector, msg->delivery, msg->level, coalesced);
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
	struct ipi_set targets __uninitialized;
	int i;

	if (apic_id >= U32_MAX)
		return NULL;
	irq_resolve(vm->irq, &msg, -1, &targets);
	i = ipi_set_take(&targets);
	return i < 0 ? NULL : vm->vcpus[i];
}
