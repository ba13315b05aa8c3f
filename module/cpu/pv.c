// SPDX-License-Identifier: GPL-2.0-only
/*
 * The paravirtual interface: MSRs, the structures behind them in guest
 * memory, and hypercalls.
 *
 * struct vcpu_pv belongs to the holder of vcpu->mutex. Setting an MSR only
 * records the address and sets a request; guest memory is written in the run
 * loop, where vm->mem_sem keeps it in place. The guest reads kvmclock and
 * steal time while its own vCPU is stopped here (or, for the preempted byte,
 * from another vCPU), under the version protocol of pvclock: odd while the
 * fields change. A structure that is not mapped, or that straddles a page, is
 * not written: the guest loses its clock, the host nothing.
 */
#include <linux/ktime.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <asm/kvm_para.h>
#include <asm/msr-index.h>
#include <asm/pvclock-abi.h>

#include "base/clock.h"
#include "base/compat.h"
#include "irq/destmap.h"
#include "irq/vlapic.h"
#include "mem/gpa.h"
#include "pv.h"

#define PV_STEAL_RESERVED 0x3eULL /* 64-byte alignment, bit 0 = enabled */
#define PV_EOI_RESERVED 0x2ULL /* 4-byte alignment, bit 0 = enabled */

int pv_vcpu_create(struct vcpu *v)
{
	v->pv = kzalloc(sizeof(*v->pv), GFP_KERNEL_ACCOUNT);
	if (!v->pv)
		return -ENOMEM;
	v->pv->poll_control = 1;
	return 0;
}

void pv_vcpu_destroy(struct vcpu *v)
{
	kfree(v->pv);
	v->pv = NULL;
}

void pv_vcpu_reset(struct vcpu *v)
{
	bool enforce = v->pv->enforce_cpuid;

	memset(v->pv, 0, sizeof(*v->pv));
	v->pv->enforce_cpuid = enforce;
	v->pv->poll_control = 1;
	vlapic_pv_eoi_set(v, 0);
}

static bool pv_offered(const struct vcpu *v, unsigned int feature)
{
	return !v->pv->enforce_cpuid || (v->pv_features & BIT(feature));
}

/* The CPUID feature that enables an MSR; -1: not a paravirtual MSR. */
static int pv_msr_feature(u32 index)
{
	switch (index) {
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_SYSTEM_TIME:
		return KVM_FEATURE_CLOCKSOURCE;
	case MSR_KVM_WALL_CLOCK_NEW:
	case MSR_KVM_SYSTEM_TIME_NEW:
		return KVM_FEATURE_CLOCKSOURCE2;
	case MSR_KVM_STEAL_TIME:
		return sched_info_on() ? KVM_FEATURE_STEAL_TIME : -1;
	case MSR_KVM_PV_EOI_EN:
		return KVM_FEATURE_PV_EOI;
	case MSR_KVM_POLL_CONTROL:
		return KVM_FEATURE_POLL_CONTROL;
	default:
		return -1;
	}
}

static int pv_msr_check(const struct vcpu *v, u32 index, bool host)
{
	int feature = pv_msr_feature(index);

	if (feature < 0)
		return -ENOENT;
	return host || pv_offered(v, feature) ? 0 : -ENOENT;
}

int pv_msr_get(struct vcpu *v, u32 index, u64 *value, bool host)
{
	const struct vcpu_pv *pv = v->pv;
	int r = pv_msr_check(v, index, host);

	if (r)
		return r;
	switch (index) {
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_NEW:
		*value = pv->wall_clock;
		return 0;
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_NEW:
		*value = pv->system_time;
		return 0;
	case MSR_KVM_STEAL_TIME:
		*value = pv->steal_time;
		return 0;
	case MSR_KVM_PV_EOI_EN:
		*value = pv->eoi;
		return 0;
	default:
		*value = pv->poll_control;
		return 0;
	}
}

static int pv_set_steal_time(struct vcpu *v, u64 value)
{
	if (value & PV_STEAL_RESERVED)
		return -EINVAL;
	/* The old structure may hold a flush that another vCPU has asked for. */
	if (v->pv->preempted)
		vcpu_request(v, REQ_TLB_FLUSH);
	v->pv->steal_time = value;
	v->pv->preempted = false;
	/* Steal time counts from here on. */
	v->pv->run_delay_of = NULL;
	if (value & KVM_MSR_ENABLED)
		vcpu_request(v, REQ_STEAL);
	return 0;
}

