// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's interrupt controllers, and the ioctls about them.
 *
 * The pure PIC and IOAPIC are called with irq->lock held. What they ask for is
 * done in this order: messages and kicks still under the lock (they never
 * sleep, and a level line must not fall between the decision and the
 * delivery); listeners of ended interrupts after it was dropped, because they
 * signal eventfds (see irqchip.h).
 */
#include "irq.h"

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "apic.h"
#include "irqchip.h"

#define STORM_RETRY_MS 10

static_assert(IRQ_SRC_RESAMPLE == IOAPIC_SOURCE_RESAMPLE);

/* irq->lock held. INTR goes to every LAPIC that is wired to it, and to IOAPIC pin 0 in virtual-wire mode. */
static void pic_output_changed(struct irqchip *irq)
{
	u64 entry = irq->ioapic.redir[0];
	struct ipi_set wired __uninitialized, left __uninitialized;
	int i;

	WRITE_ONCE(irq->intr, irq->pic.output);
	if (!irq->pic.output)
		return;
	smp_mb(); /* either the vCPU that is being wired sees intr, or we see it in the map */
	irq_resolve_pic(irq, &wired);
	left = wired;
	while ((i = ipi_set_take(&left)) >= 0)
		vcpu_request(irq->vm->vcpus[i], REQ_EVENT);
	/* By far the most often it is one; waking many is not done under the lock. */
	if (ipi_set_single(&wired))
		vcpu_kick(irq->vm->vcpus[ipi_set_take(&wired)]);
	else if (!ipi_set_empty(&wired))
		irq_kick_later(irq, &wired);
	if (!(entry & IOAPIC_MASKED) && ((entry >> 8) & 7) == APIC_MSG_EXTINT) {
		irq_chip_set_locked(irq, IRQ_SRC_PIC, KVM_IRQCHIP_IOAPIC, 0, true);
		irq_chip_set_locked(irq, IRQ_SRC_PIC, KVM_IRQCHIP_IOAPIC, 0, false);
	}
}

/* irq->lock held. The result of the last message, as irq_send_msg(), less what was coalesced. */
static int ioapic_send(struct irqchip *irq, const struct ioapic_out *out)
{
	int coalesced, reached, r = 0;
	unsigned int i;

	for (i = 0; i < out->nr; i++) {
		reached = irq_send_msg(irq, &out->m[i].msg, -1, &coalesced);
		if (reached <= 0)
			ioapic_unsent(&irq->ioapic, out->m[i].pin);
		r = reached > 0 ? reached - coalesced : reached;
	}
	return r;
}

int irq_chip_set_locked(struct irqchip *irq, enum irq_source src, u8 chip, u8 pin, bool level)
{
	struct ioapic_out out;
	struct pic_effects fx = {};
	int r;

	if (chip == KVM_IRQCHIP_IOAPIC) {
		out.nr = 0;
		r = ioapic_set_irq(&irq->ioapic, pin, src, level, &out);
		return out.nr ? ioapic_send(irq, &out) : r;
	}
	r = pic_set_irq(&irq->pic, pin, src, level, &fx);
	if (fx.changed)
		pic_output_changed(irq);
	return r;
}

int irq_chip_set(struct irqchip *irq, enum irq_source src, u8 chip, u8 pin, bool level)
{
	unsigned long flags;
	int r;

	raw_spin_lock_irqsave(&irq->lock, flags);
	r = irq_chip_set_locked(irq, src, chip, pin, level);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	return r;
}

static noinline u8 read_polled_pic(struct irqchip *irq, u16 port)
{
	struct pic_effects fx = {};
	unsigned long flags;
	u8 value;

	raw_spin_lock_irqsave(&irq->lock, flags);
	value = pic_read(&irq->pic, port, &fx);
	if (fx.changed)
		pic_output_changed(irq);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (fx.acked)
		irq_pins_acked(irq, fx.acked, 0);
	return value;
}

u8 irq_pic_port_read(struct irqchip *irq, u16 port)
{
	return unlikely(pic_is_polled(&irq->pic)) ? read_polled_pic(irq, port) : pic_peek(&irq->pic, port);
}

/* ICW1 forgets what the chip had latched or in service, so no EOI will come for it. */
static u16 icw1_ends(u16 port, u8 value)
{
	if (!(value & 0x10))
		return 0;
	return port == PIC_MASTER_CMD ? 0x00ff : port == PIC_SLAVE_CMD ? 0xff00 : 0;
}

