// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC: registers, priorities, local sources, modes, state. */
#include <pthread.h>

#include "model/lapic.h"
#include "story.h"

#define BSP_BASE (LAPIC_BASE_DEFAULT | LAPIC_BASE_ENABLE | LAPIC_BASE_BSP)
#define MSR(offset) (LAPIC_MSR_FIRST + (offset) / 16)
#define ENABLED 0x1ff

static u32 page[1024];
static struct lapic lapic;

/* A boot processor with APIC ID 5, xAPIC mode, software enabled. */
static struct lapic *xapic(void)
{
	struct lapic_effects e = {};

	lapic_init(&lapic, (u8 *)page, 5, true);
	lapic.phys_bits = 40;
	lapic.has_x2apic = true;
	lapic.has_tsc_deadline = true;
	lapic_write(&lapic, LAPIC_SVR, ENABLED, &e);
	return &lapic;
}

static struct lapic *x2apic(void)
{
	struct lapic *l = xapic();
	struct lapic_effects e = {};

	assert_int_equal(lapic_set_base(l, BSP_BASE | LAPIC_BASE_X2APIC, false, &e), 0);
	return l;
}

static struct lapic_effects written(struct lapic *l, u32 offset, u32 value)
{
	struct lapic_effects e = {};

	lapic_write(l, offset, value, &e);
	return e;
}

static bool bit_set(struct lapic *l, u32 offset, u8 vector)
{
	return lapic_read(l, offset + vector / 32 * 16) >> vector % 32 & 1;
}

STORY(power_up_state)
{
	static const struct { u32 offset, value; } regs[] = {
		{ LAPIC_ID, 5U << 24 }, { LAPIC_VERSION, 0x50014 }, { LAPIC_TPR, 0 },
		{ LAPIC_LDR, 0 }, { LAPIC_DFR, 0xffffffff }, { LAPIC_SVR, 0xff },
		{ LAPIC_LVTT, 0x10000 }, { LAPIC_LVTTHMR, 0x10000 }, { LAPIC_LVTPC, 0x10000 },
		{ LAPIC_LVT0, 0x700 }, { LAPIC_LVT1, 0x10000 }, { LAPIC_LVTERR, 0x10000 },
		{ LAPIC_TMICT, 0 }, { LAPIC_TDCR, 0 }, { LAPIC_ICR, 0 },
	};
	size_t i;

	memset(page, 0x5a, sizeof(page));
	lapic_init(&lapic, (u8 *)page, 5, true);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		assert_int_equal(lapic_read(&lapic, regs[i].offset), regs[i].value);
	assert_int_equal(lapic.base, BSP_BASE);
	assert_int_equal(lapic_pending_vector(&lapic), -1);
	assert_true(lapic_accepts_pic(&lapic));
	lapic_init(&lapic, (u8 *)page, 6, false);
	assert_int_equal(lapic.base, LAPIC_BASE_DEFAULT | LAPIC_BASE_ENABLE);
	assert_false(lapic_accepts_pic(&lapic));
}

STORY(interrupt_goes_through_irr_and_isr)
{
	struct lapic *l = xapic();
	struct lapic_effects e = {};

	assert_int_equal(lapic_set_irr(l, 0x41, false), LAPIC_NEW);
	assert_int_equal(lapic_set_irr(l, 0x41, false), LAPIC_ALREADY);
	assert_true(bit_set(l, LAPIC_IRR, 0x41));
	assert_int_equal(lapic_pending_vector(l), 0x41);
	lapic_accept(l, 0x41);
	assert_false(bit_set(l, LAPIC_IRR, 0x41));
	assert_true(bit_set(l, LAPIC_ISR, 0x41));
	assert_int_equal(lapic_read(l, LAPIC_PPR), 0x40);
	assert_int_equal(lapic_pending_vector(l), -1);
	/* The same vector again while in service: pending, but not deliverable. */
	assert_int_equal(lapic_set_irr(l, 0x41, false), LAPIC_NEW);
	assert_int_equal(lapic_pending_vector(l), -1);
	lapic_eoi(l, &e);
	assert_true(e.eoi && !e.eoi_level && e.event);
	assert_int_equal(e.eoi_vector, 0x41);
	assert_int_equal(lapic_pending_vector(l), 0x41);
}

