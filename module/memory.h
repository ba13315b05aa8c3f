/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: slots, and access to them.
 *
 * The rule: what the guest sees is what the owner has, or the guest stops with
 * EFAULT, and every write is logged (memory.c says how).
 */
#ifndef TAXCUT_MEMORY_H
#define TAXCUT_MEMORY_H

#include <linux/kvm.h>
#include <linux/types.h>

struct kvm_pre_fault_memory;
struct vcpu;
struct vm;

int mem_create(struct vm *vm);
/* Before the vCPUs go: all host memory is let go, and changes of the owner's mapping are not followed any more. */
void mem_stop(struct vm *vm);
void mem_destroy(struct vm *vm);
int mem_set_region(struct vm *vm, const struct kvm_userspace_memory_region *region);
int mem_get_dirty_log(struct vm *vm, const struct kvm_dirty_log *log);
/* What a leaf of the second-level table depends on has changed (vm->noncoherent_dma): map everything anew. May sleep. */
void mem_remap_all(struct vm *vm);

/* mem_fault.c. A slot covers gpa, and such an access goes to its memory (not: a write to a read-only slot). */
bool mem_is_ram(struct vm *vm, u64 gpa, bool write);
/*
 * The guest's access to gpa in a slot faulted: have the page there, and mapped.
 * The vCPU's thread, not loaded. 0; -EINTR: a signal; -EFAULT: the owner has no
 * memory there, or may not access it so; -ENOMEM: also over the memlock limit.
 */
int mem_fault(struct vcpu *v, u64 gpa, bool write);
/* The same for the hypervisor's own access, without mapping; only a fatal signal ends it. -ENOENT: no slot. */
int mem_page_in(struct vm *vm, u64 gpa, bool write);
/* Make memory of [gpa, gpa + npages pages) present as far as that takes nobody's help, and map it. -ENOMEM, -EINTR. */
int mem_populate(struct vm *vm, u64 gpa, u64 npages);
/* KVM_PRE_FAULT_MEMORY: fills range->gpa and size with what is left. */
int mem_pre_fault(struct vm *vm, struct kvm_pre_fault_memory *range);

/*
 * gpa.c: access. vm->mem_sem is held for reading: the run loop always holds
 * it, ioctls take it.
 *
 * gpa_ptr(): the kernel's address of guest memory that lies within one page;
 * NULL where there is none, or none that may be written (write). A page that is
 * absent is fetched: that pauses the vCPU (vcpu_pause()), sleeps and drops
 * vm->mem_sem for the time, so a pointer from an earlier call is good no more.
 * The vCPU's thread, interrupts on. If the owner lacks the page, the result is
 * NULL, and a loaded vCPU leaves KVM_RUN with an error before it enters again.
 */
void *gpa_ptr(struct vcpu *v, u64 gpa, unsigned int len, bool write);
/* The same where sleeping is impossible: NULL also for a page that is absent. */
void *gpa_ptr_present(struct vm *vm, u64 gpa, unsigned int len, bool write);
/* Copy len bytes from or to guest memory; may cross pages and slots. -EFAULT where gpa_ptr() would be NULL. */
int gpa_read(struct vcpu *v, u64 gpa, void *buf, unsigned int len);
int gpa_write(struct vcpu *v, u64 gpa, const void *buf, unsigned int len);
/* What could not be fetched does not matter after all. */
void gpa_forget_error(struct vcpu *v);

/* Get every vCPU out of the guest, then hold vm->mem_sem for writing. Nobody who holds it may wait for memory. */
void mem_write_lock(struct vm *vm);
void mem_write_unlock(struct vm *vm);

#endif /* TAXCUT_MEMORY_H */
