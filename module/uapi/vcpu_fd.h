/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's file and its ioctls. */
#ifndef TAXCUT_UAPI_VCPU_FD_H
#define TAXCUT_UAPI_VCPU_FD_H

struct file;
struct vcpu;

/* A new file for the vCPU, which holds a reference to the VM, or an ERR_PTR. */
struct file *vcpu_file_create(struct vcpu *v);

#endif /* TAXCUT_UAPI_VCPU_FD_H */