static int pv_set_eoi(struct vcpu *v, u64 value)
{
	if (value & PV_EOI_RESERVED)
		return -EINVAL;
	v->pv->eoi = value;
	vlapic_pv_eoi_set(v, value & KVM_MSR_ENABLED ? value & ~(u64)KVM_MSR_ENABLED : 0);
	return 0;
}

int pv_msr_set(struct vcpu *v, u32 index, u64 value, bool host)
{
	struct vcpu_pv *pv = v->pv;
	int r = pv_msr_check(v, index, host);

	if (r)
		return r;
	switch (index) {
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_NEW:
		pv->wall_clock = value;
		/* Filled once per write by the guest; a restored VM has it filled already. */
		pv->wall_clock_wanted = !host;
		if (!host)
			vcpu_request(v, REQ_CLOCK);
		return 0;
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_NEW:
		pv->system_time = value;
		vcpu_request(v, REQ_CLOCK);
		return 0;
	case MSR_KVM_STEAL_TIME:
		return pv_set_steal_time(v, value);
	case MSR_KVM_PV_EOI_EN:
		return pv_set_eoi(v, value);
	default:
		if (value & ~1ULL)
			return -EINVAL;
		pv->poll_control = value;
		return 0;
	}
}

static void pv_fill_wall_clock(struct vcpu *v)
{
	struct pvclock_wall_clock wc;
	u64 gpa = v->pv->wall_clock, ns;
	u32 version, nsec;

	v->pv->wall_clock_wanted = false;
	if (!gpa || gpa_read(v, gpa, &version, sizeof(version)))
		return;
	version = (version + 1) | 1;
	if (gpa_write(v, gpa, &version, sizeof(version)))
		return;
	ns = clock_wall_base_ns(v->vm);
	wc.sec = div_u64_rem(ns, NSEC_PER_SEC, &nsec);
	wc.nsec = nsec;
	wc.version = version;
	if (gpa_write(v, gpa, &wc, sizeof(wc)))
		return;
	version++;
	gpa_write(v, gpa, &version, sizeof(version));
}

/* The guest structure that an MSR enables; NULL: not enabled, or not mapped. */
static void *pv_guest_struct(struct vcpu *v, u64 msr, unsigned int len)
{
	void *guest;

	if (!(msr & KVM_MSR_ENABLED))
		return NULL;
	guest = gpa_ptr(v, msr & ~(u64)KVM_MSR_ENABLED, len, true);
	if (!guest)
		gpa_forget_error(v);
	return guest;
}

void pv_serve_clock(struct vcpu *v)
{
	struct pvclock_vcpu_time_info now, *guest;
	struct vcpu_pv *pv = v->pv;
	u32 version;

	if (pv->wall_clock_wanted) {
		pv_fill_wall_clock(v);
		gpa_forget_error(v);
	}
	guest = pv_guest_struct(v, pv->system_time, sizeof(*guest));
	if (!guest)
		return;
	clock_pvclock_params(v, &now);
	/* The guest clears this flag when it has seen it. */
	now.flags |= READ_ONCE(guest->flags) & PVCLOCK_GUEST_STOPPED;
	if (xchg(&pv->guest_stopped, false))
		now.flags |= PVCLOCK_GUEST_STOPPED;

	version = (READ_ONCE(guest->version) + 1) | 1;
	WRITE_ONCE(guest->version, version);
	smp_wmb(); /* odd version before the fields */
	WRITE_ONCE(guest->tsc_timestamp, now.tsc_timestamp);
	WRITE_ONCE(guest->system_time, now.system_time);
	WRITE_ONCE(guest->tsc_to_system_mul, now.tsc_to_system_mul);
	WRITE_ONCE(guest->tsc_shift, now.tsc_shift);
	WRITE_ONCE(guest->flags, now.flags);
	smp_wmb(); /* fields before the even version */
	WRITE_ONCE(guest->version, version + 1);
}

int pv_kvmclock_ctrl(struct vcpu *v)
{
	if (!(v->pv->system_time & KVM_MSR_ENABLED))
		return -EINVAL;
	WRITE_ONCE(v->pv->guest_stopped, true);
	vcpu_request(v, REQ_CLOCK);
	return 0;
}

