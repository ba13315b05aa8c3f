/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupt controllers of a VM. */
#ifndef TAXCUT_IRQ_CHIPS_H
#define TAXCUT_IRQ_CHIPS_H

#include <linux/types.h>

#include "irqchip.h"

struct vcpu;
struct work_struct;

/* One pin of one chip (PIC pins 0..15); result as above. Any context. */
int chips_set_pin(struct irqchip *irq, enum irq_source src, u8 chip, u8 pin, bool level);

/* Chip accesses of the guest; take irq->lock when they change anything. */
u8 chips_pic_read(struct irqchip *irq, u16 port);
void chips_pic_write(struct irqchip *irq, u16 port, u8 value);
void chips_ioapic_read(struct irqchip *irq, u32 offset, unsigned int len, void *data);
void chips_ioapic_write(struct irqchip *irq, u32 offset, unsigned int len, const void *data);
/* INTA cycle; -1 when the PIC has nothing any more. */
int chips_pic_ack(struct irqchip *irq);

/* The vCPU ended a vector (level: its TMR bit was set). */
void chips_eoi_broadcast(struct vcpu *v, u8 vector, bool level);
/* REQ_IOAPIC_EOI: the next vector to report with KVM_EXIT_IOAPIC_EOI; false when there is none. Call again until false. */
bool chips_ioapic_eoi_exit(struct vcpu *v, u8 *vector);
/* irqchip->retry: pins whose guest ends their interrupt without serving the device are raised again, later. */
void chips_ioapic_retry(struct work_struct *work);

/* KVM_GET_IRQCHIP, KVM_SET_IRQCHIP: chip->chip_id says which chip. 0 or -EINVAL. */
int chips_state_get(struct irqchip *irq, struct kvm_irqchip *chip);
int chips_state_set(struct irqchip *irq, const struct kvm_irqchip *chip);

#endif /* TAXCUT_IRQ_CHIPS_H */
