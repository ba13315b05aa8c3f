/* SPDX-License-Identifier: GPL-2.0-only */
/* Where kernels differ (built for are 6.1 and 6.12): the only place with version checks. */
#ifndef TAXCUT_BASE_COMPAT_H
#define TAXCUT_BASE_COMPAT_H

#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/interrupt.h>
#include <linux/version.h>
#include <asm/apic.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define hv_hrtimer_setup(timer, fn, clock, mode) hrtimer_setup(timer, fn, clock, mode)
#else
#define hv_hrtimer_setup(timer, fn, clock, mode)                                                   \
	do {                                                                                       \
		hrtimer_init(timer, clock, mode);                                                  \
		(timer)->function = fn;                                                            \
	} while (0)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define hv_eventfd_signal(ctx) eventfd_signal(ctx)
#else
#define hv_eventfd_signal(ctx) ((void)eventfd_signal(ctx, 1))
#endif

/* Which files are VFIO's; since 6.6 those of devices, too. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define hv_vfio_file_is_valid vfio_file_is_valid
#else
#define hv_vfio_file_is_valid vfio_file_is_group
#endif

/* XFER_TO_GUEST_MODE_WORK */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#include <linux/entry-virt.h>
#else
#include <linux/entry-kvm.h>
#endif

/*
 * Linux wants to run another task here. With lazy preemption (6.13 and newer) that may wait until the thread goes to
 * user space: need_resched() does not tell of it, and cond_resched() does nothing.
 */
#include <linux/sched.h>
#ifdef _TIF_NEED_RESCHED_LAZY
#define HV_TIF_RESCHED (_TIF_NEED_RESCHED | _TIF_NEED_RESCHED_LAZY)
#else
#define HV_TIF_RESCHED _TIF_NEED_RESCHED
#endif
#define hv_resched_wanted() (read_thread_flags() & HV_TIF_RESCHED)

/*
 * A cgroup partition has taken the CPU out of the host's scheduling domains. Kernels since 7.0 tell of it as of
 * isolcpus= (HK_TYPE_DOMAIN); those before 6.8 tell no module.
 */
#ifdef HV_HAVE_CPUSET_CPU_IS_ISOLATED
#include <linux/cpuset.h>
#define hv_cpu_in_isolated_partition(cpu) cpuset_cpu_is_isolated(cpu)
#else
#define hv_cpu_in_isolated_partition(cpu) false
#endif

/* From 6.16 on kernel_fpu_begin() also holds softirqs off: a pending one must get us out of the run loop. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define hv_softirq_waits() local_softirq_pending()
#else
#define hv_softirq_waits() false
#endif

/* Callbacks around suspend to RAM; newer kernels hand them a data pointer. */
#include <linux/syscore_ops.h>
#ifdef HV_HAVE_STRUCT_SYSCORE
#define HV_SYSCORE(suspend_fn, resume_fn)                                                          \
	static int hv_syscore_suspend(void *unused)                                                \
	{                                                                                          \
		return suspend_fn();                                                               \
	}                                                                                          \
	static void hv_syscore_resume(void *unused)                                                \
	{                                                                                          \
		resume_fn();                                                                       \
	}                                                                                          \
	static const struct syscore_ops hv_syscore_ops = { .suspend = hv_syscore_suspend,          \
							   .resume = hv_syscore_resume };          \
	static struct syscore hv_syscore = { .ops = &hv_syscore_ops }
#define hv_register_syscore() register_syscore(&hv_syscore)
#define hv_unregister_syscore() unregister_syscore(&hv_syscore)
#else
#define HV_SYSCORE(suspend_fn, resume_fn)                                                          \
	static struct syscore_ops hv_syscore = { .suspend = suspend_fn, .resume = resume_fn }
#define hv_register_syscore() register_syscore_ops(&hv_syscore)
#define hv_unregister_syscore() unregister_syscore_ops(&hv_syscore)
#endif

/* The shared run area names the field for kernel code apart, to make the reader think: it changes at any time. */
#ifdef HV_HAVE_IMMEDIATE_EXIT_UNSAFE
#define hv_immediate_exit(run) READ_ONCE((run)->immediate_exit__unsafe)
#else
#define hv_immediate_exit(run) READ_ONCE((run)->immediate_exit)
#endif

