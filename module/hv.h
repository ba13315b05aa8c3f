/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data structures of the hypervisor and the rules for touching them.
 *
 * struct vm    one virtual machine; lives until its last file reference goes.
 * struct vcpu  one virtual CPU; its own thread runs it under vcpu->mutex.
 *
 * Who may touch what
 *   - Everything in struct vcpu belongs to whoever holds vcpu->mutex: the
 *     thread in KVM_RUN, or another vCPU ioctl. Exceptions, open to any
 *     thread: vcpu->requests (atomic bits), vcpu->mode and vcpu->cpu (read
 *     only), the IRR/TMR and pending flags of the LAPIC (atomic), wait.
 *   - vm->lock (mutex) serialises the VM's configuration: vCPU creation,
 *     irqchip creation, capabilities, ioeventfds, the destination map.
 *   - Memory slots change, and memory is taken away, only with vm->mem_sem
 *     held for writing. A vCPU inside vcpu_thread_run() holds it for reading
 *     the whole time, so guest memory never goes under a running vCPU; see
 *     memory.c for how a writer gets them out, and for what its holders must
 *     not do.
 *   - Exit handlers run with interrupts on and preemption OFF (the guest's
 *     FPU state is in the CPU): they must not sleep, so no mutex, no user
 *     memory. What has to sleep leaves the loop first, or pauses the vCPU
 *     (vcpu_pause(); gpa_ptr() does where a page is missing).
 *   Lock order: vcpu->mutex, vm->lock, vm->mem_sem, vm->irq_lock (spin).
 *
 * How to get a vCPU's attention (vcpu.c, "kicking"): set a request bit, then
 * vcpu_kick(). The vCPU publishes mode = VCPU_IN_GUEST before its last look
 * at the requests, so either it sees the bit, or the kicker sees the mode.
 */
#ifndef TAXCUT_HV_H
#define TAXCUT_HV_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/kvm.h>
#include <linux/kvm_para.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/signal_types.h>
#include <linux/static_call.h>
#include <linux/types.h>
#include <asm/processor-flags.h>

#include "stats.h"

#define HV_MAX_VCPUS 1024
#define HV_MAX_SLOTS 512
#define HV_MAX_VCPU_ID 4096 /* ids, which are APIC IDs, are below this */
#define HV_MAX_CPUID 256

struct apic; /* apic.h: a vCPU's local APIC, with its timer */
struct lapic_posted; /* pure/lapic.h */
struct irqchip; /* irq.h: a VM's interrupt controllers, routes, irqfds, ioeventfds */
struct mem; /* memory.h: a VM's slots and second-level page table */
struct svm_vcpu;
struct vcpu;
struct vfio_dev; /* vfio.c: the VM's VFIO device */
struct vm;
struct vmx_vcpu;

#define DR_GENERAL_DETECT_ENABLE BIT_ULL(13) /* DR7.GD: accesses to debug registers trap */

enum vcpu_reg {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	NR_REGS,
};

/* Bits of vcpu->requests, in the order they are served. */
enum vcpu_request {
	REQ_VM_DEAD, /* leave KVM_RUN with -EIO */
	REQ_TRIPLE_FAULT, /* leave with KVM_EXIT_SHUTDOWN */
	REQ_MEMORY_ERROR, /* leave with vcpu->mem_error */
	REQ_DEBUG_STEP, /* leave with KVM_EXIT_DEBUG: the debugger's step over an emulated instruction */
	REQ_TIMER, /* the LAPIC timer expired */
	REQ_CLOCK, /* kvmclock must be written anew */
	REQ_STEAL, /* steal time must be written */
	REQ_TLB_FLUSH, /* flush this vCPU's guest TLB tags */
	REQ_INTERCEPTS, /* what the guest may do without an exit has changed */
	REQ_NMI, /* apic/irq delivered an NMI: see vcpu->nmi_queued */
	REQ_INIT_SIPI, /* INIT or SIPI pending in the LAPIC */
	REQ_EVENT, /* something may be injectable: look again */
	REQ_IOAPIC_EOI, /* leave with KVM_EXIT_IOAPIC_EOI (split irqchip) */
};

enum vcpu_mode { VCPU_OUTSIDE, VCPU_IN_GUEST, VCPU_LEAVING };

