// SPDX-License-Identifier: GPL-2.0-only
/* AMD SVM: detection, per-CPU enabling, vCPU allocation, and the ops table. */
#include <linux/cpufeature.h>
#include <linux/mem_encrypt.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>

#include "backend.h"
#include "base/backend.h"
#include "base/compat.h"
#include "base/host_mitigations.h"
#include "caps.h"
#include "emulator_quirks.h"
#include "mem/tdp.h"
#include "model/tsc.h"
#include "owned.h"
#include "run.h"
#include "run/vcpu.h"
#include "state.h"
#include "svm.h"

#define IOPM_ORDER 2 /* three pages: 64 K ports and the bits past the end */
#define MSRPM_ORDER 1

static_assert(offsetof(struct svm_entry, vmcb_pa) == SVM_ENTRY_VMCB);
static_assert(offsetof(struct svm_entry, host_save_pa) == SVM_ENTRY_HOST_SAVE);
static_assert(offsetof(struct svm_entry, guest_spec_ctrl) == SVM_ENTRY_GUEST_SPEC_CTRL);
static_assert(offsetof(struct svm_entry, host_spec_ctrl) == SVM_ENTRY_HOST_SPEC_CTRL);
static_assert(offsetof(struct svm_entry, flags) == SVM_ENTRY_FLAGS);
static_assert(sizeof(struct vmcb_control_area) == 0x400);
static_assert(offsetof(struct vmcb, control.exit_code) == 0x70);
static_assert(offsetof(struct vmcb, control.nested_cr3) == 0xb0);
static_assert(offsetof(struct vmcb, save.rax) == 0x400 + 0x1f8);
static_assert(offsetof(struct vmcb, save.g_pat) == 0x400 + 0x268);

/*
 * For the CPU's own structures. Where the host runs SEV-SNP guests, a CPU may
 * take one that begins a 2M page for a use of that whole page, and fault on
 * another's access to the rest: such a page is given back for its neighbour.
 */
static struct page *svm_alloc_page(gfp_t gfp)
{
	struct page *pages = alloc_pages(gfp | __GFP_ZERO, 1);
	bool second;

	if (!pages)
		return NULL;
	split_page(pages, 1);
	second = IS_ALIGNED(page_to_pfn(pages), PTRS_PER_PMD);
	__free_page(second ? pages : pages + 1);
	return second ? pages + 1 : pages;
}

static int svm_setup(void)
{
	int cpu;

	if (!svm_caps_read())
		return -EOPNOTSUPP;
	if (svm_features.tsc_scale)
		svm_ops.tsc_ratio_max = SVM_TSC_RATIO_MAX;

	svm_iopm = alloc_pages(GFP_KERNEL, IOPM_ORDER);
	if (!svm_iopm)
		return -ENOMEM;
	memset(page_address(svm_iopm), 0xff, PAGE_SIZE << IOPM_ORDER);

	for_each_possible_cpu(cpu) {
		struct svm_cpu *c = &per_cpu(svm_cpus, cpu);

		c->hsave = svm_alloc_page(GFP_KERNEL);
		c->host_save = svm_alloc_page(GFP_KERNEL);
		if (!c->hsave || !c->host_save)
			return -ENOMEM;
	}
	return 0;
}

static void svm_teardown(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct svm_cpu *c = &per_cpu(svm_cpus, cpu);

		if (c->hsave)
			__free_page(c->hsave);
		if (c->host_save)
			__free_page(c->host_save);
		c->hsave = NULL;
		c->host_save = NULL;
	}
	if (svm_iopm)
		__free_pages(svm_iopm, IOPM_ORDER);
	svm_iopm = NULL;
}

