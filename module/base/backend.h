/* SPDX-License-Identifier: GPL-2.0-only */
/* What a vendor's backend does for common code. */
#ifndef TAXCUT_BASE_BACKEND_H
#define TAXCUT_BASE_BACKEND_H

#include <linux/static_call.h>
#include <linux/types.h>

#include "vcpu.h"

struct core_mailbox; /* core/mailbox.h */
struct core_setup; /* core/core.h */
struct lapic_pi_desc; /* model/lapic.h */

/*
 * A vendor backend. load() and unload() bracket a stay on one physical CPU with
 * preemption off; load() is called with interrupts on, unload() with interrupts
 * off, and run() in between with interrupts off.
 */
struct hv_ops {
	const char *name;
	const char *missing_features; /* useful things this CPU does without, comma separated; set by setup() */
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
	 * vlapic_changed(): mode, enable state or registers of the LAPIC.
	 */
	struct lapic_pi_desc *(*pi_desc)(struct vcpu *vcpu);
	bool (*notify)(struct vcpu *vcpu, bool already);
	void (*vlapic_changed)(struct vcpu *vcpu);
	void (*host_interrupt)(struct vcpu *vcpu); /* after HV_EXIT_INTR, interrupts off; NULL: they are still pending */

	/*
	 * Owned cores; all of them, or NULL. core_setup(): what the core is started with. Around a stay there:
	 * core_put() in place of unload(), the guest's state goes into memory and the mailbox; core_get() before
	 * load(); core_exited() after it fills vcpu->exit, when the core has entered the guest.
	 */
	void (*core_setup)(struct vcpu *vcpu, struct core_setup *setup);
	void (*core_put)(struct vcpu *vcpu, struct core_mailbox *mailbox);
	void (*core_get)(struct vcpu *vcpu, const struct core_mailbox *mailbox);
	void (*core_exited)(struct vcpu *vcpu);

	/* The second-level page table's format (mem/tdp.c builds it). */
	u64 (*tdp_leaf)(u64 pa, unsigned int level, unsigned int flags); /* level 1: 4K, 2: 2M, 3: 1G; TDP_* */
	u64 tdp_table_bits; /* or-ed into entries that point to tables */
	u64 tdp_write_bit;
	u64 tdp_dirty_bit;
	u64 tdp_large_bit;
	bool tdp_guest_pat; /* leaves differ with TDP_GUEST_PAT */
	unsigned int (*tdp_levels)(void); /* 4, or 5 */
	unsigned int tdp_max_level; /* of a leaf: 2, or 3 when it can map 1G, or 1 when large pages are not safe */

	const char *hypercall_opcode, *foreign_hypercall_opcode; /* 3 bytes: this vendor's, the other's */
	u64 tsc_ratio_default, tsc_ratio_max; /* max 0: no TSC scaling */
	u8 tsc_ratio_frac_bits;
};

extern const struct hv_ops *hv; /* the backend in use; NULL before backend_use() */

/* Module load: all calls go to these operations from here on. */
void backend_use(const struct hv_ops *ops);

/*
 * The operations on the way from exit to entry are called directly, without
 * what an indirect branch costs where those are mitigated: hv_call(op)(v, ...)
 * is hv->op(v, ...). Set by backend_use().
 */
#define HV_HOT_OPS(op)                                                                             \
	op(load) op(unload) op(run) op(inject_irq) op(irq_allowed) op(set_irq_window)              \
	op(set_cr8_intercept) op(set_tpr) op(set_shadow) op(get_paging)
#define HV_CALL_TYPE(name) *((struct hv_ops *)NULL)->name
#define HV_DECLARE_CALL(name) DECLARE_STATIC_CALL(hv_##name, HV_CALL_TYPE(name));
HV_HOT_OPS(HV_DECLARE_CALL)
#define hv_call(name) static_call(hv_##name)

#endif /* TAXCUT_BASE_BACKEND_H */
