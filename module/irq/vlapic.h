/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's local APIC: the kernel side of model/lapic.h.
 *
 * The pure LAPIC changes state and says what follows from it; this layer acts
 * on that: it sends the IPI, arms the host timer, wakes the target.
 *
 * Unless a comment says otherwise a function belongs to the vCPU's own thread
 * (or to the holder of vcpu->mutex). Functions marked "any context" may be
 * called from a hard interrupt; they never sleep.
 *
 * Every function but vlapic_create() may be called when vcpu->vlapic is NULL only
 * where its comment says so.
 */
#ifndef TAXCUT_IRQ_VLAPIC_H
#define TAXCUT_IRQ_VLAPIC_H

#include <linux/kvm.h>
#include <linux/types.h>

#include "base/backend.h"
#include "base/vcpu.h"
#include "vlapic_state.h"

/* vlapic_pending_vector(): an 8259-style interrupt waits; its vector is known only after vlapic_ack(). */
#define VLAPIC_EXTINT 256

/* What vlapic_take_init_sipi() found. */
enum vlapic_startup { VLAPIC_STARTUP_NONE, VLAPIC_STARTUP_INIT, VLAPIC_STARTUP_SIPI };

/* Sets v->vlapic; 0 or -ENOMEM. Call it only when the VM has an in-kernel LAPIC, before the vCPU is published. */
int vlapic_create(struct vcpu *v);
/* After the vCPU was unpublished; stops the timer. NULL is fine. */
void vlapic_destroy(struct vcpu *v);
/* Power-up (init_event false: also IA32_APIC_BASE) or INIT reset. NULL vlapic is fine. */
void vlapic_reset(struct vcpu *v, bool init_event);
/* What the guest's CPUID gives its LAPIC; the address width is v->maxphyaddr. NULL vlapic is fine. */
void vlapic_set_features(struct vcpu *v, bool x2apic, bool tsc_deadline);

/* IA32_APIC_BASE (MSR 0x1b). -EINVAL: inject #GP. host: user space writes; any legal end state is taken. NULL vlapic is fine. */
int vlapic_set_base(struct vcpu *v, u64 value, bool host);
u64 vlapic_get_base(const struct vcpu *v);

/*
 * gpa lies in the LAPIC's page, and the LAPIC answers there. Disabled or in
 * x2APIC mode it does not on hardware, either; but by KVM's quirk
 * LAPIC_MMIO_HOLE the page is then a hole, which user space never hears of.
 * NULL vlapic is fine.
 */
static inline bool vlapic_mmio_hit(const struct vcpu *v, u64 gpa)
{
	const struct vlapic *a = v->vlapic;

	return a && (gpa & ~0xfffULL) == lapic_mmio_base(&a->l) &&
	       (lapic_mode(&a->l) == APIC_MODE_XAPIC ||
		!(v->vm->disabled_quirks & KVM_X86_QUIRK_LAPIC_MMIO_HOLE));
}

/*
 * gpa as accepted by vlapic_mmio_hit(); always 0: what the LAPIC cannot do with len reads as zero, or is dropped. The
 * hole reads as all ones.
 */
int vlapic_mmio_read(struct vcpu *v, u64 gpa, void *data, unsigned int len);
int vlapic_mmio_write(struct vcpu *v, u64 gpa, const void *data, unsigned int len);

/* x2APIC MSRs 0x800..0x8ff: 0, or -EINVAL (inject #GP; also when not in x2APIC mode). NULL vlapic is fine. */
int vlapic_msr_read(struct vcpu *v, u32 index, u64 *value);
int vlapic_msr_write(struct vcpu *v, u32 index, u64 value);

/* The same, less what the CPU delivers by itself. */
int vlapic_injectable_vector(struct vcpu *v);
/*
 * Take what vlapic_injectable_vector() has just found: IRR to ISR, or, for
 * VLAPIC_EXTINT, acknowledge the PIC or consume vcpu->ev.user_irq. Returns the
 * vector, -1 when it has gone meanwhile.
 */
