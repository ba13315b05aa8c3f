// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's local APIC: acts on what pure/lapic.c reports. apic.h says who may call what. */
#include "apic.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include <uapi/linux/kvm_para.h>

#include "cpuid.h"
#include "irq.h"
#include "irqchip.h"
#include "memory.h"

/* After an EOI with an empty IRR there is nothing to inject, and no TPR to sync: the common case. */
static bool must_look_again(struct lapic *l, const struct lapic_effects *e)
{
	return e->lvt0 || (e->event && (!e->eoi || lapic_highest_irr(l) >= 0));
}

void apic_apply_effects(struct vcpu *v, const struct lapic_effects *e)
{
	struct irqchip *irq = v->vm->irq;

	if (e->map || e->lvt0)
		irq_map_update(v);
	if (e->map && hv->apic_changed)
		hv->apic_changed(v);
	if (e->timer)
		apic_timer_changed(v, e->timer_reg);
	if (e->eoi && (e->eoi_level || e->eoi_vector == READ_ONCE(irq->edge_ack_vector)))
		irq_eoi_broadcast(v, e->eoi_vector, e->eoi_level);
	if (e->ipi) {
		v->stats.ipis_sent++;
		irq_send_msg(irq, &e->msg, v->index, NULL);
	}
	if (must_look_again(&v->apic->l, e))
		vcpu_request(v, REQ_EVENT);
}

int apic_create(struct vcpu *v)
{
	struct apic *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	u8 *regs = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (!a || !regs) {
		kfree(a);
		free_page((unsigned long)regs);
		return -ENOMEM;
	}
	a->vcpu = v;
	lapic_init(&a->l, regs, v->id, v->id == v->vm->bsp_id);
	a->l.posted = hv->posted ? hv->posted(v) : NULL;
	a->l.has_eoi_suppress = v->vm->split_irqchip;
	v->apic = a;
	apic_timer_init(v);
	apic_cpuid_changed(v);
	return 0;
}

void apic_destroy(struct vcpu *v)
{
	struct apic *a = v->apic;

	if (!a)
		return;
	apic_timer_destroy(a);
	v->apic = NULL;
	free_page((unsigned long)a->l.regs);
	kfree(a);
}

void apic_reset(struct vcpu *v, bool init_event)
{
	struct lapic_effects e = {};
	struct apic *a = v->apic;

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
	apic_apply_effects(v, &e);
}

void apic_cpuid_changed(struct vcpu *v)
{
	struct apic *a = v->apic;

	if (!a)
		return;
	a->l.has_x2apic = cpuid_has(v, 1, 0, CPUID_ECX, 21);
	a->l.has_tsc_deadline = cpuid_has(v, 1, 0, CPUID_ECX, 24);
	a->l.phys_bits = clamp_t(u8, v->maxphyaddr, 36, 52);
}

int apic_set_base(struct vcpu *v, u64 value, bool host)
{
	struct lapic_effects e = {};
	int r;

	if (!v->apic)
		return 0;
	r = lapic_set_base(&v->apic->l, value, host, &e);
	if (!r)
		apic_apply_effects(v, &e);
	return r;
}

u64 apic_get_base(const struct vcpu *v)
{
	if (v->apic)
		return v->apic->l.base;
	return LAPIC_BASE_DEFAULT | LAPIC_BASE_ENABLE | (v->id == v->vm->bsp_id ? LAPIC_BASE_BSP : 0);
}

int apic_mmio_read(struct vcpu *v, u64 gpa, void *data, unsigned int len)
{
	struct lapic_effects e = {};
	u32 offset = gpa & 0xfff;

	if (lapic_mode(&v->apic->l) != APIC_MODE_XAPIC) {
		memset(data, 0xff, len);
		return 0;
	}
	apic_timer_settle(v);
	if ((offset & ~0xfu) == LAPIC_TMCCT)
		apic_timer_publish_count(v);
	lapic_mmio_read(&v->apic->l, offset, len, data, &e);
	if (unlikely(e.event))
		vcpu_request(v, REQ_EVENT);
	return 0;
}

int apic_mmio_write(struct vcpu *v, u64 gpa, const void *data, unsigned int len)
{
	struct lapic_effects e = {};

	if (lapic_mode(&v->apic->l) != APIC_MODE_XAPIC)
		return 0;
	lapic_mmio_write(&v->apic->l, gpa & 0xfff, len, data, &e);
	apic_apply_effects(v, &e);
	return 0;
}

