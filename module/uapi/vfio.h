/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM's VFIO device: which host devices a VM is given. */
#ifndef TAXCUT_UAPI_VFIO_H
#define TAXCUT_UAPI_VFIO_H

struct vm;

/* KVM_CREATE_DEVICE, not only for VFIO: 0, -ENODEV (no such type), -EBUSY (there is one), -EFAULT, -ENOMEM, -EMFILE. */
int vfio_create_device(struct vm *vm, void __user *arg);

#endif /* TAXCUT_UAPI_VFIO_H */