int vlapic_ack(struct vcpu *v, int pending);
/*
 * An interrupt waits that would wake a halted vCPU whose IF is open. An expired
 * timer (REQ_TIMER) is served here. NMI, INIT, SIPI and vlapic_take_kick() are
 * the caller's to look at. NULL vlapic is fine.
 */
bool vlapic_has_event(struct vcpu *v);
/*
 * KVM_HC_KICK_CPU has come for this vCPU since the last call: if it is halted,
 * it wakes even with IF closed. NULL vlapic is fine.
 */
bool vlapic_take_kick(struct vcpu *v);

/* vlapic_take_kick() would say yes. NULL vlapic is fine. */
static inline bool vlapic_kick_pending(const struct vcpu *v)
{
	return v->vlapic && READ_ONCE(v->vlapic->unhalted);
}

/* HV_EXIT_EOI: the CPU has ended this interrupt, and listeners may wait for its EOI. */
void vlapic_eoi_exit(struct vcpu *v, u8 vector);
/* Something waits that was posted. NULL vlapic is fine. */
static inline bool vlapic_has_posted(const struct vcpu *v)
{
	return v->vlapic && lapic_has_pir(&v->vlapic->l);
}

/* An IRR vector waits only because of TPR: the backend has to watch CR8. */
bool vlapic_blocked_by_tpr(struct vcpu *v);
/* This vCPU takes ExtINT from a PIC now (user space's, too). NULL vlapic: true. */
bool vlapic_accepts_extint(struct vcpu *v);

/* CR8: bits 7:4 of TPR. NULL vlapic: set is ignored, get returns 0. */
void vlapic_set_tpr(struct vcpu *v, u8 cr8);
u8 vlapic_get_tpr(const struct vcpu *v);

/*
 * Take the next one. A SIPI is handed out only while v->mp_state is
 * KVM_MP_STATE_INIT_RECEIVED, otherwise it is dropped as by hardware; so set
 * mp_state (vcpu_reset()) before asking again after an INIT. Loop until NONE.
 */
enum vlapic_startup vlapic_take_init_sipi(struct vcpu *v, u8 *sipi_vector);

/*
 * KVM_HC_SEND_IPI. low/high: bitmap of APIC IDs from min on (64 + 64 bits, or
 * 32 + 32 when the guest is not in 64-bit mode: long_mode false). Returns the
 * number of vCPUs the IPI reached, -KVM_EINVAL for a bad icr, or, for a NULL
 * apic, -KVM_EOPNOTSUPP.
 */
long vlapic_send_ipi_pv(struct vcpu *v, u64 low, u64 high, u64 min, u64 icr, bool long_mode);
/* KVM_HC_KICK_CPU: wake the vCPU with that APIC ID out of HLT even when its IF is closed. */
void vlapic_kick_pv(struct vm *vm, u64 apic_id);

/* KVM_GET_LAPIC, KVM_SET_LAPIC; -EINVAL for a state no LAPIC can be in. */
int vlapic_get_state(struct vcpu *v, struct kvm_lapic_state *s);
int vlapic_set_state(struct vcpu *v, const struct kvm_lapic_state *s);

/* MSR_KVM_PV_EOI_EN: gpa of the flag word (4-byte aligned), 0 = off. NULL vlapic is fine. */
void vlapic_pv_eoi_set(struct vcpu *v, u64 gpa);
void vlapic_pv_eoi_begin(struct vcpu *v);
void vlapic_pv_eoi_end(struct vcpu *v);

/* Bracket every entry with these two; vm->mem_sem is held (as always in the run loop). NULL vlapic is fine. */
static inline void vlapic_pv_eoi_before_entry(struct vcpu *v)
{
	if (v->vlapic && v->vlapic->pv_eoi_gpa && v->vlapic->l.isr_highest >= 0 && !v->vlapic->apicv_active)
		vlapic_pv_eoi_begin(v);
}

static inline void vlapic_pv_eoi_after_exit(struct vcpu *v)
{
	if (v->vlapic && v->vlapic->pv_eoi_word)
		vlapic_pv_eoi_end(v);
}

#endif /* TAXCUT_IRQ_VLAPIC_H */
