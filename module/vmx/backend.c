// SPDX-License-Identifier: GPL-2.0-only
/* Intel VMX: detection, per-CPU enabling, vCPU allocation, and the ops table. */
#include <linux/cpufeature.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/apicdef.h>
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <asm/tlbflush.h>

#include "apicv.h"
#include "backend.h"
#include "base/compat.h"
#include "caps.h"
#include "cpu/debug_regs.h"
#include "emulator_quirks.h"
#include "cr.h"
#include "event.h"
#include "mem/tdp.h"
#include "msr.h"
#include "perf.h"
#include "run.h"
#include "run/vcpu.h"
#include "state.h"
#include "vmcs.h"
#include "vmx.h"

#define VMX_TSC_RATIO_FRAC 48 /* SDM vol. 3, "TSC-Multiplier Handling" */
#define FEAT_CTL_VMX_ON (FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX)

static DECLARE_BITMAP(vpids, VMX_NR_VPIDS); /* bit 0, the host's, is set in setup */
static DEFINE_SPINLOCK(vpid_lock);

static_assert(offsetof(struct vmx_entry, guest_spec_ctrl) == VMX_ENTRY_GUEST_SPEC_CTRL);
static_assert(offsetof(struct vmx_entry, host_spec_ctrl) == VMX_ENTRY_HOST_SPEC_CTRL);
static_assert(offsetof(struct vmx_entry, flags) == VMX_ENTRY_FLAGS);

/* The kernel clears X86_FEATURE_VMX when the firmware has locked it off. */
static bool vmx_supported(const char **why_not)
{
	if (!boot_cpu_has(X86_FEATURE_VMX)) {
		*why_not = "the firmware has switched VMX off";
		return false;
	}
	/* INT 2, by which NMIs are handed on, is a bug in the kernel to FRED's handlers; their entry for KVM is KVM's alone. */
	if (hv_host_has_fred()) {
		*why_not = "its kernel uses FRED, and NMIs cannot be handed on to it: boot with fred=off";
		return false;
	}
	if (!vmx_caps_ok()) {
		*why_not = "the CPU's VMX lacks what is named above";
		return false;
	}
	return true;
}

static int vmx_setup(void)
{
	int cpu;

	vmx_features.perf = vmx_perf_present();
	if (emulator_quirks_on())
		vmx_quirk_setup();
	if (vmx_features.tsc_scale)
		vmx_ops.tsc_ratio_max = U64_MAX;
	if (!vmx_features.ept_1g)
		vmx_ops.tdp_max_level = 2;
	if (mitigations.small_pages)
		vmx_ops.tdp_max_level = 1;
	vmx_ops.missing_features = vmx_missing_features;
	if (vmx_features.posting) {
		vmx_ops.pi_desc = vmx_pi_desc;
		vmx_ops.notify = vmx_notify;
		vmx_ops.vlapic_changed = vmx_vlapic_changed;
		vmx_ops.host_interrupt = vmx_host_interrupt;
	}
	if (*vmx_missing_features)
		pr_info("VMX: this CPU does without %s\n", vmx_missing_features);
	__set_bit(0, vpids);
	for_each_possible_cpu(cpu) {
		struct vmx_cpu *c = &per_cpu(vmx_cpus, cpu);

		INIT_LIST_HEAD(&c->active);
		c->vmxon = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!c->vmxon)
			return -ENOMEM;
		*(u32 *)page_address(c->vmxon) = vmx_features.revision;
	}
	return 0;
}

static void vmx_teardown(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_cpu *c = &per_cpu(vmx_cpus, cpu);

		if (c->vmxon)
			__free_page(c->vmxon);
		c->vmxon = NULL;
	}
}

static bool vmx_on(u64 pa)
{
	bool failed = true;

	/* #GP when IA32_FEATURE_CONTROL or a fixed bit of CR0 forbids it. */
	asm volatile("1: vmxon %[pa]\n\tsetbe %[failed]\n2:\n\t" _ASM_EXTABLE(1b, 2b)
		     : [failed] "+q"(failed)
		     : [pa] "m"(pa)
		     : "cc", "memory");
	return !failed;
}

