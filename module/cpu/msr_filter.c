// SPDX-License-Identifier: GPL-2.0-only
/* The MSR filter of a VM. */
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "base/vcpu.h"
#include "mem/write_lock.h"
#include "msr_filter.h"

#define MSR_RANGE_FLAGS (KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE)
#define MSR_X2APIC_FIRST 0x800
#define MSR_X2APIC_LAST 0x8ff

struct msr_filter_range {
	u32 flags, base, count;
	unsigned long *bitmap; /* set bit: allowed */
};

struct msr_filter {
	struct rcu_head rcu;
	bool default_allow;
	unsigned int nr;
	struct msr_filter_range ranges[KVM_MSR_FILTER_MAX_RANGES];
};

static void msr_filter_free(struct msr_filter *f)
{
	unsigned int i;

	if (!f)
		return;
	for (i = 0; i < f->nr; i++)
		kfree(f->ranges[i].bitmap);
	kfree(f);
}

static bool msr_filter_check(const struct msr_filter *f, u32 index, u32 access)
{
	unsigned int i;

	for (i = 0; i < f->nr; i++) {
		const struct msr_filter_range *r = &f->ranges[i];
		u32 bit = index - r->base;

		if ((r->flags & access) && bit < r->count)
			return test_bit(array_index_nospec(bit, r->count), r->bitmap);
	}
	return f->default_allow;
}

bool msr_filter_allows(const struct vm *vm, u32 index, bool write)
{
	const struct msr_filter *f;
	bool allowed = true;

	/* x2APIC registers are the LAPIC's, not MSRs to filter (KVM API, 4.97). */
	if (index >= MSR_X2APIC_FIRST && index <= MSR_X2APIC_LAST)
		return true;
	rcu_read_lock();
	f = rcu_dereference(vm->msr_filter);
	if (f)
		allowed = msr_filter_check(f, index, write ? KVM_MSR_FILTER_WRITE : KVM_MSR_FILTER_READ);
	rcu_read_unlock();
	return allowed;
}

static int msr_filter_add(struct msr_filter *f, const struct kvm_msr_filter_range *in)
{
	struct msr_filter_range *r = &f->ranges[f->nr];
	size_t size = BITS_TO_LONGS((u64)in->nmsrs) * sizeof(long);

	if (!in->nmsrs)
		return 0;
	if (!in->flags || (in->flags & ~MSR_RANGE_FLAGS))
		return -EINVAL;
	if (size > KVM_MSR_FILTER_MAX_BITMAP_SIZE)
		return -EINVAL;
	r->bitmap = memdup_user((void __user *)in->bitmap, size);
	if (IS_ERR(r->bitmap))
		return PTR_ERR(r->bitmap);
	r->flags = in->flags;
	r->base = in->base;
	r->count = in->nmsrs;
	f->nr++;
	return 0;
}

static int msr_filter_build(struct msr_filter *f, const struct kvm_msr_filter *in)
{
	unsigned int i;
	int r;

	if (in->flags & ~(u32)KVM_MSR_FILTER_DEFAULT_DENY)
		return -EINVAL;
	f->default_allow = !(in->flags & KVM_MSR_FILTER_DEFAULT_DENY);
	for (i = 0; i < ARRAY_SIZE(in->ranges); i++) {
		r = msr_filter_add(f, &in->ranges[i]);
		if (r)
			return r;
	}
	/* A filter that denies every MSR is refused. */
	return !f->nr && !f->default_allow ? -EINVAL : 0;
}

int msr_set_filter(struct vm *vm, const struct kvm_msr_filter __user *arg)
{
	struct kvm_msr_filter *in = memdup_user(arg, sizeof(*in));
	struct msr_filter *f, *old;
	int i, r = -ENOMEM;

	if (IS_ERR(in))
		return PTR_ERR(in);
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (f)
		r = msr_filter_build(f, in);
	kfree(in);
	if (r) {
		msr_filter_free(f);
		return r;
	}
	mem_write_lock(vm);
	old = rcu_replace_pointer(vm->msr_filter, f, lockdep_is_held(&vm->lock));
	/* The backend's state belongs to the vCPU's thread. */
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_INTERCEPTS);
	mem_write_unlock(vm);
	synchronize_rcu();
	msr_filter_free(old);
	return 0;
}

void msr_vm_destroy(struct vm *vm)
{
	msr_filter_free(rcu_dereference_protected(vm->msr_filter, true));
	RCU_INIT_POINTER(vm->msr_filter, NULL);
}
