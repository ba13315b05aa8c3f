// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's local APIC: acts on what model/lapic.c reports. vlapic.h says who may call what. */

#include <linux/mm.h>
#include <linux/slab.h>
#include <uapi/linux/kvm_para.h>

#include "base/kick.h"
#include "chips.h"
#include "deliver.h"
#include "destmap.h"
#include "irqchip.h"
#include "mem/gpa.h"
#include "vlapic.h"
#include "vlapic_timer.h"

/* After an EOI with an empty IRR there is nothing to inject, and no TPR to sync: the common case. */
static bool vlapic_must_look_again(struct lapic *l, const struct lapic_effects *e)
{
	return e->lvt0 || (e->event && (!e->eoi || lapic_highest_irr(l) >= 0));
}

static void vlapic_apply_effects(struct vcpu *v, const struct lapic_effects *e)
{
	struct irqchip *irq = v->vm->irq;

	if (e->map || e->lvt0)
		destmap_update(v);
	if (e->map && hv->vlapic_changed)
		hv->vlapic_changed(v);
	if (e->timer)
		vlapic_timer_changed(v, e->timer_reg);
	if (e->eoi && (e->eoi_level || e->eoi_vector == READ_ONCE(irq->pit_eoi_vector)))
		chips_eoi_broadcast(v, e->eoi_vector, e->eoi_level);
	if (e->ipi) {
		v->stats.ipis_sent++;
		deliver_msg(irq, &e->msg, v->index, NULL);
	}
	if (vlapic_must_look_again(&v->vlapic->l, e))
		vcpu_request(v, REQ_EVENT);
}

int vlapic_create(struct vcpu *v)
{
	struct vlapic *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	u8 *regs = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (!a || !regs) {
		kfree(a);
		free_page((unsigned long)regs);
		return -ENOMEM;
	}
	a->vcpu = v;
	lapic_init(&a->l, regs, v->id, v->id == v->vm->bsp_id);
	a->l.pi_desc = hv->pi_desc ? hv->pi_desc(v) : NULL;
	a->l.has_eoi_suppress = v->vm->split_irqchip;
	v->vlapic = a;
	vlapic_timer_init(v);
	vlapic_set_features(v, false, false); /* until its CPUID is set */
	return 0;
}

void vlapic_destroy(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;

	if (!a)
		return;
	vlapic_timer_destroy(a);
	v->vlapic = NULL;
	free_page((unsigned long)a->l.regs);
	kfree(a);
}

void vlapic_reset(struct vcpu *v, bool init_event)
{
	struct lapic_effects e = {};
	struct vlapic *a = v->vlapic;

	if (!a)
		return;
	if (!init_event) {
		lapic_take(&a->l, LAPIC_PENDING_INIT);
		lapic_take(&a->l, LAPIC_PENDING_SIPI);
	}
	a->pv_eoi_gpa = 0;
	a->pv_eoi_word = NULL;
	WRITE_ONCE(a->wire_extint, 0);
	WRITE_ONCE(a->unhalted, 0);
	bitmap_zero(a->ioapic_eoi, 256);
	lapic_reset(&a->l, init_event, &e);
	vlapic_apply_effects(v, &e);
}

void vlapic_set_features(struct vcpu *v, bool x2apic, bool tsc_deadline)
{
	struct vlapic *a = v->vlapic;

	if (!a)
		return;
	a->l.has_x2apic = x2apic;
	a->l.has_tsc_deadline = tsc_deadline;
	a->l.phys_bits = clamp_t(u8, v->maxphyaddr, 36, 52);
}

int vlapic_set_base(struct vcpu *v, u64 value, bool host)
{
	struct lapic_effects e = {};
	int r;

	if (!v->vlapic)
		return 0;
	r = lapic_set_base(&v->vlapic->l, value, host, &e);
	if (!r)
		vlapic_apply_effects(v, &e);
	return r;
}

u64 vlapic_get_base(const struct vcpu *v)
{
	if (v->vlapic)
		return v->vlapic->l.base;
	return LAPIC_BASE_DEFAULT | LAPIC_BASE_ENABLE | (v->id == v->vm->bsp_id ? LAPIC_BASE_BSP : 0);
}

int vlapic_mmio_read(struct vcpu *v, u64 gpa, void *data, unsigned int len)
{
	struct lapic_effects e = {};
	u32 offset = gpa & 0xfff;

	if (lapic_mode(&v->vlapic->l) != APIC_MODE_XAPIC) {
		memset(data, 0xff, len);
		return 0;
	}
	vlapic_timer_wait_expire(v);
	if ((offset & ~0xfu) == LAPIC_TMCCT)
		vlapic_timer_publish_count(v);
	lapic_mmio_read(&v->vlapic->l, offset, len, data, &e);
	if (unlikely(e.event))
		vcpu_request(v, REQ_EVENT);
	return 0;
}

