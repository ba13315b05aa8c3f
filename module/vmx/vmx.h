/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Intel VMX backend's own state. SDM vol. 3, chapters 25 to 32.
 *
 * A VMCS can be read and written only on the CPU where it is "current", and is
 * cached in the CPU where it is "active" until VMCLEAR writes it back. So:
 *   - A loaded vCPU's VMCS is current from vmx_load() to vmx_unload();
 *     preemption is off in between. It stays active on that CPU afterwards.
 *   - Whoever needs it while the vCPU is not loaded brackets the accesses with
 *     vmx_get() and vmx_put(), which make it current, wherever it was.
 *   - Each CPU lists the VMCSs active on it (vmx_cpu.active, touched on that
 *     CPU with interrupts off), so that all can be cleared before VMX goes off.
 * What common code changes at any time without a stay in between (TSC, debug
 * registers, intercepts) only sets a bit in vmx_vcpu.stale; the next entry
 * writes it.
 */
#ifndef TAXCUT_VMX_H
#define TAXCUT_VMX_H

/* First: <asm/vmx.h> has macros with the names of some of our enumerators. */
#include "../hv.h"

#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <asm/asm.h>
#include <asm/desc.h>
#include <asm/vmx.h>

#include "vmx_entry.h"

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
	u32 hw_slice; /* the preemption timer is on, with so many ticks; 0: off */
	bool irq_window;
	bool guard_window; /* posted_guard: an interrupt waits for the guest to switch them on */
	bool sti_window; /* an NMI waits for the instruction after STI */

	u64 cr0_shadow, cr4_shadow, cr4_owned; /* owned: bits the host keeps */
	u64 cr2, efer, pat, cstar;
	u64 msrs[VMX_NR_SWAPPED]; /* the guest's, while not loaded */
	bool spec_ctrl_used; /* the guest writes SPEC_CTRL without an exit */
	u16 vpid; /* 0: none */
	u8 *msr_bitmap;
	u8 *tpr_page; /* stands in for the LAPIC's registers where there is no LAPIC */
	struct lapic_posted *posted; /* NULL: the CPU cannot. A page: some emulated CPU wants it aligned so */
	bool posting; /* vmx_apicv.c: on; other threads read it */
	/* vmx_perf.c */
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

struct vmx_features {
	u32 revision;
	u32 pin, proc, proc2, exit, entry; /* what every VMCS starts with */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	bool vpid, tsc_scale, ept_1g, ept_5level, encls;
	bool rdtscp;
	u32 slice; /* preemption-timer ticks in a guest with interrupts off; 0: the timer is not used */
	bool posting; /* APICv and posted interrupts, all of it */
	bool perf; /* the host's perf drives a PMU */
	bool perf_switch; /* entry and exit can load IA32_PERF_GLOBAL_CTRL */
};

DECLARE_PER_CPU(struct vmx_cpu, vmx_cpus);
extern struct vmx_features vmx_features;
extern struct hv_ops vmx_ops;

void vmx_access_failed(unsigned long field, const char *what);

/*
 * The vCPU's VMCS is current. After VMX was switched off under a loaded vCPU
 * (reboot) these fault, and are skipped: reads give 0.
 */
static inline u64 vmx_read(unsigned long field)
{
	u64 value = 0;
	bool failed = false;

	asm volatile("1: vmread %[field], %[value]\n\tsetbe %[failed]\n2:\n\t" _ASM_EXTABLE(1b, 2b)
		     : [value] "+r"(value), [failed] "+q"(failed)
		     : [field] "r"(field)
		     : "cc");
	if (unlikely(failed))
		vmx_access_failed(field, "read");
	return value;
}

static inline void vmx_write(unsigned long field, u64 value)
{
	bool failed = false;

	asm volatile("1: vmwrite %[value], %[field]\n\tsetbe %[failed]\n2:\n\t" _ASM_EXTABLE(1b, 2b)
		     : [failed] "+q"(failed)
		     : [field] "r"(field), [value] "r"(value)
		     : "cc", "memory");
	if (unlikely(failed))
		vmx_access_failed(field, "written");
}

static inline void vmx_mark_stale(struct vcpu *v, enum vmx_stale bits)
{
	v->vmx->stale |= bits;
}

/* vmx_caps.c: what this CPU can do. */
bool vmx_caps_ok(void); /* false: the log says what is missing */
extern char vmx_lacks[]; /* the useful things it lacks, comma separated */

