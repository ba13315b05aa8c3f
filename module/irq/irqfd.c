// SPDX-License-Identifier: GPL-2.0-only
/*
 * irqfds: an eventfd that is an interrupt line.
 *
 * Life of an irqfd
 *   assign (vm->lock): linked into irq->irqfds, then hooked into the eventfd's
 *   wait queue. While assign holds a file reference the eventfd cannot hang up.
 *   wake-up (any context, eventfd's lock held): a signal raises the GSI there
 *   and then; nothing on that way sleeps. Hang-up (the last descriptor was
 *   closed) retires the irqfd.
 *   retire: the thread that clears ->active under irqfds_lock (hang-up, deassign or
 *   release) queues ->shutdown, once. The work unhooks it, which waits for a
 *   wake-up in progress, and frees it after a grace period. Deassign and
 *   release flush the work, so nothing fires after they return.
 *
 * Resampling (level-triggered lines): all resample irqfds of a GSI share one
 * resampler. A signal raises the line; when the guest ends the interrupt the
 * line falls and every member's resamplefd is signalled. The same when the
 * guest unmasks a pin of the IOAPIC whose line rose while it was masked.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "base/compat.h"
#include "irqchip.h"
#include "irqfd.h"
#include "routing.h"

struct resampler {
	struct rcu_head rcu;
	struct list_head link; /* irq->resamplers */
	struct list_head members;
	u32 gsi;
};

struct irqfd {
	struct rcu_head rcu;
	struct irqchip *irq;
	struct eventfd_ctx *ctx;
	u32 gsi;
	bool active; /* irqfds_lock: linked, and shutdown is not queued */
	struct list_head link; /* irq->irqfds */
	wait_queue_entry_t wait;
	poll_table poll;
	struct work_struct shutdown;
	struct resampler *resampler; /* NULL for plain irqfds */
	struct eventfd_ctx *resample_ctx;
	struct list_head member; /* resampler->members */
};

static void irqfd_free(struct irqfd *f)
{
	if (f->resample_ctx)
		eventfd_ctx_put(f->resample_ctx);
	if (f->ctx)
		eventfd_ctx_put(f->ctx);
	kfree(f);
}

static void irqfd_free_rcu(struct rcu_head *rcu)
{
	irqfd_free(container_of(rcu, struct irqfd, rcu));
}

static void irqfd_raise(struct irqfd *f)
{
	if (f->resampler) {
		routing_set_gsi(f->irq, IRQ_SRC_RESAMPLE, f->gsi, true);
		return;
	}
	routing_set_gsi(f->irq, IRQ_SRC_USER, f->gsi, true);
	routing_set_gsi(f->irq, IRQ_SRC_USER, f->gsi, false);
}

/*
 * The guest ended the interrupt of this GSI, or unmasks it: is the line still up? False: no resampling irqfd has it.
 * RCU read side, any context.
 */
bool irqfd_gsi_acked(struct irqchip *irq, u32 gsi)
{
	struct resampler *r;
	struct irqfd *f;
	bool found = false;

	list_for_each_entry_rcu(r, &irq->resamplers, link) {
		if (r->gsi != gsi)
			continue;
		found = true;
		routing_set_gsi(irq, IRQ_SRC_RESAMPLE, gsi, false);
		list_for_each_entry_rcu(f, &r->members, member)
			hv_eventfd_signal(f->resample_ctx);
	}
	return found;
}

/* irqfds_lock held. */
static void irqfd_retire(struct irqfd *f)
{
	if (!f->active)
		return;
	f->active = false;
	list_del(&f->link);
	queue_work(f->irq->shutdown_queue, &f->shutdown);
}

static int irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *f = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);
	unsigned long flags;
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(f->ctx, &count);
		irqfd_raise(f);
	}
	if (events & EPOLLHUP) {
		spin_lock_irqsave(&f->irq->irqfds_lock, flags);
		irqfd_retire(f);
		spin_unlock_irqrestore(&f->irq->irqfds_lock, flags);
	}
	return !!(events & EPOLLIN);
}

static void irqfd_poll(struct file *file, wait_queue_head_t *head, poll_table *poll)
{
	struct irqfd *f = container_of(poll, struct irqfd, poll);

	add_wait_queue_priority(head, &f->wait);
}

static int irqfd_resampler_join(struct irqfd *f)
{
	struct irqchip *irq = f->irq;
	struct resampler *r;
	int ret = 0;

	mutex_lock(&irq->resamplers_lock);
	list_for_each_entry(r, &irq->resamplers, link)
		if (r->gsi == f->gsi)
			goto join;
	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r) {
		ret = -ENOMEM;
		goto out;
	}
	r->gsi = f->gsi;
	INIT_LIST_HEAD(&r->members);
	list_add_rcu(&r->link, &irq->resamplers);
