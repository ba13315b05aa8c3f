/* SPDX-License-Identifier: GPL-2.0-only */
/* Sending: from a message to the LAPICs it reaches. Any context. */
#ifndef TAXCUT_IRQ_DELIVER_H
#define TAXCUT_IRQ_DELIVER_H

#include <linux/types.h>

struct apic_msg;
struct ipi_set;
struct irqchip;
struct vm;
struct work_struct;

/*
 * Put an interrupt into the LAPICs of targets (as destmap_resolve() finds them; consumed).
 * mode: delivery mode as in an ICR, bits 10:8 shifted down (0 fixed, 1 lowest
 * priority, 2 SMI, 4 NMI, 5 INIT, 6 SIPI, 7 ExtINT). Returns the number of
 * vCPUs it reached, *coalesced counts those which had it pending already (may
 * be NULL). Any context.
 */
int deliver_set(struct vm *vm, struct ipi_set *targets, u8 vector, u8 mode, bool level, int *coalesced);
/* Resolve and deliver: the number of vCPUs reached, -1 if no vCPU has the address. self: sender's index or -1. Any context. */
int deliver_msg(struct irqchip *irq, const struct apic_msg *msg, int self, int *coalesced);
/* An MSI as a device would write it. Returns as KVM_SIGNAL_MSI: > 0 delivered, 0 masked or coalesced, < 0 no such vCPU. Any context. */
int deliver_msi(struct vm *vm, u64 address, u32 data);
/* Kick a set of vCPUs from a work item: for who must not do it himself, because interrupts are off. Any context. */
void deliver_kick_later(struct irqchip *irq, const struct ipi_set *targets);
void deliver_late_kicks(struct work_struct *work);

#endif /* TAXCUT_IRQ_DELIVER_H */
