/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual machines, for main.c. */
#ifndef TAXCUT_VM_H
#define TAXCUT_VM_H

#include "hv.h"

/* KVM_CREATE_VM: a new file descriptor or -errno. */
int vm_create_fd(unsigned long type);
/* What every ioctl of a VM and of what belongs to it checks first: 0, or -EIO. */
int vm_check_caller(const struct vm *vm);

/* Every VM there is; vms_lock, or with all but one CPU stopped. */
extern struct list_head vms;
extern struct mutex vms_lock;
extern bool vms_stopping; /* reboot or kexec has begun, and ends all there are: one that comes to the list later is dead */

/* caps.c. KVM_CHECK_EXTENSION; vm is NULL for the system's. */
int caps_check(struct vm *vm, long cap);
/* KVM_ENABLE_CAP on a VM; takes vm->lock. */
int caps_enable_vm(struct vm *vm, const struct kvm_enable_cap *cap);

#endif /* TAXCUT_VM_H */
