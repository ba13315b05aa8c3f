// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest state that SVM keeps in the VMCB: reset, segments, control registers,
 * MSRs, intercepts. The vCPU's own thread, or the holder of vcpu->mutex.
 */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/debugreg.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>

#include "caps.h"
#include "cpu/debug_regs.h"
#include "cpu/msr.h"
#include "cpu/msr_feature.h"
#include "cpu/msr_filter.h"
#include "emulator_quirks.h"
#include "mem/tdp.h"
#include "run/cr.h"
#include "run/emulate.h"
#include "run/exit.h"
#include "state.h"
#include "svm.h"

#define SVM_GUEST_PAT_RESET 0x0007040600070406ULL
/* VM_CR (APM vol. 2, 15.30.1): five bits; LOCK and SVMDIS are set */
#define SVM_VM_CR_VALID 0x1fULL
#define SVM_VM_CR_SVM_OFF 0x18ULL

/*
 * MSRs whose guest value the world switch already carries (VMLOAD/VMSAVE), or
 * that are swapped at load and unload: the guest may access them directly.
 */
static const u32 svm_direct_msrs[] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK, MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_EIP, MSR_IA32_SYSENTER_ESP,
};

/* Two bits per MSR, read then write; three ranges of 8 K MSRs (APM vol. 2, 15.11). */
static void svm_msr_passthrough(struct svm_vcpu *s, u32 index, bool read, bool write)
{
	static const u32 bases[] = { 0, 0xc0000000, 0xc0010000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		u32 n = index - bases[i];

		if (n < 8192) {
			unsigned int bit = (i * 8192 + n) * 2;

			__assign_bit(bit, (unsigned long *)s->msrpm, !read);
			__assign_bit(bit + 1, (unsigned long *)s->msrpm, !write);
			svm_dirty(s, SVM_CLEAN_PERM);
			return;
		}
	}
}

static void svm_init_control(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	struct vmcb_control_area *ctl = &s->vmcb->control;
	static const u8 always[] = {
		INTERCEPT_INTR, INTERCEPT_NMI, INTERCEPT_SMI, INTERCEPT_INIT, INTERCEPT_CPUID, INTERCEPT_RDPMC,
		INTERCEPT_INVD, INTERCEPT_WBINVD, INTERCEPT_IOIO_PROT, INTERCEPT_MSR_PROT, INTERCEPT_SHUTDOWN,
		INTERCEPT_VMRUN, INTERCEPT_VMMCALL, INTERCEPT_VMLOAD, INTERCEPT_VMSAVE, INTERCEPT_STGI,
		INTERCEPT_CLGI, INTERCEPT_SKINIT, INTERCEPT_INVLPGA, INTERCEPT_XSETBV, INTERCEPT_RDPRU,
		INTERCEPT_RSM, INTERCEPT_FERR_FREEZE, INTERCEPT_SELECTIVE_CR0, INTERCEPT_CR4_WRITE,
	};
	unsigned int i;

	memset(ctl, 0, sizeof(*ctl));
	for (i = 0; i < ARRAY_SIZE(always); i++)
		svm_intercept(s, always[i], true);
	for (i = 0; i < 8; i++) {
		svm_intercept(s, INTERCEPT_DR0_READ + i, true);
		svm_intercept(s, INTERCEPT_DR0_WRITE + i, true);
	}
	ctl->iopm_base_pa = page_to_phys(svm_iopm);
	ctl->msrpm_base_pa = __pa(s->msrpm);
	ctl->int_ctl = V_INTR_MASKING_MASK;
	ctl->nested_ctl = SVM_NESTED_CTL_NP_ENABLE;
	ctl->nested_cr3 = v->vm->tdp_root_pa;
	ctl->tsc_offset = v->tsc_offset;
	ctl->asid = 1;
	s->asid_generation = 0;
	svm_update_intercepts(v);
}