/*
 * Sets no request: the vCPU still runs, and the guest would clear the flag before
 * the suspend. The freezer ends every KVM_RUN; the next one tells the guest.
 */
void pv_host_suspends(struct vcpu *v)
{
	if (READ_ONCE(v->pv->system_time) & KVM_MSR_ENABLED)
		WRITE_ONCE(v->pv->guest_stopped, true);
}

void pv_note_run(struct vcpu *v)
{
	if (unlikely(READ_ONCE(v->pv->guest_stopped)))
		vcpu_request(v, REQ_CLOCK);
}

void pv_serve_steal(struct vcpu *v)
{
	struct vcpu_pv *pv = v->pv;
	struct kvm_steal_time *st = pv_guest_struct(v, pv->steal_time, sizeof(*st));
	u64 delay = current->sched_info.run_delay;
	u32 version;

	if (!st)
		return;
	/* While this vCPU was preempted, others may have requested a TLB flush here instead of sending an IPI. */
	if (xchg(&st->preempted, 0) & KVM_VCPU_FLUSH_TLB)
		vcpu_request(v, REQ_TLB_FLUSH);
	pv->preempted = false;

	if (pv->run_delay_of != current) {
		pv->run_delay_of = current;
		pv->run_delay_ns = delay;
	}
	version = (READ_ONCE(st->version) + 1) | 1;
	WRITE_ONCE(st->version, version);
	smp_wmb(); /* odd version before the fields */
	WRITE_ONCE(st->steal, READ_ONCE(st->steal) + (delay - pv->run_delay_ns));
	WRITE_ONCE(st->flags, 0);
	smp_wmb(); /* fields before the even version */
	WRITE_ONCE(st->version, version + 1);
	pv->run_delay_ns = delay;
}

void pv_note_loaded(struct vcpu *v)
{
	if (v->pv->steal_time & KVM_MSR_ENABLED)
		vcpu_request(v, REQ_STEAL);
	if ((v->pv->system_time & KVM_MSR_ENABLED) && !clock_is_stable(v->vm))
		vcpu_request(v, REQ_CLOCK);
}

void pv_note_preempted(struct vcpu *v)
{
	struct vcpu_pv *pv = v->pv;
	struct kvm_steal_time *st;

	if (pv->preempted || !(pv->steal_time & KVM_MSR_ENABLED))
		return;
	/* An instruction is half emulated: a flush requested here would come after the addresses it has used. */
	if (v->completion != COMPLETE_NONE)
		return;
	st = gpa_ptr_present(v->vm, pv->steal_time & ~(u64)KVM_MSR_ENABLED, sizeof(*st), true);
	if (!st)
		return;
	pv->preempted = true;
	v->stats.preemption_reported++;
	WRITE_ONCE(st->preempted, KVM_VCPU_PREEMPTED);
	/* From here on others may request a TLB flush in this byte: check it before the next entry. */
	vcpu_request(v, REQ_STEAL);
}

/* KVM_HC_CLOCK_PAIRING: host time and guest TSC of one moment. */
static long pv_clock_pairing(struct vcpu *v, u64 gpa, u64 type)
{
	struct kvm_clock_pairing pair = {};
	struct timespec64 ts;
	unsigned long flags;
	u64 tsc;

	if (type != KVM_CLOCK_PAIRING_WALLCLOCK || !clock_is_stable(v->vm))
		return -KVM_EOPNOTSUPP;
	local_irq_save(flags);
	ktime_get_real_ts64(&ts);
	tsc = rdtsc_ordered();
	local_irq_restore(flags);
	pair.sec = ts.tv_sec;
	pair.nsec = ts.tv_nsec;
	pair.tsc = clock_guest_tsc_at(v, tsc);
	if (!gpa_write(v, gpa, &pair, sizeof(pair)))
		return 0;
	gpa_forget_error(v);
	return -KVM_EFAULT;
}

/* User space answers KVM_HC_MAP_GPA_RANGE when it has enabled that. */
static int pv_hypercall_to_user(struct vcpu *v, u64 nr, const u64 *args, bool long_mode)
{
	struct kvm_run *run = v->run;

	run->exit_reason = KVM_EXIT_HYPERCALL;
	memset(&run->hypercall, 0, sizeof(run->hypercall));
	run->hypercall.nr = nr;
	run->hypercall.args[0] = args[0];
	run->hypercall.args[1] = args[1];
	run->hypercall.args[2] = args[2];
	hv_hypercall_set_long_mode(run, long_mode);
	v->completion = COMPLETE_HYPERCALL;
	return RUN_USER;
}