STORY(higher_class_preempts)
{
	struct lapic *l = xapic();
	struct lapic_effects e = {};

	lapic_set_irr(l, 0x55, false);
	lapic_accept(l, 0x55);
	lapic_set_irr(l, 0x5f, false); /* same class: waits */
	assert_int_equal(lapic_pending_vector(l), -1);
	lapic_set_irr(l, 0x60, false);
	assert_int_equal(lapic_pending_vector(l), 0x60);
	lapic_accept(l, 0x60);
	assert_int_equal(lapic_read(l, LAPIC_PPR), 0x60);
	lapic_eoi(l, &e);
	assert_int_equal(e.eoi_vector, 0x60);
	assert_int_equal(lapic_read(l, LAPIC_PPR), 0x50);
	lapic_eoi(l, &e);
	assert_int_equal(e.eoi_vector, 0x55);
	assert_int_equal(lapic_pending_vector(l), 0x5f);
	e = (struct lapic_effects){};
	lapic_eoi(l, &e); /* nothing in service */
	assert_false(e.eoi);
}

STORY(tpr_holds_back)
{
	static const struct { u32 tpr; int expect; } rows[] = {
		{ 0x00, 0x41 }, { 0x30, 0x41 }, { 0x3f, 0x41 }, { 0x40, -1 }, { 0xff, -1 },
	};
	struct lapic *l = xapic();
	size_t i;

	lapic_set_irr(l, 0x41, false);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		written(l, LAPIC_TPR, rows[i].tpr);
		assert_int_equal(lapic_pending_vector(l), rows[i].expect);
		assert_int_equal(lapic_read(l, LAPIC_PPR), rows[i].tpr);
		assert_int_equal(lapic_get_cr8(l), rows[i].tpr >> 4);
	}
	assert_int_equal(lapic_highest_irr(l), 0x41);
	assert_true(lapic_set_cr8(l, 3));
	assert_int_equal(lapic_read(l, LAPIC_TPR), 0x30);
	assert_int_equal(lapic_pending_vector(l), 0x41);
	assert_false(lapic_set_cr8(l, 0xf4));
	assert_int_equal(lapic_read(l, LAPIC_TPR), 0x40);
}

STORY(level_interrupt_is_reported_to_the_ioapic)
{
	struct lapic *l = xapic();
	struct lapic_effects e = {};

	lapic_set_irr(l, 0x80, true);
	assert_true(bit_set(l, LAPIC_TMR, 0x80));
	lapic_accept(l, 0x80);
	lapic_eoi(l, &e);
	assert_true(e.eoi_level);
	/* An edge of the same vector clears TMR again. */
	lapic_set_irr(l, 0x80, false);
	assert_false(bit_set(l, LAPIC_TMR, 0x80));
	/* Broadcast suppression exists only where the version advertises it. */
	written(l, LAPIC_SVR, ENABLED | LAPIC_SVR_NO_EOI_BROADCAST);
	assert_int_equal(lapic_read(l, LAPIC_SVR), ENABLED);
	l->has_eoi_suppress = true;
	assert_int_equal(lapic_read(l, LAPIC_VERSION), 0x01050014);
	written(l, LAPIC_SVR, ENABLED | LAPIC_SVR_NO_EOI_BROADCAST);
	lapic_set_irr(l, 0x80, true);
	lapic_accept(l, 0x80);
	e = written(l, LAPIC_EOI, 0);
	assert_true(e.eoi && !e.eoi_level);
}


STORY(software_disable)
{
	struct lapic *l = xapic();
	struct lapic_effects e;
	u32 offset;

	written(l, LAPIC_LVTT, 0xec);
	lapic_set_irr(l, 0x41, false);
	e = written(l, LAPIC_SVR, 0xff);
	assert_true(e.map && e.lvt0 && e.event);
	for (offset = LAPIC_LVTT; offset <= LAPIC_LVTERR; offset += 16)
		assert_true(lapic_read(l, offset) & LAPIC_LVT_MASKED);
	assert_int_equal(lapic_set_irr(l, 0x42, false), LAPIC_REJECTED);
	assert_int_equal(lapic_pending_vector(l), 0x41); /* pending interrupts stay */
	written(l, LAPIC_LVTT, 0xec);
	assert_int_equal(lapic_read(l, LAPIC_LVTT), 0x100ec);
	e = written(l, LAPIC_SVR, 0x3ff);
	assert_true(e.map);
	e = written(l, LAPIC_SVR, 0x3fe);
	assert_false(e.map);
}

