// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts that the CPU delivers by itself: APIC-register virtualization,
 * virtual-interrupt delivery, posted interrupts (SDM vol. 3, chapter "APIC
 * Virtualization and Virtual Interrupts").
 *
 * On while the guest's LAPIC is in x2APIC mode: an xAPIC page is emulated
 * access by access, and its interrupts are injected as on any CPU. While it is
 * on, the LAPIC's register page is the virtual-APIC page: the CPU moves
 * vectors from IRR to ISR and out of it, and keeps TPR and PPR; RVI and SVI of
 * the VMCS's interrupt status say which is the highest of each.
 *
 * Posting. Sender:                        vCPU, interrupts off:
 *     vector into posted->vectors             mode = VCPU_IN_GUEST
 *     posted->on = 1                          full barrier
 *     mode == VCPU_IN_GUEST?                  posted->on? lapic_sync_pir_to_irr()
 *        send the notification vector         enter the guest
 *     else request and kick
 * Either the vCPU sees posted->on or the sender sees the mode; a notification
 * that meets the vCPU between its look and the entry stays pending in the
 * CPU's own LAPIC, and is taken as the guest's the moment it runs. One that
 * comes too late finds the host, which ignores it; the vector waits for the
 * next entry, or keeps the vCPU from sleeping (vcpu_has_wakeup()).
 *
 * Posting needs "acknowledge interrupt on exit": the CPU hands the host's
 * vector over, and the host's handler is called as an interrupt would.
 */
#include <asm/irq_vectors.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>

#include "access.h"
#include "apicv.h"
#include "base/compat.h"
#include "base/emulator_quirks.h"
#include "base/params.h"
#include "emulator_quirks.h"
#include "event.h"
#include "irq/vlapic.h"
#include "msr.h"
#include "vmx.h"

#define PROC2_APICV                                                                                \
	(SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE | SECONDARY_EXEC_APIC_REGISTER_VIRT |               \
	 SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY)

static_assert(sizeof(struct lapic_pi_desc) == 64);

/* x2APIC registers that the CPU reads from the page as they are. ICR is laid out differently, TMCCT is computed. */
static const u16 readable[] = {
	LAPIC_ID, LAPIC_TPR, LAPIC_PPR, LAPIC_LDR, LAPIC_SVR, LAPIC_LVTT, LAPIC_LVTTHMR, LAPIC_LVTPC,
	LAPIC_LVT0, LAPIC_LVT1, LAPIC_LVTERR, LAPIC_TMICT, LAPIC_TDCR,
};

static const u16 writable[] = { LAPIC_TPR, LAPIC_EOI, LAPIC_SELF_IPI };

struct lapic_pi_desc *vmx_pi_desc(struct vcpu *v)
{
	return v->vmx->pi_desc;
}

static void vmx_send_notification(int cpu)
{
	if (cpu >= 0 && cpu_online(cpu))
		hv_send_ipi(cpu, HV_POSTED_VECTOR);
}

bool vmx_notify(struct vcpu *v, bool already)
{
	int cpu;

	if (!READ_ONCE(v->vmx->posting) || READ_ONCE(v->mode) != VCPU_IN_GUEST)
		return false;
	if (already)
		return true; /* the first sender notifies, and the vCPU has not collected since */
	cpu = READ_ONCE(v->cpu);
	/* This CPU, in the host: the vCPU is not in the guest any more, or not yet, and will look. */
	if (cpu != raw_smp_processor_id())
		vmx_send_notification(cpu);
	return true;
}

static u16 vmx_intr_status(struct lapic *l)
{
	int rvi = lapic_highest_irr(l), svi = l->isr_highest;

	return (svi > 0 ? svi << 8 : 0) | (rvi > 0 ? rvi : 0);
}

static void vmx_write_watched(struct lapic *l)
{
	const u64 *bits = (const u64 *)l->eoi_exit_bitmap;

	l->eoi_exit_bitmap_changed = false;
	vmx_write(EOI_EXIT_BITMAP0, bits[0]);
	vmx_write(EOI_EXIT_BITMAP1, bits[1]);
	vmx_write(EOI_EXIT_BITMAP2, bits[2]);
	vmx_write(EOI_EXIT_BITMAP3, bits[3]);
}

static void vmx_pass_registers(struct vcpu *v, bool on)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(readable); i++)
		vmx_pass_msr(v, LAPIC_MSR_FIRST + readable[i] / 16, on, false);
	for (i = 0; i < 8; i++) {
		vmx_pass_msr(v, LAPIC_MSR_FIRST + LAPIC_ISR / 16 + i, on, false);
		vmx_pass_msr(v, LAPIC_MSR_FIRST + LAPIC_TMR / 16 + i, on, false);
		vmx_pass_msr(v, LAPIC_MSR_FIRST + LAPIC_IRR / 16 + i, on, false);
	}
	for (i = 0; i < ARRAY_SIZE(writable); i++)
		vmx_pass_msr(v, LAPIC_MSR_FIRST + writable[i] / 16, on && writable[i] == LAPIC_TPR, on);
}