/* Why the guest stopped, in words that fit every vendor. */
enum hv_exit_reason {
	HV_EXIT_NONE, /* handled inside the backend: go on */
	HV_EXIT_INTR,
	HV_EXIT_NMI,
	HV_EXIT_CPUID,
	HV_EXIT_MSR,
	HV_EXIT_IO,
	HV_EXIT_MEMORY, /* second-level fault: MMIO or a protection fault */
	HV_EXIT_HLT,
	HV_EXIT_HYPERCALL,
	HV_EXIT_IRQ_WINDOW,
	HV_EXIT_NMI_WINDOW,
	HV_EXIT_CR, /* the backend's to finish: hv->exit_cr() */
	HV_EXIT_CR8,
	HV_EXIT_DR,
	HV_EXIT_XSETBV,
	HV_EXIT_WBINVD,
	HV_EXIT_INVD,
	HV_EXIT_MONITOR,
	HV_EXIT_MWAIT,
	HV_EXIT_PAUSE,
	HV_EXIT_RDPMC,
	HV_EXIT_TASK_SWITCH,
	HV_EXIT_EOI, /* the CPU has ended an interrupt that is watched */
	HV_EXIT_UNDEFINED, /* an instruction this guest does not have: #UD */
	HV_EXIT_EXCEPTION,
	HV_EXIT_SHUTDOWN,
	HV_EXIT_FAILED_ENTRY,
	HV_EXIT_UNKNOWN,
	NR_HV_EXITS,
};

/* What makes a task switch, numbered as in VMX's exit qualification; a gate is one of the IDT's. */
enum task_source { TASK_CALL, TASK_IRET, TASK_JMP, TASK_GATE };

struct hv_exit {
	enum hv_exit_reason reason;
	u8 insn_len; /* length of the intercepted instruction, 0 when the CPU does not say */
	union {
		struct {
			bool write;
		} msr;
		struct {
			u16 port;
			u8 size; /* 1, 2, 4 */
			bool in, string;
			u64 next_rip;
		} io;
		struct {
			u64 gpa;
			bool write, fetch, present, in_guest_walk;
		} mem;
		struct {
			u8 vector;
			bool has_error;
			u32 error;
			u64 qualification; /* #DB: bits of DR6; #PF: CR2 */
		} exc;
		struct {
			u16 selector; /* of the new task; insn_len is 0 unless an instruction has asked for it */
			u8 source; /* enum task_source */
			bool has_error;
			u32 error;
		} task;
		u8 ended; /* EOI: the vector */
		u64 hw_code; /* FAILED_ENTRY, UNKNOWN: the vendor's own number */
	};
};

/* One segment register, in the CPU's cached form (attr as in struct insn_segment). */
struct hv_segment {
	u64 base;
	u32 limit;
	u16 sel;
	u16 attr;
};

enum hv_seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, NR_SEGS };

struct hv_dtable {
	u64 base;
	u16 limit;
};

/* The control and system registers that the backend keeps. */
struct hv_sregs {
	struct hv_segment seg[NR_SEGS];
	struct hv_dtable gdt, idt;
	u64 cr0, cr2, cr3, cr4, efer;
};

/* The paging mode of the guest right now: all that a walk needs. */
struct hv_paging {
	u64 cr0, cr3, cr4, efer, rflags;
	u64 cs_base;
	u16 cs_attr; /* as in struct hv_segment */
	u8 cpl;
};

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

struct emul; /* emul.c: MMIO and string I/O in flight */

/* Where code was found last, and the page-table entries on the way there (skip.c). */
#define CODE_MEMOS 4

struct code_memo {
	u64 lin, cr3; /* of a page, in 4-level paging */
	u64 generation; /* vm->mem_generation */
	u8 *page; /* NULL: nothing is remembered */
	unsigned int n;
	u64 *at[4], pte[4];
};

struct vcpu {
	struct vm *vm;
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
	u64 regs[NR_REGS];
	u64 rip, rflags;
	union { /* the backend's own */
		void *backend;
		struct svm_vcpu *svm;
		struct vmx_vcpu *vmx;
	};
	struct apic *apic; /* NULL when the VM has no in-kernel LAPIC */
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
	unsigned int halt_poll_ns; /* the adaptive window, see pure/halt_poll.h */

