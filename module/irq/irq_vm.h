/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM's interrupt fabric: PIC, IOAPIC and PIT (irqchip "full") or only the
 * LAPICs (irqchip "split"), GSI routing, MSIs, irqfds.
 *
 * State change and side effect stay apart: the pure models say which messages
 * result, this layer delivers them. irqchip.h says who may touch what.
 */
#ifndef TAXCUT_IRQ_IRQ_VM_H
#define TAXCUT_IRQ_IRQ_VM_H

#include <linux/types.h>

struct page;
struct vm;

/* Always present in a VM: holds routes, irqfds, ioeventfds and the coalesced ring. 0 or -ENOMEM. */
int irq_create_vm(struct vm *vm);
/* After the last vCPU is gone (their vlapic_destroy() may still find vm->irq). */
void irq_destroy_vm(struct vm *vm);
/* The VM's file is being released: drop irqfds, stop the PIT. Before the vCPUs go; irq_destroy_vm() does it otherwise. */
void irq_release_vm(struct vm *vm);

/* KVM_CAP_SPLIT_IRQCHIP with that many reserved GSIs; vm->lock held. -EEXIST, -EINVAL (vCPUs exist, pins > KVM_MAX). */
int irq_enable_split(struct vm *vm, u64 pins);

/* The page at KVM_COALESCED_MMIO_PAGE_OFFSET of every vCPU's mapping. */
struct page *irq_coalesced_page(struct vm *vm);

#endif /* TAXCUT_IRQ_IRQ_VM_H */
