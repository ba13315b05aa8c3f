/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a VM.
 *
 * References: the VM's file, each vCPU's file, each statistics file and the
 * VFIO device's file hold one. The last one to go destroys the VM, in the
 * context of its holder. vCPUs live as long as the VM.
 */
#ifndef TAXCUT_RUN_VM_H
#define TAXCUT_RUN_VM_H

#include <linux/list.h>
#include <linux/mutex.h>

#include "base/vm.h"

/* A new VM of the calling process, with one reference, or an ERR_PTR. */
struct vm *vm_create(void);
void vm_get(struct vm *vm);
void vm_put(struct vm *vm);
/* Every ioctl of a VM, and of what belongs to it, checks this first: 0, or -EIO. */
int vm_check_caller(const struct vm *vm);

/* Every VM there is; vms_lock, or with all but one CPU stopped. */
extern struct list_head vms;
extern struct mutex vms_lock;
extern bool vms_stopping; /* reboot or kexec has begun, and ends all there are: one that comes to the list later is dead */

#endif /* TAXCUT_RUN_VM_H */