STORY(lvt_bits)
{
	static const struct { u32 offset, all_ones; } rows[] = {
		{ LAPIC_LVTT, 0x700ff }, { LAPIC_LVTTHMR, 0x107ff }, { LAPIC_LVTPC, 0x107ff },
		{ LAPIC_LVT0, 0x1a7ff }, { LAPIC_LVT1, 0x1a7ff }, { LAPIC_LVTERR, 0x100ff },
		{ LAPIC_TDCR, 0xb }, { LAPIC_TPR, 0xff }, { LAPIC_LDR, 0xff000000 },
		{ LAPIC_ID, 0xff000000 }, { LAPIC_DFR, 0xffffffff }, { LAPIC_SVR, 0x3ff },
		{ LAPIC_ICR2, 0xff000000 }, { LAPIC_VERSION, 0x50014 }, { LAPIC_PPR, 0 },
		{ LAPIC_ISR, 0 }, { LAPIC_IRR + 0x70, 0 }, { LAPIC_TMCCT, 0 },
		{ LAPIC_SELF_IPI, 0 }, { LAPIC_LVTCMCI, 0 }, { LAPIC_APR, 0 }, { 0x000, 0 },
		{ 0x3d0, 0 }, { 0x400, 0 }, { 0xff0, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lapic *l = xapic();

		written(l, rows[i].offset, ~0U);
		assert_int_equal(lapic_read(l, rows[i].offset), rows[i].all_ones);
	}
	xapic()->has_tsc_deadline = false;
	written(&lapic, LAPIC_LVTT, ~0U);
	assert_int_equal(lapic_read(&lapic, LAPIC_LVTT), 0x300ff);
}

STORY(timer_registers_ask_for_arming)
{
	struct lapic *l = xapic();
	struct lapic_effects e;

	e = written(l, LAPIC_TMICT, 1000);
	assert_true(e.timer);
	assert_int_equal(e.timer_reg, LAPIC_TMICT);
	e = written(l, LAPIC_TDCR, 0xb);
	assert_int_equal(e.timer_reg, LAPIC_TDCR);
	e = written(l, LAPIC_LVTT, 0x400ec);
	assert_int_equal(e.timer_reg, LAPIC_LVTT);
	assert_int_equal(lapic_read(l, LAPIC_TMICT), 0); /* TSC-deadline mode: no count */
	e = written(l, LAPIC_TMICT, 1000);
	assert_false(e.timer);
	lapic_set_current_count(l, 77);
	assert_int_equal(lapic_read(l, LAPIC_TMCCT), 77);
}

STORY(icr_sends)
{
	struct lapic *l = xapic();
	struct lapic_effects e;

	written(l, LAPIC_ICR2, 0x03ffffff);
	e = written(l, LAPIC_ICR, 0x1040); /* with the read-only busy bit */
	assert_true(e.ipi);
	assert_int_equal(e.msg.dest, 3);
	assert_int_equal(e.msg.vector, 0x40);
	assert_false(e.msg.wide);
	assert_int_equal(lapic_read(l, LAPIC_ICR), 0x40);
	assert_int_equal(lapic_read(l, LAPIC_ICR2), 0x03000000);
	written(l, LAPIC_ICR, 0x44000); /* the level, also with a shorthand */
	assert_int_equal(lapic_read(l, LAPIC_ICR), 0x44000);
	e = written(l, LAPIC_ICR, 0xc0400);
	assert_int_equal(e.msg.delivery, APIC_MSG_NMI);
	assert_int_equal(e.msg.shorthand, APIC_TO_OTHERS);
	assert_false(written(l, LAPIC_ICR, 0x340).ipi); /* reserved mode */
	assert_false(written(l, LAPIC_ICR, 0x740).ipi); /* ExtINT */
}

STORY(errors_are_logged_and_signalled_once)
{
	struct lapic *l = xapic();
	struct lapic_effects e;
	u32 value;

	written(l, LAPIC_LVTERR, 0xfe);
	e = written(l, LAPIC_ICR, 0x000f); /* illegal vector sent */
	assert_true(!e.ipi && e.event);
	assert_int_equal(lapic_pending_vector(l), 0xfe);
	lapic_accept(l, 0xfe);
	assert_int_equal(lapic_read(l, LAPIC_ESR), 0); /* visible after a write only */
	assert_int_equal(lapic_set_irr(l, 7, false), LAPIC_ILLEGAL);
	assert_int_equal(lapic_highest_irr(l), -1); /* not signalled twice */
	written(l, LAPIC_ESR, 0);
	assert_int_equal(lapic_read(l, LAPIC_ESR), BIT(5) | BIT(6));
	e.event = false;
	lapic_mmio_read(l, 0x3d0, 4, &value, &e);
	assert_true(e.event);
	assert_int_equal(lapic_highest_irr(l), 0xfe); /* armed again */
	written(l, LAPIC_ESR, 0);
	assert_int_equal(lapic_read(l, LAPIC_ESR), BIT(7));
	lapic_accept(l, 0xfe);
	written(l, LAPIC_ESR, 0);
	assert_int_equal(lapic_read(l, LAPIC_ESR), 0);
	/* The sender gets the effect, so that it can notify the vCPU. */
	assert_int_equal(lapic_set_irr(l, 7, false), LAPIC_ERROR);
	assert_int_equal(lapic_highest_irr(l), 0xfe);
	lapic_accept(l, 0xfe);
	written(l, LAPIC_LVTT, 0x07);
	written(l, LAPIC_ESR, 0);
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVTT), LAPIC_LOCAL_ERROR);
	assert_int_equal(lapic_highest_irr(l), 0xfe);
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVTT), LAPIC_LOCAL_MASKED); /* not signalled twice */
	written(l, LAPIC_ESR, 0);
	/* An illegal error vector must not recurse. */
	written(l, LAPIC_LVTERR, 0x03);
	assert_int_equal(lapic_set_irr(l, 7, false), LAPIC_ILLEGAL);
	written(l, LAPIC_ESR, 0);
	assert_int_equal(lapic_read(l, LAPIC_ESR), BIT(6));
}

