// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioeventfds and coalesced zones: what the guest writes is signalled or
 * recorded, and it runs on. io_bus.c looks them up; this file changes the tables.
 *
 * Tables are replaced whole, under vm->lock, and read under RCU by vCPUs in
 * their run loop. Deassigning an ioeventfd also waits until every vCPU has
 * left its run loop's current pass, so that the eventfd is not signalled any
 * more when the ioctl returns.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/slab.h>

#include "ioeventfd.h"
#include "irqchip.h"
#include "mem/write_lock.h"
#include "routing.h"

#define MAX_IOEVENTFDS 1000 /* per address space */
#define MAX_ZONES 128
#define IOEVENTFD_FLAGS (KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DEASSIGN)

static void ioeventfd_free(struct ioeventfd *io)
{
	eventfd_ctx_put(io->ctx);
	kfree(io);
}

static void ioeventfd_free_rcu(struct rcu_head *rcu)
{
	ioeventfd_free(container_of(rcu, struct ioeventfd, rcu));
}

static struct io_bus_table *ioeventfd_table_of(struct irqchip *irq, unsigned int space)
{
	return rcu_dereference_protected(irq->io_bus[space], true);
}

static void ioeventfd_publish(struct irqchip *irq, unsigned int space, struct io_bus_table *t)
{
	struct io_bus_table *old = ioeventfd_table_of(irq, space);

	rcu_assign_pointer(irq->io_bus[space], t);
	if (old)
		routing_retire(irq, old, struct_size(old, slot, old->nr));
}

static struct io_bus_table *ioeventfd_table_alloc(unsigned int nr)
{
	struct io_bus_table *t = kvzalloc(struct_size(t, slot, nr), GFP_KERNEL_ACCOUNT);

	if (t)
		t->nr = nr;
	return t;
}

/* A write could match both. */
static bool ioeventfd_collide(const struct ioeventfd *a, const struct ioeventfd *b)
{
	if (a->addr != b->addr)
		return false;
	if (!a->len || !b->len)
		return true;
	return a->len == b->len && (a->wildcard || b->wildcard || a->datamatch == b->datamatch);
}

static int ioeventfd_insert(struct irqchip *irq, unsigned int space, struct ioeventfd *io)
{
	const struct io_bus_table *old = ioeventfd_table_of(irq, space);
	unsigned int i, nr = old ? old->nr : 0;
	struct io_bus_table *t;

	for (i = 0; i < nr; i++)
		if (ioeventfd_collide(old->slot[i].io, io))
			return -EEXIST;
	if (nr >= MAX_IOEVENTFDS)
		return -ENOSPC;
	t = ioeventfd_table_alloc(nr + 1);
	if (!t)
		return -ENOMEM;
	for (i = 0; i < nr && old->slot[i].addr <= io->addr; i++)
		t->slot[i] = old->slot[i];
	t->slot[i].addr = io->addr;
	t->slot[i].io = io;
	for (; i < nr; i++)
		t->slot[i + 1] = old->slot[i];
	ioeventfd_publish(irq, space, t);
	return 0;
}

static bool ioeventfd_same(const struct ioeventfd *io, const struct eventfd_ctx *ctx,
		 const struct kvm_ioeventfd *args)
{
	bool wildcard = !(args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH);

	return io->ctx == ctx && io->addr == args->addr && io->len == args->len &&
	       io->wildcard == wildcard && (wildcard || io->datamatch == args->datamatch);
}

