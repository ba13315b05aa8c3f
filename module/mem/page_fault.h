/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is not mapped: finding it, mapping it. */
#ifndef TAXCUT_MEM_PAGE_FAULT_H
#define TAXCUT_MEM_PAGE_FAULT_H

#include <linux/kvm.h>
#include <linux/types.h>

struct kvm_pre_fault_memory;
struct vcpu;
struct vm;

/*
 * The guest's access to gpa in a slot faulted: have the page there, and mapped.
 * The vCPU's thread, not loaded. 0; -EINTR: a signal; -EFAULT: the owner has no
 * memory there, or may not access it so; -ENOMEM: also over the memlock limit.
 */
int mem_fault(struct vcpu *v, u64 gpa, bool write);
/* The same for the hypervisor's own access, without mapping; only a fatal signal ends it. -ENOENT: no slot. */
int mem_page_in(struct vm *vm, u64 gpa, bool write);
/* Make memory of [gpa, gpa + npages pages) present as far as that works without user space, and map it. -ENOMEM, -EINTR. */
int mem_populate(struct vm *vm, u64 gpa, u64 npages);
/* KVM_PRE_FAULT_MEMORY: fills range->gpa and size with what is left. */
int mem_pre_fault(struct vm *vm, struct kvm_pre_fault_memory *range);
/* Map what is there of [gpa, end). changed: something was mapped, or got more rights. -ENOENT (no slot), -ENOMEM. */
int mem_map_range(struct vm *vm, u64 gpa, u64 end, bool *changed);

#endif /* TAXCUT_MEM_PAGE_FAULT_H */