STORY(local_sources)
{
	static const struct { u32 lvt, value; enum lapic_local expect; } rows[] = {
		{ LAPIC_LVT0, 0x700, LAPIC_LOCAL_EXTINT },
		{ LAPIC_LVT0, 0x10700, LAPIC_LOCAL_MASKED },
		{ LAPIC_LVT0, 0x041, LAPIC_LOCAL_FIXED }, { LAPIC_LVT1, 0x400, LAPIC_LOCAL_NMI },
		{ LAPIC_LVT1, 0x200, LAPIC_LOCAL_SMI }, { LAPIC_LVT1, 0x500, LAPIC_LOCAL_INIT },
		{ LAPIC_LVT1, 0x300, LAPIC_LOCAL_MASKED }, { LAPIC_LVTT, 0x041, LAPIC_LOCAL_FIXED },
		{ LAPIC_LVTT, 0x00f, LAPIC_LOCAL_MASKED }, { LAPIC_LVTPC, 0x400, LAPIC_LOCAL_NMI },
	};
	struct lapic *l;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		l = xapic();
		written(l, rows[i].lvt, rows[i].value);
		assert_int_equal(lapic_local_deliver(l, rows[i].lvt), rows[i].expect);
		assert_int_equal(lapic_highest_irr(l),
				 rows[i].expect == LAPIC_LOCAL_FIXED ? 0x41 : -1);
	}
	l = xapic();
	written(l, LAPIC_LVTT, 0x41);
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVTT), LAPIC_LOCAL_FIXED);
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVTT), LAPIC_LOCAL_COALESCED);
	/* The performance counter masks itself. */
	written(l, LAPIC_LVTPC, 0x400);
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVTPC), LAPIC_LOCAL_NMI);
	assert_int_equal(lapic_read(l, LAPIC_LVTPC), 0x10400);
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVTPC), LAPIC_LOCAL_MASKED);
}

STORY(disabled_apic_passes_the_pins_through)
{
	struct lapic *l = xapic();
	struct lapic_effects e = {};

	lapic_set_irr(l, 0x41, false);
	assert_int_equal(lapic_set_base(l, BSP_BASE & ~LAPIC_BASE_ENABLE, false, &e), 0);
	assert_true(e.map && e.timer && e.lvt0);
	assert_int_equal(lapic_pending_vector(l), -1);
	assert_int_equal(lapic_set_irr(l, 0x41, false), LAPIC_REJECTED);
	assert_true(lapic_accepts_pic(l));
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVT0), LAPIC_LOCAL_EXTINT);
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVT1), LAPIC_LOCAL_NMI);
	assert_int_equal(lapic_local_deliver(l, LAPIC_LVTT), LAPIC_LOCAL_MASKED);
}

