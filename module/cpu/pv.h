/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's paravirtual interface to the guest: kvmclock, wall clock, steal time,
 * PV EOI and poll control MSRs, and hypercalls. Documentation/virt/kvm/x86/
 * {msr,hypercalls,cpuid}.rst in the kernel tree describes it.
 */
#ifndef TAXCUT_CPU_PV_H
#define TAXCUT_CPU_PV_H

#include "base/vcpu.h"

struct vcpu_pv {
	u64 system_time; /* MSR_KVM_SYSTEM_TIME(_NEW): gpa | 1 */
	u64 wall_clock; /* MSR_KVM_WALL_CLOCK(_NEW): gpa */
	u64 steal_time; /* MSR_KVM_STEAL_TIME: gpa | 1 */
	u64 eoi; /* MSR_KVM_PV_EOI_EN: gpa | 1 */
	u64 poll_control; /* MSR_KVM_POLL_CONTROL */
	u64 run_delay_ns; /* of the vCPU's thread, at the last steal time update */
	struct task_struct *run_delay_of; /* that thread; only compared, never dereferenced */
	struct vcpu *yield_to; /* the vCPU that this one yields to; own thread */
	bool wall_clock_wanted; /* the wall clock is yet to be filled */
	bool guest_stopped; /* KVM_KVMCLOCK_CTRL, or the host's suspend: tell the guest once */
	bool preempted; /* the guest was told that this vCPU does not run */
	bool enforce_cpuid; /* KVM_CAP_ENFORCE_PV_FEATURE_CPUID */
};

/* The features offered in CPUID 0x40000001; disabled_exits do not matter here (see cpuid.c). */
#define PV_FEATURES_SUPPORTED                                                                        \
	(BIT(KVM_FEATURE_CLOCKSOURCE) | BIT(KVM_FEATURE_NOP_IO_DELAY) |                            \
	 BIT(KVM_FEATURE_CLOCKSOURCE2) | BIT(KVM_FEATURE_STEAL_TIME) | BIT(KVM_FEATURE_PV_EOI) |   \
	 BIT(KVM_FEATURE_PV_UNHALT) | BIT(KVM_FEATURE_PV_TLB_FLUSH) |                              \
	 BIT(KVM_FEATURE_PV_SEND_IPI) | BIT(KVM_FEATURE_POLL_CONTROL) |                            \
	 BIT(KVM_FEATURE_PV_SCHED_YIELD) | BIT(KVM_FEATURE_MSI_EXT_DEST_ID) |                      \
	 BIT(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT))

int pv_vcpu_create(struct vcpu *v);
void pv_vcpu_destroy(struct vcpu *v);
/* INIT or reset: everything off; guest memory is not written any more. */
void pv_vcpu_reset(struct vcpu *v);

/* MSRs 0x11, 0x12, 0x4b564d00-05. 0, -EINVAL (bad value) or -ENOENT (not offered to this guest). */
int pv_msr_get(struct vcpu *v, u32 index, u64 *value, bool host);
int pv_msr_set(struct vcpu *v, u32 index, u64 value, bool host);

/* Run loop, vm->mem_sem held: serve REQ_CLOCK and REQ_STEAL. Unmapped guest memory is silently skipped. */
void pv_serve_clock(struct vcpu *v);
void pv_serve_steal(struct vcpu *v);

/*
 * After the vCPU was loaded on a CPU: asks for what must be written anew
 * (sets REQ_STEAL, REQ_CLOCK). Any context of the vCPU's own thread.
 */
void pv_note_loaded(struct vcpu *v);
/*
 * Before the vCPU's thread loses its CPU; vm->mem_sem held, does not sleep:
 * tells the guest that this vCPU does not run (steal time "preempted").
 */
void pv_note_preempted(struct vcpu *v);

/* KVM_KVMCLOCK_CTRL: 0, or -EINVAL when the guest has no kvmclock. */
int pv_kvmclock_ctrl(struct vcpu *v);
/* The host is about to suspend: the guest, if it has a kvmclock, is to hear the same. Any thread. */
void pv_host_suspends(struct vcpu *v);
/* KVM_RUN begins. */
void pv_note_run(struct vcpu *v);

/* False: the guest polls, and has told the host not to (MSR_KVM_POLL_CONTROL). */
static inline bool pv_host_may_poll(const struct vcpu *v)
{
	return v->pv->poll_control & 1;
}

/*
 * VMCALL/VMMCALL: number and arguments from vcpu->regs, result to RAX; vm->
 * mem_sem held. Returns enum run_next: RUN_GUEST (result is in RAX; the caller
 * moves RIP past the instruction), RUN_AGAIN (the same, and the outer loop
 * calls pv_yield()) or RUN_USER (vcpu->run filled, vcpu->completion is
 * COMPLETE_HYPERCALL: the result will be run->hypercall.ret; RIP likewise).
 */
int pv_hypercall(struct vcpu *v);
/* Outer loop, when pv->yield_to is set: gives the CPU to that vCPU's thread, if it still waits for one. May sleep. */
void pv_yield(struct vcpu *v);

#endif /* TAXCUT_CPU_PV_H */
