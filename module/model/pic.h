/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PC's pair of 8259A interrupt controllers, slave on pin 2 of the master,
 * with the ELCR (edge/level control) of the PCI chipsets. The caller holds one
 * lock around every call. Functions that can change the INTR output or end an
 * interrupt say so in struct pic_effects, to which they only add.
 */
#ifndef TAXCUT_MODEL_PIC_H
#define TAXCUT_MODEL_PIC_H

#include <linux/kvm.h>

#include "port.h"

#define PIC_PINS 16
#define PIC_MASTER_CMD 0x20
#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_CMD 0xa0
#define PIC_SLAVE_DATA 0xa1
#define PIC_ELCR1 0x4d0
#define PIC_ELCR2 0x4d1

struct pic {
	struct kvm_pic_state chip[2]; /* master, slave; KVM_GET_IRQCHIP's layout */
	u32 sources[PIC_PINS]; /* by pin: which sources hold the line high */
	bool output; /* INTR */
};

struct pic_effects {
	bool changed; /* pic->output is not what it was: re-evaluate injection */
	u16 acked; /* pins whose interrupt ended (EOI): resample listeners */
};

/* Power-up state: uninitialised by the guest, everything masked, ELCR clear. */
void pic_reset(struct pic *p);

/*
 * Source (0..31) drives pin (0..15) to level. Returns -1 if the pin is masked
 * or does not exist, 0 if coalesced, 1 if a request was latched (or, for
 * level 0, the line is lower): what KVM_IRQ_LINE_STATUS reports.
 */
int pic_set_irq(struct pic *p, unsigned int pin, unsigned int source, bool level,
		struct pic_effects *e);

/*
 * Interrupt acknowledge cycle: the vector (0..255); call it only when the CPU
 * takes the interrupt. Without a request it is the spurious vector (pin 7 or
 * 15) of the chip. Effects: changed; acked in automatic EOI mode.
 */
u8 pic_intack(struct pic *p, struct pic_effects *e);

/* True for the six ports above. */
static inline bool pic_owns_port(u16 port)
{
	return (port & ~0x81) == PIC_MASTER_CMD || (port & ~1) == PIC_ELCR1;
}

/* What a port would read, less the effects; while no chip is polled that is all there is to it, and needs no lock. */
u8 pic_peek(const struct pic *p, u16 port);
static inline bool pic_is_polled(const struct pic *p)
{
	return READ_ONCE(p->chip[0].poll) | READ_ONCE(p->chip[1].poll);
}

/* Port reads have effects too (poll mode acknowledges). Unknown ports read 0xff. */
u8 pic_read(struct pic *p, u16 port, struct pic_effects *e);
void pic_write(struct pic *p, u16 port, u8 value, struct pic_effects *e);

/*
 * KVM_GET_IRQCHIP / KVM_SET_IRQCHIP of one chip (KVM_IRQCHIP_PIC_MASTER is 0,
 * KVM_IRQCHIP_PIC_SLAVE is 1; others: -EINVAL). Set sanitises what is out of
 * range.
 */
int pic_state_get(const struct pic *p, unsigned int chip, struct kvm_pic_state *s);
int pic_state_set(struct pic *p, unsigned int chip, const struct kvm_pic_state *s,
		  struct pic_effects *e);

#endif /* TAXCUT_MODEL_PIC_H */
