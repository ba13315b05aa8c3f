/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest has ended an interrupt: who hears of it. irqfds that resample and
 * the PIT lie above the chips and are called through irqchip->gsi_acked[].
 */
#ifndef TAXCUT_IRQ_ACK_H
#define TAXCUT_IRQ_ACK_H

#include <linux/types.h>

struct irqchip;

/* The interrupt of a chip's pin has ended: tell irqfds and the PIT. irq->lock not held. */
void ack_pins(struct irqchip *irq, u16 pic_pins, u32 ioapic_pins);
/* Lower these pins of the IOAPIC and ask their resampling irqfds; the pins that have none. irq->lock not held. */
u32 ack_resample_pins(struct irqchip *irq, u32 ioapic_pins);
/* irq->lock held: routes or the IOAPIC changed. */
void ack_update_pit_eoi_vector(struct irqchip *irq);
/* The edge-triggered interrupt that the PIT waits for has ended. irq->lock not held. */
void ack_pit(struct irqchip *irq);

#endif /* TAXCUT_IRQ_ACK_H */
