// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers and IPIs to measure, for guests and for bare machines: see taxcut_work.h.
 *
 * Each open file has one struct work, and its lock lets in one batch at a time. The CPUs that are sent to write
 * only work->arrived; the timer's handler, on the CPU that armed it or where that is offline on another, writes
 * only work->fired_at. Neither outlives the ioctl, which waits for the handlers and cancels the timer; and while
 * the file is open the module stays.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "taxcut_work.h"

#define CPUS_SIZE_MAX 1024U /* bytes of a CPU mask: 8192 CPUs, the most Linux can be built for */

struct work {
	struct mutex lock;
	cpumask_var_t cpus;
	struct hrtimer timer;
	u64 arrived; /* ns, 0: not yet */
	u64 fired_at;
	u64 arrival_ns;
	u32 delay_ns;
	u64 latency[TAXCUT_WORK_EVENTS_MAX];
};

/* On each CPU that was sent to, interrupts off; the last one to come leaves its mark. */
static void arrive(void *arg)
{
	struct work *w = arg;

	WRITE_ONCE(w->arrived, ktime_get_ns());
}

static int send_one(struct work *w, u64 *latency)
{
	u64 start;

	w->arrived = 0;
	preempt_disable();
	start = ktime_get_ns();
	smp_call_function_many(w->cpus, arrive, w, true);
	*latency = ktime_get_ns() - start;
	preempt_enable();
	if (!w->arrived)
		return -ENXIO;
	w->arrival_ns += w->arrived > start ? w->arrived - start : 0;
	return 0;
}

static enum hrtimer_restart fire(struct hrtimer *timer)
{
	struct work *w = container_of(timer, struct work, timer);

	WRITE_ONCE(w->fired_at, ktime_get_ns());
	return HRTIMER_NORESTART;
}

static int fire_one(struct work *w, u64 *latency)
{
	u64 due, since = local_clock();

	w->fired_at = 0;
	due = ktime_get_ns() + w->delay_ns;
	hrtimer_start(&w->timer, ns_to_ktime(due), HRTIMER_MODE_ABS_PINNED_HARD);
	while (!READ_ONCE(w->fired_at)) {
		if (local_clock() - since > NSEC_PER_SEC)
			return -ETIME;
		cpu_relax();
	}
	*latency = w->fired_at > due ? w->fired_at - due : 0;
	return 0;
}

/*
 * The CPU's own timer is set only for the timer that is next: while the kernel's tick is nearer, arming costs
 * nothing and is no event.
 */
static int arm_one(struct work *w, u64 *latency)
{
	u64 start, since = local_clock();

	do {
		if (local_clock() - since > NSEC_PER_SEC)
			return -ETIME;
		start = ktime_get_ns();
		hrtimer_start(&w->timer, ns_to_ktime(start + w->delay_ns), HRTIMER_MODE_ABS_PINNED_HARD);
		*latency = ktime_get_ns() - start;
	} while (READ_ONCE(w->timer.base->cpu_base->next_timer) != &w->timer);
	return 0;
}

static int (*const do_one[])(struct work *w, u64 *latency) = {
	[TAXCUT_WORK_IPI] = send_one,
	[TAXCUT_WORK_FIRE] = fire_one,
	[TAXCUT_WORK_ARM] = arm_one,
};

/* w->lock. The timer is idle afterwards, whatever happened. */
static int run_batch(struct work *w, const struct taxcut_work_batch *batch)
{
	int r = 0;
	u32 i;

	w->arrival_ns = 0;
	w->delay_ns = batch->delay_ns;
	for (i = 0; i < batch->events && !r; i++) {
		r = do_one[batch->what](w, &w->latency[i]);
		cond_resched();
		if (signal_pending(current))
			r = -EINTR;
	}
	hrtimer_cancel(&w->timer);
	return r;
}

/* w->lock. Only CPUs that are online, and not this one; where the caller goes later it is left out, too. */
static int take_cpus(struct work *w, const struct taxcut_work_batch *batch)
{
	size_t size = min_t(size_t, batch->cpus_size, cpumask_size());

	if (batch->cpus_size > CPUS_SIZE_MAX)
		return -EINVAL;
	cpumask_clear(w->cpus);
	if (copy_from_user(cpumask_bits(w->cpus), u64_to_user_ptr(batch->cpus), size))
		return -EFAULT;
	cpumask_and(w->cpus, w->cpus, cpu_online_mask);
	cpumask_clear_cpu(raw_smp_processor_id(), w->cpus);
	return cpumask_empty(w->cpus) ? -EINVAL : 0;
}

static int check(const struct taxcut_work_batch *batch)
{
	if (batch->what >= ARRAY_SIZE(do_one) || !batch->events || batch->events > TAXCUT_WORK_EVENTS_MAX)
		return -EINVAL;
	if (batch->what != TAXCUT_WORK_IPI &&
	    (batch->delay_ns < TAXCUT_WORK_DELAY_MIN || batch->delay_ns > TAXCUT_WORK_DELAY_MAX))
		return -EINVAL;
	return 0;
}

static long work_run(struct work *w, struct taxcut_work_batch *batch)
{
	int r = 0;

	if (batch->what == TAXCUT_WORK_IPI)
		r = take_cpus(w, batch);
	if (!r)
		r = run_batch(w, batch);
	if (r)
		return r;
	if (copy_to_user(u64_to_user_ptr(batch->latency), w->latency, batch->events * sizeof(w->latency[0])))
		return -EFAULT;
	batch->arrival_ns = w->arrival_ns;
	return batch->events;
}

static long work_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct work *w = file->private_data;
	void __user *user = (void __user *)arg;
	struct taxcut_work_batch batch;
	long r;

	if (cmd != TAXCUT_WORK_RUN)
		return -ENOTTY;
	if (copy_from_user(&batch, user, sizeof(batch)))
		return -EFAULT;
	r = check(&batch);
	if (r)
		return r;
	batch.what = array_index_nospec(batch.what, ARRAY_SIZE(do_one));
	if (mutex_lock_interruptible(&w->lock))
		return -EINTR;
	r = work_run(w, &batch);
	mutex_unlock(&w->lock);
	if (r > 0 && copy_to_user(user, &batch, sizeof(batch)))
		r = -EFAULT;
	return r;
}

static int work_open(struct inode *inode, struct file *file)
{
	struct work *w = kvzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	if (!w)
		return -ENOMEM;
	if (!zalloc_cpumask_var(&w->cpus, GFP_KERNEL_ACCOUNT)) {
		kvfree(w);
		return -ENOMEM;
	}
	mutex_init(&w->lock);
	hrtimer_init(&w->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	w->timer.function = fire;
	file->private_data = w;
	return 0;
}

static int work_release(struct inode *inode, struct file *file)
{
	struct work *w = file->private_data;

	free_cpumask_var(w->cpus);
	kvfree(w);
	return 0;
}

static const struct file_operations work_fops = {
	.owner = THIS_MODULE,
	.open = work_open,
	.release = work_release,
	.unlocked_ioctl = work_ioctl,
};

static struct miscdevice work_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &work_fops,
	.mode = 0600, /* interrupts all CPUs: root only */
};

module_misc_device(work_device);
MODULE_DESCRIPTION("taxcut: timers and IPIs to measure");
MODULE_LICENSE("GPL");