/* The state after RESET or INIT (APM vol. 2, 14.1.3). INIT keeps the FPU and most MSRs; common code knows which. */
void svm_vcpu_reset(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	struct vmcb_save_area *save = &s->vmcb->save;
	struct vmcb_seg data = { .attrib = 0x93, .limit = 0xffff };
	u64 cr0_cache = save->cr0 & (X86_CR0_CD | X86_CR0_NW);
	u64 pat = save->g_pat;

	memset(save, 0, sizeof(*save));
	s->clean = 0;
	s->nmi_singlestep = false;
	s->iret_begun = false;
	s->lmsw = false;
	s->leave_at_once = false;
	s->spec_ctrl_used = false;
	s->entry.guest_spec_ctrl = 0;
	s->virt_spec_ctrl = 0;
	s->tsc_aux = 0;
	save->es = data;
	save->ss = data;
	save->ds = data;
	save->fs = data;
	save->gs = data;
	save->cs = (struct vmcb_seg){ .selector = 0xf000, .attrib = 0x9b, .limit = 0xffff, .base = 0xffff0000 };
	save->gdtr.limit = 0xffff;
	save->idtr.limit = 0xffff;
	save->ldtr = (struct vmcb_seg){ .attrib = 0x82, .limit = 0xffff };
	save->tr = (struct vmcb_seg){ .attrib = 0x8b, .limit = 0xffff };
	save->efer = EFER_SVME;
	save->cr0 = X86_CR0_ET | (cr0_cache ?: (X86_CR0_CD | X86_CR0_NW));
	save->dr6 = DR6_RESERVED;
	save->dr7 = 0x400;
	save->rflags = 2;
	save->rip = 0xfff0;
	save->g_pat = pat ?: SVM_GUEST_PAT_RESET;
	svm_init_control(v);
}

u8 svm_get_shadow(struct vcpu *v)
{
	/* One bit for both kinds of shadow. */
	return v->svm->vmcb->control.int_state & SVM_INTERRUPT_SHADOW_MASK ?
		       KVM_X86_SHADOW_INT_STI | KVM_X86_SHADOW_INT_MOV_SS : 0;
}

void svm_set_shadow(struct vcpu *v, u8 shadow)
{
	u32 *state = &v->svm->vmcb->control.int_state;

	if (shadow)
		*state |= SVM_INTERRUPT_SHADOW_MASK;
	else
		*state &= ~SVM_INTERRUPT_SHADOW_MASK;
	v->may_have_shadow = shadow;
}

static void svm_seg_out(struct hv_segment *out, const struct vmcb_seg *in)
{
	out->base = in->base;
	out->limit = in->limit;
	out->sel = in->selector;
	out->attr = in->attrib;
}

static void svm_seg_in(struct vmcb_seg *out, const struct hv_segment *in)
{
	out->base = in->base;
	out->limit = in->limit;
	out->selector = in->sel;
	out->attrib = in->attr;
}

void svm_get_sregs(struct vcpu *v, struct hv_sregs *out)
{
	const struct vmcb_save_area *save = &v->svm->vmcb->save;

	svm_seg_out(&out->seg[SEG_ES], &save->es);
	svm_seg_out(&out->seg[SEG_CS], &save->cs);
	svm_seg_out(&out->seg[SEG_SS], &save->ss);
	svm_seg_out(&out->seg[SEG_DS], &save->ds);
	svm_seg_out(&out->seg[SEG_FS], &save->fs);
	svm_seg_out(&out->seg[SEG_GS], &save->gs);
	svm_seg_out(&out->seg[SEG_LDTR], &save->ldtr);
	svm_seg_out(&out->seg[SEG_TR], &save->tr);
	/* The CPU keeps the privilege level in CPL; SS.DPL shows it in this format (as VMX does). */
	out->seg[SEG_SS].attr = (out->seg[SEG_SS].attr & ~(3 << SVM_SELECTOR_DPL_SHIFT)) |
				(save->cpl << SVM_SELECTOR_DPL_SHIFT);
	/* A loaded task register is always busy; SVM does not care, others do. */
	out->seg[SEG_TR].attr |= 2;
	out->gdt.base = save->gdtr.base;
	out->gdt.limit = save->gdtr.limit;
	out->idt.base = save->idtr.base;
	out->idt.limit = save->idtr.limit;
	out->cr0 = save->cr0;
	out->cr2 = save->cr2;
	out->cr3 = save->cr3;
	out->cr4 = save->cr4;
	out->efer = save->efer & ~EFER_SVME;
}

