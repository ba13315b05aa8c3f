// SPDX-License-Identifier: GPL-2.0-only
/* The guest has ended an interrupt: from pins to GSIs, and to who listens. */
#include <linux/rcupdate.h>

#include "ack.h"
#include "base/vcpu.h"
#include "irqchip.h"

/* gsi: -1 for none. RCU read side. */
static void ack_gsi(struct irqchip *irq, s32 gsi)
{
	if (gsi < 0)
		return;
	irq->gsi_acked[IRQ_ACK_PIT](irq, gsi);
	irq->gsi_acked[IRQ_ACK_RESAMPLE](irq, gsi);
}

void ack_pins(struct irqchip *irq, u16 pic_pins, u32 ioapic_pins)
{
	const struct irq_routes *t;
	unsigned long pins;
	unsigned int pin;

	if (!pic_pins && !ioapic_pins)
		return;
	rcu_read_lock();
	t = rcu_dereference(irq->routes);
	pins = pic_pins;
	for_each_set_bit(pin, &pins, PIC_PINS)
		ack_gsi(irq, t->pic_gsi[pin]);
	pins = ioapic_pins;
	for_each_set_bit(pin, &pins, IOAPIC_PINS)
		ack_gsi(irq, t->ioapic_gsi[pin]);
	rcu_read_unlock();
}

u32 ack_resample_pins(struct irqchip *irq, u32 ioapic_pins)
{
	unsigned long pins = ioapic_pins;
	const struct irq_routes *t;
	unsigned int pin;

	rcu_read_lock();
	t = rcu_dereference(irq->routes);
	for_each_set_bit(pin, &pins, IOAPIC_PINS) {
		if (t->ioapic_gsi[pin] >= 0 && irq->gsi_acked[IRQ_ACK_RESAMPLE](irq, t->ioapic_gsi[pin]))
			ioapic_pins &= ~(1U << pin);
	}
	rcu_read_unlock();
	return ioapic_pins;
}

/* An edge-triggered entry is not broadcast on EOI; the PIT's reinjection wants to hear of it nevertheless. */
void ack_update_pit_eoi_vector(struct irqchip *irq)
{
	const struct irq_routes *t = rcu_dereference_protected(irq->routes, lockdep_is_held(&irq->lock));
	int vector = -1;
	unsigned int pin;

	if (irq->has_pit && irq->pit_reinject)
		for (pin = 0; pin < IOAPIC_PINS; pin++)
			if (t->ioapic_gsi[pin] == PIT_GSI &&
			    !(irq->ioapic.redir[pin] & (IOAPIC_MASKED | IOAPIC_LEVEL)))
				vector = irq->ioapic.redir[pin] & 0xff;
	if (vector == irq->pit_eoi_vector)
		return;
	WRITE_ONCE(irq->pit_eoi_vector, vector);
	irq->pit_acked = true; /* the end of a tick in flight will not be seen */
}

void ack_pit(struct irqchip *irq)
{
	irq->gsi_acked[IRQ_ACK_PIT](irq, PIT_GSI);
}