STORY(base_transitions)
{
	static const u64 d = 0, x = LAPIC_BASE_ENABLE, x2 = LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC,
			 bad = LAPIC_BASE_X2APIC;
	const struct { u64 from, to; int guest, host; } rows[] = {
		{ d, x, 0, 0 }, { d, x2, -EINVAL, 0 }, { d, bad, -EINVAL, -EINVAL },
		{ x, d, 0, 0 }, { x, x, 0, 0 }, { x, x2, 0, 0 }, { x, bad, -EINVAL, -EINVAL },
		{ x2, d, 0, 0 }, { x2, x, -EINVAL, 0 }, { x2, x2, 0, 0 },
		{ x2, bad, -EINVAL, -EINVAL },
		{ x, x | BIT_ULL(9), -EINVAL, -EINVAL }, { x, x | 1, -EINVAL, -EINVAL },
		{ x, x | BIT_ULL(40), -EINVAL, -EINVAL }, { x, x | BIT_ULL(63), -EINVAL, -EINVAL },
		{ x, x | BIT_ULL(39), 0, 0 },
	};
	struct lapic_effects e = {};
	size_t i;
	int host;

	for (i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		struct lapic *l = xapic();
		int expect;

		host = i & 1;
		expect = host ? rows[i / 2].host : rows[i / 2].guest;
		assert_int_equal(lapic_set_base(l, LAPIC_BASE_DEFAULT | rows[i / 2].from, true,
						&e), 0);
		assert_int_equal(lapic_set_base(l, LAPIC_BASE_DEFAULT | rows[i / 2].to, host, &e),
				 expect);
		if (expect)
			assert_int_equal(l->base, LAPIC_BASE_DEFAULT | rows[i / 2].from);
	}
	xapic()->has_x2apic = false;
	assert_int_equal(lapic_set_base(&lapic, LAPIC_BASE_DEFAULT | x2, true, &e), -EINVAL);
}

STORY(ids_follow_the_mode)
{
	struct lapic *l = xapic();
	struct lapic_effects e = {};
	struct kvm_lapic_state s;
	u64 v;

	l->x2apic_id = 0x123;
	assert_int_equal(lapic_set_base(l, BSP_BASE | LAPIC_BASE_X2APIC, false, &e), 0);
	assert_int_equal(lapic_msr_read(l, MSR(LAPIC_ID), &v), 0);
	assert_int_equal(v, 0x123);
	assert_int_equal(lapic_msr_read(l, MSR(LAPIC_LDR), &v), 0);
	assert_int_equal(v, 0x120008);
	lapic_state_get(l, &s, true);
	assert_int_equal(*(u32 *)(s.regs + LAPIC_ID), 0x123);
	lapic_state_get(l, &s, false);
	assert_int_equal(*(u32 *)(s.regs + LAPIC_ID), 0x23000000);
	assert_int_equal(lapic_set_base(l, BSP_BASE, true, &e), 0);
	assert_int_equal(lapic_read(l, LAPIC_ID), 0x23000000);
	assert_int_equal(lapic_read(l, LAPIC_LDR), 0);
}

