// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest time.
 *
 * The VM clock is a straight line over the host's TSC: ns = base_ns +
 * (tsc - base_tsc) * mul * 2^shift / 2^32. Every vCPU's kvmclock describes
 * that same line in terms of its own TSC, so they agree with each other and
 * PVCLOCK_TSC_STABLE_BIT is honest. The line changes only when user space sets
 * the clock, or when the host's TSC starts again after a suspend. Where the
 * host's TSC is not usable as a clock (it is not constant, or was found
 * unstable), the VM clock follows the host's CLOCK_MONOTONIC_RAW instead, the
 * stable bit is off and each vCPU's parameters are written at every load.
 *
 * The VM clock counts the time for which the host sleeps, as KVM's does: the wall
 * clock that a guest makes of it stays right. The TSC may have run on, and then
 * so has the line. Where it starts again, guest TSCs go on from where
 * they stopped, and the line jumps by the host's CLOCK_BOOTTIME.
 *
 * vm->clock->lock guards the line and the record of the last TSC write. A
 * vCPU's tsc_* fields belong to the holder of vcpu->mutex; suspend and resume
 * touch them while no vCPU can run.
 */
#include <linux/clocksource.h>
#include <linux/ktime.h>
#include <linux/pvclock_gtod.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/timekeeper_internal.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/pvclock.h>

#include "clock.h"
#include "kick.h"
#include "model/tsc.h"

#define TSC_TOLERANCE_PPM 250 /* the guest's frequency may be this far off without scaling */

struct vm_clock {
	seqlock_t lock;
	u64 base_tsc, base_raw_ns; /* the same moment, on both host clocks */
	u64 base_ns; /* VM clock at that moment */
	struct tsc_scale scale;

	/* The last write that set a TSC value (not one that followed another vCPU). */
	bool tsc_written, tsc_user_set;
	u64 tsc_host, tsc_value, tsc_offset;
	u32 tsc_khz;

	u64 suspend_tsc, suspend_raw_ns;
	bool host_uses_tsc; /* its own clocksource was the TSC when the VM was made */
	bool platform_info_hidden;
};

/* How fast this vCPU's TSC really runs, in kHz. */
static u64 clock_tsc_real_khz(const struct vcpu *v)
{
	if (v->tsc_ratio == hv->tsc_ratio_default)
		return tsc_khz;
	return mul_u64_u64_shr(tsc_khz, v->tsc_ratio, hv->tsc_ratio_frac_bits) ?: 1;
}

u64 clock_guest_cycles_to_ns(const struct vcpu *v, u64 cycles)
{
	if (likely(v->tsc_ratio == hv->tsc_ratio_default))
		return tsc_scaled_span_ns(cycles, &v->vm->clock->scale);
	return tsc_span_ns(cycles, clock_tsc_real_khz(v));
}

bool clock_is_stable(const struct vm *vm)
{
	if (check_tsc_unstable())
		return false;
	return vm->clock->host_uses_tsc || boot_cpu_has(X86_FEATURE_TSC_RELIABLE) ||
	       (boot_cpu_has(X86_FEATURE_CONSTANT_TSC) && boot_cpu_has(X86_FEATURE_NONSTOP_TSC));
}

struct clocksource_probe {
	struct notifier_block nb;
	bool tsc;
};

static int clock_clocksource_notify(struct notifier_block *nb, unsigned long unused, void *priv)
{
	const struct timekeeper *tk = priv;

	container_of(nb, struct clocksource_probe, nb)->tsc =
		tk->tkr_mono.clock->vdso_clock_mode == VDSO_CLOCKMODE_TSC;
	return NOTIFY_OK;
}

/* The host trusts its TSC enough to tell time by it. Registering reports the present clocksource at once. */
static bool clock_clocksource_is_tsc(void)
{
	struct clocksource_probe probe = { .nb.notifier_call = clock_clocksource_notify };

	if (pvclock_gtod_register_notifier(&probe.nb))
		return false;
	pvclock_gtod_unregister_notifier(&probe.nb);
	return probe.tsc;
}