/* KVM_EXIT_HYPERCALL says with which width the guest called (6.4 gave the field a second name). */
#ifdef KVM_EXIT_HYPERCALL_LONG_MODE
#define hv_hypercall_set_long_mode(run, on) ((run)->hypercall.flags = (on) ? KVM_EXIT_HYPERCALL_LONG_MODE : 0)
#else
#define hv_hypercall_set_long_mode(run, on) ((run)->hypercall.longmode = (on))
#endif

/* Parts of the KVM ABI that are younger than the oldest kernel's headers; clients bring their own. */
#include <linux/kvm.h>
#ifndef KVM_SET_USER_MEMORY_REGION2
#define KVM_CAP_USER_MEMORY2 231
#define KVM_SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)
struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};
#endif
#ifndef KVM_PRE_FAULT_MEMORY
#define KVM_CAP_PRE_FAULT_MEMORY 236
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)
struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#endif
#ifndef KVM_CAP_VM_TYPES
#define KVM_CAP_VM_TYPES 235
#define KVM_X86_DEFAULT_VM 0
#endif
#ifndef KVM_CAP_X86_APIC_BUS_CYCLES_NS
#define KVM_CAP_X86_APIC_BUS_CYCLES_NS 237
#endif
/* User space can ask for it only with a header that has it (6.17 and newer). */
#ifdef KVM_X86_DISABLE_EXITS_APERFMPERF
#define HV_DISABLE_EXITS_APERFMPERF KVM_X86_DISABLE_EXITS_APERFMPERF
#else
#define HV_DISABLE_EXITS_APERFMPERF 0
#endif

/* Posted interrupts: KVM's notification vector, which the kernel has a handler for when it is built with KVM. */
#include <asm/cpufeature.h>
#include <asm/irq_vectors.h>
#ifdef POSTED_INTR_VECTOR
#define HV_POSTED_VECTOR POSTED_INTR_VECTOR
#else
#define HV_POSTED_VECTOR 0
#endif

/* The kernel takes interrupts and exceptions through FRED, not through the IDT. */
#ifdef X86_FEATURE_FRED
#define hv_host_has_fred() cpu_feature_enabled(X86_FEATURE_FRED)
#else
#define hv_host_has_fred() false
#endif

/* The guest's user mode has trained branch predictors of this CPU: the kernel flushes them on the way to ours, where it must (VMSCAPE). */
#include <asm/nospec-branch.h>
#ifdef X86_FEATURE_IBPB_EXIT_TO_USER
#define hv_note_guest_ran()                                                                        \
	do {                                                                                       \
		if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))                            \
			this_cpu_write(x86_ibpb_exit_to_user, true);                               \
	} while (0)
#else
#define hv_note_guest_ran() ((void)0)
#endif

/*
 * On CPUs with MMIO Stale Data and no other leak of that kind, buffers must be
 * cleared before the entry of guests that reach a device's registers only.
 */
#ifdef X86_FEATURE_CLEAR_CPU_BUF_VM_MMIO
#define hv_mmio_leaves_stale_data() false /* compat_asm.h clears them at each entry */
#elif defined(HV_MMIO_KEY)
#define hv_mmio_leaves_stale_data() static_branch_unlikely(&HV_MMIO_KEY)
#else
#define hv_mmio_leaves_stale_data() false
#endif
#ifdef HV_HAVE_X86_CLEAR_CPU_BUFFERS
#define hv_clear_cpu_buffers() x86_clear_cpu_buffers()
#else
#define hv_clear_cpu_buffers() mds_clear_cpu_buffers()
#endif

/* Names of faults and features that stable kernels take back, so that no version number tells; host_mitigations.c. */
#ifdef X86_BUG_DIV0
#define HV_KNOWS_DIV0 true
#define hv_clear_divider()                                                                         \
	do {                                                                                       \
		if (static_cpu_has_bug(X86_BUG_DIV0))                                              \
			amd_clear_divider();                                                       \
	} while (0)
