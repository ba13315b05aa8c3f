/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controllers of a VM, its routes, irqfds and ioeventfds: the data.
 *
 * Who may touch what
 *   lock (raw, interrupts off): pic, ioapic, pit and what stands beside them.
 *   intr mirrors pic.output and may be read without it.
 *   map, map_gen: see destmap.c. routes, bus tables: RCU; written under
 *   vm->lock. Old tables are freed after a grace period; the ioctl does not wait for it
 *   (QEMU rewrites all routes some 200 times while a guest boots).
 *   irqfds: irqfds_lock (interrupts off), nested inside an eventfd's own lock.
 *   resamplers: written under resamplers_lock (mutex), read under RCU.
 *   Order: vm->lock, resamplers_lock; an eventfd's lock, irqfds_lock or lock.
 *   Never signal an eventfd with lock held: the same eventfd may be an irqfd,
 *   whose wake-up takes lock inside the eventfd's lock.
 */
#ifndef TAXCUT_IRQ_IRQCHIP_H
#define TAXCUT_IRQ_IRQCHIP_H

#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "base/vcpu.h"
#include "model/ioapic.h"
#include "model/ipi_map.h"
#include "model/pic.h"
#include "model/pit.h"

/* Who drives a line; several may drive the same one. */
enum irq_source { IRQ_SRC_USER, IRQ_SRC_RESAMPLE, IRQ_SRC_PIT, IRQ_SRC_PIC };

struct irq_route {
	u8 type; /* KVM_IRQ_ROUTING_IRQCHIP or _MSI */
	u8 chip; /* KVM_IRQCHIP_* */
	u8 pin; /* of the chip; 0..15 for the PIC pair */
	struct apic_msg msg;
};

struct irq_routes {
	struct rcu_head rcu; /* first: routing_retire() */
	u32 nr_gsi;
	s32 pic_gsi[PIC_PINS], ioapic_gsi[IOAPIC_PINS]; /* the GSI of a pin, -1 for none */
	struct irq_route *route; /* behind first[] */
	u32 first[]; /* route[first[gsi]] up to route[first[gsi + 1]] */
};

struct ioeventfd {
	struct rcu_head rcu;
	struct eventfd_ctx *ctx;
	u64 addr, datamatch;
	u32 len; /* 0: any */
	bool wildcard; /* any data */
};

/* ioeventfds of one address space by address. */
struct io_bus_table {
	struct rcu_head rcu; /* first: routing_retire() */
	unsigned int nr;
	struct io_bus_slot {
		u64 addr;
		struct ioeventfd *io;
	} slot[];
};

struct io_bus_zones {
	struct rcu_head rcu; /* first: routing_retire() */
	unsigned int nr;
	struct kvm_coalesced_mmio_zone zone[];
};

/* Who hears that the interrupt of a GSI has ended. */
enum irq_ack { IRQ_ACK_RESAMPLE, IRQ_ACK_PIT, NR_IRQ_ACK };

struct irqchip {
	struct vm *vm;

	raw_spinlock_t lock;
	struct pic pic;
	struct ioapic ioapic;
	bool intr;
	bool (*gsi_acked[NR_IRQ_ACK])(struct irqchip *irq, u32 gsi); /* the listeners of ack.h, set when the VM is made */
	int pit_eoi_vector; /* edge vector whose EOI the PIT waits for, -1 none */
	u32 retry_pins;
	struct delayed_work retry;

	/* PIT; see pit.c */
	bool has_pit;
	bool pit_speaker;
	bool pit_reinject;
	bool pit_acked;
	u32 pit_lost; /* ticks yet to be injected */
	u64 pit_injected_ns, pit_tried_ns; /* the tick that waits for its end: first and last try */
	struct pit pit;
	struct hrtimer pit_timer;

	struct irq_routes __rcu *routes;
	u32 split_pins;

	spinlock_t irqfds_lock;
	struct list_head irqfds;
	struct workqueue_struct *shutdown_queue;
	struct mutex resamplers_lock;
	struct list_head resamplers;

	struct io_bus_table __rcu *io_bus[2]; /* MMIO, PIO */
	struct io_bus_zones __rcu *zones;
	spinlock_t ring_lock;
	struct page *ring_page;
	size_t retired_bytes; /* vm->lock; given to RCU since the last rcu_barrier() */

	raw_spinlock_t map_lock;
	unsigned int map_gen; /* odd while map changes */
	u32 cursor; /* lowest-priority arbitration */
	atomic64_t late_targets[IPI_SET_WORDS]; /* vCPUs that late_kick has to wake or to get out of the guest */
	struct work_struct late_kick;
	struct ipi_map map;
};

static inline bool irq_full(const struct vm *vm)
{
	return smp_load_acquire(&vm->full_irqchip); /* before the chips and routes */
}

/* The VM has in-kernel LAPICs. */
static inline bool irq_has_lapic(const struct vm *vm)
{
	return irq_full(vm) || READ_ONCE(vm->split_irqchip);
}

static inline unsigned int irq_nr_vcpus(const struct vm *vm)
{
	return smp_load_acquire(&vm->nr_vcpus); /* before vm->vcpus[] */
}

#define PIT_GSI 0
#define IRQ_MAX_GSI 4096 /* KVM_CAP_IRQ_ROUTING */

#endif /* TAXCUT_IRQ_IRQCHIP_H */