void irq_pic_port_write(struct irqchip *irq, u16 port, u8 value)
{
	struct pic_effects fx = {};
	unsigned long flags;

	raw_spin_lock_irqsave(&irq->lock, flags);
	pic_write(&irq->pic, port, value, &fx);
	if (fx.changed)
		pic_output_changed(irq);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	irq_pins_acked(irq, fx.acked | icw1_ends(port, value), 0);
}

int irq_pic_ack(struct irqchip *irq)
{
	struct pic_effects fx = {};
	unsigned long flags;
	int vector = -1;

	raw_spin_lock_irqsave(&irq->lock, flags);
	if (irq->pic.output) {
		vector = pic_intack(&irq->pic, &fx);
		if (fx.changed)
			pic_output_changed(irq);
	}
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	irq_pins_acked(irq, fx.acked, 0);
	return vector;
}

void irq_ioapic_read(struct irqchip *irq, u32 offset, unsigned int len, void *data)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&irq->lock, flags);
	ioapic_mmio_read(&irq->ioapic, offset, len, data);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
}

void irq_ioapic_write(struct irqchip *irq, u32 offset, unsigned int len, const void *data)
{
	struct ioapic_out out = { .nr = 0 };
	unsigned long flags;
	u32 pins;

	raw_spin_lock_irqsave(&irq->lock, flags);
	ioapic_mmio_write(&irq->ioapic, offset, len, data, &out);
	irq_update_edge_ack(irq);
	ioapic_send(irq, &out);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (likely(!out.resample))
		return;
	pins = irq_pins_resample(irq, out.resample);
	if (!pins)
		return;
	out.nr = 0;
	raw_spin_lock_irqsave(&irq->lock, flags);
	ioapic_retry(&irq->ioapic, pins, &out);
	ioapic_send(irq, &out);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
}

static void ioapic_retry_work(struct work_struct *work)
{
	struct irqchip *irq = container_of(to_delayed_work(work), struct irqchip, retry);
	struct ioapic_out out = { .nr = 0 };
	unsigned long flags;

	raw_spin_lock_irqsave(&irq->lock, flags);
	ioapic_retry(&irq->ioapic, irq->retry_pins, &out);
	irq->retry_pins = 0;
	ioapic_send(irq, &out);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
}

static void ioapic_end(struct irqchip *irq, u8 vector)
{
	struct ioapic_out out = { .nr = 0 };
	unsigned long flags;
	u32 acked, delayed;

	raw_spin_lock_irqsave(&irq->lock, flags);
	acked = ioapic_eoi(&irq->ioapic, vector);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (!acked)
		return;
	irq_pins_acked(irq, 0, acked);

	raw_spin_lock_irqsave(&irq->lock, flags);
	delayed = ioapic_reraise(&irq->ioapic, acked, &out);
	irq->retry_pins |= delayed;
	ioapic_send(irq, &out);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (delayed)
		schedule_delayed_work(&irq->retry, msecs_to_jiffies(STORM_RETRY_MS));
}

void irq_eoi_broadcast(struct vcpu *v, u8 vector, bool level)
{
	struct irqchip *irq = v->vm->irq;

	if (v->vm->split_irqchip) {
		if (!level)
			return;
		set_bit(vector, v->apic->ioapic_eoi);
		vcpu_request(v, REQ_IOAPIC_EOI);
		return;
	}
	if (level)
		ioapic_end(irq, vector);
	else if (vector == READ_ONCE(irq->edge_ack_vector))
		pit_gsi_acked(irq);
}

bool irq_ioapic_eoi_exit(struct vcpu *v, u8 *vector)
{
	unsigned long bit;

	if (!v->apic)
		return false;
	bit = find_first_bit(v->apic->ioapic_eoi, 256);
	if (bit >= 256)
		return false;
	clear_bit(bit, v->apic->ioapic_eoi);
	*vector = bit;
	return true;
}

bool irq_has_lapic(const struct vm *vm)
{
	return irq_full(vm) || READ_ONCE(vm->split_irqchip);
}

struct page *irq_coalesced_page(struct vm *vm)
{
	return vm->irq->ring_page;
}

