// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PIT's place in the host: an hrtimer for channel 0, and what to do with
 * ticks that the guest was too slow for.
 *
 * Reinjection (the default, KVM_REINJECT_CONTROL): a tick is injected when the
 * guest has ended the one before; others are counted and follow one by one, so
 * that a guest which counts ticks keeps time. The guest may also never end a
 * tick (it masked the pin meanwhile): every PIT_RETRY_NS the next one is tried
 * regardless, and after PIT_FORGET_NS what was counted is forgotten. Without reinjection a tick is injected
 * when it is due, and lost if the last one still waits.
 *
 * The timer's callback runs in a hard interrupt and takes irq->lock, so with
 * irq->lock held it may be started, or cancelled with try_to_cancel only. A
 * callback that comes too late finds nothing due.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/uaccess.h>

#include "ack.h"
#include "base/compat.h"
#include "irqchip.h"
#include "pit.h"
#include "routing.h"

#define PIT_RETRY_NS (200 * NSEC_PER_MSEC)
#define PIT_FORGET_NS (5 * NSEC_PER_SEC)
#define PIT_MAX_LOST 10000

/* irq->lock held. Nothing is started any more once pit_destroy() has cleared has_pit. */
static void pit_rearm(struct irqchip *irq)
{
	struct pit_next next = pit_next(&irq->pit);

	if (next.armed && irq->has_pit)
		hrtimer_start(&irq->pit_timer, ns_to_ktime(next.when_ns), HRTIMER_MODE_ABS_HARD);
	else
		hrtimer_try_to_cancel(&irq->pit_timer);
}

static int pit_pulse(struct irqchip *irq)
{
	int r = routing_set_gsi(irq, IRQ_SRC_PIT, PIT_GSI, true);

	routing_set_gsi(irq, IRQ_SRC_PIT, PIT_GSI, false);
	return r;
}

/* irq->lock held: a counted tick may go to the guest now. */
static bool pit_take_tick(struct irqchip *irq, u64 now)
{
	if (!irq->pit_lost)
		return false;
	if (irq->pit_acked)
		irq->pit_injected_ns = now;
	else if (now - irq->pit_tried_ns < PIT_RETRY_NS)
		return false;
	if (now - irq->pit_injected_ns > PIT_FORGET_NS)
		irq->pit_lost = 1;
	irq->pit_lost--;
	irq->pit_acked = false;
	irq->pit_tried_ns = now;
	return true;
}

static void pit_inject(struct irqchip *irq, u64 now)
{
	unsigned long flags;
	bool go;
	int r;

	raw_spin_lock_irqsave(&irq->lock, flags);
	go = pit_take_tick(irq, now);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (!go)
		return;
	r = pit_pulse(irq);
	if (r > 0)
		return;
	raw_spin_lock_irqsave(&irq->lock, flags);
	if (r < 0) { /* masked: no EOI will come, and the guest does not count these ticks */
		irq->pit_acked = true;
		irq->pit_lost = 0;
	} else { /* the one before still waits to be taken */
		irq->pit_lost++;
	}
	raw_spin_unlock_irqrestore(&irq->lock, flags);
}

static enum hrtimer_restart pit_expired(struct hrtimer *timer)
{
	struct irqchip *irq = container_of(timer, struct irqchip, pit_timer);
	u64 ticks, now = ktime_get_ns();
	unsigned long flags;
	bool reinject;

	raw_spin_lock_irqsave(&irq->lock, flags);
	ticks = pit_fire(&irq->pit, now);
	reinject = irq->pit_reinject;
	if (reinject)
		irq->pit_lost = min_t(u64, irq->pit_lost + ticks, PIT_MAX_LOST);
	pit_rearm(irq);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	if (reinject)
		pit_inject(irq, now);
	else if (ticks)
		pit_pulse(irq);
	return HRTIMER_NORESTART;
}

bool pit_gsi_acked(struct irqchip *irq, u32 gsi)
{
	unsigned long flags;

	if (gsi != PIT_GSI || !READ_ONCE(irq->has_pit) || !READ_ONCE(irq->pit_reinject))
		return false;
	raw_spin_lock_irqsave(&irq->lock, flags);
	irq->pit_acked = true;
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	pit_inject(irq, ktime_get_ns());
	return true;
}

u8 pit_port_read(struct irqchip *irq, u16 port)
{
	u64 now = ktime_get_ns();
	unsigned long flags;
	u8 value;

	raw_spin_lock_irqsave(&irq->lock, flags);
	value = port == PIT_SPEAKER ? pit_speaker_read(&irq->pit, now) :
				      pit_read(&irq->pit, port, now);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	return value;
}

