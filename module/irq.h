/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM's interrupt fabric: PIC, IOAPIC and PIT (irqchip "full") or only the
 * LAPICs (irqchip "split"), GSI routing, MSIs, irqfds.
 *
 * State change and side effect stay apart: the pure models say which messages
 * result, this layer delivers them. See irq.c for who may touch what.
 */
#ifndef TAXCUT_IRQ_H
#define TAXCUT_IRQ_H

#include <linux/kvm.h>
#include <linux/types.h>

struct ipi_set;
struct page;
struct vcpu;
struct vm;

#define IRQ_MAX_GSI 4096 /* KVM_CAP_IRQ_ROUTING */

/* Always present in a VM: holds routes, irqfds, ioeventfds and the coalesced ring. 0 or -ENOMEM. */
int irq_create_vm(struct vm *vm);
/* After the last vCPU is gone (their apic_destroy() may still find vm->irq). */
void irq_destroy_vm(struct vm *vm);
/* The VM's file is being released: drop irqfds, stop the PIT. Before the vCPUs go; irq_destroy_vm() does it otherwise. */
void irq_release_vm(struct vm *vm);

/*
 * The VM ioctls of interrupts and in-kernel devices: CREATE_IRQCHIP,
 * CREATE_PIT, CREATE_PIT2, GET/SET_PIT, GET/SET_PIT2, REINJECT_CONTROL,
 * GET/SET_IRQCHIP, IRQ_LINE, IRQ_LINE_STATUS, SIGNAL_MSI, SET_GSI_ROUTING,
 * IRQFD, IOEVENTFD, (UN)REGISTER_COALESCED_MMIO. *handled is set for these
 * only. Takes vm->lock itself; the caller holds nothing.
 */
long irq_vm_ioctl(struct vm *vm, unsigned int cmd, unsigned long arg, bool *handled);

/* KVM_CAP_SPLIT_IRQCHIP with that many reserved GSIs; vm->lock held. -EEXIST, -EINVAL (vCPUs exist, pins > KVM_MAX). */
int irq_enable_split(struct vm *vm, u64 pins);
/* The VM has in-kernel LAPICs. */
bool irq_has_lapic(const struct vm *vm);

/*
 * The vCPU is new (call after nr_vcpus was published), or what its APIC answers
 * to has changed: enter it into the destination map. NULL apic is fine. Owner
 * only; does not sleep.
 */
void irq_map_update(struct vcpu *v);
/* KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK. */
void irq_set_strict_broadcast(struct vm *vm);

/*
 * Put an interrupt into the LAPICs of targets (as irq_resolve() finds them; consumed).
 * mode: delivery mode as in an ICR, bits 10:8 shifted down (0 fixed, 1 lowest
 * priority, 2 SMI, 4 NMI, 5 INIT, 6 SIPI, 7 ExtINT). Returns the number of
 * vCPUs it reached, *coalesced counts those which had it pending already (may
 * be NULL). Any context.
 */
int irq_deliver(struct vm *vm, struct ipi_set *targets, u8 vector, u8 mode, bool level, int *coalesced);
/* An MSI as a device would write it. Returns as KVM_SIGNAL_MSI: > 0 delivered, 0 masked or coalesced, < 0 nobody. Any context. */
int irq_send_msi(struct vm *vm, u64 address, u32 data);

/* The vCPU ended a vector (level: its TMR bit was set). */
void irq_eoi_broadcast(struct vcpu *v, u8 vector, bool level);
/* REQ_IOAPIC_EOI: the next vector to report with KVM_EXIT_IOAPIC_EOI; false when there is none. Call again until false. */
bool irq_ioapic_eoi_exit(struct vcpu *v, u8 *vector);

/* The page at KVM_COALESCED_MMIO_PAGE_OFFSET of every vCPU's mapping. */
struct page *irq_coalesced_page(struct vm *vm);

#endif /* TAXCUT_IRQ_H */
