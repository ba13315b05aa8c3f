/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSR filter of a VM (KVM_X86_SET_MSR_FILTER). It is published with RCU:
 * it changes under vm->lock, with every vCPU out of the guest; each takes it
 * over before it enters again, and reads it without a lock.
 */
#ifndef TAXCUT_CPU_MSR_FILTER_H
#define TAXCUT_CPU_MSR_FILTER_H

#include <linux/kvm.h>
#include <linux/types.h>

struct vm;

/* vm->lock held. 0, -EFAULT, -EINVAL or -ENOMEM. */
int msr_set_filter(struct vm *vm, const struct kvm_msr_filter __user *arg);
/* Frees vm->msr_filter; no vCPU is left. */
void msr_vm_destroy(struct vm *vm);

/* What the VM's filter says about an MSR; a backend must intercept what it denies (update_intercepts() is called then). */
bool msr_filter_allows(const struct vm *vm, u32 index, bool write);

#endif /* TAXCUT_CPU_MSR_FILTER_H */
