/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data structures of the hypervisor and the rules for touching them.
 *
 * struct vm    one virtual machine; lives until its last file reference goes.
 * struct vcpu  one virtual CPU; its own thread runs it under vcpu->mutex.
 *
 * Who may touch what
 *   - Everything in struct vcpu belongs to the holder of vcpu->mutex: the
 *     thread in KVM_RUN, or another vCPU ioctl. Exceptions, open to any
 *     thread: vcpu->requests (atomic bits), vcpu->mode and vcpu->cpu (read
 *     only), the IRR/TMR and pending flags of the LAPIC (atomic), wait.
 *   - vm->lock (mutex) serialises the VM's configuration: vCPU creation,
 *     irqchip creation, capabilities, ioeventfds, the destination map.
 *   - Memory slots change, and memory is taken away, only with vm->mem_sem
 *     held for writing. A vCPU inside vcpu_thread_run() holds it for reading
 *     the whole time, so guest memory never goes under a running vCPU; see
 *     mem/memslot.c for how a writer gets them out, and for what its holders must
 *     not do.
 *   - Exit handlers run with interrupts on and preemption OFF (the guest's
 *     FPU state is in the CPU): they must not sleep, so no mutex, no user
 *     memory. What has to sleep leaves the loop first, or pauses the vCPU
 *     (vcpu_pause(); gpa_ptr() does where a page is missing).
 *   Lock order: vcpu->mutex, vm->lock, vm->mem_sem, vm->irq_lock (spin).
 *
 * How to get a vCPU's attention (run/run.c, "kicking"): set a request bit, then
 * vcpu_kick(). The vCPU publishes mode = VCPU_IN_GUEST before its last look
 * at the requests, so either it sees the bit, or the kicker sees the mode.
 */
#ifndef TAXCUT_BASE_VCPU_H
#define TAXCUT_BASE_VCPU_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/kvm.h>
#include <linux/kvm_para.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/sched.h>
#include <linux/signal_types.h>
#include <linux/types.h>

#include "exit.h"
#include "stats.h"
#include "vm.h"
#include "x86.h"

struct vlapic; /* irq/vlapic.h: a vCPU's local APIC, with its timer */
struct emul; /* run/emulate.c: MMIO and string I/O in flight */
struct svm_vcpu;
struct vcpu_runner; /* base/runner.h */
struct core; /* core/core.h: the CPU that this vCPU owns */
struct vcpu_msrs; /* cpu/msr.h */
struct vcpu_pv; /* cpu/pv.h */
struct vmx_vcpu;

/* Bits of vcpu->requests, in the order they are served. */
enum vcpu_request {
	REQ_VM_DEAD, /* leave KVM_RUN with -EIO */
	REQ_TRIPLE_FAULT, /* leave with KVM_EXIT_SHUTDOWN */
	REQ_MEMORY_ERROR, /* leave with vcpu->mem_error */
	REQ_DEBUG_STEP, /* leave with KVM_EXIT_DEBUG: the debugger's step over an emulated instruction */
	REQ_TIMER, /* the LAPIC timer expired */
	REQ_TSC_CHANGED, /* the guest's TSC means another host time: set the LAPIC timer anew */
	REQ_CLOCK, /* kvmclock must be written anew */
	REQ_STEAL, /* steal time must be written */
	REQ_TLB_FLUSH, /* flush this vCPU's guest TLB tags */
	REQ_INTERCEPTS, /* what the guest may do without an exit has changed */
	REQ_NMI, /* apic/irq delivered an NMI: see vcpu->nmi_queued */
	REQ_INIT_SIPI, /* INIT or SIPI pending in the LAPIC */
	REQ_EVENT, /* something may be injectable: look again */
	REQ_IOAPIC_EOI, /* leave with KVM_EXIT_IOAPIC_EOI (split irqchip) */
};

/* KVM_SET_GUEST_DEBUG */
#define VCPU_GUESTDBG_FLAGS                                                                        \
	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP |                  \
	 KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP | KVM_GUESTDBG_BLOCKIRQ)

/* One in service, one latched behind it (SDM vol. 3, "Handling Multiple NMIs"). */
#define VCPU_MAX_NMIS 2

enum vcpu_mode { VCPU_OUTSIDE, VCPU_IN_GUEST, VCPU_LEAVING };

/*
 * Events on their way into the guest. "injected" means that the backend has
 * been told and the CPU has not yet finished delivering it; after an exit that
 * interrupted the delivery the backend sets it again (APM vol. 2, 15.20).
 */
struct vcpu_events {
	struct {
		bool pending, injected, has_error, has_payload;
		u8 vector;
		u32 error;
		u64 payload;
	} exc;
	struct {
		bool injected, soft;
		u8 vector;
	} irq;
	bool in_flight; /* one of the "injected" is set */
	bool nmi_injected;
	bool nmi_masked; /* between NMI delivery and IRET */
	u8 nmi_pending; /* 0..2 */
	bool user_irq_pending; /* KVM_INTERRUPT, for a PIC in user space */
	u8 user_irq;
};