int irq_create_vm(struct vm *vm)
{
	struct irqchip *irq = kvzalloc(sizeof(*irq), GFP_KERNEL_ACCOUNT);

	if (!irq)
		return -ENOMEM;
	irq->vm = vm;
	raw_spin_lock_init(&irq->lock);
	raw_spin_lock_init(&irq->map_lock);
	spin_lock_init(&irq->irqfds_lock);
	spin_lock_init(&irq->ring_lock);
	mutex_init(&irq->resamplers_lock);
	INIT_LIST_HEAD(&irq->irqfds);
	INIT_LIST_HEAD(&irq->resamplers);
	INIT_DELAYED_WORK(&irq->retry, ioapic_retry_work);
	INIT_WORK(&irq->late_kick, irq_late_kicks);
	irq->edge_ack_vector = -1;
	pic_reset(&irq->pic);
	ioapic_reset(&irq->ioapic);
	vm->irq = irq;
	irq->ring_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	irq->shutdown_queue = alloc_workqueue("taxcut-irqfd", WQ_UNBOUND, 0);
	if (!irq->ring_page || !irq->shutdown_queue || irq_routes_empty(irq)) {
		irq_destroy_vm(vm);
		return -ENOMEM;
	}
	return 0;
}

void irq_release_vm(struct vm *vm)
{
	if (!vm->irq || !vm->irq->shutdown_queue)
		return;
	irqfd_release(vm->irq);
	pit_destroy(vm->irq);
	cancel_delayed_work_sync(&vm->irq->retry);
	cancel_work_sync(&vm->irq->late_kick);
}

void irq_destroy_vm(struct vm *vm)
{
	struct irqchip *irq = vm->irq;

	if (!irq)
		return;
	irq_release_vm(vm);
	ioeventfd_release(irq);
	kvfree(rcu_dereference_protected(irq->routes, true));
	if (irq->shutdown_queue)
		destroy_workqueue(irq->shutdown_queue);
	if (irq->ring_page)
		__free_page(irq->ring_page);
	vm->irq = NULL;
	kvfree(irq);
}

int irq_enable_split(struct vm *vm, u64 pins)
{
	if (pins > IRQ_MAX_GSI)
		return -EINVAL;
	if (irq_has_lapic(vm) || vm->nr_vcpus)
		return -EEXIST;
	vm->irq->split_pins = pins;
	smp_store_release(&vm->split_irqchip, true); /* after split_pins */
	return 0;
}

static long create_irqchip(struct irqchip *irq, void __user *arg)
{
	struct vm *vm = irq->vm;
	int r;

	if (irq_has_lapic(vm))
		return -EEXIST;
	if (vm->nr_vcpus)
		return -EINVAL;
	r = irq_routes_default(irq);
	if (!r)
		smp_store_release(&vm->full_irqchip, true); /* after the routes */
	return r;
}

static long get_irqchip(struct irqchip *irq, void __user *arg)
{
	struct kvm_irqchip *chip;
	unsigned long flags;
	long r = 0;

	if (!irq_full(irq->vm))
		return -ENXIO;
	chip = memdup_user(arg, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);
	raw_spin_lock_irqsave(&irq->lock, flags);
	if (chip->chip_id == KVM_IRQCHIP_IOAPIC)
		ioapic_state_get(&irq->ioapic, &chip->chip.ioapic);
	else
		r = pic_state_get(&irq->pic, chip->chip_id, &chip->chip.pic);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (!r && copy_to_user(arg, chip, sizeof(*chip)))
		r = -EFAULT;
	kfree(chip);
	return r;
}

static long set_irqchip(struct irqchip *irq, void __user *arg)
{
	struct ioapic_out out = { .nr = 0 };
	struct pic_effects fx = {};
	struct kvm_irqchip *chip;
	unsigned long flags;
	long r = 0;

	if (!irq_full(irq->vm))
		return -ENXIO;
	chip = memdup_user(arg, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);
	raw_spin_lock_irqsave(&irq->lock, flags);
	if (chip->chip_id == KVM_IRQCHIP_IOAPIC) {
		ioapic_state_set(&irq->ioapic, &chip->chip.ioapic, &out);
		irq_update_edge_ack(irq);
		ioapic_send(irq, &out);
	} else {
		r = pic_state_set(&irq->pic, chip->chip_id, &chip->chip.pic, &fx);
		pic_output_changed(irq);
	}
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	kfree(chip);
	return r;
}

