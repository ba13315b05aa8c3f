// SPDX-License-Identifier: GPL-2.0-only
/* The control fields of a VMCS. */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/debugreg.h>
#include <asm/trapnr.h>

#include "access.h"
#include "apicv.h"
#include "base/emulator_quirks.h"
#include "base/params.h"
#include "caps.h"
#include "controls.h"
#include "cpu/debug_regs.h"
#include "cr.h"
#include "emulator_quirks.h"
#include "host_state.h"
#include "mem/tdp.h"
#include "model/tsc.h"

static u64 vmx_eptp(const struct vcpu *v)
{
	return v->vm->tdp_root_pa | VMX_EPTP_MT_WB | VMX_EPTP_AD_ENABLE_BIT |
	       (hv->tdp_levels() == 5 ? VMX_EPTP_PWL_5 : VMX_EPTP_PWL_4);
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
	s->quirks = (struct vmx_quirks){};
	vmx_write(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmx_write(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmx_write(CR3_TARGET_COUNT, 0);
	vmx_write(VM_EXIT_MSR_STORE_COUNT, 0);
	vmx_write(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmx_write(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmx_write(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmx_write(VMCS_LINK_POINTER, ~0ULL);
	vmx_init_apicv(v);
	vmx_write_host_constants();
	s->host_cpu = -1;
	s->hw_host_cr3 = 0;
	s->hw_host_cr4 = 0;
	vmx_mark_stale(v, VMX_STALE_TSC | VMX_STALE_INTERCEPTS | VMX_STALE_DEBUG);
}

/* What the VM's capabilities, the guest's CPUID and the debugger decide. */
static void vmx_write_intercepts(struct vcpu *v)
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
	if (emulator_quirks_on())
		exceptions |= vmx_quirk_exceptions();
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
		vmx_write_intercepts(v);
	if (stale & VMX_STALE_DEBUG)
		vmx_write(GUEST_DR7, debug_regs_dr7(v));
	if (stale & VMX_STALE_PDPTES)
		vmx_read_pdptes(v);
}
