// SPDX-License-Identifier: GPL-2.0-only
/* The VM ioctls of interrupts and in-kernel devices. */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "base/vcpu.h"
#include "irq/ack.h"
#include "irq/chips.h"
#include "irq/deliver.h"
#include "irq/ioeventfd.h"
#include "irq/irqchip.h"
#include "irq/irqfd.h"
#include "irq/pit.h"
#include "irq/routing.h"
#include "irq_ioctl.h"

static long irq_ioctl_create_irqchip(struct irqchip *irq, void __user *arg)
{
	struct vm *vm = irq->vm;
	int r;

	if (irq_has_lapic(vm))
		return -EEXIST;
	if (vm->nr_vcpus)
		return -EINVAL;
	r = routing_set_default(irq);
	if (!r)
		smp_store_release(&vm->full_irqchip, true); /* after the routes */
	return r;
}

/* KVM_GET_IRQCHIP and KVM_SET_IRQCHIP; the first also copies in, for the chip's number. */
static long irq_ioctl_irqchip_state(struct irqchip *irq, void __user *arg, bool set)
{
	struct kvm_irqchip *chip;
	long r;

	if (!irq_full(irq->vm))
		return -ENXIO;
	chip = memdup_user(arg, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);
	r = set ? chips_state_set(irq, chip) : chips_state_get(irq, chip);
	if (!r && !set && copy_to_user(arg, chip, sizeof(*chip)))
		r = -EFAULT;
	kfree(chip);
	return r;
}

static long irq_ioctl_get_irqchip(struct irqchip *irq, void __user *arg)
{
	return irq_ioctl_irqchip_state(irq, arg, false);
}

static long irq_ioctl_set_irqchip(struct irqchip *irq, void __user *arg)
{
	return irq_ioctl_irqchip_state(irq, arg, true);
}

static long irq_ioctl_irq_line(struct irqchip *irq, void __user *arg, bool status)
{
	struct kvm_irq_level line;

	if (copy_from_user(&line, arg, sizeof(line)))
		return -EFAULT;
	if (!irq_has_lapic(irq->vm))
		return -ENXIO;
	line.status = routing_set_gsi(irq, IRQ_SRC_USER, line.irq, line.level);
	if (status && copy_to_user(arg, &line, sizeof(line)))
		return -EFAULT;
	return 0;
}

static long irq_ioctl_irq_line_plain(struct irqchip *irq, void __user *arg)
{
	return irq_ioctl_irq_line(irq, arg, false);
}

static long irq_ioctl_irq_line_status(struct irqchip *irq, void __user *arg)
{
	return irq_ioctl_irq_line(irq, arg, true);
}

static long irq_ioctl_signal_msi(struct irqchip *irq, void __user *arg)
{
	unsigned int flags = irq->vm->x2apic_32bit_ids ? MSI_DEST_HI32 : 0;
	struct kvm_msi msi;
	u64 address;

	if (copy_from_user(&msi, arg, sizeof(msi)))
		return -EFAULT;
	address = (u64)msi.address_hi << 32 | msi.address_lo;
	if (!irq_has_lapic(irq->vm) || msi.flags || msi_check(address, flags))
		return -EINVAL;
	return deliver_msi(irq->vm, address, msi.data);
}

static long irq_ioctl_set_routing(struct irqchip *irq, void __user *arg)
{
	return routing_set(irq, arg);
}

static long irq_ioctl_assign_irqfd(struct irqchip *irq, void __user *arg)
{
	struct kvm_irqfd args;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	return irqfd_ioctl(irq, &args);
}

static long irq_ioctl_assign_ioeventfd(struct irqchip *irq, void __user *arg)
{
	struct kvm_ioeventfd args;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	return ioeventfd_ioctl(irq, &args);
}

static long irq_ioctl_coalesced(struct irqchip *irq, void __user *arg, bool add)
{
	struct kvm_coalesced_mmio_zone zone;

	if (copy_from_user(&zone, arg, sizeof(zone)))
		return -EFAULT;
	return coalesced_ioctl(irq, &zone, add);
}

static long irq_ioctl_register_coalesced(struct irqchip *irq, void __user *arg)
{
	return irq_ioctl_coalesced(irq, arg, true);
}

static long irq_ioctl_unregister_coalesced(struct irqchip *irq, void __user *arg)
{
	return irq_ioctl_coalesced(irq, arg, false);
}

static const struct irq_ioctl {
	unsigned int cmd;
	bool unlocked; /* without vm->lock */
	long (*fn)(struct irqchip *irq, void __user *arg);
} irq_ioctls[] = {
	{ KVM_IRQ_LINE, true, irq_ioctl_irq_line_plain },
	{ KVM_IRQ_LINE_STATUS, true, irq_ioctl_irq_line_status },
	{ KVM_SIGNAL_MSI, true, irq_ioctl_signal_msi },
	{ KVM_SET_GSI_ROUTING, false, irq_ioctl_set_routing },
	{ KVM_CREATE_IRQCHIP, false, irq_ioctl_create_irqchip },
	{ KVM_GET_IRQCHIP, false, irq_ioctl_get_irqchip },
	{ KVM_SET_IRQCHIP, false, irq_ioctl_set_irqchip },
	{ KVM_IRQFD, false, irq_ioctl_assign_irqfd },
	{ KVM_IOEVENTFD, false, irq_ioctl_assign_ioeventfd },
	{ KVM_REGISTER_COALESCED_MMIO, false, irq_ioctl_register_coalesced },
	{ KVM_UNREGISTER_COALESCED_MMIO, false, irq_ioctl_unregister_coalesced },
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
