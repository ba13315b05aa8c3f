/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Intel VMX backend's own state. SDM vol. 3, chapters 25 to 32.
 *
 * A VMCS can be read and written only on the CPU where it is "current", and is
 * cached in the CPU where it is "active" until VMCLEAR writes it back. So:
 *   - A loaded vCPU's VMCS is current from vmx_load() to vmx_unload();
 *     preemption is off in between. It stays active on that CPU afterwards.
 *   - Code that needs it while the vCPU is not loaded brackets the accesses with
 *     vmx_get() and vmx_put(), which make it current, wherever it was.
 *   - Each CPU lists the VMCSs active on it (vmx_cpu.active, touched on that
 *     CPU with interrupts off), so that all can be cleared before VMX goes off.
 * What common code changes at any time without a stay in between (TSC, debug
 * registers, intercepts) only sets a bit in vmx_vcpu.stale; the next entry
 * writes it.
 */
#ifndef TAXCUT_VMX_VMX_H
#define TAXCUT_VMX_VMX_H

#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <asm/asm.h>
#include <asm/desc.h>
#include <asm/vmx.h>

#include "base/backend.h"
#include "base/vcpu.h"
#include "vmenter.h"

/* MSRs that neither VM entry nor exit switches: exchanged when the vCPU is loaded and unloaded. */
enum vmx_swapped { VMX_STAR, VMX_LSTAR, VMX_SFMASK, VMX_KERNEL_GS_BASE, VMX_TSC_AUX, VMX_NR_SWAPPED };

/* Bits of vmx_vcpu.stale: what the VMCS must be told before the next entry. */
enum vmx_stale {
	VMX_STALE_TSC = 1 << 0,
	VMX_STALE_INTERCEPTS = 1 << 1,
	VMX_STALE_DEBUG = 1 << 2,
	VMX_STALE_PDPTES = 1 << 3, /* read them from the guest's memory */
	VMX_STALE_APICV = 1 << 4, /* at the next load already */
};

struct perf_guest_switch_msr; /* asm/perf_event.h */

/* emulator_quirks.c */
struct vmx_quirks {
#ifdef TAXCUT_EMULATOR_QUIRKS
	u32 slice; /* the preemption timer is on, with so many ticks; 0: off */
	bool guard_window; /* an interrupt waits for the guest to switch them on */
#endif
};

struct vmx_vcpu {
	void *vmcs;
	struct vmx_entry entry;
	int cpu; /* where the VMCS is active, -1 nowhere */
	struct list_head link; /* in that CPU's list */
	int host_cpu; /* whose host state the VMCS holds, -1 none's */
	u32 stale;
	bool flush; /* drop cached translations before the next entry */

	/* Copies of what the VMCS holds, to save accesses. */
	u64 hw_rip, hw_rsp, hw_rflags;
	u64 hw_host_cr3, hw_host_cr4, hw_host_fs_base;
	u32 hw_proc;
	u32 blocking; /* the interruptibility state, valid when blocking_known */
	bool blocking_known;
	bool hw_nmi_masked;

	u32 proc; /* primary controls wanted at the next entry */
	u32 proc2;
	u32 event_info; /* the event to inject, 0 none */
	struct vmx_quirks quirks;
	bool irq_window;
	bool sti_window; /* an NMI waits for the instruction after STI */

	u64 cr0_shadow, cr4_shadow, cr4_owned; /* owned: bits the host keeps */
	u64 cr2, efer, pat, cstar;
	u64 msrs[VMX_NR_SWAPPED]; /* the guest's, while not loaded */
	bool spec_ctrl_used; /* the guest writes SPEC_CTRL without an exit */
	u16 vpid; /* 0: none */
	u8 *msr_bitmap;
	u8 *tpr_page; /* stands in for the LAPIC's registers where there is no LAPIC */
	struct lapic_pi_desc *pi_desc; /* NULL: the CPU cannot. A page: some emulated CPU wants it aligned so */
	bool posting; /* apicv.c: on; other threads read it */
	/* perf.c */
	bool perf_switch; /* entry and exit load IA32_PERF_GLOBAL_CTRL with these */
	u64 perf_host, perf_guest;
	const struct perf_guest_switch_msr *perf_msrs; /* what has to be written back after the exit, or NULL */
	int nr_perf_msrs;
	u16 intr_status; /* RVI and SVI as the VMCS has them */
	u32 host_intr_info; /* the host's interrupt that the exit has acknowledged */
	u8 *vapic; /* tpr_page or the LAPIC's registers: CR8 lives there */
};

/* One physical CPU that has VMX on. Touched only on that CPU, preemption off. */
struct vmx_cpu {
	bool enabled;
	struct page *vmxon;
	struct vmx_vcpu *current_vmcs;
	struct list_head active;
	const struct vcpu *last_vcpu; /* for the branch-predictor barrier between vCPUs */
	/* The host's, for the vCPU that is loaded. */
	u64 msrs[VMX_NR_SWAPPED];
	u64 fs_base;
	struct desc_ptr gdt;
	u16 ds, es, fs, gs, ldt;
};

static inline void vmx_mark_stale(struct vcpu *v, enum vmx_stale bits)
{
	v->vmx->stale |= bits;
}

#endif /* TAXCUT_VMX_VMX_H */
