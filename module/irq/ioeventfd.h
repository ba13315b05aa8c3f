/* SPDX-License-Identifier: GPL-2.0-only */
/* ioeventfds and coalesced zones. */
#ifndef TAXCUT_IRQ_IOEVENTFD_H
#define TAXCUT_IRQ_IOEVENTFD_H

#include <linux/types.h>

struct irqchip;
struct kvm_coalesced_mmio_zone;
struct kvm_ioeventfd;

int ioeventfd_ioctl(struct irqchip *irq, const struct kvm_ioeventfd *args);
int coalesced_ioctl(struct irqchip *irq, const struct kvm_coalesced_mmio_zone *zone, bool add);
void ioeventfd_release(struct irqchip *irq);

#endif /* TAXCUT_IRQ_IOEVENTFD_H */