void svm_set_sregs(struct vcpu *v, const struct hv_sregs *in)
{
	struct vmcb_save_area *save = &v->svm->vmcb->save;

	svm_seg_in(&save->es, &in->seg[SEG_ES]);
	svm_seg_in(&save->cs, &in->seg[SEG_CS]);
	svm_seg_in(&save->ss, &in->seg[SEG_SS]);
	svm_seg_in(&save->ds, &in->seg[SEG_DS]);
	svm_seg_in(&save->fs, &in->seg[SEG_FS]);
	svm_seg_in(&save->gs, &in->seg[SEG_GS]);
	svm_seg_in(&save->ldtr, &in->seg[SEG_LDTR]);
	svm_seg_in(&save->tr, &in->seg[SEG_TR]);
	save->cpl = (in->seg[SEG_SS].attr >> SVM_SELECTOR_DPL_SHIFT) & 3;
	save->gdtr.base = in->gdt.base;
	save->gdtr.limit = in->gdt.limit;
	save->idtr.base = in->idt.base;
	save->idtr.limit = in->idt.limit;
	save->cr0 = in->cr0;
	save->cr2 = in->cr2;
	save->cr3 = in->cr3;
	save->cr4 = in->cr4;
	save->efer = in->efer | EFER_SVME;
	v->svm->clean = 0;
	svm_flush_guest_tlb(v);
}

void svm_get_paging(struct vcpu *v, struct hv_paging *p)
{
	const struct vmcb_save_area *save = &v->svm->vmcb->save;

	p->cr0 = save->cr0;
	p->cr3 = save->cr3;
	p->cr4 = save->cr4;
	p->efer = save->efer;
	p->rflags = v->rflags;
	p->cs_base = save->cs.base;
	p->cs_attr = save->cs.attrib;
	p->cpl = save->cpl;
}

void svm_set_cr2(struct vcpu *v, u64 cr2)
{
	v->svm->vmcb->save.cr2 = cr2;
	svm_dirty(v->svm, SVM_CLEAN_CR2);
}

void svm_set_efer(struct vcpu *v, u64 efer)
{
	v->svm->vmcb->save.efer = efer | EFER_SVME;
	svm_dirty(v->svm, SVM_CLEAN_CR);
}

int svm_take_cr0(struct vcpu *v, u64 cr0, u64 efer)
{
	struct vmcb_save_area *save = &v->svm->vmcb->save;

	if ((cr0 ^ save->cr0) & (X86_CR0_PG | X86_CR0_WP))
		svm_flush_guest_tlb(v);
	save->cr0 = cr0;
	save->efer = efer | EFER_SVME;
	svm_dirty(v->svm, SVM_CLEAN_CR);
	return 0;
}

int svm_take_cr4(struct vcpu *v, u64 cr4)
{
	v->svm->vmcb->save.cr4 = cr4;
	svm_dirty(v->svm, SVM_CLEAN_CR);
	svm_flush_guest_tlb(v);
	return 0;
}

#define OPCODE_MOV_TO_CR 0x22
#define OPCODE_GROUP_7 0x01
#define GROUP_7_LMSW 6

/*
 * The selective intercept of CR0 leaves TS and MP to the guest; LMSW exits
 * whatever it changes (APM vol. 2, 15.8.1). There is nothing in it to check: it
 * executes without the intercept, which comes back once RIP has moved.
 */
int svm_exit_cr(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	u8 opcode, reg, rm;

	if (!exit_decode_mov(v, &opcode, &reg, &rm))
		return v->ev.exc.pending ? RUN_GUEST : emul_failed(v);
	if (opcode == OPCODE_GROUP_7 && (reg & 7) == GROUP_7_LMSW) {
		s->lmsw = true;
		s->lmsw_rip = v->rip;
		svm_intercept(s, INTERCEPT_SELECTIVE_CR0, false);
		return RUN_GUEST;
	}
	if (opcode != OPCODE_MOV_TO_CR || (reg != 0 && reg != 4))
		return emul_failed(v);
	return cr_write(v, reg, v->regs[rm]);
}

/* Where the VMCB keeps an MSR; NULL when it does not. */
static u64 *svm_msr_field(struct svm_vcpu *s, u32 index)
{
	struct vmcb_save_area *save = &s->vmcb->save;

	switch (index) {
	case MSR_STAR:
		return &save->star;
	case MSR_LSTAR:
		return &save->lstar;
	case MSR_CSTAR:
		return &save->cstar;
	case MSR_SYSCALL_MASK:
		return &save->sfmask;
	case MSR_FS_BASE:
		return &save->fs.base;
	case MSR_GS_BASE:
		return &save->gs.base;
	case MSR_KERNEL_GS_BASE:
		return &save->kernel_gs_base;
	case MSR_IA32_SYSENTER_CS:
		return &save->sysenter_cs;
	case MSR_IA32_SYSENTER_EIP:
		return &save->sysenter_eip;
	case MSR_IA32_SYSENTER_ESP:
		return &save->sysenter_esp;
	case MSR_IA32_CR_PAT:
		return &save->g_pat;
	case MSR_AMD64_VIRT_SPEC_CTRL:
		return &s->virt_spec_ctrl;
	default:
		return NULL;
	}
}

