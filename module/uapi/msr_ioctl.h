/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls about MSRs. */
#ifndef TAXCUT_UAPI_MSR_IOCTL_H
#define TAXCUT_UAPI_MSR_IOCTL_H

#include <linux/kvm.h>
#include <linux/types.h>

struct vcpu;

/* System ioctls: KVM_GET_MSR_INDEX_LIST, KVM_GET_MSR_FEATURE_INDEX_LIST, KVM_GET_MSRS. */
int msr_index_list(struct kvm_msr_list __user *arg);
int msr_feature_index_list(struct kvm_msr_list __user *arg);
int msr_system_get(struct kvm_msrs __user *arg);

/* vCPU ioctls: KVM_GET_MSRS, KVM_SET_MSRS; the number of MSRs done, or -errno. */
int msr_get_user(struct vcpu *v, struct kvm_msrs __user *arg);
int msr_set_user(struct vcpu *v, struct kvm_msrs __user *arg);

#endif /* TAXCUT_UAPI_MSR_IOCTL_H */
