// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a VMCS (vmx.h says which states it knows), the host's half of
 * it, and its control fields.
 */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <linux/smp.h>
#include <asm/debugreg.h>
#include <asm/mmu_context.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/tlbflush.h>
#include <asm/trapnr.h>

#include "../debug_regs.h"
#include "../params.h"
#include "vmx.h"

static void vmcs_clear(void *vmcs)
{
	u64 pa = __pa(vmcs);

	asm volatile("1: vmclear %0\n2:\n\t" _ASM_EXTABLE(1b, 2b)::"m"(pa) : "cc", "memory");
}

/* This CPU, interrupts off. */
static void vmx_deactivate(struct vmx_cpu *c, struct vmx_vcpu *s)
{
	vmcs_clear(s->vmcs);
	s->entry.flags &= ~VMX_ENTRY_LAUNCHED;
	if (c->current_vmcs == s)
		c->current_vmcs = NULL;
	list_del(&s->link);
	WRITE_ONCE(s->cpu, -1);
}

/* Interrupt, or this CPU with interrupts off. The CPU may have been emptied (vmx_clear_all()) before it came. */
static void vmx_deactivate_here(void *data)
{
	struct vmx_vcpu *s = data;

	if (s->cpu == smp_processor_id())
		vmx_deactivate(this_cpu_ptr(&vmx_cpus), s);
}

void vmx_clear_all(struct vmx_cpu *c)
{
	struct vmx_vcpu *s, *next;

	list_for_each_entry_safe(s, next, &c->active, link)
		vmx_deactivate(c, s);
}

static void vmx_deactivate_anywhere(struct vmx_vcpu *s)
{
	int cpu = READ_ONCE(s->cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, vmx_deactivate_here, s, 1);
}

void vmx_make_current(struct vmx_vcpu *s)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpus);
	int cpu = smp_processor_id();
	unsigned long flags;
	u64 pa = __pa(s->vmcs);

	if (likely(c->current_vmcs == s && s->cpu == cpu))
		return;
	if (s->cpu != cpu)
		vmx_deactivate_anywhere(s);
	local_irq_save(flags);
	/* Off: the host is going down; accesses will fault and be skipped. */
	if (likely(c->enabled)) {
		if (s->cpu != cpu) {
			s->cpu = cpu;
			list_add(&s->link, &c->active);
		}
		asm volatile("vmptrld %0" ::"m"(pa) : "cc", "memory");
		c->current_vmcs = s;
	}
	local_irq_restore(flags);
}

/* A VMCS's contents are undefined until VMCLEAR has seen it (SDM vol. 3, "Initializing a VMCS"). */
int vmx_vmcs_create(struct vcpu *v)
{
	preempt_disable();
	vmcs_clear(v->vmx->vmcs);
	preempt_enable();
	return 0;
}

void vmx_vmcs_destroy(struct vcpu *v)
{
	preempt_disable();
	vmx_deactivate_anywhere(v->vmx);
	preempt_enable();
}

/* ---- the host's half ---- */

static u64 host_tr_base(const struct desc_ptr *gdt)
{
	const struct ldttss_desc *d = (const struct ldttss_desc *)(gdt->address + GDT_ENTRY_TSS * 8);

	return d->base0 | (u64)d->base1 << 16 | (u64)d->base2 << 24 | (u64)d->base3 << 32;
}

/* What stays as it is on this CPU. */
static void write_host_cpu_state(void)
{
	struct desc_ptr gdt, idt;
	u64 value;

	native_store_gdt(&gdt);
	store_idt(&idt);
	vmx_write(HOST_GDTR_BASE, gdt.address);
	vmx_write(HOST_IDTR_BASE, idt.address);
	vmx_write(HOST_TR_BASE, host_tr_base(&gdt));
	rdmsrl(MSR_GS_BASE, value);
	vmx_write(HOST_GS_BASE, value);
	rdmsrl(MSR_IA32_SYSENTER_ESP, value);
	vmx_write(HOST_IA32_SYSENTER_ESP, value);
}

/* What is the same on every CPU. */
static void write_host_constants(void)
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
		write_host_cpu_state();
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

/* ---- controls ---- */

static u64 vmx_eptp(const struct vcpu *v)
{
	return v->vm->slpt_root_pa | VMX_EPTP_MT_WB | VMX_EPTP_AD_ENABLE_BIT |
	       (hv->slpt_levels() == 5 ? VMX_EPTP_PWL_5 : VMX_EPTP_PWL_4);
}