	enum vcpu_completion completion;
	struct emul *emul;
	struct code_memo code_memo[CODE_MEMOS];
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

struct vm {
	struct mutex lock;
	refcount_t refs;
	struct mm_struct *mm; /* the creator's; ioctls from another one get -EIO */
	pid_t client; /* the creator's process: names the VM in traces */
	struct mem *mem;
	struct rw_semaphore mem_sem;
	u64 mem_generation; /* counts changes of the slots; mem_sem */
	atomic_t mem_writers; /* not 0: no vCPU enters; see memory.c */
	bool mem_held_up; /* a vCPU left the guest for a writer; cleared by the writer */
	u64 mem_locked_ns; /* mem_sem, writing */
	u64 mem_turn_until_ns; /* the next writer waits until then */
	struct vcpu *vcpus[HV_MAX_VCPUS];
	int nr_vcpus; /* published with release after vcpus[] is filled */
	DECLARE_BITMAP(vcpu_ids, HV_MAX_VCPU_ID); /* those that are taken; vm->lock */
	struct irqchip *irq;
	u64 slpt_root_pa; /* second-level page table, constant for the VM's life */
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
	struct list_head link; /* main.c: all VMs, for suspend and stats */
};

/* What the run loop does after an exit was handled. */
enum run_next {
	RUN_GUEST, /* enter again */
	RUN_BLOCK, /* HLT: wait for an event */
	RUN_AGAIN, /* the outer loop has work: signals, rescheduling, INIT, memory changes */
	RUN_MEMORY, /* vcpu->exit.mem is in a slot and not mapped: mem_fault(), which may sleep; then enter again */
	RUN_SPLIT_LOCK, /* exit_split_lock(), which may sleep; then enter again */
	RUN_USER, /* vcpu->run is filled: return 0 to user space */
	/* negative: -errno to user space */
};

/*
 * A vendor backend. load() and unload() bracket a stay on one physical CPU with
 * preemption off; load() is called with interrupts on, unload() with interrupts
 * off, and run() in between with interrupts off.
 */
struct hv_ops {
	const char *name;
	const char *lacks; /* useful things this CPU does without, comma separated; set by setup() */
	bool (*supported)(const char **why_not);
	int (*setup)(void);
	void (*teardown)(void);
	int (*cpu_enable)(void); /* on that CPU, interrupts off; -EBUSY when someone else uses it */
	void (*cpu_disable)(void);

	int (*vcpu_create)(struct vcpu *vcpu);
	void (*vcpu_destroy)(struct vcpu *vcpu);
	void (*vcpu_reset)(struct vcpu *vcpu);

	void (*load)(struct vcpu *vcpu);
	void (*unload)(struct vcpu *vcpu);
	void (*run)(struct vcpu *vcpu); /* fills vcpu->exit */
	int (*exit_cr)(struct vcpu *vcpu); /* HV_EXIT_CR: finds out what it was, then cr_write(). An enum run_next */

	void (*inject_exception)(struct vcpu *vcpu);
	void (*inject_irq)(struct vcpu *vcpu);
	void (*inject_nmi)(struct vcpu *vcpu);
	void (*cancel_injection)(struct vcpu *vcpu); /* the entry does not happen after all */
	bool (*irq_allowed)(struct vcpu *vcpu);
	bool (*nmi_allowed)(struct vcpu *vcpu);
	void (*set_irq_window)(struct vcpu *vcpu, bool on);
	void (*set_nmi_window)(struct vcpu *vcpu);
	/*
	 * The backend may step the guest (its trap flag) to find the end of what holds an NMI off. Software has done
	 * the instruction: true when the step was the backend's alone, and is over. Also for HV_EXIT_NMI_WINDOW, to
	 * take back what the flag has left in the guest's memory. NULL: it never steps.
	 */
	bool (*end_own_step)(struct vcpu *vcpu);
	void (*set_cr8_intercept)(struct vcpu *vcpu, bool on);
	void (*set_tpr)(struct vcpu *vcpu, u8 cr8);
	u8 (*get_tpr)(struct vcpu *vcpu);
	u8 (*get_shadow)(struct vcpu *vcpu); /* KVM_X86_SHADOW_INT_* */
	void (*set_shadow)(struct vcpu *vcpu, u8 shadow);

	void (*get_sregs)(struct vcpu *vcpu, struct hv_sregs *s);
	void (*set_sregs)(struct vcpu *vcpu, const struct hv_sregs *s);
	void (*get_paging)(struct vcpu *vcpu, struct hv_paging *p);
	void (*set_cr2)(struct vcpu *vcpu, u64 cr2);
	void (*set_efer)(struct vcpu *vcpu, u64 efer);
	/* MOV by the guest, checked as far as it concerns all vendors. -EINVAL: #GP. Loaded. */
	int (*take_cr0)(struct vcpu *vcpu, u64 cr0, u64 efer);
	int (*take_cr4)(struct vcpu *vcpu, u64 cr4);
	/* MSRs that live in the backend: 0, or -ENOENT when not one of them, -EINVAL for a bad value. */
	int (*get_msr)(struct vcpu *vcpu, u32 index, u64 *value);
	int (*set_msr)(struct vcpu *vcpu, u32 index, u64 value, bool host);
	void (*update_tsc)(struct vcpu *vcpu); /* vcpu->tsc_offset/tsc_ratio changed */
	void (*update_intercepts)(struct vcpu *vcpu); /* debug state, CPUID, disabled exits changed */
	void (*update_dr)(struct vcpu *vcpu); /* vcpu->dr6/dr7 changed */
	void (*flush_tlb)(struct vcpu *vcpu);