/* Zen 5: BpSpecReduce, while guests may run on this CPU. Interrupts are off, so no other code changes the register. */
static void svm_reduce_speculation(bool on)
{
	u64 value, bit = BIT_ULL(MSR_ZEN4_BP_CFG_BP_SPEC_REDUCE_BIT);

	if (mitigations.bp_spec_reduce && !rdmsrl_safe(MSR_ZEN4_BP_CFG, &value))
		wrmsrl_safe(MSR_ZEN4_BP_CFG, on ? value | bit : value & ~bit);
}

static int svm_cpu_enable(void)
{
	struct svm_cpu *c = this_cpu_ptr(&svm_cpus);
	u64 efer;

	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME)
		return -EBUSY;
	wrmsrl(MSR_EFER, efer | EFER_SVME);
	wrmsrl(MSR_VM_HSAVE_PA, page_to_phys(c->hsave));
	if (svm_features.tsc_scale) {
		wrmsrl(MSR_AMD64_TSC_RATIO, SVM_TSC_RATIO_DEFAULT);
		c->tsc_ratio = SVM_TSC_RATIO_DEFAULT;
	}
	c->asid_generation++;
	c->next_asid = svm_features.nr_asids; /* first use starts a generation, and flushes */
	c->last_vcpu = NULL;
	svm_reduce_speculation(true);
	c->enabled = true;
	return 0;
}

static void svm_cpu_disable(void)
{
	struct svm_cpu *c = this_cpu_ptr(&svm_cpus);
	u64 efer;

	if (!c->enabled)
		return;
	c->enabled = false;
	if (svm_features.tsc_scale && c->tsc_ratio != SVM_TSC_RATIO_DEFAULT)
		wrmsrl(MSR_AMD64_TSC_RATIO, SVM_TSC_RATIO_DEFAULT);
	wrmsrl(MSR_VM_HSAVE_PA, 0);
	svm_reduce_speculation(false);
	rdmsrl(MSR_EFER, efer);
	/* GIF may be clear after an emergency stop; it must be set again before SVME goes (APM vol. 2, 15.17). */
	asm volatile("stgi" ::: "memory");
	wrmsrl(MSR_EFER, efer & ~EFER_SVME);
}

static int svm_vcpu_create(struct vcpu *v)
{
	struct svm_vcpu *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	struct page *vmcb = svm_alloc_page(GFP_KERNEL_ACCOUNT);

	if (vmcb && s)
		s->vmcb = page_address(vmcb);
	else if (vmcb)
		__free_page(vmcb);
	if (!s)
		return -ENOMEM;
	s->msrpm = (u8 *)__get_free_pages(GFP_KERNEL_ACCOUNT, MSRPM_ORDER);
	v->svm = s;
	if (!s->vmcb || !s->msrpm)
		return -ENOMEM;
	s->entry.vmcb_pa = __pa(s->vmcb);
	s->last_cpu = -1;
	memset(s->msrpm, 0xff, PAGE_SIZE << MSRPM_ORDER);
	return 0;
}

static void svm_vcpu_destroy(struct vcpu *v)
{
	struct svm_vcpu *s = v->svm;
	int cpu;

	if (!s)
		return;
	/* A later vCPU may get the same address: it must not look like the last one. */
	for_each_possible_cpu(cpu)
		cmpxchg(&per_cpu(svm_cpus, cpu).last_vcpu, v, NULL);
	free_page((unsigned long)s->vmcb);
	free_pages((unsigned long)s->msrpm, MSRPM_ORDER);
	kfree(s);
	v->svm = NULL;
}

static void svm_set_cr8_intercept(struct vcpu *v, bool on)
{
	if (emulator_quirks_on())
		on |= svm_quirk_cr8_intercept(v->svm);
	svm_intercept(v->svm, INTERCEPT_CR8_WRITE, on);
}

static void svm_set_tpr(struct vcpu *v, u8 cr8)
{
	u32 *int_ctl = &v->svm->vmcb->control.int_ctl;

	if ((*int_ctl & V_TPR_MASK) == cr8)
		return;
	*int_ctl = (*int_ctl & ~V_TPR_MASK) | (cr8 & V_TPR_MASK);
	svm_dirty(v->svm, SVM_CLEAN_INTR);
}