static int ioeventfd_remove(struct irqchip *irq, unsigned int space, const struct eventfd_ctx *ctx,
		  const struct kvm_ioeventfd *args)
{
	struct io_bus_table *t, *old = ioeventfd_table_of(irq, space);
	unsigned int i, k, nr = old ? old->nr : 0;
	struct ioeventfd *io;

	for (i = 0; i < nr; i++)
		if (ioeventfd_same(old->slot[i].io, ctx, args))
			break;
	if (i == nr)
		return -ENOENT;
	io = old->slot[i].io;
	t = ioeventfd_table_alloc(nr - 1);
	if (!t)
		return -ENOMEM;
	for (k = 0; k < nr - 1; k++)
		t->slot[k] = old->slot[k + (k >= i)];
	ioeventfd_publish(irq, space, t);

	mem_write_lock(irq->vm);
	mem_write_unlock(irq->vm);
	call_rcu(&io->rcu, ioeventfd_free_rcu);
	return 0;
}

static int ioeventfd_check_args(const struct kvm_ioeventfd *args)
{
	if (args->flags & ~(__u32)IOEVENTFD_FLAGS)
		return -EINVAL;
	switch (args->len) {
	case 0:
		if (args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH)
			return -EINVAL;
		break;
	case 1:
	case 2:
	case 4:
	case 8:
		break;
	default:
		return -EINVAL;
	}
	return args->addr + args->len < args->addr ? -EINVAL : 0;
}

static int ioeventfd_assign(struct irqchip *irq, unsigned int space, struct eventfd_ctx *ctx,
		  const struct kvm_ioeventfd *args)
{
	struct ioeventfd *io = kzalloc(sizeof(*io), GFP_KERNEL_ACCOUNT);
	int r;

	if (!io)
		return -ENOMEM;
	io->ctx = ctx;
	io->addr = args->addr;
	io->len = args->len;
	io->wildcard = !(args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH);
	io->datamatch = io->wildcard ? 0 : args->datamatch;
	r = ioeventfd_insert(irq, space, io);
	if (r)
		kfree(io);
	return r;
}

int ioeventfd_ioctl(struct irqchip *irq, const struct kvm_ioeventfd *args)
{
	unsigned int space = !!(args->flags & KVM_IOEVENTFD_FLAG_PIO);
	struct eventfd_ctx *ctx;
	int r = ioeventfd_check_args(args);

	if (r)
		return r;
	ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	if (args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN) {
		r = ioeventfd_remove(irq, space, ctx, args);
		eventfd_ctx_put(ctx);
		return r;
	}
	r = ioeventfd_assign(irq, space, ctx, args);
	if (r)
		eventfd_ctx_put(ctx);
	return r;
}

static bool ioeventfd_zone_holds(const struct kvm_coalesced_mmio_zone *z,
		       const struct kvm_coalesced_mmio_zone *part)
{
	return z->pio == part->pio && part->addr >= z->addr &&
	       part->addr + part->size <= z->addr + z->size;
}

int coalesced_ioctl(struct irqchip *irq, const struct kvm_coalesced_mmio_zone *zone, bool add)
{
	struct io_bus_zones *t, *old = rcu_dereference_protected(irq->zones, true);
	unsigned int i, nr = old ? old->nr : 0;

	if (zone->pio > 1 || zone->addr + zone->size < zone->addr)
		return -EINVAL;
	if (add && nr >= MAX_ZONES)
		return -ENOSPC;
	t = kvzalloc(struct_size(t, zone, nr + 1), GFP_KERNEL_ACCOUNT);
	if (!t)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		if (add || !ioeventfd_zone_holds(&old->zone[i], zone))
			t->zone[t->nr++] = old->zone[i];
	if (add)
		t->zone[t->nr++] = *zone;
	rcu_assign_pointer(irq->zones, t);
	if (old)
		routing_retire(irq, old, struct_size(old, zone, nr + 1));
	return 0;
}

void ioeventfd_release(struct irqchip *irq)
{
	unsigned int space, i;

	for (space = 0; space < ARRAY_SIZE(irq->io_bus); space++) {
		struct io_bus_table *t = ioeventfd_table_of(irq, space);

		for (i = 0; t && i < t->nr; i++)
			ioeventfd_free(t->slot[i].io);
		kvfree(t);
	}
	kvfree(rcu_dereference_protected(irq->zones, true));
}