int apic_msr_read(struct vcpu *v, u32 index, u64 *value)
{
	if (!v->apic)
		return -EINVAL;
	apic_timer_settle(v);
	if (index == LAPIC_MSR_FIRST + LAPIC_TMCCT / 16)
		apic_timer_publish_count(v);
	return lapic_msr_read(&v->apic->l, index, value);
}

int apic_msr_write(struct vcpu *v, u32 index, u64 value)
{
	struct lapic_effects e = {};
	int r;

	if (!v->apic)
		return -EINVAL;
	r = lapic_msr_write(&v->apic->l, index, value, &e);
	if (!r)
		apic_apply_effects(v, &e);
	return r;
}

bool apic_accepts_extint(struct vcpu *v)
{
	return !v->apic || lapic_accepts_pic(&v->apic->l);
}

/* The PIC's INTR, or in its place KVM_INTERRUPT, is high and gets through to this vCPU. */
static bool extint_pending(struct vcpu *v)
{
	struct apic *a = v->apic;

	if (likely(!READ_ONCE(v->vm->irq->intr) && !v->ev.user_irq_pending))
		return false;
	return READ_ONCE(a->wire_extint) || lapic_accepts_pic(&a->l);
}

int apic_pending_vector(struct vcpu *v)
{
	if (!v->apic)
		return v->ev.user_irq_pending ? APIC_EXTINT : -1;
	if (extint_pending(v))
		return APIC_EXTINT;
	return lapic_pending_vector(&v->apic->l);
}

int apic_injectable_vector(struct vcpu *v)
{
	if (!v->apic || !v->apic->cpu_delivers)
		return apic_pending_vector(v);
	lapic_collect(&v->apic->l);
	return extint_pending(v) ? APIC_EXTINT : -1;
}

bool apic_notify(struct vcpu *v)
{
	struct lapic *l = &v->apic->l;

	if (l->posted && hv->notify(v, word_test_and_set_bit(&l->posted->on, 0))) {
		v->stats.irqs_posted++;
		return true;
	}
	vcpu_request(v, REQ_EVENT);
	return false;
}

void apic_ended(struct vcpu *v, u8 vector)
{
	bool level = lapic_end_is_heard(&v->apic->l, vector);

	if (level || vector == READ_ONCE(v->vm->irq->edge_ack_vector))
		irq_eoi_broadcast(v, vector, level);
}

static int ack_user_irq(struct vcpu *v)
{
	v->ev.user_irq_pending = false;
	return v->ev.user_irq;
}

static int ack_extint(struct vcpu *v)
{
	struct apic *a = v->apic;
	int vector;

	if (extint_pending(v)) {
		WRITE_ONCE(a->wire_extint, 0);
		if (v->ev.user_irq_pending)
			return ack_user_irq(v);
		vector = irq_pic_ack(v->vm->irq);
		if (vector >= 0)
			return vector;
	}
	if (a->cpu_delivers)
		return -1;
	vector = lapic_pending_vector(&a->l);
	if (vector >= 0)
		lapic_accept(&a->l, vector);
	return vector;
}

int apic_ack(struct vcpu *v, int pending)
{
	if (unlikely(pending == APIC_EXTINT))
		return ack_extint(v);
	lapic_accept(&v->apic->l, pending);
	return pending;
}

bool apic_has_event(struct vcpu *v)
{
	if (!v->apic)
		return v->ev.user_irq_pending;
	if (vcpu_test_and_clear_request(v, REQ_TIMER))
		apic_timer_expired(v);
	return apic_pending_vector(v) >= 0;
}

bool apic_blocked_by_tpr(struct vcpu *v)
{
	struct lapic *l = &v->apic->l;
	int vector = lapic_highest_irr(l);

	return vector >= 0 && lapic_pending_vector(l) < 0 && vector >> 4 > max(l->isr_highest, 0) >> 4;
}

void apic_set_tpr(struct vcpu *v, u8 cr8)
{
	if (v->apic && lapic_set_cr8(&v->apic->l, cr8))
		vcpu_request(v, REQ_EVENT);
}

u8 apic_get_tpr(const struct vcpu *v)
{
	return v->apic ? lapic_get_cr8(&v->apic->l) : 0;
}