static long irq_line(struct irqchip *irq, void __user *arg, bool status)
{
	struct kvm_irq_level line;

	if (copy_from_user(&line, arg, sizeof(line)))
		return -EFAULT;
	if (!irq_has_lapic(irq->vm))
		return -ENXIO;
	line.status = irq_set_gsi(irq, IRQ_SRC_USER, line.irq, line.level);
	if (status && copy_to_user(arg, &line, sizeof(line)))
		return -EFAULT;
	return 0;
}

static long irq_line_plain(struct irqchip *irq, void __user *arg)
{
	return irq_line(irq, arg, false);
}

static long irq_line_status(struct irqchip *irq, void __user *arg)
{
	return irq_line(irq, arg, true);
}

static long signal_msi(struct irqchip *irq, void __user *arg)
{
	unsigned int flags = irq->vm->x2apic_32bit_ids ? MSI_DEST_HI32 : 0;
	struct kvm_msi msi;
	u64 address;

	if (copy_from_user(&msi, arg, sizeof(msi)))
		return -EFAULT;
	address = (u64)msi.address_hi << 32 | msi.address_lo;
	if (!irq_has_lapic(irq->vm) || msi.flags || msi_check(address, flags))
		return -EINVAL;
	return irq_send_msi(irq->vm, address, msi.data);
}

static long set_routing(struct irqchip *irq, void __user *arg)
{
	return irq_set_routing(irq, arg);
}

static long assign_irqfd(struct irqchip *irq, void __user *arg)
{
	struct kvm_irqfd args;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	return irqfd_ioctl(irq, &args);
}

static long assign_ioeventfd(struct irqchip *irq, void __user *arg)
{
	struct kvm_ioeventfd args;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	return ioeventfd_ioctl(irq, &args);
}

static long coalesced(struct irqchip *irq, void __user *arg, bool add)
{
	struct kvm_coalesced_mmio_zone zone;

	if (copy_from_user(&zone, arg, sizeof(zone)))
		return -EFAULT;
	return coalesced_ioctl(irq, &zone, add);
}

static long register_coalesced(struct irqchip *irq, void __user *arg)
{
	return coalesced(irq, arg, true);
}

static long unregister_coalesced(struct irqchip *irq, void __user *arg)
{
	return coalesced(irq, arg, false);
}

static const struct irq_ioctl {
	unsigned int cmd;
	bool unlocked; /* without vm->lock */
	long (*fn)(struct irqchip *irq, void __user *arg);
} irq_ioctls[] = {
	{ KVM_IRQ_LINE, true, irq_line_plain },
	{ KVM_IRQ_LINE_STATUS, true, irq_line_status },
	{ KVM_SIGNAL_MSI, true, signal_msi },
	{ KVM_SET_GSI_ROUTING, false, set_routing },
	{ KVM_CREATE_IRQCHIP, false, create_irqchip },
	{ KVM_GET_IRQCHIP, false, get_irqchip },
	{ KVM_SET_IRQCHIP, false, set_irqchip },
	{ KVM_IRQFD, false, assign_irqfd },
	{ KVM_IOEVENTFD, false, assign_ioeventfd },
	{ KVM_REGISTER_COALESCED_MMIO, false, register_coalesced },
	{ KVM_UNREGISTER_COALESCED_MMIO, false, unregister_coalesced },
};

long irq_vm_ioctl(struct vm *vm, unsigned int cmd, unsigned long arg, bool *handled)
{
	void __user *uarg = (void __user *)arg;
	unsigned int i;
	long r;

	*handled = true;
	for (i = 0; i < ARRAY_SIZE(irq_ioctls); i++) {
		if (irq_ioctls[i].cmd != cmd)
			continue;
		if (irq_ioctls[i].unlocked)
			return irq_ioctls[i].fn(vm->irq, uarg);
		mutex_lock(&vm->lock);
		r = irq_ioctls[i].fn(vm->irq, uarg);
		mutex_unlock(&vm->lock);
		return r;
	}
	mutex_lock(&vm->lock);
	r = pit_ioctl(vm->irq, cmd, uarg);
	mutex_unlock(&vm->lock);
	if (r == -ENOTTY)
		*handled = false;
	return r;
}