/* What only AMD CPUs have, and no guest can change. */
static int svm_get_fixed_msr(u32 index, u64 *value)
{
	switch (index) {
	case MSR_VM_CR:
		*value = SVM_VM_CR_SVM_OFF;
		return 0;
	case MSR_F15H_IC_CFG:
		*value = 0;
		return 0;
	case MSR_AMD64_DE_CFG:
		return msr_feature_get(index, value) ? -ENOENT : 0;
	default:
		return -ENOENT;
	}
}

static int svm_set_fixed_msr(u32 index, u64 value)
{
	u64 now;

	switch (index) {
	case MSR_VM_CR: /* LOCK is set: writes of the other bits are ignored (APM vol. 2, 15.30.1) */
		return value & ~SVM_VM_CR_VALID ? -EINVAL : 0;
	case MSR_VM_IGNNE: /* FERR and IGNNE are not connected */
		return 0;
	case MSR_AMD64_DE_CFG: /* LFENCE serialises or it does not */
		if (msr_feature_get(index, &now))
			return -ENOENT;
		return value & ~now ? -EINVAL : 0;
	default:
		return -ENOENT;
	}
}

int svm_get_msr(struct vcpu *v, u32 index, u64 *value)
{
	struct svm_vcpu *s = v->svm;
	u64 *field = svm_msr_field(s, index);

	if (field) {
		*value = *field;
		return 0;
	}
	switch (index) {
	case MSR_TSC_AUX:
		if (!svm_features.rdtscp)
			return -ENOENT;
		/* Live in the CPU while loaded. */
		if (v->loaded)
			rdmsrl(MSR_TSC_AUX, s->tsc_aux);
		*value = (u32)s->tsc_aux;
		return 0;
	case MSR_IA32_SPEC_CTRL:
		*value = svm_features.v_spec_ctrl ? s->vmcb->save.spec_ctrl : s->entry.guest_spec_ctrl;
		return 0;
	default:
		return svm_get_fixed_msr(index, value);
	}
}

static void svm_allow_msr(struct vcpu *v, u32 index, bool allow)
{
	svm_msr_passthrough(v->svm, index, allow && msr_filter_allows(v->vm, index, false),
			    allow && msr_filter_allows(v->vm, index, true));
}

/* Which MSRs the guest may touch without an exit. */
static void svm_update_msrs(struct vcpu *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(svm_direct_msrs); i++)
		svm_allow_msr(v, svm_direct_msrs[i], true);
	svm_allow_msr(v, MSR_TSC_AUX, svm_features.rdtscp);
	svm_allow_msr(v, MSR_IA32_SPEC_CTRL, v->svm->spec_ctrl_used);
	for (i = 0; i < MSR_HOST_READS; i++)
		svm_msr_passthrough(v->svm, msr_host_reads[i], msr_host_read_allowed(v->vm, i), false);
}

static int svm_set_spec_ctrl(struct vcpu *v, u64 value, bool host)
{
	struct svm_vcpu *s = v->svm;

	if (!boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL))
		return value ? -EINVAL : 0;
	if (value & ~(u64)(SPEC_CTRL_IBRS | SPEC_CTRL_STIBP | SPEC_CTRL_SSBD))
		return -EINVAL;
	if (svm_features.v_spec_ctrl)
		s->vmcb->save.spec_ctrl = value;
	else
		s->entry.guest_spec_ctrl = value;
	if (host || !value || s->spec_ctrl_used)
		return 0;
	/* The guest uses it: from now on without exits, at the price of a read after every exit. */
	s->spec_ctrl_used = true;
	svm_update_msrs(v);
	if (!svm_features.v_spec_ctrl)
		s->entry.flags |= ENTRY_GUEST_SPEC | ENTRY_READ_SPEC;
	return 0;
}

