/* SPDX-License-Identifier: GPL-2.0-only */
/* GSI routing: what happens when a global system interrupt line moves. */
#ifndef TAXCUT_IRQ_ROUTING_H
#define TAXCUT_IRQ_ROUTING_H

#include <linux/types.h>

#include "irqchip.h"

/* Drive a GSI. As KVM_IRQ_LINE_STATUS: > 0 delivered, 0 coalesced, < 0 masked or no such vCPU. Any context. */
int routing_set_gsi(struct irqchip *irq, enum irq_source src, u32 gsi, bool level);
int routing_set_default(struct irqchip *irq);
int routing_set_empty(struct irqchip *irq);
int routing_set(struct irqchip *irq, void __user *arg);
/* Free p (whose first member is *rcu) after a grace period; vm->lock held. */
void routing_retire(struct irqchip *irq, void *p, size_t bytes);

#endif /* TAXCUT_IRQ_ROUTING_H */
