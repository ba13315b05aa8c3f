// SPDX-License-Identifier: GPL-2.0-only
/*
 * GSI routing: what happens when a global system interrupt line moves.
 *
 * A table is built whole and published; readers (any context) see the old or
 * the new one. No ioctl waits for a grace period, except that an owner which
 * rewrites big tables in a loop is slowed down once IRQ_RETIRE_MAX bytes of old
 * ones are waiting.
 */
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ack.h"
#include "chips.h"
#include "deliver.h"
#include "irqchip.h"
#include "routing.h"

#define IRQ_RETIRE_MAX (4u << 20)
#define MAX_ROUTES_PER_GSI 3 /* each of the three chips once */

static void routing_retire_rcu(struct rcu_head *rcu)
{
	kvfree(rcu);
}

void routing_retire(struct irqchip *irq, void *p, size_t bytes)
{
	if (!p)
		return;
	call_rcu((struct rcu_head *)p, routing_retire_rcu);
	irq->retired_bytes += bytes;
	if (irq->retired_bytes > IRQ_RETIRE_MAX) {
		rcu_barrier();
		irq->retired_bytes = 0;
	}
}

static size_t routing_routes_bytes(u32 nr_gsi, u32 nr)
{
	size_t head = ALIGN(sizeof(struct irq_routes) + (nr_gsi + 1) * sizeof(u32), 8);

	return head + nr * sizeof(struct irq_route);
}

static int routing_decode_chip(const struct kvm_irq_routing_entry *e, struct irq_route *r)
{
	u32 pin = e->u.irqchip.pin;

	switch (e->u.irqchip.irqchip) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		if (pin >= PIC_PINS / 2)
			return -EINVAL;
		if (e->u.irqchip.irqchip == KVM_IRQCHIP_PIC_SLAVE)
			pin += PIC_PINS / 2;
		break;
	case KVM_IRQCHIP_IOAPIC:
		if (pin >= IOAPIC_PINS)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	r->chip = e->u.irqchip.irqchip;
	r->pin = pin;
	return 0;
}

static int routing_decode_route(struct irqchip *irq, const struct kvm_irq_routing_entry *e,
			struct irq_route *r)
{
	unsigned int flags = irq->vm->x2apic_32bit_ids ? MSI_DEST_HI32 : 0;
	u64 address;

	r->type = e->type;
	if (e->flags)
		return -EINVAL;
	if (e->type == KVM_IRQ_ROUTING_IRQCHIP)
		return routing_decode_chip(e, r);
	if (e->type != KVM_IRQ_ROUTING_MSI)
		return -EINVAL;
	address = (u64)e->u.msi.address_hi << 32 | e->u.msi.address_lo;
	if (msi_check(address, flags))
		return -EINVAL;
	msi_decode(address, e->u.msi.data, flags, &r->msg);
	return 0;
}

/* One GSI: a single MSI, or each chip at most once. */
static int routing_check_gsi(const struct irq_route *r, u32 n)
{
	u32 i, k;

	if (n > MAX_ROUTES_PER_GSI)
		return -EINVAL;
	for (i = 0; i < n; i++)
		for (k = i + 1; k < n; k++)
			if (r[i].type != KVM_IRQ_ROUTING_IRQCHIP || r[k].type != r[i].type ||
			    r[i].chip == r[k].chip)
				return -EINVAL;
	return 0;
}

static void routing_note_pins(struct irq_routes *t, u32 gsi)
{
	u32 i;

	for (i = t->first[gsi]; i < t->first[gsi + 1]; i++) {
		const struct irq_route *r = &t->route[i];

		if (r->type != KVM_IRQ_ROUTING_IRQCHIP)
			continue;
		if (r->chip == KVM_IRQCHIP_IOAPIC)
			t->ioapic_gsi[r->pin] = gsi;
		else
			t->pic_gsi[r->pin] = gsi;
	}
}

static int routing_fill_routes(struct irqchip *irq, struct irq_routes *t,
		       const struct kvm_irq_routing_entry *e, u32 nr)
{
	u32 i, gsi;
	int r;

	/* Counting sort by GSI; afterwards first[gsi] is where gsi's routes begin. */
	for (i = 0; i < nr; i++)
		t->first[e[i].gsi]++;
	for (gsi = 1; gsi <= t->nr_gsi; gsi++)
		t->first[gsi] += t->first[gsi - 1];
	for (i = nr; i-- > 0;) {
		r = routing_decode_route(irq, &e[i], &t->route[--t->first[e[i].gsi]]);
		if (r)
			return r;
	}
	for (gsi = 0; gsi < t->nr_gsi; gsi++) {
		r = routing_check_gsi(&t->route[t->first[gsi]], t->first[gsi + 1] - t->first[gsi]);
		if (r)
			return r;
		routing_note_pins(t, gsi);
	}
	return 0;
}