static bool pv_map_range_valid(const u64 *args)
{
	u64 gpa = args[0], pages = args[1];

	return pages && !(gpa & (PAGE_SIZE - 1)) && pages <= (U64_MAX >> PAGE_SHIFT) &&
	       gpa + (pages << PAGE_SHIFT) > gpa;
}

/*
 * The guest waits for a vCPU that waits for a CPU: note it for pv_yield(), if it
 * looks as if that could help. apic_id is the guest's.
 */
static void pv_ask_yield(struct vcpu *v, u64 apic_id)
{
	struct task_struct *thread;
	struct vcpu *target;

	v->stats.directed_yield_attempted++;
	if (single_task_running())
		return;
	target = destmap_find(v->vm, apic_id);
	if (!target || target == v || READ_ONCE(target->loaded))
		return;
	rcu_read_lock();
	thread = rcu_dereference(target->thread);
	if (thread && task_is_running(thread))
		v->pv->yield_to = target;
	rcu_read_unlock();
}

void pv_yield(struct vcpu *v)
{
	struct vcpu *target = v->pv->yield_to;
	struct task_struct *thread;

	v->pv->yield_to = NULL;
	rcu_read_lock();
	thread = rcu_dereference(target->thread);
	if (thread)
		get_task_struct(thread);
	rcu_read_unlock();
	if (!thread)
		return;
	if (yield_to(thread, true) > 0)
		v->stats.directed_yield_successful++;
	put_task_struct(thread);
}

static long pv_hypercall_result(struct vcpu *v, u64 nr, const u64 *args, bool long_mode)
{
	switch (nr) {
	case KVM_HC_VAPIC_POLL_IRQ:
		return 0;
	case KVM_HC_KICK_CPU:
		if (!pv_offered(v, KVM_FEATURE_PV_UNHALT))
			return -KVM_ENOSYS;
		vlapic_kick_pv(v->vm, args[1]);
		pv_ask_yield(v, args[1]);
		return 0;
	case KVM_HC_CLOCK_PAIRING:
		return pv_clock_pairing(v, args[0], args[1]);
	case KVM_HC_SEND_IPI:
		if (!pv_offered(v, KVM_FEATURE_PV_SEND_IPI))
			return -KVM_ENOSYS;
		return vlapic_send_ipi_pv(v, args[0], args[1], args[2], args[3], long_mode);
	case KVM_HC_SCHED_YIELD:
		if (!pv_offered(v, KVM_FEATURE_PV_SCHED_YIELD))
			return -KVM_ENOSYS;
		pv_ask_yield(v, args[0]);
		return 0;
	default:
		return -KVM_ENOSYS;
	}
}

int pv_hypercall(struct vcpu *v)
{
	u64 nr = v->regs[GPR_RAX];
	u64 args[4] = { v->regs[GPR_RBX], v->regs[GPR_RCX], v->regs[GPR_RDX], v->regs[GPR_RSI] };
	struct hv_paging p;
	bool long_mode;
	unsigned int i;
	long ret;

	hv_call(get_paging)(v, &p);
	long_mode = hv_in_64bit_code(&p);
	if (!long_mode) {
		nr = (u32)nr;
		for (i = 0; i < ARRAY_SIZE(args); i++)
			args[i] = (u32)args[i];
	}
	if (p.cpl)
		ret = -KVM_EPERM;
	else if (nr != KVM_HC_MAP_GPA_RANGE)
		ret = pv_hypercall_result(v, nr, args, long_mode);
	else if (!(v->vm->hypercall_exits & BIT_ULL(KVM_HC_MAP_GPA_RANGE)))
		ret = -KVM_ENOSYS;
	else if (!pv_map_range_valid(args))
		ret = -KVM_EINVAL;
	else
		return pv_hypercall_to_user(v, nr, args, long_mode);
	v->regs[GPR_RAX] = long_mode ? ret : (u32)ret;
	return v->pv->yield_to ? RUN_AGAIN : RUN_GUEST;
}
