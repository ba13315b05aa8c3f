// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who answers a guest's port or memory access inside the kernel: first the
 * chips, then ioeventfds, then coalesced zones.
 *
 * This is on the exit path of every port and MMIO access: a few comparisons
 * for the chips, one binary search for ioeventfds, nothing allocated, no lock
 * but the chip's own and the ring's.
 */

#include <linux/eventfd.h>
#include <linux/mm.h>

#include "base/compat.h"
#include "chips.h"
#include "io_bus.h"
#include "irqchip.h"
#include "pit.h"

static bool io_bus_is_pit_port(u16 port)
{
	return port >= PIT_CHANNEL0 && port <= PIT_CONTROL;
}

/* The value, -1 when no chip is there. */
static s64 io_bus_chip_port_read(struct irqchip *irq, u16 port, unsigned int len)
{
	if (pic_owns_port(port))
		return len == 1 ? chips_pic_read(irq, port) : GENMASK_ULL(len * 8 - 1, 0);
	if (!irq->has_pit)
		return -1;
	if (io_bus_is_pit_port(port) || (port == PIT_SPEAKER && irq->pit_speaker))
		return pit_port_read(irq, port);
	return -1;
}

static bool io_bus_chip_port_write(struct irqchip *irq, u64 addr, unsigned int len, const void *data)
{
	u16 port = addr;

	if (pic_owns_port(port)) {
		if (len == 1)
			chips_pic_write(irq, port, *(const u8 *)data);
		return true;
	}
	if (!irq->has_pit)
		return false;
	if (io_bus_is_pit_port(port) || (port == PIT_SPEAKER && irq->pit_speaker)) {
		pit_port_write(irq, port, *(const u8 *)data);
		return true;
	}
	return false;
}

static bool io_bus_is_ioapic(struct irqchip *irq, u64 addr, unsigned int len)
{
	return addr - READ_ONCE(irq->ioapic.base) <= IOAPIC_MMIO_SIZE - len;
}

static u64 io_bus_load_value(const void *data, unsigned int len)
{
	switch (len) {
	case 1:
		return *(const u8 *)data;
	case 2:
		return *(const u16 *)data;
	case 4:
		return *(const u32 *)data;
	default:
		return *(const u64 *)data;
	}
}

static bool io_bus_matches(const struct ioeventfd *io, unsigned int len, const void *data)
{
	if (!io->len)
		return true;
	return io->len == len && (io->wildcard || io->datamatch == io_bus_load_value(data, len));
}

/* RCU read side. */
static bool io_bus_signal_ioeventfd(const struct io_bus_table *t, u64 addr, unsigned int len,
			     const void *data)
{
	unsigned int low = 0, high;

	if (!t)
		return false;
	for (high = t->nr; low < high;) {
		unsigned int mid = (low + high) / 2;

		if (t->slot[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < t->nr && t->slot[low].addr == addr; low++) {
		if (!io_bus_matches(t->slot[low].io, len, data))
			continue;
		hv_eventfd_signal(t->slot[low].io->ctx);
		return true;
	}
	return false;
}

/* Append to the ring that user space drains; false when it is full or user space has spoilt it. */
static bool io_bus_ring_put(struct irqchip *irq, bool pio, u64 addr, unsigned int len, const void *data)
{
	struct kvm_coalesced_mmio_ring *ring = page_address(irq->ring_page);
	u32 last, next;
	bool put = false;

	spin_lock(&irq->ring_lock);
	last = READ_ONCE(ring->last);
	next = (last + 1) % KVM_COALESCED_MMIO_MAX;
	if (last < KVM_COALESCED_MMIO_MAX && next != READ_ONCE(ring->first)) {
		struct kvm_coalesced_mmio *e;

		last = array_index_nospec(last, KVM_COALESCED_MMIO_MAX);
		e = &ring->coalesced_mmio[last];
		e->phys_addr = addr;
		e->len = len;
		memcpy(e->data, data, len);
		e->pio = pio;
		smp_store_release(&ring->last, next); /* after the entry */
		put = true;
	}
	spin_unlock(&irq->ring_lock);
	return put;
}

/* RCU read side. */
static bool io_bus_coalesce(struct irqchip *irq, bool pio, u64 addr, unsigned int len, const void *data)
{
	const struct io_bus_zones *t = rcu_dereference(irq->zones);
	unsigned int i;

	for (i = 0; t && i < t->nr; i++) {
		const struct kvm_coalesced_mmio_zone *z = &t->zone[i];

		if (z->pio == pio && addr >= z->addr && len <= z->size &&
		    addr - z->addr <= z->size - len)
			return io_bus_ring_put(irq, pio, addr, len, data);
	}
	return false;
}

int io_bus_write(struct vcpu *v, bool pio, u64 addr, unsigned int len, const void *data)
{
	struct irqchip *irq = v->vm->irq;
	bool done;

	if (v->vm->full_irqchip) {
		if (pio && io_bus_chip_port_write(irq, addr, len, data))
			return 0;
		if (!pio && io_bus_is_ioapic(irq, addr, len)) {
			chips_ioapic_write(irq, addr - irq->ioapic.base, len, data);
			return 0;
		}
	}
	rcu_read_lock();
	done = io_bus_signal_ioeventfd(rcu_dereference(irq->io_bus[pio]), addr, len, data) ||
	       io_bus_coalesce(irq, pio, addr, len, data);
	rcu_read_unlock();
	return done ? 0 : -EOPNOTSUPP;
}

s64 io_bus_port_read(struct vcpu *v, u16 port, unsigned int len)
{
	return v->vm->full_irqchip ? io_bus_chip_port_read(v->vm->irq, port, len) : -1;
}

int io_bus_read(struct vcpu *v, bool pio, u64 addr, unsigned int len, void *data)
{
	struct irqchip *irq = v->vm->irq;
	s64 value;

	if (pio) {
		value = io_bus_port_read(v, addr, len);
		if (value < 0)
			return -EOPNOTSUPP;
		memcpy(data, &value, len);
		return 0;
	}
	if (!v->vm->full_irqchip || !io_bus_is_ioapic(irq, addr, len))
		return -EOPNOTSUPP;
	chips_ioapic_read(irq, addr - irq->ioapic.base, len, data);
	return 0;
}
