// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls about MSRs. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "base/vcpu.h"
#include "cpu/msr.h"
#include "cpu/msr_feature.h"
#include "msr_ioctl.h"

#define MSR_IOCTL_MAX 256 /* entries in one KVM_GET_MSRS or KVM_SET_MSRS */
#define MSR_LIST_MAX 192
#define MSR_FEATURES_MAX 8

static int msr_copy_list(struct kvm_msr_list __user *arg, const u32 *indices, u32 count)
{
	u32 room;

	if (get_user(room, &arg->nmsrs) || put_user(count, &arg->nmsrs))
		return -EFAULT;
	if (room < count)
		return -E2BIG;
	return copy_to_user(arg->indices, indices, count * sizeof(u32)) ? -EFAULT : 0;
}

int msr_index_list(struct kvm_msr_list __user *arg)
{
	u32 *indices = kmalloc_array(MSR_LIST_MAX, sizeof(*indices), GFP_KERNEL);
	int r;

	if (!indices)
		return -ENOMEM;
	r = msr_copy_list(arg, indices, msr_listed(indices, MSR_LIST_MAX));
	kfree(indices);
	return r;
}

int msr_feature_index_list(struct kvm_msr_list __user *arg)
{
	u32 indices[MSR_FEATURES_MAX];

	return msr_copy_list(arg, indices, msr_feature_list(indices, MSR_FEATURES_MAX));
}

/* One entry of the list: 0, or an error that ends the list there. v is NULL on the system fd. */
typedef int (*msr_entry_fn)(struct vcpu *v, struct kvm_msr_entry *e);

static int msr_entry_get(struct vcpu *v, struct kvm_msr_entry *e)
{
	return msr_get(v, e->index, &e->data, true);
}

static int msr_entry_set(struct vcpu *v, struct kvm_msr_entry *e)
{
	return msr_set(v, e->index, e->data, true);
}

static int msr_entry_feature(struct vcpu *v, struct kvm_msr_entry *e)
{
	return msr_feature_get(e->index, &e->data);
}

static int msr_user_list(struct vcpu *v, struct kvm_msrs __user *arg, msr_entry_fn fn, bool copy_back)
{
	struct kvm_msr_entry *entries;
	struct kvm_msrs head;
	u32 n;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.nmsrs >= MSR_IOCTL_MAX)
		return -E2BIG;
	entries = memdup_user(arg->entries, head.nmsrs * sizeof(*entries));
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	for (n = 0; n < head.nmsrs; n++)
		if (fn(v, &entries[n]))
			break;
	if (copy_back && copy_to_user(arg->entries, entries, head.nmsrs * sizeof(*entries)))
		n = -EFAULT;
	kfree(entries);
	return n;
}

int msr_get_user(struct vcpu *v, struct kvm_msrs __user *arg)
{
	return msr_user_list(v, arg, msr_entry_get, true);
}

int msr_set_user(struct vcpu *v, struct kvm_msrs __user *arg)
{
	return msr_user_list(v, arg, msr_entry_set, false);
}

int msr_system_get(struct kvm_msrs __user *arg)
{
	return msr_user_list(NULL, arg, msr_entry_feature, true);
}