void pit_port_write(struct irqchip *irq, u16 port, u8 value)
{
	u64 now = ktime_get_ns();
	unsigned long flags;

	raw_spin_lock_irqsave(&irq->lock, flags);
	if (port == PIT_SPEAKER) {
		pit_speaker_write(&irq->pit, value, now);
	} else if (pit_write(&irq->pit, port, value, now)) {
		irq->pit_lost = 0;
		irq->pit_acked = true;
		pit_rearm(irq);
	}
	raw_spin_unlock_irqrestore(&irq->lock, flags);
}

/* vm->lock held. -EEXIST, or -ENOENT without a PIC, or -EINVAL for unknown flags. */
static int pit_create(struct irqchip *irq, u32 flags)
{
	unsigned long irqflags;

	if (irq->has_pit)
		return -EEXIST;
	if (!irq_full(irq->vm))
		return -ENOENT;
	if (flags & ~KVM_PIT_SPEAKER_DUMMY)
		return -EINVAL;
	hv_hrtimer_setup(&irq->pit_timer, pit_expired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	raw_spin_lock_irqsave(&irq->lock, irqflags);
	pit_init(&irq->pit, HV_MIN_PERIOD_NS);
	irq->pit_speaker = flags & KVM_PIT_SPEAKER_DUMMY;
	irq->pit_reinject = true;
	irq->pit_acked = true;
	smp_store_release(&irq->has_pit, true); /* after the PIT */
	ack_update_pit_eoi_vector(irq);
	raw_spin_unlock_irqrestore(&irq->lock, irqflags);
	return 0;
}

void pit_destroy(struct irqchip *irq)
{
	unsigned long flags;

	if (!irq->has_pit)
		return;
	raw_spin_lock_irqsave(&irq->lock, flags);
	irq->has_pit = false;
	pit_init(&irq->pit, HV_MIN_PERIOD_NS);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	hrtimer_cancel(&irq->pit_timer);
}

static long pit_get(struct irqchip *irq, void __user *arg, size_t size)
{
	struct kvm_pit_state2 state;
	unsigned long flags;

	raw_spin_lock_irqsave(&irq->lock, flags);
	pit_state_get(&irq->pit, &state);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	return copy_to_user(arg, &state, size) ? -EFAULT : 0;
}

/* KVM_SET_PIT carries the channels only; the flags stay. */
static long pit_set(struct irqchip *irq, void __user *arg, size_t size)
{
	struct kvm_pit_state2 state = {};
	unsigned long flags;

	if (copy_from_user(&state, arg, size))
		return -EFAULT;
	if (size < sizeof(state))
		state.flags = READ_ONCE(irq->pit.flags);
	if (pit_state_check(&state))
		return -EINVAL;
	raw_spin_lock_irqsave(&irq->lock, flags);
	irq->pit_lost = 0;
	irq->pit_acked = true;
	if (pit_state_set(&irq->pit, &state, ktime_get_ns()))
		pit_rearm(irq);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	return 0;
}

static long pit_reinject_control(struct irqchip *irq, void __user *arg)
{
	struct kvm_reinject_control control;
	unsigned long flags;

	if (copy_from_user(&control, arg, sizeof(control)))
		return -EFAULT;
	raw_spin_lock_irqsave(&irq->lock, flags);
	irq->pit_reinject = control.pit_reinject;
	irq->pit_lost = 0;
	irq->pit_acked = true;
	ack_update_pit_eoi_vector(irq);
	raw_spin_unlock_irqrestore(&irq->lock, flags);
	return 0;
}

/* The PIT's ioctls, vm->lock held; -ENOTTY for others. */
long pit_ioctl(struct irqchip *irq, unsigned int cmd, void __user *arg)
{
	struct kvm_pit_config config;

	switch (cmd) {
	case KVM_CREATE_PIT:
		return pit_create(irq, KVM_PIT_SPEAKER_DUMMY);
	case KVM_CREATE_PIT2:
		if (copy_from_user(&config, arg, sizeof(config)))
			return -EFAULT;
		return pit_create(irq, config.flags);
	case KVM_GET_PIT:
	case KVM_SET_PIT:
	case KVM_GET_PIT2:
	case KVM_SET_PIT2:
	case KVM_REINJECT_CONTROL:
		break;
	default:
		return -ENOTTY;
	}
	if (!irq->has_pit)
		return -ENXIO;
	switch (cmd) {
	case KVM_GET_PIT:
		return pit_get(irq, arg, sizeof(struct kvm_pit_state));
	case KVM_SET_PIT:
		return pit_set(irq, arg, sizeof(struct kvm_pit_state));
	case KVM_GET_PIT2:
		return pit_get(irq, arg, sizeof(struct kvm_pit_state2));
	case KVM_SET_PIT2:
		return pit_set(irq, arg, sizeof(struct kvm_pit_state2));
	default:
		return pit_reinject_control(irq, arg);
	}
}