/* Loaded. */
static void vmx_switch_on(struct vcpu *v, bool on)
{
	struct vmx_vcpu *s = v->vmx;

	if (on)
		s->proc2 |= PROC2_APICV;
	else
		s->proc2 &= ~PROC2_APICV;
	vmx_write(SECONDARY_VM_EXEC_CONTROL, s->proc2);
	vmx_pass_registers(v, on);
	v->vlapic->apicv_active = on;
	WRITE_ONCE(s->posting, on);
	vmx_write_pin(s);
	vcpu_request(v, REQ_EVENT);
}

void vmx_write_apicv(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	struct lapic *l;
	bool on;

	if (!s->pi_desc || !v->vlapic)
		return;
	l = &v->vlapic->l;
	on = lapic_mode(l) == APIC_MODE_X2APIC && !(v->guest_debug & KVM_GUESTDBG_BLOCKIRQ);
	if (on != s->posting)
		vmx_switch_on(v, on);
	if (!on)
		return;
	lapic_update_ppr(l);
	s->intr_status = vmx_intr_status(l);
	l->irr_moved = false;
	vmx_write(GUEST_INTR_STATUS, s->intr_status);
	vmx_write_watched(l);
}

void vmx_vlapic_changed(struct vcpu *v)
{
	if (!v->vmx->pi_desc)
		return;
	if (v->loaded)
		vmx_write_apicv(v);
	else
		vmx_mark_stale(v, VMX_STALE_APICV);
}

void vmx_init_apicv(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;

	WRITE_ONCE(s->posting, false);
	if (v->vlapic)
		v->vlapic->apicv_active = false;
	if (!s->pi_desc)
		return;
	vmx_write(POSTED_INTR_NV, HV_POSTED_VECTOR);
	vmx_write(POSTED_INTR_DESC_ADDR, __pa(s->pi_desc));
	vmx_pass_registers(v, false);
	vmx_mark_stale(v, VMX_STALE_APICV);
}

/* Between the publication of the mode and the entry. */
void vmx_apicv_before_entry(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	struct lapic *l = &v->vlapic->l;
	u16 status;

	if (lapic_has_pir(l))
		lapic_sync_pir_to_irr(l);
	if (l->irr_moved) {
		l->irr_moved = false;
		status = vmx_intr_status(l);
		if (status != s->intr_status)
			vmx_write(GUEST_INTR_STATUS, status);
		if (unlikely(l->eoi_exit_bitmap_changed))
			vmx_write_watched(l);
	}
	if (emulator_quirks_on() && vmx_quirk_guard(v, true))
		vmx_end_hlt(v);
}

void vmx_apicv_after_exit(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	struct lapic *l = &v->vlapic->l;
	u8 rvi, svi;

	if (emulator_quirks_on())
		vmx_quirk_guard(v, false);
	s->intr_status = vmx_read(GUEST_INTR_STATUS);
	rvi = s->intr_status;
	svi = s->intr_status >> 8;
	l->isr_highest = svi ?: -1;
	if (rvi)
		lapic_irr_was_filled(l, rvi);
	v->cr8 = v->apic_cr8; /* TPR is in its place already */
}

/* SELF_IPI with a vector that does not exist: all that the CPU leaves to us of the writes it does itself. */
void vmx_exit_apic_write(struct vcpu *v)
{
	vlapic_msr_write(v, LAPIC_MSR_FIRST + LAPIC_SELF_IPI / 16,
		       *(const u8 *)(v->vmx->vapic + LAPIC_SELF_IPI));
}

/* The host's interrupt that ended the stay. Interrupts are off; no vCPU is in the guest here. */
void vmx_host_interrupt(struct vcpu *v)
{
	u32 info = v->vmx->host_intr_info;
	struct desc_ptr idt;

	if (!(info & INTR_INFO_VALID_MASK))
		return;
	store_idt(&idt);
	vmx_call_interrupt(gate_offset((gate_desc *)idt.address + (info & INTR_INFO_VECTOR_MASK)));
}
