/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: the slots.
 *
 * The rule: what the guest sees is what the owner has, or the guest stops with
 * EFAULT, and every write is logged (memslot.c says how).
 */
#ifndef TAXCUT_MEM_MEMSLOT_H
#define TAXCUT_MEM_MEMSLOT_H

#include <linux/kvm.h>
#include <linux/types.h>

struct vm;

int mem_create(struct vm *vm);
/* Before the vCPUs go: all host memory is let go, and changes of the owner's mapping are not followed any more. */
void mem_stop(struct vm *vm);
void mem_destroy(struct vm *vm);
int mem_set_region(struct vm *vm, const struct kvm_userspace_memory_region *region);
int mem_get_dirty_log(struct vm *vm, const struct kvm_dirty_log *log);
/* What a leaf of the second-level table depends on has changed (vm->noncoherent_dma): map everything anew. May sleep. */
void mem_remap_all(struct vm *vm);

#endif /* TAXCUT_MEM_MEMSLOT_H */
