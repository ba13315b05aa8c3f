/* SPDX-License-Identifier: GPL-2.0-only */
/* The PIT's place in the host. */
#ifndef TAXCUT_IRQ_PIT_H
#define TAXCUT_IRQ_PIT_H

#include <linux/types.h>

struct irqchip;

void pit_destroy(struct irqchip *irq);
long pit_ioctl(struct irqchip *irq, unsigned int cmd, void __user *arg);
/* irqchip->gsi_acked[IRQ_ACK_PIT]. True: the PIT waits for such ends. */
bool pit_gsi_acked(struct irqchip *irq, u32 gsi);
u8 pit_port_read(struct irqchip *irq, u16 port);
void pit_port_write(struct irqchip *irq, u16 port, u8 value);

#endif /* TAXCUT_IRQ_PIT_H */
