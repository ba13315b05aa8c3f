/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's file and its ioctls. */
#ifndef TAXCUT_UAPI_VM_FD_H
#define TAXCUT_UAPI_VM_FD_H

/* KVM_CREATE_VM: a new file descriptor or -errno. */
int vm_create_fd(unsigned long type);

#endif /* TAXCUT_UAPI_VM_FD_H */
