/* SPDX-License-Identifier: GPL-2.0-only */
/* The destination map of a VM: which vCPUs a message reaches. */
#ifndef TAXCUT_IRQ_DESTMAP_H
#define TAXCUT_IRQ_DESTMAP_H

#include <linux/types.h>

struct apic_msg;
struct ipi_set;
struct irqchip;
struct vcpu;
struct vm;

/*
 * The vCPU is new (call after nr_vcpus was published), or what its APIC answers
 * to has changed: enter it into the destination map. NULL vlapic is fine. Owner
 * only; does not sleep.
 */
void destmap_update(struct vcpu *v);
/* KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK. */
void destmap_set_strict_broadcast(struct vm *vm);
/* The vCPUs that msg reaches; those wired to the PIC. Any context. */
void destmap_resolve(struct irqchip *irq, const struct apic_msg *msg, int self, struct ipi_set *to);
void destmap_resolve_pv(struct irqchip *irq, u64 low, u64 high, u64 min, bool is_64bit, struct ipi_set *to);
void destmap_resolve_pic(struct irqchip *irq, struct ipi_set *to);
/* The vCPU whose (x2)APIC ID is apic_id, whatever the guest says it is; NULL when there is none. Any context. */
struct vcpu *destmap_find(struct vm *vm, u64 apic_id);

#endif /* TAXCUT_IRQ_DESTMAP_H */