static int vmx_cpu_enable(void)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpus);
	u64 feat_ctl = 0;

	if (cr4_read_shadow() & X86_CR4_VMXE)
		return -EBUSY;
	if (rdmsrl_safe(MSR_IA32_FEAT_CTL, &feat_ctl) || (feat_ctl & FEAT_CTL_VMX_ON) != FEAT_CTL_VMX_ON) {
		pr_err("the firmware has switched VMX off on this CPU (IA32_FEATURE_CONTROL %#llx)\n", feat_ctl);
		return -EIO;
	}
	cr4_set_bits(X86_CR4_VMXE);
	intel_pt_handle_vmx(1);
	if (!vmx_on(page_to_phys(c->vmxon))) {
		pr_err("VMXON failed\n");
		intel_pt_handle_vmx(0);
		cr4_clear_bits(X86_CR4_VMXE);
		return -EIO;
	}
	vmx_read_host_msrs(c);
	c->current_vmcs = NULL;
	c->last_vcpu = NULL;
	c->enabled = true;
	return 0;
}

static void vmx_cpu_disable(void)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpus);

	if (!c->enabled)
		return;
	vmx_clear_all(c);
	c->enabled = false;
	asm volatile("vmxoff" ::: "cc", "memory");
	intel_pt_handle_vmx(0);
	cr4_clear_bits(X86_CR4_VMXE);
}

static u16 vmx_vpid_alloc(void)
{
	unsigned long n;

	if (!vmx_features.vpid)
		return 0;
	spin_lock(&vpid_lock);
	n = find_first_zero_bit(vpids, VMX_NR_VPIDS);
	if (n < VMX_NR_VPIDS)
		__set_bit(n, vpids);
	else
		n = 0;
	spin_unlock(&vpid_lock);
	return n;
}

static void vmx_vpid_free(u16 vpid)
{
	if (!vpid)
		return;
	spin_lock(&vpid_lock);
	__clear_bit(vpid, vpids);
	spin_unlock(&vpid_lock);
}

static int vmx_vcpu_create(struct vcpu *v)
{
	struct vmx_vcpu *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return -ENOMEM;
	v->vmx = s;
	v->may_have_shadow = true; /* not worth a VMREAD after each exit */
	s->cpu = -1;
	s->host_cpu = -1;
	s->vmcs = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	s->msr_bitmap = (u8 *)__get_free_page(GFP_KERNEL_ACCOUNT);
	s->tpr_page = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (vmx_features.posting)
		s->pi_desc = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!s->vmcs || !s->msr_bitmap || !s->tpr_page || (vmx_features.posting && !s->pi_desc))
		return -ENOMEM;
	*(u32 *)s->vmcs = vmx_features.revision;
	memset(s->msr_bitmap, 0xff, PAGE_SIZE);
	s->vapic = s->tpr_page;
	s->vpid = vmx_vpid_alloc();
	return vmx_vmcs_create(v);
}

static void vmx_vcpu_destroy(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	int cpu;

	vmx_vmcs_destroy(v);
	/* A later vCPU may get the same address: it must not look like the last one. */
	for_each_possible_cpu(cpu)
		cmpxchg(&per_cpu(vmx_cpus, cpu).last_vcpu, v, NULL);
	vmx_vpid_free(s->vpid);
	free_page((unsigned long)s->vmcs);
	free_page((unsigned long)s->msr_bitmap);
	free_page((unsigned long)s->tpr_page);
	free_page((unsigned long)s->pi_desc);
	kfree(s);
	v->vmx = NULL;
}

static void vmx_set_cr8_intercept(struct vcpu *v, bool on)
{
	if (on)
		v->vmx->proc |= CPU_BASED_CR8_LOAD_EXITING;
	else
		v->vmx->proc &= ~CPU_BASED_CR8_LOAD_EXITING;
}

/* CR8 is bits 7:4 of the TPR in the virtual-APIC page (SDM vol. 3, "TPR Virtualization"). */
static void vmx_set_tpr(struct vcpu *v, u8 cr8)
{
	u8 *tpr = &v->vmx->vapic[APIC_TASKPRI];

	if (*tpr >> 4 != cr8)
		*tpr = cr8 << 4;
}

static void vmx_update_tsc(struct vcpu *v)
{
	vmx_mark_stale(v, VMX_STALE_TSC);
}

static void vmx_update_intercepts(struct vcpu *v)
{
	vmx_mark_stale(v, VMX_STALE_INTERCEPTS);
	vmx_update_msr_bitmap(v);
}

static void vmx_update_dr(struct vcpu *v)
{
	debug_regs_changed(v);
	vmx_mark_stale(v, VMX_STALE_DEBUG);
}

