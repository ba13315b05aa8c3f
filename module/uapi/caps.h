/* SPDX-License-Identifier: GPL-2.0-only */
/* Capabilities. */
#ifndef TAXCUT_UAPI_CAPS_H
#define TAXCUT_UAPI_CAPS_H

struct kvm_enable_cap;
struct vm;

/* KVM_CHECK_EXTENSION; vm is NULL for the system's. */
int caps_check(struct vm *vm, long cap);
/* KVM_ENABLE_CAP on a VM; takes vm->lock. */
int caps_enable_vm(struct vm *vm, const struct kvm_enable_cap *cap);

#endif /* TAXCUT_UAPI_CAPS_H */