int vlapic_mmio_write(struct vcpu *v, u64 gpa, const void *data, unsigned int len)
{
	struct lapic_effects e = {};

	if (lapic_mode(&v->vlapic->l) != APIC_MODE_XAPIC)
		return 0;
	lapic_mmio_write(&v->vlapic->l, gpa & 0xfff, len, data, &e);
	vlapic_apply_effects(v, &e);
	return 0;
}

int vlapic_msr_read(struct vcpu *v, u32 index, u64 *value)
{
	if (!v->vlapic)
		return -EINVAL;
	vlapic_timer_wait_expire(v);
	if (index == LAPIC_MSR_FIRST + LAPIC_TMCCT / 16)
		vlapic_timer_publish_count(v);
	return lapic_msr_read(&v->vlapic->l, index, value);
}

int vlapic_msr_write(struct vcpu *v, u32 index, u64 value)
{
	struct lapic_effects e = {};
	int r;

	if (!v->vlapic)
		return -EINVAL;
	r = lapic_msr_write(&v->vlapic->l, index, value, &e);
	if (!r)
		vlapic_apply_effects(v, &e);
	return r;
}

bool vlapic_accepts_extint(struct vcpu *v)
{
	return !v->vlapic || lapic_accepts_pic(&v->vlapic->l);
}

/* The PIC's INTR, or in its place KVM_INTERRUPT, is high and gets through to this vCPU. */
static bool vlapic_extint_pending(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;

	if (likely(!READ_ONCE(v->vm->irq->intr) && !v->ev.user_irq_pending))
		return false;
	return READ_ONCE(a->wire_extint) || lapic_accepts_pic(&a->l);
}

/*
 * The interrupt the guest would take now if its IF were open: -1 none,
 * VLAPIC_EXTINT when the PIC (or, with a split irqchip, KVM_INTERRUPT) has one,
 * else the highest vector in IRR above PPR. No LAPIC: KVM_INTERRUPT only.
 */
static int vlapic_pending_vector(struct vcpu *v)
{
	if (!v->vlapic)
		return v->ev.user_irq_pending ? VLAPIC_EXTINT : -1;
	if (vlapic_extint_pending(v))
		return VLAPIC_EXTINT;
	return lapic_pending_vector(&v->vlapic->l);
}

int vlapic_injectable_vector(struct vcpu *v)
{
	if (!v->vlapic || !v->vlapic->apicv_active)
		return vlapic_pending_vector(v);
	lapic_sync_pir_to_irr(&v->vlapic->l);
	return vlapic_extint_pending(v) ? VLAPIC_EXTINT : -1;
}

void vlapic_eoi_exit(struct vcpu *v, u8 vector)
{
	bool level = lapic_eoi_exit_is_level(&v->vlapic->l, vector);

	if (level || vector == READ_ONCE(v->vm->irq->pit_eoi_vector))
		chips_eoi_broadcast(v, vector, level);
}

static int vlapic_ack_user_irq(struct vcpu *v)
{
	v->ev.user_irq_pending = false;
	return v->ev.user_irq;
}

static int vlapic_ack_extint(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;
	int vector;

	if (vlapic_extint_pending(v)) {
		WRITE_ONCE(a->wire_extint, 0);
		if (v->ev.user_irq_pending)
			return vlapic_ack_user_irq(v);
		vector = chips_pic_ack(v->vm->irq);
		if (vector >= 0)
			return vector;
	}
	if (a->apicv_active)
		return -1;
	vector = lapic_pending_vector(&a->l);
	if (vector >= 0)
		lapic_accept(&a->l, vector);
	return vector;
}

int vlapic_ack(struct vcpu *v, int pending)
{
	if (unlikely(pending == VLAPIC_EXTINT))
		return vlapic_ack_extint(v);
	lapic_accept(&v->vlapic->l, pending);
	return pending;
}

bool vlapic_has_event(struct vcpu *v)
{
	if (!v->vlapic)
		return v->ev.user_irq_pending;
	if (vcpu_test_and_clear_request(v, REQ_TIMER))
		vlapic_timer_serve(v);
	return vlapic_pending_vector(v) >= 0;
}

bool vlapic_blocked_by_tpr(struct vcpu *v)
{
	struct lapic *l = &v->vlapic->l;
	int vector = lapic_highest_irr(l);

	return vector >= 0 && lapic_pending_vector(l) < 0 && vector >> 4 > max(l->isr_highest, 0) >> 4;
}

void vlapic_set_tpr(struct vcpu *v, u8 cr8)
{
	if (v->vlapic && lapic_set_cr8(&v->vlapic->l, cr8))
		vcpu_request(v, REQ_EVENT);
}

u8 vlapic_get_tpr(const struct vcpu *v)
{
	return v->vlapic ? lapic_get_cr8(&v->vlapic->l) : 0;
}