	/*
	 * Interrupts that the CPU delivers by itself; all three, or NULL.
	 * posted(): where other threads put vectors, for the vCPU's life, or NULL.
	 * notify(): any context; something new is there (already: it was not
	 * empty). False: the vCPU is not in the guest, or this is not on now.
	 * apic_changed(): mode, enable state or registers of the LAPIC.
	 */
	struct lapic_posted *(*posted)(struct vcpu *vcpu);
	bool (*notify)(struct vcpu *vcpu, bool already);
	void (*apic_changed)(struct vcpu *vcpu);
	void (*host_interrupt)(struct vcpu *vcpu); /* after HV_EXIT_INTR, interrupts off; NULL: they are still pending */

	/* The second-level page table's format (slpt.c builds it). */
	u64 (*slpt_leaf)(u64 pa, unsigned int level, unsigned int flags); /* level 1: 4K, 2: 2M, 3: 1G; SLPT_* */
	u64 slpt_table_bits; /* or-ed into entries that point to tables */
	u64 slpt_write_bit;
	u64 slpt_dirty_bit;
	u64 slpt_large_bit;
	bool slpt_guest_pat; /* leaves differ with SLPT_GUEST_PAT */
	unsigned int (*slpt_levels)(void); /* 4, or 5 */
	unsigned int slpt_max_level; /* of a leaf: 2, or 3 when it can map 1G, or 1 when large pages are not safe */

