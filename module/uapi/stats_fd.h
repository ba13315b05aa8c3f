/* SPDX-License-Identifier: GPL-2.0-only */
/* Statistics files. */
#ifndef TAXCUT_UAPI_STATS_FD_H
#define TAXCUT_UAPI_STATS_FD_H

struct vcpu;
struct vm;

/* KVM_GET_STATS_FD: a new file descriptor, or -errno. The file keeps the VM alive. */
int stats_vcpu_fd(struct vcpu *v);
int stats_vm_fd(struct vm *vm);

#endif /* TAXCUT_UAPI_STATS_FD_H */
