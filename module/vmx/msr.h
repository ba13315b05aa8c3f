/* SPDX-License-Identifier: GPL-2.0-only */
/* MSRs that entry and exit do not switch, and the MSR bitmap. */
#ifndef TAXCUT_VMX_MSR_H
#define TAXCUT_VMX_MSR_H

#include "vmx.h"

void vmx_read_host_msrs(struct vmx_cpu *c);
void vmx_load_msrs(struct vcpu *v);
void vmx_unload_msrs(struct vcpu *v);
void vmx_reset_msrs(struct vcpu *v);
void vmx_pass_msr(struct vcpu *v, u32 index, bool read, bool write);
void vmx_update_msr_bitmap(struct vcpu *v);
int vmx_get_msr(struct vcpu *v, u32 index, u64 *value);
int vmx_set_msr(struct vcpu *v, u32 index, u64 value, bool host);

#endif /* TAXCUT_VMX_MSR_H */
