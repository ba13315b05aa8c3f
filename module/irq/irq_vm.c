// SPDX-License-Identifier: GPL-2.0-only
/* The life of a VM's interrupt fabric. */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "base/vcpu.h"
#include "chips.h"
#include "deliver.h"
#include "ioeventfd.h"
#include "irq_vm.h"
#include "irqchip.h"
#include "irqfd.h"
#include "pit.h"
#include "routing.h"

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
	INIT_DELAYED_WORK(&irq->retry, chips_ioapic_retry);
	INIT_WORK(&irq->late_kick, deliver_late_kicks);
	irq->gsi_acked[IRQ_ACK_RESAMPLE] = irqfd_gsi_acked;
	irq->gsi_acked[IRQ_ACK_PIT] = pit_gsi_acked;
	irq->pit_eoi_vector = -1;
	pic_reset(&irq->pic);
	ioapic_reset(&irq->ioapic);
	vm->irq = irq;
	irq->ring_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	irq->shutdown_queue = alloc_workqueue("taxcut-irqfd", WQ_UNBOUND, 0);
	if (!irq->ring_page || !irq->shutdown_queue || routing_set_empty(irq)) {
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
