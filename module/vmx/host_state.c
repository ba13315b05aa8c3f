// SPDX-License-Identifier: GPL-2.0-only
/* The host's half of a VMCS. */
#include <asm/desc.h>
#include <asm/mmu_context.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/tlbflush.h>

#include "access.h"
#include "caps.h"
#include "host_state.h"

static u64 vmx_host_tr_base(const struct desc_ptr *gdt)
{
	const struct ldttss_desc *d = (const struct ldttss_desc *)(gdt->address + GDT_ENTRY_TSS * 8);

	return d->base0 | (u64)d->base1 << 16 | (u64)d->base2 << 24 | (u64)d->base3 << 32;
}

/* What stays as it is on this CPU. */
static void vmx_write_host_cpu_state(void)
{
	struct desc_ptr gdt, idt;
	u64 value;

	native_store_gdt(&gdt);
	store_idt(&idt);
	vmx_write(HOST_GDTR_BASE, gdt.address);
	vmx_write(HOST_IDTR_BASE, idt.address);
	vmx_write(HOST_TR_BASE, vmx_host_tr_base(&gdt));
	rdmsrl(MSR_GS_BASE, value);
	vmx_write(HOST_GS_BASE, value);
	rdmsrl(MSR_IA32_SYSENTER_ESP, value);
	vmx_write(HOST_IA32_SYSENTER_ESP, value);
}

/* What is the same on every CPU. */
void vmx_write_host_constants(void)
{
	u64 value;

	vmx_write(HOST_CR0, read_cr0() & ~X86_CR0_TS);
	vmx_write(HOST_CS_SELECTOR, __KERNEL_CS);
	vmx_write(HOST_SS_SELECTOR, __KERNEL_DS);
	vmx_write(HOST_DS_SELECTOR, 0);
	vmx_write(HOST_ES_SELECTOR, 0);
	vmx_write(HOST_FS_SELECTOR, 0);
	vmx_write(HOST_GS_SELECTOR, 0);
	vmx_write(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	vmx_write(HOST_RIP, (unsigned long)vmx_vmexit);
	rdmsrl(MSR_IA32_SYSENTER_CS, value);
	vmx_write(HOST_IA32_SYSENTER_CS, value);
	rdmsrl(MSR_IA32_SYSENTER_EIP, value);
	vmx_write(HOST_IA32_SYSENTER_EIP, value);
	rdmsrl(MSR_IA32_CR_PAT, value);
	vmx_write(HOST_IA32_PAT, value);
	rdmsrl(MSR_EFER, value);
	vmx_write(HOST_IA32_EFER, value);
}

/*
 * An exit leaves DS, ES, FS, GS and LDTR null, and the GDT's and the task
 * register's limits at their largest (SDM vol. 3, "Loading Host Segment and
 * Descriptor-Table Registers"). The kernel needs none of that before it goes
 * back to user space, so it is put right once per stay.
 */
void vmx_load_host_state(struct vcpu *v)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpus);
	struct vmx_vcpu *s = v->vmx;
	int cpu = smp_processor_id();

	if (s->host_cpu != cpu) {
		vmx_write_host_cpu_state();
		s->host_cpu = cpu;
		s->flush = true;
		s->hw_host_fs_base = 1; /* no such address: the next comparison fails */
	}
	savesegment(ds, c->ds);
	savesegment(es, c->es);
	savesegment(fs, c->fs);
	savesegment(gs, c->gs);
	store_ldt(c->ldt);
	native_store_gdt(&c->gdt);
	rdmsrl(MSR_FS_BASE, c->fs_base);
	if (s->hw_host_fs_base != c->fs_base) {
		vmx_write(HOST_FS_BASE, c->fs_base);
		s->hw_host_fs_base = c->fs_base;
	}
}

/* After the guest's KERNEL_GS_BASE was saved: the base of a GS selector ends up in that MSR. */
void vmx_restore_host_state(struct vcpu *v)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpus);

	invalidate_tss_limit();
	load_gdt(&c->gdt);
	if (unlikely(c->ldt))
		asm volatile("lldt %0" ::"m"(c->ldt));
	if (unlikely(c->ds | c->es)) {
		loadsegment(ds, c->ds);
		loadsegment(es, c->es);
	}
	if (unlikely(c->fs)) {
		loadsegment(fs, c->fs);
		wrmsrl(MSR_FS_BASE, c->fs_base);
	}
	if (unlikely(c->gs)) {
		load_gs_index(c->gs);
		wrmsrl(MSR_KERNEL_GS_BASE, c->msrs[VMX_KERNEL_GS_BASE]);
	}
}