/* vm->lock held, or the VM is not yet visible. */
static int routing_set_routes(struct irqchip *irq, const struct kvm_irq_routing_entry *e, u32 nr)
{
	struct irq_routes *t, *old;
	u32 i, nr_gsi = 0;
	unsigned long flags;
	int r;

	for (i = 0; i < nr; i++) {
		if (e[i].gsi >= IRQ_MAX_GSI)
			return -EINVAL;
		nr_gsi = max(nr_gsi, e[i].gsi + 1);
	}
	t = kvzalloc(routing_routes_bytes(nr_gsi, nr), GFP_KERNEL_ACCOUNT);
	if (!t)
		return -ENOMEM;
	t->nr_gsi = nr_gsi;
	t->route = (void *)t + routing_routes_bytes(nr_gsi, 0);
	memset(t->pic_gsi, 0xff, sizeof(t->pic_gsi));
	memset(t->ioapic_gsi, 0xff, sizeof(t->ioapic_gsi));
	r = routing_fill_routes(irq, t, e, nr);
	if (r) {
		kvfree(t);
		return r;
	}
	old = rcu_dereference_protected(irq->routes, true);
	raw_spin_lock_irqsave(&irq->lock, flags);
	rcu_assign_pointer(irq->routes, t);
	ack_update_pit_eoi_vector(irq);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	routing_retire(irq, old, routing_routes_bytes(nr_gsi, nr));
	return 0;
}

int routing_set_empty(struct irqchip *irq)
{
	return routing_set_routes(irq, NULL, 0);
}

/* GSI n goes to pin n of the IOAPIC, and of the PIC where there is one. */
int routing_set_default(struct irqchip *irq)
{
	struct kvm_irq_routing_entry *e;
	u32 i, n = 0;
	int r;

	e = kcalloc(IOAPIC_PINS + PIC_PINS, sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	for (i = 0; i < IOAPIC_PINS; i++) {
		e[n].gsi = i;
		e[n].type = KVM_IRQ_ROUTING_IRQCHIP;
		e[n].u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
		e[n++].u.irqchip.pin = i;
		if (i >= PIC_PINS)
			continue;
		e[n].gsi = i;
		e[n].type = KVM_IRQ_ROUTING_IRQCHIP;
		e[n].u.irqchip.irqchip = i < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE;
		e[n++].u.irqchip.pin = i % 8;
	}
	r = routing_set_routes(irq, e, n);
	kfree(e);
	return r;
}

/* With a split irqchip there is no PIC or IOAPIC to route to. */
static int routing_check_chips_exist(struct irqchip *irq, const struct kvm_irq_routing_entry *e, u32 nr)
{
	u32 i;

	for (i = 0; !irq_full(irq->vm) && i < nr; i++)
		if (e[i].type == KVM_IRQ_ROUTING_IRQCHIP)
			return -EINVAL;
	return 0;
}

int routing_set(struct irqchip *irq, void __user *arg)
{
	struct kvm_irq_routing head;
	struct kvm_irq_routing_entry *e = NULL;
	int r;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (!irq_has_lapic(irq->vm) || head.nr > IRQ_MAX_GSI || head.flags)
		return -EINVAL;
	if (head.nr) {
		e = vmemdup_user(arg + sizeof(head), array_size(head.nr, sizeof(*e)));
		if (IS_ERR(e))
			return PTR_ERR(e);
	}
	r = routing_check_chips_exist(irq, e, head.nr);
	if (!r)
		r = routing_set_routes(irq, e, head.nr);
	kvfree(e);
	return r;
}

static int routing_raise_route(struct irqchip *irq, enum irq_source src, const struct irq_route *r,
		       bool level)
{
	int coalesced, reached;

	if (r->type == KVM_IRQ_ROUTING_IRQCHIP)
		return chips_set_pin(irq, src, r->chip, r->pin, level);
	if (!level)
		return -1;
	reached = deliver_msg(irq, &r->msg, -1, &coalesced);
	return reached > 0 ? reached - coalesced : reached;
}

int routing_set_gsi(struct irqchip *irq, enum irq_source src, u32 gsi, bool level)
{
	const struct irq_routes *t;
	int ret = -1;
	u32 i, end;

	rcu_read_lock();
	t = rcu_dereference(irq->routes);
	if (gsi < t->nr_gsi) {
		gsi = array_index_nospec(gsi, t->nr_gsi);
		end = t->first[gsi + 1];
		for (i = t->first[gsi]; i < end; i++) {
			int r = routing_raise_route(irq, src, &t->route[i], level);

			if (r >= 0)
				ret = r + max(ret, 0);
		}
	}
	rcu_read_unlock();
	return ret;
}