STORY(x2apic_msrs)
{
	static const struct { u32 offset; u64 value; int write, read; } rows[] = {
		{ LAPIC_ID, 5, -EINVAL, 0 }, { LAPIC_VERSION, 0, -EINVAL, 0 },
		{ LAPIC_TPR, 0xff, 0, 0 }, { LAPIC_TPR, 0x100, -EINVAL, 0 },
		{ LAPIC_PPR, 0, -EINVAL, 0 }, { LAPIC_APR, 0, -EINVAL, -EINVAL },
		{ LAPIC_EOI, 0, 0, -EINVAL }, { LAPIC_EOI, 1, -EINVAL, -EINVAL },
		{ LAPIC_LDR, 0, -EINVAL, 0 }, { LAPIC_DFR, 0, -EINVAL, -EINVAL },
		{ LAPIC_SVR, 0x1ff, 0, 0 }, { LAPIC_SVR, 0x10000, -EINVAL, 0 },
		{ LAPIC_ISR + 0x70, 0, -EINVAL, 0 }, { LAPIC_IRR, 0, -EINVAL, 0 },
		{ LAPIC_ESR, 0, 0, 0 }, { LAPIC_ESR, 1, -EINVAL, 0 },
		{ LAPIC_ICR2, 0, -EINVAL, -EINVAL }, { LAPIC_LVTCMCI, 0, -EINVAL, -EINVAL },
		{ LAPIC_ICR, 0xffffffff00000040, 0, 0 }, { LAPIC_ICR, 0x1040, 0, 0 },
		{ LAPIC_ICR, 0x2040, -EINVAL, 0 }, { LAPIC_ICR, 0x10040, -EINVAL, 0 },
		{ LAPIC_ICR, 0x20040, -EINVAL, 0 }, { LAPIC_ICR, 0x100040, -EINVAL, 0 },
		{ LAPIC_LVTT, 0x500ec, 0, 0 }, { LAPIC_LVTT, 0x800ec, -EINVAL, 0 },
		{ LAPIC_LVT0, 0x1f700, 0, 0 }, { LAPIC_LVT0, 0x20700, -EINVAL, 0 },
		{ LAPIC_LVTERR, 0x700, -EINVAL, 0 }, { LAPIC_TMICT, 0xffffffff, 0, 0 },
		{ LAPIC_TMICT, 0x100000000, -EINVAL, 0 }, { LAPIC_TMCCT, 0, -EINVAL, 0 },
		{ LAPIC_TDCR, 0xb, 0, 0 }, { LAPIC_TDCR, 0x4, -EINVAL, 0 },
		{ LAPIC_SELF_IPI, 0x40, 0, -EINVAL }, { LAPIC_SELF_IPI, 0x140, -EINVAL, -EINVAL },
		{ 0x000, 0, -EINVAL, -EINVAL }, { 0x400, 0, -EINVAL, -EINVAL },
		{ 0xff0, 0, -EINVAL, -EINVAL },
	};
	struct lapic_effects e = {};
	size_t i;
	u64 v;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lapic *l = x2apic();

		assert_int_equal(lapic_msr_write(l, MSR(rows[i].offset), rows[i].value, &e),
				 rows[i].write);
		assert_int_equal(lapic_msr_read(l, MSR(rows[i].offset), &v), rows[i].read);
		/* None of them exists outside x2APIC mode. */
		l = xapic();
		assert_int_equal(lapic_msr_write(l, MSR(rows[i].offset), 0, &e), -EINVAL);
		assert_int_equal(lapic_msr_read(l, MSR(rows[i].offset), &v), -EINVAL);
	}
	assert_int_equal(lapic_msr_read(x2apic(), 0, &v), -EINVAL);
	assert_int_equal(lapic_msr_write(x2apic(), 0xffffffff, 0, &e), -EINVAL);
}

STORY(x2apic_ipis)
{
	struct lapic *l = x2apic();
	struct lapic_effects e = {};
	u64 v;

	assert_int_equal(lapic_msr_write(l, MSR(LAPIC_ICR), 0x1234567800001040, &e), 0);
	assert_true(e.ipi && e.msg.wide);
	assert_int_equal(e.msg.dest, 0x12345678);
	assert_int_equal(lapic_msr_read(l, MSR(LAPIC_ICR), &v), 0);
	assert_int_equal(v, 0x1234567800000040);
	e = (struct lapic_effects){};
	assert_int_equal(lapic_msr_write(l, MSR(LAPIC_SELF_IPI), 0x99, &e), 0);
	assert_true(e.ipi);
	assert_int_equal(e.msg.shorthand, APIC_TO_SELF);
	assert_int_equal(e.msg.vector, 0x99);
	e = (struct lapic_effects){};
	assert_int_equal(lapic_msr_write(l, MSR(LAPIC_SELF_IPI), 3, &e), 0);
	assert_false(e.ipi);
}

STORY(mmio_widths)
{
	struct lapic *l = xapic();
	struct lapic_effects e = {};
	u32 tpr = 0x21, value;
	u64 wide = ~0ULL;
	u8 byte;

	lapic_mmio_write(l, LAPIC_TPR, 4, &tpr, &e);
	lapic_mmio_read(l, LAPIC_TPR, 4, &value, &e);
	assert_int_equal(value, 0x21);
	lapic_mmio_read(l, LAPIC_ID + 3, 1, &byte, &e);
	assert_int_equal(byte, 5);
	lapic_mmio_read(l, LAPIC_ID + 2, 4, &value, &e);
	assert_int_equal(value, 0);
	lapic_mmio_read(l, LAPIC_ID, 8, &wide, &e);
	assert_int_equal(wide, 0);
	lapic_mmio_read(l, 0xfff, 1, &byte, &e);
	lapic_mmio_read(l, 0xffc, 8, &wide, &e);
	tpr = 0;
	lapic_mmio_write(l, LAPIC_TPR, 1, &tpr, &e);
	lapic_mmio_write(l, LAPIC_TPR, 8, &wide, &e);
	lapic_mmio_write(l, LAPIC_TPR + 4, 4, &tpr, &e);
	lapic_mmio_write(l, 0xffc, 4, &tpr, &e);
	assert_int_equal(lapic_read(l, LAPIC_TPR), 0x21);
}

