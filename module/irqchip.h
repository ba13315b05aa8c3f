/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of a VM's interrupt fabric, for irq*.c, bus.c, ioeventfd.c,
 * pit_timer.c and apic*.c only.
 *
 * Who may touch what
 *   lock (raw, interrupts off): pic, ioapic, pit and what stands beside them.
 *   intr mirrors pic.output and may be read without it.
 *   map, map_gen: see irq_map.c. routes, bus tables: RCU; written under
 *   vm->lock. Old tables are freed after a grace period that nobody waits for
 *   (QEMU rewrites all routes some 200 times while a guest boots).
 *   irqfds: irqfds_lock (interrupts off), nested inside an eventfd's own lock.
 *   resamplers: written under resamplers_lock (mutex), read under RCU.
 *   Order: vm->lock, resamplers_lock; an eventfd's lock, irqfds_lock or lock.
 *   Never signal an eventfd with lock held: the same eventfd may be an irqfd,
 *   whose wake-up takes lock inside the eventfd's lock.
 */
#ifndef TAXCUT_IRQCHIP_H
#define TAXCUT_IRQCHIP_H

#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "hv.h"
#include "pure/ioapic.h"
#include "pure/ipi_map.h"
#include "pure/pic.h"
#include "pure/pit.h"

/* Who drives a line; several may drive the same one. */
enum irq_source { IRQ_SRC_USER, IRQ_SRC_RESAMPLE, IRQ_SRC_PIT, IRQ_SRC_PIC };

struct irq_route {
	u8 type; /* KVM_IRQ_ROUTING_IRQCHIP or _MSI */
	u8 chip; /* KVM_IRQCHIP_* */
	u8 pin; /* of the chip; 0..15 for the PIC pair */
	struct apic_msg msg;
};

struct irq_routes {
	struct rcu_head rcu; /* first: irq_retire() */
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
struct bus_table {
	struct rcu_head rcu; /* first: irq_retire() */
	unsigned int nr;
	struct bus_slot {
		u64 addr;
		struct ioeventfd *io;
	} slot[];
};

struct bus_zones {
	struct rcu_head rcu; /* first: irq_retire() */
	unsigned int nr;
	struct kvm_coalesced_mmio_zone zone[];
};

struct irqchip {
	struct vm *vm;

	raw_spinlock_t lock;
	struct pic pic;
	struct ioapic ioapic;
	bool intr;
	int edge_ack_vector; /* edge vector whose EOI the PIT waits for, -1 none */
	u32 retry_pins;
	struct delayed_work retry;

	/* PIT; see pit_timer.c */
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

	struct bus_table __rcu *bus[2]; /* MMIO, PIO */
	struct bus_zones __rcu *zones;
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

static inline unsigned int irq_nr_vcpus(const struct vm *vm)
{
	return smp_load_acquire(&vm->nr_vcpus); /* before vm->vcpus[] */
}

/* The vCPUs that msg reaches; those wired to the PIC. Any context. */
void irq_resolve(struct irqchip *irq, const struct apic_msg *msg, int self, struct ipi_set *to);
void irq_resolve_pv(struct irqchip *irq, u64 low, u64 high, u64 min, bool is_64bit, struct ipi_set *to);
void irq_resolve_pic(struct irqchip *irq, struct ipi_set *to);

/* Resolve and deliver: the number of vCPUs reached, -1 if nobody is addressed. self: sender's index or -1. Any context. */
int irq_send_msg(struct irqchip *irq, const struct apic_msg *msg, int self, int *coalesced);

/* Kick a set of vCPUs from a work item: for who must not do it himself, because interrupts are off. Any context. */
void irq_kick_later(struct irqchip *irq, const struct ipi_set *targets);
void irq_late_kicks(struct work_struct *work);

/* Drive a GSI. As KVM_IRQ_LINE_STATUS: > 0 delivered, 0 coalesced, < 0 masked or nobody. Any context. */
int irq_set_gsi(struct irqchip *irq, enum irq_source src, u32 gsi, bool level);

/* One pin of one chip (PIC pins 0..15); result as above. Any context. */
int irq_chip_set(struct irqchip *irq, enum irq_source src, u8 chip, u8 pin, bool level);
int irq_chip_set_locked(struct irqchip *irq, enum irq_source src, u8 chip, u8 pin, bool level);

/* Chip accesses of the guest; take irq->lock when they change anything. */
u8 irq_pic_port_read(struct irqchip *irq, u16 port);
void irq_pic_port_write(struct irqchip *irq, u16 port, u8 value);
void irq_ioapic_read(struct irqchip *irq, u32 offset, unsigned int len, void *data);
void irq_ioapic_write(struct irqchip *irq, u32 offset, unsigned int len, const void *data);
/* INTA cycle; -1 when the PIC has nothing any more. */
int irq_pic_ack(struct irqchip *irq);

/* irq_route.c */
int irq_routes_default(struct irqchip *irq);
int irq_routes_empty(struct irqchip *irq);
int irq_set_routing(struct irqchip *irq, void __user *arg);
/* The interrupt of a chip's pin has ended: tell irqfds and the PIT. irq->lock not held. */
void irq_pins_acked(struct irqchip *irq, u16 pic_pins, u32 ioapic_pins);
/* Lower these pins of the IOAPIC and ask their resampling irqfds; the pins that have none. irq->lock not held. */
u32 irq_pins_resample(struct irqchip *irq, u32 ioapic_pins);
/* irq->lock held: routes or the IOAPIC changed. */
void irq_update_edge_ack(struct irqchip *irq);

/* Free p (whose first member is *rcu) after a grace period; vm->lock held. */
void irq_retire(struct irqchip *irq, void *p, size_t bytes);

/* irqfd.c */
int irqfd_ioctl(struct irqchip *irq, const struct kvm_irqfd *args);
void irqfd_release(struct irqchip *irq);
bool irqfd_gsi_acked(struct irqchip *irq, u32 gsi);

/* ioeventfd.c */
int ioeventfd_ioctl(struct irqchip *irq, const struct kvm_ioeventfd *args);
int coalesced_ioctl(struct irqchip *irq, const struct kvm_coalesced_mmio_zone *zone, bool add);
void ioeventfd_release(struct irqchip *irq);

/* pit_timer.c */
int pit_create(struct irqchip *irq, u32 flags);
void pit_destroy(struct irqchip *irq);
long pit_ioctl(struct irqchip *irq, unsigned int cmd, void __user *arg);
void pit_gsi_acked(struct irqchip *irq);
u8 pit_port_read(struct irqchip *irq, u16 port);
void pit_port_write(struct irqchip *irq, u16 port, u8 value);

#define PIT_GSI 0

#endif /* TAXCUT_IRQCHIP_H */