#else
#define HV_KNOWS_DIV0 false
#define hv_clear_divider() ((void)0)
#endif
#ifdef X86_BUG_SRSO
#define HV_KNOWS_SRSO true
#else
#define HV_KNOWS_SRSO false
#endif
#ifdef X86_BUG_GDS
#define HV_KNOWS_GDS true
#else
#define HV_KNOWS_GDS false
#endif
#ifdef X86_BUG_RFDS
#define HV_KNOWS_RFDS true
#else
#define HV_KNOWS_RFDS false
#endif
#ifdef X86_BUG_BHI
#define HV_KNOWS_BHI true
#else
#define HV_KNOWS_BHI false
#endif
#ifdef X86_BUG_ITS
#define HV_KNOWS_ITS true
#else
#define HV_KNOWS_ITS false
#endif
#ifdef X86_BUG_TSA
#define HV_KNOWS_TSA true
#else
#define HV_KNOWS_TSA false
#endif
#ifdef X86_BUG_VMSCAPE
#define HV_KNOWS_VMSCAPE true
#else
#define HV_KNOWS_VMSCAPE false
#endif

/* The feature bit stays set only where the kernel has chosen this against SRSO. */
#ifdef X86_FEATURE_SRSO_BP_SPEC_REDUCE
#define hv_bp_spec_reduce_choice() (boot_cpu_has(X86_FEATURE_SRSO_BP_SPEC_REDUCE) ? KERNEL_ON : KERNEL_OFF)
#else
#define hv_bp_spec_reduce_choice() KERNEL_UNKNOWN
#endif
#ifndef MSR_ZEN4_BP_CFG
#define MSR_ZEN4_BP_CFG 0xc001102e
#endif
#ifndef MSR_ZEN4_BP_CFG_BP_SPEC_REDUCE_BIT
#define MSR_ZEN4_BP_CFG_BP_SPEC_REDUCE_BIT 4
#endif

/* The host's choice to flush predictors where tasks change; 6.15 and newer keep it to themselves. */
#ifdef X86_FEATURE_USE_IBPB
#define hv_host_switches_with_ibpb() boot_cpu_has(X86_FEATURE_USE_IBPB)
#else
#define hv_host_switches_with_ibpb() (boot_cpu_has(X86_FEATURE_IBPB) && !cpu_mitigations_off())
#endif
#ifdef X86_FEATURE_IBPB_ON_VMEXIT
#define hv_ibpb_on_exit() boot_cpu_has(X86_FEATURE_IBPB_ON_VMEXIT)
#else
#define hv_ibpb_on_exit() false
#endif

/* Interrupts note for KVM on Intel that they have used the L1 data cache. Where they do not, they may have. */
#include <asm/hardirq.h>
#if IS_ENABLED(CONFIG_KVM_INTEL)
#define hv_l1d_was_used() kvm_get_cpu_l1tf_flush_l1d()
#define hv_l1d_clean() kvm_clear_cpu_l1tf_flush_l1d()
#else
#define hv_l1d_was_used() true
#define hv_l1d_clean() ((void)0)
#endif

/* A page fault on behalf of a guest ends for any signal, not only for those that kill. */
#include <linux/mm.h>

#include "model/mitigation.h"
#include "model/port.h"
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define HV_FOLL_INTERRUPTIBLE FOLL_INTERRUPTIBLE
#else
#define HV_FOLL_INTERRUPTIBLE 0
#endif

/* What a page table entry of a device's memory says; mmap_lock held. 0, or -errno where there is none. */
static inline int hv_follow_pfn(struct vm_area_struct *vma, unsigned long addr, unsigned long *pfn, bool *writable,
				pgprot_t *prot)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	int r = follow_pfnmap_start(&args);

	if (r)
		return r;
	*pfn = args.pfn;
	*writable = args.writable;
	*prot = args.pgprot;
	follow_pfnmap_end(&args);
#else
	spinlock_t *lock;
	pte_t *pte;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	int r = follow_pte(vma, addr, &pte, &lock);
#else
	int r = follow_pte(vma->vm_mm, addr, &pte, &lock);
#endif

	if (r)
		return r;
	*pfn = pte_pfn(*pte);
	*writable = pte_write(*pte);
	*prot = pte_pgprot(*pte);
	pte_unmap_unlock(pte, lock);
#endif
	return 0;
}

/* Any context, preemption off or the CPU's number stable. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define hv_send_ipi(cpu, vector) __apic_send_IPI_mask(cpumask_of(cpu), vector)
#else
#define hv_send_ipi(cpu, vector) apic->send_IPI_mask(cpumask_of(cpu), vector)
#endif

#endif /* TAXCUT_BASE_COMPAT_H */
