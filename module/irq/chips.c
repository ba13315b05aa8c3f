// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's interrupt controllers.
 *
 * The pure PIC and IOAPIC are called with irq->lock held. What they ask for is
 * done in this order: messages and kicks still under the lock (they never
 * sleep, and a level line must not fall between the decision and the
 * delivery); listeners of ended interrupts after it was dropped, because they
 * signal eventfds (see irqchip.h).
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ack.h"
#include "base/kick.h"
#include "chips.h"
#include "deliver.h"
#include "destmap.h"
#include "irqchip.h"
#include "vlapic.h"

#define STORM_RETRY_MS 10

static_assert(IRQ_SRC_RESAMPLE == IOAPIC_SOURCE_RESAMPLE);

static int chips_set_pin_locked(struct irqchip *irq, enum irq_source src, u8 chip, u8 pin, bool level);

/* irq->lock held. INTR goes to every LAPIC that is wired to it, and to IOAPIC pin 0 in virtual-wire mode. */
static void chips_pic_output_changed(struct irqchip *irq)
{
	u64 entry = irq->ioapic.redir[0];
	struct ipi_set wired __uninitialized, left __uninitialized;
	int i;

	WRITE_ONCE(irq->intr, irq->pic.output);
	if (!irq->pic.output)
		return;
	smp_mb(); /* either the vCPU that is being wired sees intr, or we see it in the map */
	destmap_resolve_pic(irq, &wired);
	left = wired;
	while ((i = ipi_set_take(&left)) >= 0)
		vcpu_request(irq->vm->vcpus[i], REQ_EVENT);
	/* By far the most often it is one; waking many is not done under the lock. */
	if (ipi_set_single(&wired))
		vcpu_kick(irq->vm->vcpus[ipi_set_take(&wired)]);
	else if (!ipi_set_empty(&wired))
		deliver_kick_later(irq, &wired);
	if (!(entry & IOAPIC_MASKED) && ((entry >> 8) & 7) == APIC_MSG_EXTINT) {
		chips_set_pin_locked(irq, IRQ_SRC_PIC, KVM_IRQCHIP_IOAPIC, 0, true);
		chips_set_pin_locked(irq, IRQ_SRC_PIC, KVM_IRQCHIP_IOAPIC, 0, false);
	}
}

/* irq->lock held. The result of the last message, as deliver_msg(), less what was coalesced. */
static int chips_ioapic_send(struct irqchip *irq, const struct ioapic_out *out)
{
	int coalesced, reached, r = 0;
	unsigned int i;

	for (i = 0; i < out->nr; i++) {
		reached = deliver_msg(irq, &out->m[i].msg, -1, &coalesced);
		if (reached <= 0)
			ioapic_unsent(&irq->ioapic, out->m[i].pin);
		r = reached > 0 ? reached - coalesced : reached;
	}
	return r;
}

/* irq->lock held. As chips_set_pin(). */
static int chips_set_pin_locked(struct irqchip *irq, enum irq_source src, u8 chip, u8 pin, bool level)
{
	struct ioapic_out out;
	struct pic_effects fx = {};
	int r;

	if (chip == KVM_IRQCHIP_IOAPIC) {
		out.nr = 0;
		r = ioapic_set_irq(&irq->ioapic, pin, src, level, &out);
		return out.nr ? chips_ioapic_send(irq, &out) : r;
	}
	r = pic_set_irq(&irq->pic, pin, src, level, &fx);
	if (fx.changed)
		chips_pic_output_changed(irq);
	return r;
}

int chips_set_pin(struct irqchip *irq, enum irq_source src, u8 chip, u8 pin, bool level)
{
	unsigned long flags;
	int r;

	raw_spin_lock_irqsave(&irq->lock, flags);
	r = chips_set_pin_locked(irq, src, chip, pin, level);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	return r;
}

static noinline u8 chips_read_polled_pic(struct irqchip *irq, u16 port)
{
	struct pic_effects fx = {};
	unsigned long flags;
	u8 value;

	raw_spin_lock_irqsave(&irq->lock, flags);
	value = pic_read(&irq->pic, port, &fx);
	if (fx.changed)
		chips_pic_output_changed(irq);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (fx.acked)
		ack_pins(irq, fx.acked, 0);
	return value;
}

u8 chips_pic_read(struct irqchip *irq, u16 port)
{
	return unlikely(pic_is_polled(&irq->pic)) ? chips_read_polled_pic(irq, port) : pic_peek(&irq->pic, port);
}

/* ICW1 forgets what the chip had latched or in service, so no EOI will come for it. */
static u16 chips_icw1_ends(u16 port, u8 value)
{
	if (!(value & 0x10))
		return 0;
	return port == PIC_MASTER_CMD ? 0x00ff : port == PIC_SLAVE_CMD ? 0xff00 : 0;
}

