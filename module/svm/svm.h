/* SPDX-License-Identifier: GPL-2.0-only */
/* The AMD SVM backend's own state. APM vol. 2, chapter 15. */
#ifndef TAXCUT_SVM_SVM_H
#define TAXCUT_SVM_SVM_H

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <asm/svm.h>

#include "base/vcpu.h"
#include "vmenter.h"

/* VMCB clean bits (APM vol. 2, 15.15.3): set = the CPU may use its cached copy. */
enum svm_clean {
	SVM_CLEAN_INTERCEPTS = 1 << 0, /* intercepts, TSC offset, pause filter */
	SVM_CLEAN_PERM = 1 << 1, /* IOPM and MSRPM addresses */
	SVM_CLEAN_ASID = 1 << 2,
	SVM_CLEAN_INTR = 1 << 3, /* V_TPR, V_IRQ, V_INTR_* */
	SVM_CLEAN_NP = 1 << 4, /* nCR3, gPAT */
	SVM_CLEAN_CR = 1 << 5, /* CR0, CR3, CR4, EFER */
	SVM_CLEAN_DR = 1 << 6, /* DR6, DR7 */
	SVM_CLEAN_DT = 1 << 7, /* GDT, IDT */
	SVM_CLEAN_SEG = 1 << 8, /* CS, DS, SS, ES, CPL */
	SVM_CLEAN_CR2 = 1 << 9,
	SVM_CLEAN_LBR = 1 << 10,
};

#define CP_VECTOR 21 /* control protection; not in every kernel's asm/kvm.h */

struct svm_vcpu {
	struct vmcb *vmcb;
	struct svm_entry entry;
	u32 clean;
	u64 asid_generation; /* of the CPU it was given on; 0 = none */
	int last_cpu;
	u8 *msrpm; /* two pages: APM vol. 2, 15.11 */
	u64 tsc_aux; /* the guest's, while not loaded */
	bool spec_ctrl_used; /* the guest writes SPEC_CTRL without an exit */
	u64 virt_spec_ctrl;
	/* NMI unmasking at IRET (run.c). */
	bool iret_begun; /* its intercept has come, at iret_rip; it has not executed */
	u64 iret_rip;
	bool nmi_singlestep;
	bool singlestep_had_tf;
	bool step_is_iret, step_stored_flags;
	u8 step_opcode; /* of what is stepped, and where its stack was */
	u64 step_rsp;
	bool leave_at_once; /* after the event of this entry an NMI is due */
	bool lmsw; /* one is being let through, at lmsw_rip */
	u64 lmsw_rip;
	bool core_flush; /* the owned core has translations that are old */
	bool quirk_virq; /* emulator_quirks.c: this entry injects v->ev.irq by V_IRQ */
};

/* One physical CPU that has SVM on. Touched only on that CPU, preemption off. */
struct svm_cpu {
	bool enabled;
	struct page *hsave; /* where VMRUN keeps the host's state */
	struct page *host_save; /* VMSAVE image of the host's FS, GS, TR, LDTR, system-call MSRs */
	u64 asid_generation;
	u32 next_asid;
	bool flush_all; /* ASIDs are given out anew: the next entry of any vCPU flushes them all */
	const struct vcpu *last_vcpu; /* for the branch-predictor barrier between vCPUs */
	u64 host_tsc_aux;
	u64 tsc_ratio; /* the value MSR_AMD64_TSC_RATIO holds now */
};

static inline void svm_dirty(struct svm_vcpu *s, enum svm_clean bit)
{
	s->clean &= ~bit;
}

static inline void svm_intercept(struct svm_vcpu *s, unsigned int bit, bool on)
{
	u32 *word = &s->vmcb->control.intercepts[bit / 32];
	u32 mask = 1U << (bit % 32);

	if (on == !!(*word & mask))
		return;
	*word ^= mask;
	svm_dirty(s, SVM_CLEAN_INTERCEPTS);
}

#endif /* TAXCUT_SVM_SVM_H */
