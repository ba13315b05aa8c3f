// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an owned core wakes a thread: an interrupt of Linux's own, which the core
 * sends by a write to its ICR. One for all cores: the handler wakes the threads
 * whose turn it is.
 *
 * Where the interrupt goes changes with its affinity and when CPUs go. Each core
 * is told anew at each turn; when a CPU goes down all of them are, and their
 * threads look again, in case one has rung where no CPU is any more.
 */
#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/spinlock.h>
#include <asm/apicdef.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include <asm/smp.h>

#include "doorbell.h"

static DEFINE_SPINLOCK(doorbell_lock); /* doorbell_cores; taken in the handler */
static LIST_HEAD(doorbell_cores);
static int doorbell_irq, doorbell_hotplug;

void doorbell_for_each(void (*fn)(struct core *c))
{
	unsigned long flags;
	struct core *c;

	spin_lock_irqsave(&doorbell_lock, flags);
	list_for_each_entry(c, &doorbell_cores, link)
		fn(c);
	spin_unlock_irqrestore(&doorbell_lock, flags);
}

static void doorbell_wake(struct core *c)
{
	if (core_thread_turn(c) || core_is_dead(c))
		rcuwait_wake_up(&c->wait);
}

static irqreturn_t doorbell_handle(int irq, void *unused)
{
	doorbell_for_each(doorbell_wake);
	return IRQ_HANDLED;
}

void doorbell_tell(struct core *c)
{
	struct irq_data *data = irq_get_irq_data(doorbell_irq);
	unsigned int cpu = cpumask_first(irq_data_get_effective_affinity_mask(data));

	/* The CPU's own ID: dest_apicid of struct irq_cfg is a logical one in cluster mode. */
	if (cpu < nr_cpu_ids)
		WRITE_ONCE(c->mailbox->doorbell_icr, (u64)per_cpu(x86_cpu_to_apicid, cpu) << 32 | APIC_DM_FIXED |
							     irqd_cfg(data)->vector);
}

void doorbell_add(struct core *c)
{
	doorbell_tell(c);
	spin_lock_irq(&doorbell_lock);
	list_add(&c->link, &doorbell_cores);
	spin_unlock_irq(&doorbell_lock);
}

void doorbell_remove(struct core *c)
{
	spin_lock_irq(&doorbell_lock);
	list_del(&c->link);
	spin_unlock_irq(&doorbell_lock);
}

static int doorbell_cpu_gone(unsigned int cpu)
{
	doorbell_for_each(doorbell_tell);
	doorbell_for_each(doorbell_wake);
	return 0;
}

int doorbell_init(void)
{
	struct irq_alloc_info info = {};
	int r;

	doorbell_irq = irq_domain_alloc_irqs(x86_vector_domain, 1, NUMA_NO_NODE, &info);
	if (doorbell_irq <= 0)
		return -ENOSPC;
	irq_set_handler(doorbell_irq, handle_edge_irq);
	r = request_irq(doorbell_irq, doorbell_handle, IRQF_NO_THREAD, "taxcut-doorbell", &doorbell_cores);
	if (r)
		goto no_handler;
	/* After the CPU is dead: its interrupts have moved. */
	r = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "taxcut:doorbell", NULL, doorbell_cpu_gone);
	if (r < 0)
		goto no_hotplug;
	doorbell_hotplug = r;
	return 0;

no_hotplug:
	free_irq(doorbell_irq, &doorbell_cores);
no_handler:
	irq_dispose_mapping(doorbell_irq);
	return r;
}

void doorbell_exit(void)
{
	cpuhp_remove_state_nocalls(doorbell_hotplug);
	free_irq(doorbell_irq, &doorbell_cores);
	irq_dispose_mapping(doorbell_irq);
}
