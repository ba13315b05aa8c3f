/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's FPU and extended state. The vCPU is not loaded, but where a comment says so. */
#ifndef TAXCUT_CPU_XSTATE_H
#define TAXCUT_CPU_XSTATE_H

#include "base/vcpu.h"

int xstate_create(struct vcpu *v);
void xstate_destroy(struct vcpu *v);
void xstate_reset(struct vcpu *v);

/* Bytes that KVM_GET_XSAVE2 and KVM_SET_XSAVE copy: KVM_CAP_XSAVE2's value. */
size_t xstate_xsave2_size(void);
int xstate_get_xsave(struct vcpu *v, void __user *arg, size_t size);
/* -EINVAL for an image that the CPU would refuse to restore. */
int xstate_set_xsave(struct vcpu *v, const void __user *arg);
void xstate_get_fpu(struct vcpu *v, struct kvm_fpu *fpu);
int xstate_set_fpu(struct vcpu *v, const struct kvm_fpu *fpu);
void xstate_get_xcrs(struct vcpu *v, struct kvm_xcrs *xcrs);
int xstate_set_xcrs(struct vcpu *v, const struct kvm_xcrs *xcrs);

/* XCR0, checked (SDM vol. 1, 13.3): 0 or -EINVAL. Also loaded. */
int xstate_set_xcr0(struct vcpu *v, u64 xcr0, bool host);

/* The guest's state into the CPU, and back to memory: preemption is off from load to unload. */
void xstate_load(struct vcpu *v);
void xstate_unload(struct vcpu *v);

#endif /* TAXCUT_CPU_XSTATE_H */