STORY(init_keeps_base_and_id)
{
	struct lapic *l = xapic();
	struct lapic_effects e = {};

	written(l, LAPIC_ID, 9U << 24);
	lapic_set_irr(l, 0x41, true);
	lapic_post(l, LAPIC_PENDING_INIT);
	lapic_reset(l, true, &e);
	assert_true(e.map && e.timer && e.event && e.lvt0);
	assert_int_equal(lapic_read(l, LAPIC_ID), 9U << 24);
	assert_int_equal(lapic_read(l, LAPIC_SVR), 0xff);
	assert_int_equal(lapic_highest_irr(l), -1);
	assert_true(lapic_is_pending(l, LAPIC_PENDING_INIT));
	l = x2apic();
	lapic_reset(l, true, &e);
	assert_int_equal(lapic_mode(l), APIC_MODE_X2APIC);
	assert_int_equal(lapic_reg(l, LAPIC_LDR), 0x20);
	lapic_reset(l, false, &e);
	assert_int_equal(l->base, BSP_BASE);
	assert_int_equal(lapic_read(l, LAPIC_ID), 5U << 24);
}

STORY(state_round_trip)
{
	struct kvm_lapic_state saved, again;
	struct lapic_effects e = {};
	struct lapic *l = xapic();

	written(l, LAPIC_LVTT, 0x200ec);
	written(l, LAPIC_TMICT, 12345);
	written(l, LAPIC_LDR, 0x04000000);
	lapic_set_irr(l, 0x51, true);
	lapic_set_irr(l, 0x61, false);
	lapic_accept(l, 0x61);
	lapic_set_current_count(l, 99);
	lapic_state_get(l, &saved, true);

	l = xapic();
	assert_int_equal(lapic_state_set(l, &saved, true, &e), 0);
	assert_true(e.map && e.timer && e.lvt0 && e.event);
	assert_int_equal(e.timer_reg, 0);
	lapic_state_get(l, &again, true);
	assert_memory_equal(&saved, &again, sizeof(saved));
	assert_int_equal(l->isr_highest, 0x61);
	assert_int_equal(lapic_pending_vector(l), -1);
	e = (struct lapic_effects){};
	lapic_eoi(l, &e);
	assert_int_equal(e.eoi_vector, 0x61);
	assert_int_equal(lapic_pending_vector(l), 0x51);
}

STORY(hostile_state_is_tamed)
{
	struct kvm_lapic_state s;
	struct lapic_effects e = {};
	struct lapic *l = xapic();
	int i;

	memset(&s, 0xff, sizeof(s));
	assert_int_equal(lapic_state_set(l, &s, true, &e), 0);
	assert_int_equal(lapic_read(l, LAPIC_VERSION), 0x50014);
	assert_int_equal(lapic_read(l, LAPIC_SVR), 0x3ff);
	assert_int_equal(lapic_read(l, LAPIC_TPR), 0xff);
	assert_int_equal(lapic_read(l, LAPIC_LVTERR), 0x100ff);
	for (i = 0; i < 256; i++)
		lapic_eoi(l, &e);
	assert_int_equal(e.eoi_vector, 16); /* no vector below 16 was taken over */
	written(l, LAPIC_TPR, 0);
	for (i = 255; i >= 16; i--) {
		assert_int_equal(lapic_pending_vector(l), i);
		lapic_accept(l, (u8)i);
		lapic_eoi(l, &e);
	}
	assert_int_equal(lapic_highest_irr(l), -1);
	assert_int_equal(lapic_read(l, LAPIC_IRR), 0xffff); /* as user space left it, never delivered */
	assert_int_equal(lapic_read(l, LAPIC_ISR), 0);
	/* In x2APIC mode with 32-bit IDs a foreign ID is refused, otherwise ignored. */
	l = x2apic();
	assert_int_equal(lapic_state_set(l, &s, true, &e), -EINVAL);
	assert_int_equal(lapic_state_set(l, &s, false, &e), 0);
	assert_int_equal(lapic_reg(l, LAPIC_ID), 5);
	assert_int_equal(lapic_reg(l, LAPIC_LDR), 0x20);
}