	const char *hypercall_opcode, *foreign_hypercall_opcode; /* 3 bytes: this vendor's, the other's */
	u64 tsc_ratio_default, tsc_ratio_max; /* max 0: no TSC scaling */
	u8 tsc_ratio_frac_bits;
};

extern struct hv_ops svm_ops, vmx_ops; /* written only by their own setup() */
extern const struct hv_ops *hv; /* the backend in use */

/*
 * The operations on the way from exit to entry are called directly, without
 * what an indirect branch costs where those are mitigated: hv_call(op)(v, ...)
 * is hv->op(v, ...). Set by hv_update_calls() when the backend is chosen.
 */
#define HV_HOT_OPS(op)                                                                             \
	op(load) op(unload) op(run) op(inject_irq) op(irq_allowed) op(set_irq_window)              \
	op(set_cr8_intercept) op(set_tpr) op(set_shadow) op(get_paging)
#define HV_CALL_TYPE(name) *((struct hv_ops *)NULL)->name
#define HV_DECLARE_CALL(name) DECLARE_STATIC_CALL(hv_##name, HV_CALL_TYPE(name));
HV_HOT_OPS(HV_DECLARE_CALL)
#define hv_call(name) static_call(hv_##name)

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

/* Any context that does not hold a run-queue lock: wake the vCPU, or get it out of the guest. */
void vcpu_kick(struct vcpu *v);

/* main.c */
void vm_get(struct vm *vm);
void vm_put(struct vm *vm);

/* vcpu.c */
void vcpu_reset(struct vcpu *v, bool init_event);
void vcpu_make_runnable_by_sipi(struct vcpu *v, u8 vector);

/* event.c: exceptions and interrupts on their way into the guest; the vCPU's own thread. */
void event_queue_exception(struct vcpu *v, u8 vector, bool has_error, u32 error);
void event_queue_exception_payload(struct vcpu *v, u8 vector, bool has_error, u32 error, u64 payload);
void event_queue_ud(struct vcpu *v);
void event_queue_gp(struct vcpu *v);
void event_deliver_payload(struct vcpu *v);
/* Program the next entry's event injection and the windows for what has to wait. Serves REQ_EVENT. */
void event_inject(struct vcpu *v);
bool event_user_wants_window(struct vcpu *v);
/* What was programmed is on its way: forget it (the backend brings it back if delivery is cut short). */
static inline void event_delivered(struct vcpu *v)
{
	if (unlikely(v->ev.in_flight)) {
		v->ev.exc.injected = false;
		v->ev.irq.injected = false;
		v->ev.nmi_injected = false;
		v->ev.in_flight = false;
	}
}
/* The entry does not happen: leave the event to the next one. */
void event_cancel(struct vcpu *v);
/* A halted vCPU has a reason to run again. Any state, own thread. */
bool event_runnable(struct vcpu *v);

/* exit.c */
int exit_dispatch(struct vcpu *v);
/* For backends, in run(): #MC ended the stay, or kept it from beginning. Interrupts off. */
void exit_machine_check(void);
/* RUN_SPLIT_LOCK, not loaded: may sleep. False: vcpu->run is filled, SIGBUS is pending. */
bool exit_split_lock(struct vcpu *v);
int exit_debug_step(struct vcpu *v);
/* MOV to or from a control or debug register at RIP. False: a fault is queued, or it is no such instruction. */
bool exit_decode_mov(struct vcpu *v, u8 *opcode, u8 *reg, u8 *rm);
/* task_switch.c: HV_EXIT_TASK_SWITCH. An enum run_next. */
int task_switch(struct vcpu *v);
/* cr.c: the guest's MOV to CR0 or CR4 has exited; the instruction is done, or #GP queued. An enum run_next. */
int cr_write(struct vcpu *v, unsigned int cr, u64 value);
int exit_complete_userspace(struct vcpu *v);

/* skip.c: moving RIP past an intercepted instruction; loaded. */
/* Its length, 0 when it cannot be found (a fault or failure is queued). opcode: its usual bytes, a short cut; may be NULL. */
unsigned int emul_length(struct vcpu *v, const char *opcode, unsigned int oplen);
bool emul_skip(struct vcpu *v, const char *opcode, unsigned int oplen);
void emul_finish_slowly(struct vcpu *v);
/* The instruction is done: RIP, RF, interrupt shadow, single step. */
static inline void emul_finish_at(struct vcpu *v, u64 rip)
{
	v->rip = rip;
	v->rflags &= ~(u64)X86_EFLAGS_RF;
	if (unlikely(v->may_have_shadow || (v->rflags & X86_EFLAGS_TF)))
		emul_finish_slowly(v);
}
/* The first bytes at RIP; what lies behind an unreadable page is 0. False: a fault is queued. */
bool emul_peek(struct vcpu *v, u8 *bytes, unsigned int len);
/* Overwrite code at RIP as the guest itself could; false: a fault is queued. */
bool emul_poke(struct vcpu *v, const char *bytes, unsigned int len);
/* The same without consequences: the number of bytes read. */
unsigned int emul_peek_quiet(struct vcpu *v, u8 *bytes, unsigned int len);

/* emul.c: running an instruction in software; loaded. An enum run_next. */
int emul_instruction(struct vcpu *v);
/* It cannot be done: #UD in user mode, KVM_EXIT_INTERNAL_ERROR otherwise. */
int emul_failed(struct vcpu *v);
/* User space answered; not loaded. 0, RUN_USER or -errno. */
int emul_complete(struct vcpu *v);
void emul_reset(struct vcpu *v);
/*
 * The emulator's view of the registers and its access to memory (ctx->ops), for what else is done in software: loaded
 * from the vCPU, and stored back.
 */
struct insn_ctx;
struct insn_ctx *emul_context(struct vcpu *v);
void emul_commit(struct vcpu *v);
int emul_create(struct vcpu *v);
void emul_destroy(struct vcpu *v);

/* vcpu.c: call fn in the vCPU's thread as if from the inner loop. Its value, or -EINTR. */
int vcpu_call_loaded(struct vcpu *v, int (*fn)(struct vcpu *v));
/* In the middle of an exit handler, for something that sleeps: not loaded, vm->mem_sem free. And back. */
void vcpu_pause(struct vcpu *v);
void vcpu_resume(struct vcpu *v);

/* msr.c: 0, or -EINVAL (inject #GP), or -ENOENT for an MSR nobody knows. host: user space asks, checks are looser. */
int msr_get(struct vcpu *v, u32 index, u64 *value, bool host);
int msr_set(struct vcpu *v, u32 index, u64 value, bool host);

/* cpuid.c */
const struct kvm_cpuid_entry2 *cpuid_find(const struct vcpu *v, u32 function, u32 index);
/* The guest's CPUID instruction: #GP(0) is due instead of an answer. */
bool cpuid_faults(struct vcpu *v);
/* Its answer: reads and writes vcpu->regs only. */
void cpuid_emulate(struct vcpu *v);

/* state.c */
int vcpu_state_ioctl(struct vcpu *v, unsigned int cmd, void __user *arg, bool *handled);
void state_regs_get(struct vcpu *v, struct kvm_regs *regs);
void state_regs_set(struct vcpu *v, const struct kvm_regs *regs);
int state_xcr0_set(struct vcpu *v, u64 xcr0, bool host);
extern u64 host_xcr0; /* the XSAVE features offered to guests */
extern u32 host_xstate_size;

#endif /* TAXCUT_HV_H */
