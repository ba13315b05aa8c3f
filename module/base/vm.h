/* SPDX-License-Identifier: GPL-2.0-only */
/* One virtual machine. base/vcpu.h has the rules for touching it. */
#ifndef TAXCUT_BASE_VM_H
#define TAXCUT_BASE_VM_H

#include <linux/atomic.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "stats.h"

#define HV_MAX_VCPUS 1024
#define HV_MAX_SLOTS 512
#define HV_MAX_VCPU_ID 4096 /* ids, which are APIC IDs, are below this */
/* A guest cannot have more than 5000 periodic timer interrupts per second: KVM's min_timer_period_us. */
#define HV_MIN_PERIOD_NS 200000
#define HV_MAX_CPUID 256

struct irqchip; /* irq/irqchip.h: a VM's interrupt controllers, routes, irqfds, ioeventfds */
struct mem; /* mem/memslot.h: a VM's slots and second-level page table */
struct msr_filter; /* cpu/msr_filter.c */
struct vcpu;
struct vfio_dev; /* uapi/vfio.c: the VM's VFIO device */
struct vm_clock; /* base/clock.c */

struct vm {
	struct mutex lock;
	refcount_t refs;
	struct mm_struct *mm; /* the creator's; ioctls from another one get -EIO */
	pid_t owner_pid; /* the creator's process: names the VM in traces */
	struct mem *mem;
	struct rw_semaphore mem_sem;
	u64 mem_generation; /* counts changes of the slots; mem_sem */
	atomic_t mem_writers; /* not 0: no vCPU enters; see mem/memslot.c */
	bool mem_held_up; /* a vCPU left the guest for a writer; cleared by the writer */
	u64 mem_locked_ns; /* mem_sem, writing */
	u64 mem_turn_until_ns; /* the next writer waits until then */
	struct vcpu *vcpus[HV_MAX_VCPUS];
	int nr_vcpus; /* published with release after vcpus[] is filled */
	DECLARE_BITMAP(vcpu_ids, HV_MAX_VCPU_ID); /* those that are taken; vm->lock */
	struct irqchip *irq;
	u64 tdp_root_pa; /* second-level page table, constant for the VM's life */
	bool dead;

	/* Capabilities, fixed before the first vCPU. */
	u64 disabled_exits; /* KVM_X86_DISABLE_EXITS_* */
	bool split_irqchip, full_irqchip;
	bool x2apic_32bit_ids;
	bool exception_payload, triple_fault_event;
	bool fail_unknown_emulation; /* KVM_CAP_EXIT_ON_EMULATION_FAILURE */
	u64 disabled_quirks;
	u32 user_msr_mask; /* KVM_CAP_X86_USER_SPACE_MSR */
	u64 hypercall_exits; /* KVM_CAP_EXIT_HYPERCALL */
	u32 max_halt_poll_ns;
	bool halt_poll_override;
	u32 bsp_id;
	u32 max_vcpu_id;
	bool max_vcpu_id_set;
	u32 apic_bus_cycle_ns;
	u64 identity_map, tss_addr;

	struct vm_clock *clock; /* pv.c: the paravirtual clock */
	struct msr_filter __rcu *msr_filter;
	struct vfio_dev *vfio; /* vfio.c; vm->lock */
	atomic_t noncoherent_dma; /* not 0: devices pass the caches by; memory types and WBINVD of the guest count */
	bool host_mmio; /* the guest may reach registers of host devices; once set, it stays */
	u32 default_tsc_khz;
	struct vm_stats stats;
	char stats_name[48];
	struct list_head link; /* uapi/module.c: all VMs, for suspend and stats */
};

/* A device whose accesses pass the caches by uses the guest's memory: the guest's memory types count. */
static inline bool vm_honors_guest_pat(const struct vm *vm)
{
	return atomic_read(&vm->noncoherent_dma);
}

#endif /* TAXCUT_BASE_VM_H */
