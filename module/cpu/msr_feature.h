/* SPDX-License-Identifier: GPL-2.0-only */
/* Feature MSRs: what KVM_GET_MSRS on the system fd shows. */
#ifndef TAXCUT_CPU_MSR_FEATURE_H
#define TAXCUT_CPU_MSR_FEATURE_H

#include <linux/types.h>

/* A feature MSR as KVM_GET_MSRS on the system fd shows it; -EINVAL for others. */
int msr_feature_get(u32 index, u64 *value);
/* The MSRs that there are: their number, at most max of them in indices. */
unsigned int msr_feature_list(u32 *indices, unsigned int max);

#endif /* TAXCUT_CPU_MSR_FEATURE_H */