int svm_set_msr(struct vcpu *v, u32 index, u64 value, bool host)
{
	struct svm_vcpu *s = v->svm;
	u64 *field = svm_msr_field(s, index);

	if (field) {
		*field = value;
		if (index == MSR_IA32_CR_PAT)
			svm_dirty(s, SVM_CLEAN_NP);
		return 0;
	}
	switch (index) {
	case MSR_TSC_AUX:
		if (!svm_features.rdtscp)
			return -ENOENT;
		s->tsc_aux = value;
		if (v->loaded)
			wrmsrl(MSR_TSC_AUX, value);
		return 0;
	case MSR_IA32_SPEC_CTRL:
		return svm_set_spec_ctrl(v, value, host);
	default:
		return svm_set_fixed_msr(index, value);
	}
}

/* What an instruction can raise before it is done; INT3 and INTO are not faults. */
#define FAULTS                                                                                     \
	(BIT(DE_VECTOR) | BIT(BR_VECTOR) | BIT(UD_VECTOR) | BIT(NM_VECTOR) | BIT(TS_VECTOR) | BIT(NP_VECTOR) | \
	 BIT(SS_VECTOR) | BIT(GP_VECTOR) | BIT(PF_VECTOR) | BIT(MF_VECTOR) | BIT(XM_VECTOR) | BIT(CP_VECTOR))

void svm_update_exceptions(struct vcpu *v)
{
	/* Endless #AC or #DB delivery would lock the CPU up (CVE-2015-5307, CVE-2015-8104). */
	u32 exceptions = BIT(DB_VECTOR) | BIT(AC_VECTOR) | BIT(MC_VECTOR);
	u32 *word = &v->svm->vmcb->control.intercepts[INTERCEPT_EXCEPTION_OFFSET / 32];

	/* The other vendor's hypercall instruction is rewritten (exit.c). */
	if (!(v->vm->disabled_quirks & KVM_X86_QUIRK_FIX_HYPERCALL_INSN))
		exceptions |= BIT(UD_VECTOR);
	if ((v->guest_debug & KVM_GUESTDBG_ENABLE) && (v->guest_debug & KVM_GUESTDBG_USE_SW_BP))
		exceptions |= BIT(BP_VECTOR);
	/* Our trap flag must not get into the frame that a fault pushes. */
	if (v->svm->nmi_singlestep)
		exceptions |= FAULTS;
	if (emulator_quirks_on())
		exceptions |= svm_quirk_exceptions();
	if (*word == exceptions)
		return;
	*word = exceptions;
	svm_dirty(v->svm, SVM_CLEAN_INTERCEPTS);
}

/* What the VM's capabilities, the guest's CPUID and the debugger decide. */
void svm_update_intercepts(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	/* An owned core has nothing else to do: the guest sleeps there, and a kick wakes it. Without a LAPIC here user space does. */
	u64 off = v->vm->disabled_exits | (v->core && v->vlapic ? KVM_X86_DISABLE_EXITS_HLT : 0);

	svm_intercept(s, INTERCEPT_HLT, !(off & KVM_X86_DISABLE_EXITS_HLT));
	svm_intercept(s, INTERCEPT_MONITOR, !(off & KVM_X86_DISABLE_EXITS_MWAIT));
	svm_intercept(s, INTERCEPT_MWAIT, !(off & KVM_X86_DISABLE_EXITS_MWAIT));
	svm_intercept(s, INTERCEPT_MWAIT_COND, !(off & KVM_X86_DISABLE_EXITS_MWAIT));
	/* vCPUs own their CPUs: no other thread could use the time, so PAUSE never exits. */
	svm_update_exceptions(v);
	svm_update_msrs(v);
}

/* dr6 and dr7 into the VMCB; a debugger's breakpoints take the place of the guest's. */
void svm_update_dr(struct vcpu *v)
{
	struct vmcb_save_area *save = &v->svm->vmcb->save;

	save->dr6 = v->dr6;
	save->dr7 = debug_regs_dr7(v);
	svm_dirty(v->svm, SVM_CLEAN_DR);
	debug_regs_changed(v);
}

void svm_flush_guest_tlb(struct vcpu *v)
{
	v->svm->core_flush = true;
	if (svm_features.flush_by_asid)
		v->svm->vmcb->control.tlb_ctl = TLB_CONTROL_FLUSH_ASID;
	else
		v->svm->asid_generation = 0;
}
