// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's way to an owned core and back, on AMD.
 *
 * The VMCB carries most of the state. What VMRUN, VMLOAD and VMSAVE do not switch
 * goes by the mailbox, and the core loads and saves it itself.
 */
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>

#include "base/host_cpu.h"
#include "caps.h"
#include "cpu/debug_regs.h"
#include "owned.h"
#include "run.h"

/* The core runs one guest: an ASID for it and, as Linux's do not count there, none to share. */
#define CORE_ASID 1

void svm_core_setup(struct vcpu *v, struct core_setup *setup)
{
	setup->vendor = CORE_VENDOR_SVM;
	setup->control_pa = v->svm->entry.vmcb_pa;
	v->svm->core_flush = true;
}

static u32 svm_core_flags(const struct svm_vcpu *s, const struct vcpu *v)
{
	bool spec_ctrl = !svm_features.v_spec_ctrl && (s->spec_ctrl_used || s->entry.guest_spec_ctrl);

	return (spec_ctrl ? CORE_RUN_SPEC_CTRL : 0) | (v->dr_wanted ? CORE_RUN_DEBUG_REGS : 0) |
	       (svm_features.rdtscp ? CORE_RUN_TSC_AUX : 0) | (svm_features.tsc_scale ? CORE_RUN_TSC_RATIO : 0) |
	       (s->leave_at_once ? CORE_RUN_LEAVE_AT_ONCE : 0) | (host_xss ? CORE_RUN_XSS : 0);
}

/* svm_unload() would also end the step to the end of what holds an NMI off: it goes on there. */
static void svm_core_unload(struct vcpu *v)
{
	struct svm_cpu *c = this_cpu_ptr(&svm_cpus);
	struct svm_vcpu *s = v->svm;

	if (svm_features.rdtscp) {
		rdmsrl(MSR_TSC_AUX, s->tsc_aux);
		if (c->host_tsc_aux != s->tsc_aux)
			wrmsrl(MSR_TSC_AUX, c->host_tsc_aux);
	}
	debug_regs_unload(v);
}

void svm_core_put(struct vcpu *v, struct core_mailbox *m)
{
	struct svm_vcpu *s = v->svm;
	struct vmcb_control_area *ctl = &s->vmcb->control;
	const u64 *dr = v->guest_debug & KVM_GUESTDBG_USE_HW_BP ? v->debug_dr : v->dr;

	svm_before_entry(v);
	svm_core_unload(v);
	ctl->asid = CORE_ASID;
	ctl->tlb_ctl = s->core_flush ? TLB_CONTROL_FLUSH_ALL_ASID : TLB_CONTROL_DO_NOTHING;
	s->core_flush = false;
	ctl->clean = 0;
	m->flags = svm_core_flags(s, v);
	memcpy(m->regs, v->regs, sizeof(m->regs));
	memcpy(m->dr, dr, sizeof(m->dr));
	m->tsc_aux = s->tsc_aux;
	m->tsc_ratio = v->tsc_ratio;
	m->guest_spec_ctrl = s->entry.guest_spec_ctrl;
	/* Where svm_load() comes next, the VMCB holds another CPU's ASID. */
	s->last_cpu = -1;
}

void svm_core_get(struct vcpu *v, const struct core_mailbox *m)
{
	struct svm_vcpu *s = v->svm;

	/* It has not come to an entry, which would have flushed. */
	if (!m->entered)
		s->core_flush |= s->vmcb->control.tlb_ctl != TLB_CONTROL_DO_NOTHING;
	memcpy(v->regs, m->regs, sizeof(v->regs));
	s->tsc_aux = m->tsc_aux;
	if (m->flags & CORE_RUN_SPEC_CTRL)
		s->entry.guest_spec_ctrl = m->guest_spec_ctrl;
}

void svm_core_exited(struct vcpu *v)
{
	v->svm->clean = 0;
	svm_after_exit(v);
}