/* After a reset; the VMCS is current. */
void vmx_init_controls(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;

	s->proc = vmx_features.proc;
	s->proc2 = vmx_features.proc2;
	if (!s->vpid)
		s->proc2 &= ~SECONDARY_EXEC_ENABLE_VPID;
	s->hw_proc = s->proc;
	s->irq_window = false;
	s->sti_window = false;
	vmx_write(PIN_BASED_VM_EXEC_CONTROL, vmx_features.pin);
	vmx_write(CPU_BASED_VM_EXEC_CONTROL, s->proc);
	vmx_write(SECONDARY_VM_EXEC_CONTROL, s->proc2);
	vmx_write(VM_EXIT_CONTROLS, vmx_features.exit);
	vmx_write(VM_ENTRY_CONTROLS, vmx_features.entry);
	s->perf_switch = false;
	vmx_write(EPT_POINTER, vmx_eptp(v));
	if (s->vpid)
		vmx_write(VIRTUAL_PROCESSOR_ID, s->vpid);
	if (vmx_features.encls)
		vmx_write(ENCLS_EXITING_BITMAP, ~0ULL);
	vmx_write(MSR_BITMAP, __pa(s->msr_bitmap));
	vmx_write(VIRTUAL_APIC_PAGE_ADDR, __pa(s->vapic));
	vmx_write(TPR_THRESHOLD, 0);
	s->hw_slice = 0;
	vmx_write(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmx_write(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmx_write(CR3_TARGET_COUNT, 0);
	vmx_write(VM_EXIT_MSR_STORE_COUNT, 0);
	vmx_write(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmx_write(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmx_write(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmx_write(VMCS_LINK_POINTER, ~0ULL);
	vmx_init_apicv(v);
	write_host_constants();
	s->host_cpu = -1;
	s->hw_host_cr3 = 0;
	s->hw_host_cr4 = 0;
	vmx_mark_stale(v, VMX_STALE_TSC | VMX_STALE_INTERCEPTS | VMX_STALE_DEBUG);
}

/* All that the CPU raises by itself: not NMI, and not what INT3 and INTO do. */
#define HARDWARE_EXCEPTIONS (U32_MAX & ~(BIT(X86_TRAP_NMI) | BIT(X86_TRAP_BP) | BIT(X86_TRAP_OF)))

/* What the VM's capabilities, the guest's CPUID and the debugger decide. */
static void write_intercepts(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	u64 off = v->vm->disabled_exits;
	u32 waits = CPU_BASED_MWAIT_EXITING | CPU_BASED_MONITOR_EXITING;
	/* Endless #AC or #DB delivery would lock the CPU up (CVE-2015-5307, CVE-2015-8104). */
	u32 exceptions = BIT(X86_TRAP_DB) | BIT(X86_TRAP_AC) | BIT(X86_TRAP_MC);

	s->proc &= ~(waits | CPU_BASED_HLT_EXITING);
	if (!(off & KVM_X86_DISABLE_EXITS_HLT))
		s->proc |= CPU_BASED_HLT_EXITING;
	if (!(off & KVM_X86_DISABLE_EXITS_MWAIT))
		s->proc |= waits;
	/* The other vendor's hypercall instruction is rewritten (exit.c). */
	if (!(v->vm->disabled_quirks & KVM_X86_QUIRK_FIX_HYPERCALL_INSN))
		exceptions |= BIT(X86_TRAP_UD);
	if (unlikely(param_take_exceptions))
		exceptions |= HARDWARE_EXCEPTIONS;
	if ((v->guest_debug & KVM_GUESTDBG_ENABLE) && (v->guest_debug & KVM_GUESTDBG_USE_SW_BP))
		exceptions |= BIT(X86_TRAP_BP);
	vmx_write(EXCEPTION_BITMAP, exceptions);
	/* Which bits of CR4 the guest may own depends on its CPUID. */
	vmx_write_cr4(v, vmx_cr4(s));
}

void vmx_write_stale(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	u32 stale = s->stale;

	s->stale = 0;
	if (stale & VMX_STALE_TSC) {
		vmx_write(TSC_OFFSET, v->tsc_offset);
		if (vmx_features.tsc_scale)
			vmx_write(TSC_MULTIPLIER, v->tsc_ratio);
	}
	if (stale & VMX_STALE_INTERCEPTS)
		write_intercepts(v);
	if (stale & VMX_STALE_DEBUG)
		vmx_write(GUEST_DR7, debug_regs_dr7(v));
	if (stale & VMX_STALE_PDPTES)
		vmx_read_pdptes(v);
}