join:
	f->resampler = r;
	list_add_rcu(&f->member, &r->members);
out:
	mutex_unlock(&irq->resamplers_lock);
	return ret;
}

static void irqfd_resampler_leave(struct irqfd *f)
{
	struct irqchip *irq = f->irq;
	struct resampler *r = f->resampler;

	if (!r)
		return;
	mutex_lock(&irq->resamplers_lock);
	list_del_rcu(&f->member);
	if (list_empty(&r->members)) {
		list_del_rcu(&r->link);
		routing_set_gsi(irq, IRQ_SRC_RESAMPLE, r->gsi, false);
		kfree_rcu(r, rcu);
	}
	mutex_unlock(&irq->resamplers_lock);
}

static void irqfd_shutdown(struct work_struct *work)
{
	struct irqfd *f = container_of(work, struct irqfd, shutdown);
	u64 count;

	eventfd_ctx_remove_wait_queue(f->ctx, &f->wait, &count);
	irqfd_resampler_leave(f);
	call_rcu(&f->rcu, irqfd_free_rcu);
}

/* One eventfd drives one GSI of a VM only. */
static int irqfd_link(struct irqfd *f)
{
	struct irqchip *irq = f->irq;
	struct irqfd *other;
	int ret = 0;

	spin_lock_irq(&irq->irqfds_lock);
	list_for_each_entry(other, &irq->irqfds, link)
		if (other->ctx == f->ctx)
			ret = -EBUSY;
	if (!ret) {
		f->active = true;
		list_add_tail(&f->link, &irq->irqfds);
	}
	spin_unlock_irq(&irq->irqfds_lock);
	return ret;
}

static int irqfd_open(struct irqfd *f, struct file *file, const struct kvm_irqfd *args)
{
	struct eventfd_ctx *ctx;

	ctx = eventfd_ctx_fileget(file);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	f->ctx = ctx;
	if (!(args->flags & KVM_IRQFD_FLAG_RESAMPLE))
		return 0;
	ctx = eventfd_ctx_fdget(args->resamplefd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	f->resample_ctx = ctx;
	return irqfd_resampler_join(f);
}

static int irqfd_assign_file(struct irqchip *irq, struct file *file, const struct kvm_irqfd *args)
{
	struct irqfd *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!f)
		return -ENOMEM;
	f->irq = irq;
	f->gsi = args->gsi;
	INIT_WORK(&f->shutdown, irqfd_shutdown);
	init_waitqueue_func_entry(&f->wait, irqfd_wakeup);
	init_poll_funcptr(&f->poll, irqfd_poll);
	ret = irqfd_open(f, file, args);
	if (!ret)
		ret = irqfd_link(f);
	if (ret) {
		irqfd_resampler_leave(f);
		call_rcu(&f->rcu, irqfd_free_rcu);
		return ret;
	}
	if (vfs_poll(file, &f->poll) & EPOLLIN)
		irqfd_raise(f);
	return 0;
}

static int irqfd_assign(struct irqchip *irq, const struct kvm_irqfd *args)
{
	struct file *file;
	int ret;

	if (!irq_has_lapic(irq->vm))
		return -EINVAL;
	if ((args->flags & KVM_IRQFD_FLAG_RESAMPLE) && !irq_full(irq->vm))
		return -EINVAL;
	file = eventfd_fget(args->fd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = irqfd_assign_file(irq, file, args);
	fput(file);
	return ret;
}

static int irqfd_deassign(struct irqchip *irq, const struct kvm_irqfd *args)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(args->fd);
	struct irqfd *f, *next;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	spin_lock_irq(&irq->irqfds_lock);
	list_for_each_entry_safe(f, next, &irq->irqfds, link)
		if (f->ctx == ctx && f->gsi == args->gsi)
			irqfd_retire(f);
	spin_unlock_irq(&irq->irqfds_lock);
	eventfd_ctx_put(ctx);
	flush_workqueue(irq->shutdown_queue);
	return 0;
}

int irqfd_ioctl(struct irqchip *irq, const struct kvm_irqfd *args)
{
	if (args->flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;
	if (args->flags & KVM_IRQFD_FLAG_DEASSIGN)
		return irqfd_deassign(irq, args);
	return irqfd_assign(irq, args);
}

void irqfd_release(struct irqchip *irq)
{
	struct irqfd *f, *next;

	spin_lock_irq(&irq->irqfds_lock);
	list_for_each_entry_safe(f, next, &irq->irqfds, link)
		irqfd_retire(f);
	spin_unlock_irq(&irq->irqfds_lock);
	flush_workqueue(irq->shutdown_queue);
}