bool apic_init_sipi_pending(const struct vcpu *v)
{
	return v->apic && (lapic_is_pending(&v->apic->l, LAPIC_PENDING_INIT) ||
			   lapic_is_pending(&v->apic->l, LAPIC_PENDING_SIPI));
}

enum apic_startup apic_take_init_sipi(struct vcpu *v, u8 *sipi_vector)
{
	struct lapic *l;

	if (!v->apic)
		return APIC_STARTUP_NONE;
	l = &v->apic->l;
	if (lapic_take(l, LAPIC_PENDING_INIT))
		return APIC_STARTUP_INIT;
	if (!lapic_take(l, LAPIC_PENDING_SIPI))
		return APIC_STARTUP_NONE;
	*sipi_vector = READ_ONCE(l->sipi_vector);
	if (v->mp_state == KVM_MP_STATE_INIT_RECEIVED)
		return APIC_STARTUP_SIPI;
	/* Dropped, unless an INIT has come since the first look: then the SIPI belongs to it. */
	if (!lapic_take(l, LAPIC_PENDING_INIT))
		return APIC_STARTUP_NONE;
	lapic_post_sipi(l, *sipi_vector);
	return APIC_STARTUP_INIT;
}

long apic_send_ipi_pv(struct vcpu *v, u64 low, u64 high, u64 min, u64 icr, bool long_mode)
{
	struct irqchip *irq = v->vm->irq;
	struct apic_msg msg;
	struct ipi_set targets __uninitialized;

	if (ipi_pv_decode(icr, &msg))
		return -KVM_EINVAL;
	if (!v->apic)
		return -KVM_EOPNOTSUPP;
	if (!ipi_pv_arrives(&msg))
		return 0;
	irq_resolve_pv(irq, low, high, min, long_mode, &targets);
	v->stats.pv_ipis++;
	return irq_deliver(v->vm, &targets, msg.vector, msg.delivery, msg.level, NULL);
}

void apic_kick_pv(struct vm *vm, u64 apic_id)
{
	struct vcpu *v = apic_find(vm, apic_id);

	if (!v)
		return;
	WRITE_ONCE(v->apic->unhalted, 1);
	vcpu_request(v, REQ_EVENT);
	vcpu_kick(v);
}

bool apic_take_kick(struct vcpu *v)
{
	return apic_kick_pending(v) && xchg(&v->apic->unhalted, 0);
}

int apic_get_state(struct vcpu *v, struct kvm_lapic_state *s)
{
	if (!v->apic)
		return -EINVAL;
	apic_timer_expired(v);
	apic_timer_settle(v);
	apic_timer_publish_count(v);
	lapic_collect(&v->apic->l);
	lapic_state_get(&v->apic->l, s, v->vm->x2apic_32bit_ids);
	return 0;
}

int apic_set_state(struct vcpu *v, const struct kvm_lapic_state *s)
{
	struct lapic_effects e = {};
	int r;

	if (!v->apic)
		return -EINVAL;
	r = lapic_state_set(&v->apic->l, s, v->vm->x2apic_32bit_ids, &e);
	if (!r)
		apic_apply_effects(v, &e);
	return r;
}

void apic_pv_eoi_set(struct vcpu *v, u64 gpa)
{
	if (v->apic)
		v->apic->pv_eoi_gpa = gpa;
}

/*
 * Let the guest end the interrupt in service by clearing a bit in its memory
 * (KVM_FEATURE_PV_EOI), when nobody else has to know at once: no lower vector
 * waits for it, and neither an IOAPIC nor the PIT does.
 */
void apic_pv_eoi_offer(struct vcpu *v)
{
	struct apic *a = v->apic;
	int vector = a->l.isr_highest;
	u8 *word;

	if (lapic_highest_irr(&a->l) >= 0 || vector == READ_ONCE(v->vm->irq->edge_ack_vector))
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
void apic_pv_eoi_collect(struct vcpu *v)
{
	struct lapic_effects e = {};
	struct apic *a = v->apic;
	u8 *word = a->pv_eoi_word;
	u8 value = READ_ONCE(*word);

	a->pv_eoi_word = NULL;
	if (value & KVM_PV_EOI_ENABLED) {
		WRITE_ONCE(*word, value & ~KVM_PV_EOI_MASK);
		return;
	}
	v->stats.pv_eois++;
	lapic_eoi(&a->l, &e);
	apic_apply_effects(v, &e);
}
