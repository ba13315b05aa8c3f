// SPDX-License-Identifier: GPL-2.0-only
/*
 * The destination map of a VM: which vCPUs a message reaches.
 *
 * Senders may be hard interrupts and take no lock. A writer (under map_lock,
 * interrupts off, a few dozen instructions however many vCPUs there are) makes
 * map_gen odd, changes the map, and makes it even again. A reader whose map_gen
 * was even and has not changed while it looked has seen a whole map; otherwise
 * it looks once more, under map_lock: vCPUs that keep changing their APICs
 * cannot keep it busy. The pure code bounds every index and every chain, so a
 * look at a half-changed map does no harm.
 */
#include "base/trace.h"
#include "destmap.h"
#include "irqchip.h"
#include "vlapic.h"

static_assert(IPI_MAP_VCPUS == HV_MAX_VCPUS);
static_assert(IPI_MAP_IDS == HV_MAX_VCPU_ID);
static_assert(sizeof(struct ipi_map_vcpu) == 16); /* no holes: it is compared as a whole */

void destmap_update(struct vcpu *v)
{
	struct irqchip *irq = v->vm->irq;
	struct ipi_map_vcpu now;
	unsigned long flags;

	if (!v->vlapic || v->index >= irq_nr_vcpus(v->vm))
		return;
	lapic_map_entry(&v->vlapic->l, &now);
	if (!memcmp(&now, &v->vlapic->mapped, sizeof(now)))
		return;
	raw_spin_lock_irqsave(&irq->map_lock, flags);
	WRITE_ONCE(irq->map_gen, irq->map_gen + 1);
	smp_wmb(); /* map_gen before the map */
	ipi_map_change(&irq->map, v->index, &v->vlapic->mapped, &now);
	smp_store_release(&irq->map_gen, irq->map_gen + 1); /* after the map */
	raw_spin_unlock_irqrestore(&irq->map_lock, flags);
	v->vlapic->mapped = now;
}

void destmap_set_strict_broadcast(struct vm *vm)
{
	ipi_map_set_strict_broadcast(&vm->irq->map);
}

/* A look at the map: begin, look, and again if it says so. */
struct map_look {
	unsigned int gen;
	bool locked;
	unsigned long flags;
};

static struct map_look destmap_look_begin(struct irqchip *irq)
{
	return (struct map_look){ .gen = smp_load_acquire(&irq->map_gen) }; /* before the map */
}

static bool destmap_look_again(struct irqchip *irq, struct map_look *k)
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

void destmap_resolve(struct irqchip *irq, const struct apic_msg *msg, int self, struct ipi_set *to)
{
	struct map_look k = destmap_look_begin(irq);

	do {
		ipi_map_resolve(&irq->map, msg, self, &irq->cursor, to);
	} while (destmap_look_again(irq, &k));
}

void destmap_resolve_pv(struct irqchip *irq, u64 low, u64 high, u64 min, bool is_64bit, struct ipi_set *to)
{
	struct map_look k = destmap_look_begin(irq);

	do {
		ipi_map_pv(&irq->map, low, high, min, is_64bit, to);
	} while (destmap_look_again(irq, &k));
}

void destmap_resolve_pic(struct irqchip *irq, struct ipi_set *to)
{
	struct map_look k = destmap_look_begin(irq);

	do {
		ipi_map_pic(&irq->map, to);
	} while (destmap_look_again(irq, &k));
}

struct vcpu *destmap_find(struct vm *vm, u64 apic_id)
{
	struct apic_msg msg = { .dest = (u32)apic_id, .wide = true, .assert = true };
	struct ipi_set targets __uninitialized;
	int i;

	if (apic_id >= U32_MAX)
		return NULL;
	destmap_resolve(vm->irq, &msg, -1, &targets);
	i = ipi_set_take(&targets);
	return i < 0 ? NULL : vm->vcpus[i];
}
