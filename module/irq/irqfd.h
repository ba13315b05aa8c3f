/* SPDX-License-Identifier: GPL-2.0-only */
/* irqfds: eventfds that raise a GSI. */
#ifndef TAXCUT_IRQ_IRQFD_H
#define TAXCUT_IRQ_IRQFD_H

#include <linux/types.h>

struct irqchip;
struct kvm_irqfd;

int irqfd_ioctl(struct irqchip *irq, const struct kvm_irqfd *args);
void irqfd_release(struct irqchip *irq);
/* irqchip->gsi_acked[IRQ_ACK_RESAMPLE]. */
bool irqfd_gsi_acked(struct irqchip *irq, u32 gsi);

#endif /* TAXCUT_IRQ_IRQFD_H */