static void vmx_flush_tlb(struct vcpu *v)
{
	v->vmx->flush = true;
}

/* The EPT memory type of a mapping of the owner's: EPT knows no UC- (SDM vol. 3, 29.3.7.2 and 12.12.2). */
static u64 vmx_device_type(unsigned int flags)
{
	unsigned int index = (flags & TDP_PWT ? 1 : 0) | (flags & TDP_PCD ? 2 : 0);
	u64 pat, type;

	rdmsrl(MSR_IA32_CR_PAT, pat);
	type = (pat >> (8 * index)) & 7;
	return type == 7 ? 0 : type;
}

/*
 * RAM is write-back whatever the guest's PAT says, unless a device reads it behind the caches: then the guest decides.
 * For a device's memory the guest's PAT can turn uncached into write-combining.
 */
static u64 vmx_tdp_leaf(u64 pa, unsigned int level, unsigned int flags)
{
	u64 bits = VMX_EPT_READABLE_MASK | VMX_EPT_EXECUTABLE_MASK;
	u64 type = flags & TDP_DEVICE ? vmx_device_type(flags) : VMX_EPTP_MT_WB;

	if (!(flags & (TDP_DEVICE | TDP_GUEST_PAT)))
		bits |= VMX_EPT_IPAT_BIT;
	bits |= type << VMX_EPT_MT_EPTE_SHIFT;
	return pa | bits | (flags & TDP_WRITE ? VMX_EPT_WRITABLE_MASK : 0) | (level > 1 ? _PAGE_PSE : 0);
}

static unsigned int vmx_tdp_levels(void)
{
	return vmx_features.ept_5level && boot_cpu_data.x86_phys_bits > 48 ? 5 : 4;
}

struct hv_ops vmx_ops __ro_after_init = {
	.name = "vmx",
	.supported = vmx_supported,
	.setup = vmx_setup,
	.teardown = vmx_teardown,
	.cpu_enable = vmx_cpu_enable,
	.cpu_disable = vmx_cpu_disable,
	.vcpu_create = vmx_vcpu_create,
	.vcpu_destroy = vmx_vcpu_destroy,
	.vcpu_reset = vmx_vcpu_reset,
	.load = vmx_load,
	.unload = vmx_unload,
	.run = vmx_run,
	.exit_cr = vmx_exit_cr,
	.take_cr0 = vmx_take_cr0,
	.take_cr4 = vmx_take_cr4,
	.inject_exception = vmx_inject_exception,
	.inject_irq = vmx_inject_irq,
	.inject_nmi = vmx_inject_nmi,
	.cancel_injection = vmx_cancel_injection,
	.irq_allowed = vmx_irq_allowed,
	.nmi_allowed = vmx_nmi_allowed,
	.set_irq_window = vmx_set_irq_window,
	.set_nmi_window = vmx_set_nmi_window,
	.set_cr8_intercept = vmx_set_cr8_intercept,
	.set_tpr = vmx_set_tpr,
	.get_shadow = vmx_get_shadow,
	.set_shadow = vmx_set_shadow,
	.get_sregs = vmx_get_sregs,
	.set_sregs = vmx_set_sregs,
	.get_paging = vmx_get_paging,
	.set_cr2 = vmx_set_cr2,
	.set_efer = vmx_set_efer,
	.get_msr = vmx_get_msr,
	.set_msr = vmx_set_msr,
	.update_tsc = vmx_update_tsc,
	.update_intercepts = vmx_update_intercepts,
	.update_dr = vmx_update_dr,
	.flush_tlb = vmx_flush_tlb,
	.tdp_leaf = vmx_tdp_leaf,
	.tdp_guest_pat = true,
	.tdp_table_bits = VMX_EPT_RWX_MASK,
	.tdp_write_bit = VMX_EPT_WRITABLE_MASK,
	.tdp_dirty_bit = VMX_EPT_DIRTY_BIT,
	.tdp_large_bit = _PAGE_PSE,
	.tdp_levels = vmx_tdp_levels,
	.tdp_max_level = 3,
	.hypercall_opcode = "\x0f\x01\xc1",
	.foreign_hypercall_opcode = "\x0f\x01\xd9",
	.tsc_ratio_default = 1ULL << VMX_TSC_RATIO_FRAC,
	.tsc_ratio_frac_bits = VMX_TSC_RATIO_FRAC,
};
