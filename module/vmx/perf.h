/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's performance counters; on either side of each entry, interrupts off, where vmx_features.perf. */
#ifndef TAXCUT_VMX_PERF_H
#define TAXCUT_VMX_PERF_H

#include "vmx.h"

bool vmx_perf_present(void);
void vmx_perf_before_entry(struct vmx_vcpu *s);
void vmx_perf_after_exit(struct vmx_vcpu *s); /* only when s->perf_msrs */

#endif /* TAXCUT_VMX_PERF_H */