/* CLOCK_MONOTONIC_RAW, and the time slept: that one stands still meanwhile. */
static u64 host_raw_ns(void)
{
	return ktime_get_raw_ns() + ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_BOOT));
}

/* One moment on every clock of the host. */
struct clock_now {
	u64 tsc, raw_ns, real_ns;
};

static struct clock_now clock_sample(void)
{
	struct clock_now now;
	unsigned long flags;

	local_irq_save(flags);
	now.real_ns = ktime_get_real_ns();
	now.raw_ns = host_raw_ns();
	now.tsc = rdtsc_ordered();
	local_irq_restore(flags);
	return now;
}

static u64 clock_line(const struct vm_clock *c, u64 tsc)
{
	s64 delta = tsc - c->base_tsc;

	/* Another CPU's TSC may lag by a few cycles just after the line was set. */
	return c->base_ns + pvclock_scale_delta(max_t(s64, delta, 0), c->scale.mul, c->scale.shift);
}

static u64 clock_at(const struct vm *vm, const struct clock_now *now)
{
	const struct vm_clock *c = vm->clock;

	if (clock_is_stable(vm))
		return clock_line(c, now->tsc);
	return c->base_ns + (now->raw_ns - c->base_raw_ns);
}

u64 clock_wall_base_ns(struct vm *vm)
{
	struct clock_now now = clock_sample();
	unsigned int seq;
	u64 ns;

	do {
		seq = read_seqbegin(&vm->clock->lock);
		ns = clock_at(vm, &now);
	} while (read_seqretry(&vm->clock->lock, seq));
	return now.real_ns - ns;
}

void clock_pvclock_params(struct vcpu *v, struct pvclock_vcpu_time_info *t)
{
	struct vm_clock *c = v->vm->clock;
	bool stable = clock_is_stable(v->vm);
	struct tsc_scale scale = tsc_scale_from_khz(clock_tsc_real_khz(v));
	struct clock_now now = clock_sample();
	unsigned int seq;

	do {
		seq = read_seqbegin(&c->lock);
		t->tsc_timestamp = clock_guest_tsc_at(v, stable ? c->base_tsc : now.tsc);
		t->system_time = stable ? c->base_ns : clock_at(v->vm, &now);
	} while (read_seqretry(&c->lock, seq));
	t->tsc_to_system_mul = scale.mul;
	t->tsc_shift = scale.shift;
	t->flags = stable ? PVCLOCK_TSC_STABLE_BIT : 0;
}

/* Every vCPU has to write its kvmclock anew. Any context. */
static void clock_request_all(struct vm *vm)
{
	int i, n = smp_load_acquire(&vm->nr_vcpus);

	for (i = 0; i < n; i++) {
		vcpu_request(vm->vcpus[i], REQ_CLOCK);
		vcpu_kick(vm->vcpus[i]);
	}
}

u32 clock_capability(void)
{
	return KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
}

int clock_get(struct vm *vm, struct kvm_clock_data *data)
{
	struct clock_now now;
	unsigned int seq;

	memset(data, 0, sizeof(*data));
	do {
		seq = read_seqbegin(&vm->clock->lock);
		now = clock_sample();
		data->clock = clock_at(vm, &now);
	} while (read_seqretry(&vm->clock->lock, seq));
	if (clock_is_stable(vm)) {
		data->flags = KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
		data->realtime = now.real_ns;
		data->host_tsc = now.tsc;
	}
	return 0;
}

int clock_set(struct vm *vm, const struct kvm_clock_data *data)
{
	struct vm_clock *c = vm->clock;
	struct clock_now now;
	u64 ns = data->clock;

	if (data->flags & ~KVM_CLOCK_REALTIME)
		return -EINVAL;
	write_seqlock_irq(&c->lock);
	now = clock_sample();
	/* The clock went on between the save and this restore, but never backwards. */
	if ((data->flags & KVM_CLOCK_REALTIME) && now.real_ns > data->realtime)
		ns += now.real_ns - data->realtime;
	c->base_tsc = now.tsc;
	c->base_raw_ns = now.raw_ns;
	c->base_ns = ns;
	write_sequnlock_irq(&c->lock);
	clock_request_all(vm);
	return 0;
}