enum vlapic_startup vlapic_take_init_sipi(struct vcpu *v, u8 *sipi_vector)
{
	struct lapic *l;

	if (!v->vlapic)
		return VLAPIC_STARTUP_NONE;
	l = &v->vlapic->l;
	if (lapic_take(l, LAPIC_PENDING_INIT))
		return VLAPIC_STARTUP_INIT;
	if (!lapic_take(l, LAPIC_PENDING_SIPI))
		return VLAPIC_STARTUP_NONE;
	*sipi_vector = READ_ONCE(l->sipi_vector);
	if (v->mp_state == KVM_MP_STATE_INIT_RECEIVED)
		return VLAPIC_STARTUP_SIPI;
	/* Dropped, unless an INIT has come since the first look: then the SIPI belongs to it. */
	if (!lapic_take(l, LAPIC_PENDING_INIT))
		return VLAPIC_STARTUP_NONE;
	lapic_post_sipi(l, *sipi_vector);
	return VLAPIC_STARTUP_INIT;
}

long vlapic_send_ipi_pv(struct vcpu *v, u64 low, u64 high, u64 min, u64 icr, bool long_mode)
{
	struct irqchip *irq = v->vm->irq;
	struct apic_msg msg;
	struct ipi_set targets __uninitialized;

	if (ipi_pv_decode(icr, &msg))
		return -KVM_EINVAL;
	if (!v->vlapic)
		return -KVM_EOPNOTSUPP;
	if (!ipi_pv_arrives(&msg))
		return 0;
	destmap_resolve_pv(irq, low, high, min, long_mode, &targets);
	v->stats.pv_ipis++;
	return deliver_set(v->vm, &targets, msg.vector, msg.delivery, msg.level, NULL);
}

void vlapic_kick_pv(struct vm *vm, u64 apic_id)
{
	struct vcpu *v = destmap_find(vm, apic_id);

	if (!v)
		return;
	WRITE_ONCE(v->vlapic->unhalted, 1);
	vcpu_request(v, REQ_EVENT);
	vcpu_kick(v);
}

bool vlapic_take_kick(struct vcpu *v)
{
	return vlapic_kick_pending(v) && xchg(&v->vlapic->unhalted, 0);
}

int vlapic_get_state(struct vcpu *v, struct kvm_lapic_state *s)
{
	if (!v->vlapic)
		return -EINVAL;
	vlapic_timer_serve(v);
	vlapic_timer_wait_expire(v);
	vlapic_timer_publish_count(v);
	lapic_sync_pir_to_irr(&v->vlapic->l);
	lapic_state_get(&v->vlapic->l, s, v->vm->x2apic_32bit_ids);
	return 0;
}

int vlapic_set_state(struct vcpu *v, const struct kvm_lapic_state *s)
{
	struct lapic_effects e = {};
	int r;

	if (!v->vlapic)
		return -EINVAL;
	r = lapic_state_set(&v->vlapic->l, s, v->vm->x2apic_32bit_ids, &e);
	if (!r)
		vlapic_apply_effects(v, &e);
	return r;
}

void vlapic_pv_eoi_set(struct vcpu *v, u64 gpa)
{
	if (v->vlapic)
		v->vlapic->pv_eoi_gpa = gpa;
}

/*
 * Let the guest end the interrupt in service by clearing a bit in its memory
 * (KVM_FEATURE_PV_EOI), when no other party needs the EOI at once: no lower vector
 * waits for it, and neither an IOAPIC nor the PIT does.
 */
void vlapic_pv_eoi_begin(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;
	int vector = a->l.isr_highest;
	u8 *word;

	if (lapic_highest_irr(&a->l) >= 0 || vector == READ_ONCE(v->vm->irq->pit_eoi_vector))
		return;
	if (lapic_reg(&a->l, LAPIC_TMR + (vector >> 5) * 16) & BIT(vector & 31))
		return;
	word = gpa_ptr_present(v->vm, a->pv_eoi_gpa, sizeof(*word), true);
	if (!word)
		return;
	WRITE_ONCE(*word, READ_ONCE(*word) | KVM_PV_EOI_ENABLED);
	a->pv_eoi_word = word;
}

/* The offer ends with every exit: what user space saves then is an ordinary ISR. */
void vlapic_pv_eoi_end(struct vcpu *v)
{
	struct lapic_effects e = {};
	struct vlapic *a = v->vlapic;
	u8 *word = a->pv_eoi_word;
	u8 value = READ_ONCE(*word);

	a->pv_eoi_word = NULL;
	if (value & KVM_PV_EOI_ENABLED) {
		WRITE_ONCE(*word, value & ~KVM_PV_EOI_MASK);
		return;
	}
	v->stats.pv_eois++;
	lapic_eoi(&a->l, &e);
	vlapic_apply_effects(v, &e);
}
