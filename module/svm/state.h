/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a vCPU in its VMCB. */
#ifndef TAXCUT_SVM_STATE_H
#define TAXCUT_SVM_STATE_H

#include "svm.h"

void svm_vcpu_reset(struct vcpu *v);
u8 svm_get_shadow(struct vcpu *v);
void svm_set_shadow(struct vcpu *v, u8 shadow);
void svm_get_sregs(struct vcpu *v, struct hv_sregs *out);
void svm_set_sregs(struct vcpu *v, const struct hv_sregs *in);
void svm_get_paging(struct vcpu *v, struct hv_paging *p);
void svm_set_cr2(struct vcpu *v, u64 cr2);
void svm_set_efer(struct vcpu *v, u64 efer);
int svm_take_cr0(struct vcpu *v, u64 cr0, u64 efer);
int svm_take_cr4(struct vcpu *v, u64 cr4);
int svm_exit_cr(struct vcpu *v);
int svm_get_msr(struct vcpu *v, u32 index, u64 *value);
int svm_set_msr(struct vcpu *v, u32 index, u64 value, bool host);
void svm_update_exceptions(struct vcpu *v);
void svm_update_intercepts(struct vcpu *v);
void svm_update_dr(struct vcpu *v);

void svm_flush_guest_tlb(struct vcpu *v);

#endif /* TAXCUT_SVM_STATE_H */