int clock_vm_create(struct vm *vm)
{
	struct vm_clock *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	struct clock_now now;

	if (!c)
		return -ENOMEM;
	seqlock_init(&c->lock);
	c->host_uses_tsc = clock_clocksource_is_tsc();
	now = clock_sample();
	c->base_tsc = now.tsc;
	c->base_raw_ns = now.raw_ns;
	c->scale = tsc_scale_from_khz(tsc_khz);
	vm->clock = c;
	vm->default_tsc_khz = tsc_khz;
	return 0;
}

void clock_vm_destroy(struct vm *vm)
{
	kfree(vm->clock);
	vm->clock = NULL;
}

bool clock_platform_info_visible(const struct vm *vm)
{
	return !READ_ONCE(vm->clock->platform_info_hidden);
}

void clock_set_platform_info_visible(struct vm *vm, bool visible)
{
	WRITE_ONCE(vm->clock->platform_info_hidden, !visible);
}

/* The ratio for a guest TSC of that frequency; -EINVAL when this host cannot do it. */
static int clock_tsc_ratio_for(u32 khz, u64 *ratio)
{
	u64 tolerance = div_u64((u64)tsc_khz * TSC_TOLERANCE_PPM, 1000000);
	u64 r;

	*ratio = hv->tsc_ratio_default;
	if (khz >= tsc_khz - tolerance && khz <= tsc_khz + tolerance)
		return 0;
	if (!hv->tsc_ratio_max)
		return -EINVAL;
	r = tsc_ratio(khz, tsc_khz, hv->tsc_ratio_frac_bits);
	if (!r || r > hv->tsc_ratio_max)
		return -EINVAL;
	*ratio = r;
	return 0;
}

int clock_set_default_tsc_khz(struct vm *vm, u32 khz)
{
	u64 ratio;

	khz = khz ?: tsc_khz;
	if (clock_tsc_ratio_for(khz, &ratio))
		return -EINVAL;
	vm->default_tsc_khz = khz;
	return 0;
}

/* After tsc_offset or tsc_ratio changed. */
static void clock_tsc_changed(struct vcpu *v)
{
	hv->update_tsc(v);
	vcpu_request(v, REQ_TSC_CHANGED);
	vcpu_request(v, REQ_CLOCK);
}

int clock_set_tsc_khz(struct vcpu *v, u32 khz)
{
	u64 ratio;

	khz = khz ?: tsc_khz;
	if (clock_tsc_ratio_for(khz, &ratio))
		return -EINVAL;
	v->tsc_ratio = ratio;
	v->tsc_khz = khz;
	clock_tsc_changed(v);
	return 0;
}

/* The guest TSC that a vCPU in step with the last write shows at host TSC t. */
static u64 clock_tsc_expected(const struct vcpu *v, const struct vm_clock *c, u64 host)
{
	return c->tsc_value + clock_scale_tsc(v, host - c->tsc_host);
}

/* Whether a write of value by user space means "in step with the others". */
static bool clock_tsc_write_follows(const struct vcpu *v, const struct vm_clock *c, u64 value, u64 host, bool user)
{
	if (!c->tsc_written || c->tsc_khz != v->tsc_khz)
		return false;
	if (!value)
		return true;
	/* The first value from user space (a restored VM) counts as it is, whatever vCPU creation had set. */
	if (user && !c->tsc_user_set)
		return false;
	return tsc_close(value, clock_tsc_expected(v, c, host), (u64)v->tsc_khz * MSEC_PER_SEC);
}