void chips_pic_write(struct irqchip *irq, u16 port, u8 value)
{
	struct pic_effects fx = {};
	unsigned long flags;

	raw_spin_lock_irqsave(&irq->lock, flags);
	pic_write(&irq->pic, port, value, &fx);
	if (fx.changed)
		chips_pic_output_changed(irq);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	ack_pins(irq, fx.acked | chips_icw1_ends(port, value), 0);
}

int chips_pic_ack(struct irqchip *irq)
{
	struct pic_effects fx = {};
	unsigned long flags;
	int vector = -1;

	raw_spin_lock_irqsave(&irq->lock, flags);
	if (irq->pic.output) {
		vector = pic_intack(&irq->pic, &fx);
		if (fx.changed)
			chips_pic_output_changed(irq);
	}
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	ack_pins(irq, fx.acked, 0);
	return vector;
}

void chips_ioapic_read(struct irqchip *irq, u32 offset, unsigned int len, void *data)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&irq->lock, flags);
	ioapic_mmio_read(&irq->ioapic, offset, len, data);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
}

void chips_ioapic_write(struct irqchip *irq, u32 offset, unsigned int len, const void *data)
{
	struct ioapic_out out = { .nr = 0 };
	unsigned long flags;
	u32 pins;

	raw_spin_lock_irqsave(&irq->lock, flags);
	ioapic_mmio_write(&irq->ioapic, offset, len, data, &out);
	ack_update_pit_eoi_vector(irq);
	chips_ioapic_send(irq, &out);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (likely(!out.resample))
		return;
	pins = ack_resample_pins(irq, out.resample);
	if (!pins)
		return;
	out.nr = 0;
	raw_spin_lock_irqsave(&irq->lock, flags);
	ioapic_retry(&irq->ioapic, pins, &out);
	chips_ioapic_send(irq, &out);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
}

void chips_ioapic_retry(struct work_struct *work)
{
	struct irqchip *irq = container_of(to_delayed_work(work), struct irqchip, retry);
	struct ioapic_out out = { .nr = 0 };
	unsigned long flags;

	raw_spin_lock_irqsave(&irq->lock, flags);
	ioapic_retry(&irq->ioapic, irq->retry_pins, &out);
	irq->retry_pins = 0;
	chips_ioapic_send(irq, &out);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
}

static void chips_ioapic_end(struct irqchip *irq, u8 vector)
{
	struct ioapic_out out = { .nr = 0 };
	unsigned long flags;
	u32 acked, delayed;

	raw_spin_lock_irqsave(&irq->lock, flags);
	acked = ioapic_eoi(&irq->ioapic, vector);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (!acked)
		return;
	ack_pins(irq, 0, acked);

	raw_spin_lock_irqsave(&irq->lock, flags);
	delayed = ioapic_reraise(&irq->ioapic, acked, &out);
	irq->retry_pins |= delayed;
	chips_ioapic_send(irq, &out);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (delayed)
		schedule_delayed_work(&irq->retry, msecs_to_jiffies(STORM_RETRY_MS));
}

void chips_eoi_broadcast(struct vcpu *v, u8 vector, bool level)
{
	struct irqchip *irq = v->vm->irq;

	if (v->vm->split_irqchip) {
		if (!level)
			return;
		set_bit(vector, v->vlapic->ioapic_eoi);
		vcpu_request(v, REQ_IOAPIC_EOI);
		return;
	}
	if (level)
		chips_ioapic_end(irq, vector);
	else if (vector == READ_ONCE(irq->pit_eoi_vector))
		ack_pit(irq);
}

bool chips_ioapic_eoi_exit(struct vcpu *v, u8 *vector)
{
	unsigned long bit;

	if (!v->vlapic)
		return false;
	bit = find_first_bit(v->vlapic->ioapic_eoi, 256);
	if (bit >= 256)
		return false;
	clear_bit(bit, v->vlapic->ioapic_eoi);
	*vector = bit;
	return true;
}

int chips_state_get(struct irqchip *irq, struct kvm_irqchip *chip)
{
	unsigned long flags;
	int r = 0;

	raw_spin_lock_irqsave(&irq->lock, flags);
	if (chip->chip_id == KVM_IRQCHIP_IOAPIC)
		ioapic_state_get(&irq->ioapic, &chip->chip.ioapic);
	else
		r = pic_state_get(&irq->pic, chip->chip_id, &chip->chip.pic);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	return r;
}

int chips_state_set(struct irqchip *irq, const struct kvm_irqchip *chip)
{
	struct ioapic_out out = { .nr = 0 };
	struct pic_effects fx = {};
	unsigned long flags;
	int r = 0;

	raw_spin_lock_irqsave(&irq->lock, flags);
	if (chip->chip_id == KVM_IRQCHIP_IOAPIC) {
		ioapic_state_set(&irq->ioapic, &chip->chip.ioapic, &out);
		ack_update_pit_eoi_vector(irq);
		chips_ioapic_send(irq, &out);
	} else {
		r = pic_state_set(&irq->pic, chip->chip_id, &chip->chip.pic, &fx);
		chips_pic_output_changed(irq);
	}
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	return r;
}
