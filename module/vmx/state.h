/* SPDX-License-Identifier: GPL-2.0-only */
/* Segments, tables and paging state in the VMCS. */
#ifndef TAXCUT_VMX_STATE_H
#define TAXCUT_VMX_STATE_H

#include "vmx.h"

void vmx_vcpu_reset(struct vcpu *v);
void vmx_get_sregs(struct vcpu *v, struct hv_sregs *out);
void vmx_set_sregs(struct vcpu *v, const struct hv_sregs *in);
void vmx_get_paging(struct vcpu *v, struct hv_paging *p);
void vmx_set_cr2(struct vcpu *v, u64 cr2);
void vmx_set_efer(struct vcpu *v, u64 efer);

#endif /* TAXCUT_VMX_STATE_H */