static void clock_tsc_synchronise(struct vcpu *v, u64 value, bool user)
{
	struct vm_clock *c = v->vm->clock;
	unsigned long flags;
	u64 host;

	write_seqlock_irqsave(&c->lock, flags);
	host = rdtsc_ordered();
	if (clock_tsc_write_follows(v, c, value, host, user)) {
		v->tsc_offset = c->tsc_offset;
	} else {
		v->tsc_offset = value - clock_scale_tsc(v, host);
		c->tsc_written = true;
		c->tsc_host = host;
		c->tsc_value = value;
		c->tsc_offset = v->tsc_offset;
		c->tsc_khz = v->tsc_khz;
	}
	if (user && value)
		c->tsc_user_set = true;
	write_sequnlock_irqrestore(&c->lock, flags);
}

void clock_vcpu_create(struct vcpu *v)
{
	v->tsc_khz = v->vm->default_tsc_khz;
	/* Was checked when it became the default. */
	clock_tsc_ratio_for(v->tsc_khz, &v->tsc_ratio);
	clock_tsc_synchronise(v, 0, false);
}

void clock_write_tsc(struct vcpu *v, u64 value)
{
	clock_tsc_synchronise(v, value, true);
	clock_tsc_changed(v);
}

void clock_move_tsc(struct vcpu *v, u64 delta)
{
	v->tsc_offset += delta;
	clock_tsc_changed(v);
}

static void clock_tsc_set_offset(struct vcpu *v, u64 offset)
{
	struct vm_clock *c = v->vm->clock;

	write_seqlock_irq(&c->lock);
	v->tsc_offset = offset;
	c->tsc_host = rdtsc_ordered();
	c->tsc_value = clock_guest_tsc_at(v, c->tsc_host);
	c->tsc_offset = offset;
	c->tsc_khz = v->tsc_khz;
	c->tsc_written = true;
	c->tsc_user_set = true;
	write_sequnlock_irq(&c->lock);
	clock_tsc_changed(v);
}

int clock_device_attr(struct vcpu *v, unsigned int cmd, const struct kvm_device_attr *attr)
{
	u64 __user *arg = (u64 __user *)(unsigned long)attr->addr;
	u64 offset;

	if (attr->group != KVM_VCPU_TSC_CTRL || attr->attr != KVM_VCPU_TSC_OFFSET)
		return -ENXIO;
	if ((u64)(unsigned long)arg != attr->addr)
		return -EFAULT;
	switch (cmd) {
	case KVM_HAS_DEVICE_ATTR:
		return 0;
	case KVM_GET_DEVICE_ATTR:
		return put_user(v->tsc_offset, arg) ? -EFAULT : 0;
	default:
		if (get_user(offset, arg))
			return -EFAULT;
		clock_tsc_set_offset(v, offset);
		return 0;
	}
}

void clock_suspend(struct vm *vm)
{
	struct clock_now now = clock_sample();

	vm->clock->suspend_tsc = now.tsc;
	vm->clock->suspend_raw_ns = now.raw_ns;
}

void clock_resume(struct vm *vm)
{
	struct clock_now now = clock_sample();
	struct vm_clock *c = vm->clock;
	struct clock_now old = { .tsc = c->suspend_tsc, .raw_ns = c->suspend_raw_ns };
	int i;

	if ((s64)(now.tsc - old.tsc) >= 0)
		return;
	write_seqlock(&c->lock);
	c->base_ns = clock_at(vm, &old) + (now.raw_ns - old.raw_ns);
	c->base_raw_ns = now.raw_ns;
	c->base_tsc = now.tsc;
	for (i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *v = vm->vcpus[i];

		v->tsc_offset += clock_scale_tsc(v, old.tsc) - clock_scale_tsc(v, now.tsc);
		hv->update_tsc(v);
		vcpu_request(v, REQ_CLOCK);
		/* The last vCPU stands for all in the record of TSC writes. */
		c->tsc_host = now.tsc;
		c->tsc_value = clock_guest_tsc_at(v, now.tsc);
		c->tsc_offset = v->tsc_offset;
	}
	write_sequnlock(&c->lock);
}