STORY(pending_events_are_taken_once)
{
	struct lapic *l = xapic();

	assert_true(lapic_post(l, LAPIC_PENDING_INIT));
	assert_false(lapic_post(l, LAPIC_PENDING_INIT));
	assert_true(lapic_post_sipi(l, 0x9a));
	assert_true(lapic_take(l, LAPIC_PENDING_INIT));
	assert_false(lapic_take(l, LAPIC_PENDING_INIT));
	assert_true(lapic_take(l, LAPIC_PENDING_SIPI));
	assert_int_equal(l->sipi_vector, 0x9a);
}

STORY(map_entry)
{
	struct ipi_map_vcpu v = {};
	struct lapic *l = xapic();

	written(l, LAPIC_LDR, 0x04000000);
	assert_true(written(l, LAPIC_DFR, 0).map);
	lapic_map_entry(l, &v);
	assert_true(v.enabled && v.pic); /* the boot processor's virtual wire */
	assert_int_equal(v.mode, APIC_MODE_XAPIC);
	assert_int_equal(v.xapic_id, 5);
	assert_int_equal(v.x2apic_id, 5);
	assert_int_equal(v.ldr, 0x04000000);
	assert_int_equal(v.dfr, 0x0fffffff);
	assert_true(written(l, LAPIC_LVT0, LAPIC_LVT_MASKED | APIC_MSG_EXTINT << 8).lvt0);
	lapic_map_entry(l, &v);
	assert_false(v.pic);
}

#define ROUNDS 20000

static void *sender(void *arg)
{
	struct lapic *l = &lapic;
	u8 base = (u8)(uintptr_t)arg;
	uintptr_t sent = 0;
	int i;

	for (i = 0; i < ROUNDS; i++)
		sent += lapic_set_irr(l, base + i % 8, i & 1) == LAPIC_NEW;
	return (void *)sent;
}

/* Every interrupt that was reported to its sender as new arrives exactly once. */
STORY(no_interrupt_is_lost_between_threads)
{
	struct lapic_effects e = {};
	struct lapic *l = xapic();
	uintptr_t expect = 0, got = 0;
	pthread_t threads[2];
	void *sent;
	int i, vector, running = 2;

	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sender,
						(void *)(uintptr_t)(0x40 + i * 0x10)), 0);
	while (running || lapic_highest_irr(l) >= 0) {
		vector = lapic_pending_vector(l);
		if (vector >= 0) {
			lapic_accept(l, (u8)vector);
			lapic_eoi(l, &e);
			got++;
		}
		if (running && !pthread_tryjoin_np(threads[running - 1], &sent)) {
			expect += (uintptr_t)sent;
			running--;
		}
	}
	assert_int_equal(got, expect);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_up_state),
		cmocka_unit_test(interrupt_goes_through_irr_and_isr),
		cmocka_unit_test(higher_class_preempts),
		cmocka_unit_test(tpr_holds_back),
		cmocka_unit_test(level_interrupt_is_reported_to_the_ioapic),
		cmocka_unit_test(software_disable),
		cmocka_unit_test(lvt_bits),
		cmocka_unit_test(timer_registers_ask_for_arming),
		cmocka_unit_test(icr_sends),
		cmocka_unit_test(errors_are_logged_and_signalled_once),
		cmocka_unit_test(local_sources),
		cmocka_unit_test(disabled_apic_passes_the_pins_through),
		cmocka_unit_test(base_transitions),
		cmocka_unit_test(ids_follow_the_mode),
		cmocka_unit_test(x2apic_msrs),
		cmocka_unit_test(x2apic_ipis),
		cmocka_unit_test(mmio_widths),
		cmocka_unit_test(init_keeps_base_and_id),
		cmocka_unit_test(state_round_trip),
		cmocka_unit_test(hostile_state_is_tamed),
		cmocka_unit_test(pending_events_are_taken_once),
		cmocka_unit_test(map_entry),
		cmocka_unit_test(no_interrupt_is_lost_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