static void svm_update_tsc(struct vcpu *v)
{
	v->svm->vmcb->control.tsc_offset = v->tsc_offset;
	svm_dirty(v->svm, SVM_CLEAN_INTERCEPTS);
}

/*
 * The type of a device's memory is that of the owner's mapping: nested paging looks it up in the host's PAT, and
 * combines it with the guest's (APM vol. 2, 15.25.8). RAM is write-back, or what the guest's PAT makes of it.
 */
static u64 svm_tdp_leaf(u64 pa, unsigned int level, unsigned int flags)
{
	u64 bits = _PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED;

	if (flags & TDP_DEVICE)
		bits |= (flags & TDP_PWT ? _PAGE_PWT : 0) | (flags & TDP_PCD ? _PAGE_PCD : 0);
	return pa | bits | (flags & TDP_WRITE ? _PAGE_RW : 0) | (level > 1 ? _PAGE_PSE : 0);
}

/* Nested paging uses the host's own paging mode (APM vol. 2, 15.25.3). */
static unsigned int svm_tdp_levels(void)
{
	return pgtable_l5_enabled() ? 5 : 4;
}

struct hv_ops svm_ops __ro_after_init = {
	.missing_features = "posted interrupts",
	.name = "svm",
	.supported = svm_supported,
	.setup = svm_setup,
	.teardown = svm_teardown,
	.cpu_enable = svm_cpu_enable,
	.cpu_disable = svm_cpu_disable,
	.vcpu_create = svm_vcpu_create,
	.vcpu_destroy = svm_vcpu_destroy,
	.vcpu_reset = svm_vcpu_reset,
	.load = svm_load,
	.unload = svm_unload,
	.run = svm_run,
	.inject_exception = svm_inject_exception,
	.inject_irq = svm_inject_irq,
	.inject_nmi = svm_inject_nmi,
	.irq_allowed = svm_irq_allowed,
	.nmi_allowed = svm_nmi_allowed,
	.set_irq_window = svm_set_irq_window,
	.set_nmi_window = svm_set_nmi_window,
	.end_own_step = svm_end_own_step,
	.set_cr8_intercept = svm_set_cr8_intercept,
	.set_tpr = svm_set_tpr,
	.get_shadow = svm_get_shadow,
	.set_shadow = svm_set_shadow,
	.get_sregs = svm_get_sregs,
	.set_sregs = svm_set_sregs,
	.get_paging = svm_get_paging,
	.set_cr2 = svm_set_cr2,
	.set_efer = svm_set_efer,
	.exit_cr = svm_exit_cr,
	.take_cr0 = svm_take_cr0,
	.take_cr4 = svm_take_cr4,
	.get_msr = svm_get_msr,
	.set_msr = svm_set_msr,
	.update_tsc = svm_update_tsc,
	.update_intercepts = svm_update_intercepts,
	.update_dr = svm_update_dr,
	.flush_tlb = svm_flush_guest_tlb,
	.cancel_injection = svm_cancel_injection,
	.core_setup = svm_core_setup,
	.core_put = svm_core_put,
	.core_get = svm_core_get,
	.core_exited = svm_core_exited,
	.tdp_leaf = svm_tdp_leaf,
	.tdp_table_bits = _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED,
	.tdp_write_bit = _PAGE_RW,
	.tdp_dirty_bit = _PAGE_DIRTY,
	.tdp_large_bit = _PAGE_PSE,
	.tdp_levels = svm_tdp_levels,
	.tdp_max_level = 3,
	.hypercall_opcode = "\x0f\x01\xd9",
	.foreign_hypercall_opcode = "\x0f\x01\xc1",
	.tsc_ratio_default = SVM_TSC_RATIO_DEFAULT,
	.tsc_ratio_frac_bits = 32,
};
