/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPUID that guests may have on this host. */
#ifndef TAXCUT_CPU_CPUID_SUPPORTED_H
#define TAXCUT_CPU_CPUID_SUPPORTED_H

#include <linux/kvm.h>
#include <linux/types.h>

/* System ioctls KVM_GET_SUPPORTED_CPUID, KVM_GET_EMULATED_CPUID. */
int cpuid_get_supported(struct kvm_cpuid2 __user *arg);
int cpuid_get_emulated(struct kvm_cpuid2 __user *arg);

/* One sub-leaf as KVM_GET_SUPPORTED_CPUID shows it. */
void cpuid_supported_entry(u32 function, u32 index, struct kvm_cpuid_entry2 *e);

#endif /* TAXCUT_CPU_CPUID_SUPPORTED_H */
