/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: slots, pinned pages, and access to them.
 *
 * All guest memory is pinned and has a kernel address (the direct map), so
 * access never sleeps. Every gpa_* function wants vm->mem_sem held (read is
 * enough): the run loop always holds it, ioctls take it.
 */
#ifndef TAXCUT_MEMORY_H
#define TAXCUT_MEMORY_H

#include <linux/kvm.h>
#include <linux/types.h>

struct vm;

int mem_create(struct vm *vm);
/* Before the vCPUs go: changes of the client's memory are not followed any more. */
void mem_stop(struct vm *vm);
void mem_destroy(struct vm *vm);
int mem_set_region(struct vm *vm, const struct kvm_userspace_memory_region *region);
int mem_get_dirty_log(struct vm *vm, const struct kvm_dirty_log *log);

/* Copy len bytes from/to guest memory; may cross pages and slots. -EFAULT where nothing is mapped (or it is read-only). */
int gpa_read(struct vm *vm, u64 gpa, void *buf, unsigned int len);
int gpa_write(struct vm *vm, u64 gpa, const void *buf, unsigned int len);

/* Kernel address of guest memory that lies within one page; NULL when not mapped, crossing, or not writable while write. */
void *gpa_ptr(struct vm *vm, u64 gpa, unsigned int len, bool write);

/* Get every vCPU out of the guest, then hold vm->mem_sem for writing. */
void mem_write_lock(struct vm *vm);
void mem_write_unlock(struct vm *vm);

/* The client has remapped memory of a slot: no vCPU enters before mem_resync(). */
bool mem_is_stale(struct vm *vm);
int mem_resync(struct vm *vm);

#endif /* TAXCUT_MEMORY_H */