/* What a user-space exit has to finish when KVM_RUN comes back. */
enum vcpu_completion { COMPLETE_NONE, COMPLETE_PIO_IN, COMPLETE_EMULATION, COMPLETE_MSR_READ, COMPLETE_MSR_WRITE,
		       COMPLETE_HYPERCALL };

/* Where code was found last, and the page-table entries on the way there (run/insn_skip.c). */
#define FETCH_CACHE_ENTRIES 4

struct fetch_cache {
	u64 lin, cr3; /* of a page, in 4-level paging */
	u64 generation; /* vm->mem_generation */
	u8 *page; /* NULL: nothing is remembered */
	unsigned int n;
	u64 *at[4], pte[4];
};

struct vcpu {
	struct vm *vm;
	const struct vcpu_runner *runner;
	struct core *core; /* NULL: its thread runs it. Changes only while the vCPU is outside of vcpu_thread_run() */
	u32 id; /* as user space named it; also the initial APIC ID */
	u32 index; /* position in vm->vcpus */

	/* Hot: touched on every entry and exit. */
	unsigned long requests;
	int mode; /* enum vcpu_mode */
	int cpu; /* physical CPU while loaded, else the last one, -1 at first */
	cpumask_var_t caches; /* CPUs it has run on since its last WBINVD */
	bool loaded; /* guest state is in the CPU */
	bool l1d_used; /* the emulator may have brought the host's data into the L1 cache */
	bool may_have_shadow; /* the backend's word: clear, there is no interrupt shadow to end */
	u64 regs[NR_GPRS];
	u64 rip, rflags;
	union { /* the backend's own */
		void *backend;
		struct svm_vcpu *svm;
		struct vmx_vcpu *vmx;
	};
	struct vlapic *vlapic; /* NULL when the VM has no in-kernel LAPIC */
	struct vcpu_events ev;
	struct hv_exit exit;
	struct vcpu_stats stats;

	struct mutex mutex;
	struct kvm_run *run; /* shared with user space: read once, check, use */
	void *pio_data; /* second page of the run area */
	u32 mp_state; /* KVM_MP_STATE_* */
	atomic_t nmi_queued; /* NMIs other threads have sent */
	struct rcuwait wait;
	struct task_struct __rcu *thread; /* the one in KVM_RUN; for pv_yield() of other vCPUs */
	unsigned int halt_poll_ns; /* the adaptive window, see model/halt_poll.h */

	enum vcpu_completion completion;
	struct emul *emul;
	struct fetch_cache fetch_cache[FETCH_CACHE_ENTRIES];
	u64 io_next_rip; /* COMPLETE_PIO_IN, COMPLETE_MSR_*: where the instruction ends */
	u8 io_size;
	int mem_error; /* -errno: the owner lacks memory that the hypervisor wanted for the guest */
	bool reset_after_shutdown; /* the backend's state is undefined: reset before anything else */
	u8 cr8; /* the guest's CR8 at the last exit, filled by the backend */
	u8 apic_cr8; /* what the LAPIC's TPR was told */
	u64 exit_tsc; /* host TSC at the last exit */
	bool sigmask_active;
	sigset_t sigmask; /* KVM_SET_SIGNAL_MASK */
	bool has_run;

	/* CPUID as user space set it, plus what the hot paths need of it. */
	struct kvm_cpuid_entry2 *cpuid;
	u32 ncpuid;
	u32 pv_features; /* CPUID 0x40000001 EAX */
	u8 maxphyaddr;
	u64 efer_reserved; /* EFER bits this guest does not have */
	u64 cr4_reserved;
	u64 xcr0_supported;

	struct vcpu_msrs *msrs; /* msr.c */
	struct vcpu_pv *pv; /* pv.c */

	/* Extended state; live in the CPU while the vCPU is loaded. */
	void *xstate; /* XSAVE area, standard format, 64-byte aligned */
	u64 xcr0;
	u64 host_xcr0; /* while loaded */
	u32 host_pkru;
	u64 dr[4], dr6, dr7;
	u32 guest_debug; /* KVM_GUESTDBG_* */
	u64 debug_dr7, debug_dr[4];
	bool dr_wanted, dr_loaded, dr_stale; /* debug_regs.h: DR0-DR3 must be in the CPU, are there, are old */

	u64 tsc_offset; /* guest TSC = scaled host TSC + offset */
	u64 tsc_ratio; /* hardware fixed point; the default ratio when not scaled */
	u32 tsc_khz;

	char stats_name[48];
};

static inline bool vcpu_has_request(const struct vcpu *v)
{
	return READ_ONCE(v->requests);
}

static inline bool vcpu_test_and_clear_request(struct vcpu *v, enum vcpu_request r)
{
	return test_bit(r, &v->requests) && test_and_clear_bit(r, &v->requests);
}

/* Any thread. Follow with vcpu_kick() unless this is the vCPU's own thread. */
static inline void vcpu_request(struct vcpu *v, enum vcpu_request r)
{
	set_bit(r, &v->requests);
}

#endif /* TAXCUT_BASE_VCPU_H */