/* vmx_vmcs.c */
int vmx_vmcs_create(struct vcpu *v);
void vmx_vmcs_destroy(struct vcpu *v);
void vmx_clear_all(struct vmx_cpu *c); /* this CPU, interrupts off */
/* Preemption off, interrupts on unless the VMCS is known not to be active elsewhere. */
void vmx_make_current(struct vmx_vcpu *s);
void vmx_load_host_state(struct vcpu *v);
void vmx_restore_host_state(struct vcpu *v);
void vmx_init_controls(struct vcpu *v);
void vmx_write_stale(struct vcpu *v);

static inline void vmx_get(struct vcpu *v)
{
	if (v->loaded)
		return;
	preempt_disable();
	vmx_make_current(v->vmx);
}

static inline void vmx_put(struct vcpu *v)
{
	if (!v->loaded)
		preempt_enable();
}

/* vmx_run.c */
void vmx_load(struct vcpu *v);
void vmx_unload(struct vcpu *v);
void vmx_run(struct vcpu *v);
void vmx_send_notification(int cpu); /* any context */

/* vmx_event.c */
void vmx_inject_exception(struct vcpu *v);
void vmx_inject_irq(struct vcpu *v);
void vmx_inject_nmi(struct vcpu *v);
void vmx_cancel_injection(struct vcpu *v);
bool vmx_irq_allowed(struct vcpu *v);
bool vmx_nmi_allowed(struct vcpu *v);
void vmx_set_irq_window(struct vcpu *v, bool on);
void vmx_set_nmi_window(struct vcpu *v);
u8 vmx_get_shadow(struct vcpu *v);
void vmx_set_shadow(struct vcpu *v, u8 shadow);
void vmx_end_hlt(struct vcpu *v);
u32 vmx_blocking(struct vcpu *v);
void vmx_set_blocking(struct vcpu *v, u32 blocking);
void vmx_write_pin(const struct vmx_vcpu *s);
void vmx_events_before_entry(struct vcpu *v);
void vmx_events_after_exit(struct vcpu *v);

/* vmx_apicv.c */
struct lapic_posted *vmx_posted(struct vcpu *v);
bool vmx_notify(struct vcpu *v, bool already);
void vmx_apic_changed(struct vcpu *v);
void vmx_host_interrupt(struct vcpu *v);
void vmx_init_apicv(struct vcpu *v);
void vmx_write_apicv(struct vcpu *v);
void vmx_apicv_before_entry(struct vcpu *v);
void vmx_apicv_after_exit(struct vcpu *v);
void vmx_exit_apic_write(struct vcpu *v);

/* vmx_state.c */
void vmx_vcpu_reset(struct vcpu *v);
void vmx_get_sregs(struct vcpu *v, struct hv_sregs *out);
void vmx_set_sregs(struct vcpu *v, const struct hv_sregs *in);
void vmx_get_paging(struct vcpu *v, struct hv_paging *p);
void vmx_set_cr2(struct vcpu *v, u64 cr2);
void vmx_set_efer(struct vcpu *v, u64 efer);

/* vmx_msr.c */
void vmx_reset_msrs(struct vcpu *v);
void vmx_load_msrs(struct vcpu *v);
void vmx_unload_msrs(struct vcpu *v);
void vmx_update_msr_bitmap(struct vcpu *v);
void vmx_pass_msr(struct vcpu *v, u32 index, bool read, bool write);
int vmx_get_msr(struct vcpu *v, u32 index, u64 *value);
int vmx_set_msr(struct vcpu *v, u32 index, u64 value, bool host);
void vmx_read_host_msrs(struct vmx_cpu *c);

/* vmx_cr.c: the vCPU's VMCS is current. */
u64 vmx_cr0(const struct vmx_vcpu *s);
u64 vmx_cr4(const struct vmx_vcpu *s);
void vmx_write_cr0(struct vcpu *v, u64 cr0);
void vmx_write_cr4(struct vcpu *v, u64 cr4);
void vmx_write_efer(struct vcpu *v, u64 efer);
void vmx_write_entry_controls(struct vmx_vcpu *s);
void vmx_read_pdptes(struct vcpu *v);
/* The guest wrote a control register in a way that the CPU leaves to us. HV_EXIT_CR; an enum run_next. */
int vmx_exit_cr(struct vcpu *v);
int vmx_take_cr0(struct vcpu *v, u64 cr0, u64 efer);
int vmx_take_cr4(struct vcpu *v, u64 cr4);

/* vmx_perf.c: the host's counters; on either side of each entry, interrupts off, where vmx_features.perf. */
bool vmx_perf_present(void);
void vmx_perf_before_entry(struct vmx_vcpu *s);
void vmx_perf_after_exit(struct vmx_vcpu *s); /* only when s->perf_msrs */

/* vmx_dump.c: the entry failed; say why in the log. reason: the exit reason, or 0 and the instruction failed. */
void vmx_dump_failure(struct vcpu *v, u32 reason);

#endif /* TAXCUT_VMX_H */
