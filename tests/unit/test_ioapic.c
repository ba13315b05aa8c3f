// SPDX-License-Identifier: GPL-2.0-only
/* The IOAPIC: pins, messages, EOI, storms, state. */
#include "model/ioapic.h"
#include "story.h"

#define EDGE_41 0x0300000000000041ULL /* to APIC 3 */
#define LEVEL_51 (0x0100000000000051ULL | IOAPIC_LEVEL)

static struct ioapic io;
static struct ioapic_out out;

static void write_reg(u32 index, u32 value)
{
	out.nr = 0;
	ioapic_mmio_write(&io, 0x00, 4, &index, &out);
	ioapic_mmio_write(&io, 0x10, 4, &value, &out);
}

static u32 read_reg(u32 index)
{
	u32 value;

	out.nr = 0;
	ioapic_mmio_write(&io, 0x00, 4, &index, &out);
	ioapic_mmio_read(&io, 0x10, 4, &value);
	return value;
}

static void program(unsigned int pin, u64 entry)
{
	write_reg(0x11 + 2 * pin, (u32)(entry >> 32));
	write_reg(0x10 + 2 * pin, (u32)entry);
}

static enum ioapic_result line(unsigned int pin, bool level)
{
	out.nr = 0;
	return ioapic_set_irq(&io, pin, 0, level, &out);
}

static void fresh(void)
{
	memset(&io, 0x5a, sizeof(io));
	ioapic_reset(&io);
}

STORY(registers)
{
	static const struct { u32 index, write, read; } cases[] = {
		{ 0, 0xffffffff, 0x0f000000 }, { 1, 0xffffffff, 0x00170011 },
		{ 2, 0xffffffff, 0 }, { 3, 0xffffffff, 0 }, { 0x0f, 0xffffffff, 0 },
		{ 0x10, 0xffffffff, 0x1afff }, { 0x11, 0xffffffff, 0xff000000 },
		{ 0x3e, 0x00000032, 0x00000032 }, { 0x3f, 0x02000000, 0x02000000 },
		{ 0x40, 0, 0xffffffff }, { 0xff, 0, 0xffffffff }, { 0x1ff, 0, 0xffffffff },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fresh();
		write_reg(cases[i].index, cases[i].write);
		assert_int_equal(read_reg(cases[i].index), cases[i].read);
		assert_int_equal(out.nr, 0);
	}
}

STORY(widths_and_offsets)
{
	u64 wide = ~0ULL;
	u8 select = 0x01, byte;
	u32 offset;

	fresh();
	out.nr = 0;
	ioapic_mmio_write(&io, 0, 1, &select, &out);
	ioapic_mmio_read(&io, 0x10, 8, &wide);
	assert_int_equal(wide, 0x00170011);
	ioapic_mmio_read(&io, 0x10, 1, &byte);
	assert_int_equal(byte, 0x11);
	for (offset = 0; offset < 0x1000; offset++) {
		ioapic_mmio_read(&io, offset, 1, &byte);
		assert_true(offset == 0 || offset == 0x10 || byte == 0);
	}
	wide = 0x5555555500000010ULL;
	ioapic_mmio_write(&io, 0, 8, &wide, &out);
	assert_int_equal(io.select, 0x10);
}

STORY(edge_sends_once_per_rise)
{
	fresh();
	assert_int_equal(line(4, true), IOAPIC_IGNORED); /* masked: lost */
	line(4, false);
	program(4, EDGE_41);
	assert_int_equal(line(4, true), IOAPIC_SENT);
	assert_int_equal(out.nr, 1);
	assert_int_equal(out.m[0].pin, 4);
	assert_int_equal(out.m[0].msg.dest, 3);
	assert_int_equal(out.m[0].msg.vector, 0x41);
	assert_true(out.m[0].msg.assert && !out.m[0].msg.level && !out.m[0].msg.logical);
	assert_int_equal(line(4, true), IOAPIC_COALESCED);
	assert_int_equal(out.nr, 0);
	line(4, false);
	assert_int_equal(line(4, true), IOAPIC_SENT);
	assert_int_equal(ioapic_eoi(&io, 0x41), 0);
}

STORY(level_waits_for_eoi)
{
	u32 acked;

	fresh();
	program(10, LEVEL_51 | IOAPIC_LOGICAL);
	assert_int_equal(line(10, true), IOAPIC_SENT);
	assert_true(out.m[0].msg.level && out.m[0].msg.logical);
	assert_true(read_reg(0x24) & IOAPIC_REMOTE_IRR);
	assert_int_equal(line(10, true), IOAPIC_COALESCED);
	assert_int_equal(ioapic_eoi(&io, 0x52), 0);
	acked = ioapic_eoi(&io, 0x51);
	assert_int_equal(acked, BIT(10));
	assert_int_equal(ioapic_eoi(&io, 0x51), 0);
	/* Still asserted: raised again. */
	out.nr = 0;
	assert_int_equal(ioapic_reraise(&io, acked, &out), 0);
	assert_int_equal(out.nr, 1);
	/* Withdrawn between the two steps: not raised. */
	acked = ioapic_eoi(&io, 0x51);
	line(10, false);
	assert_int_equal(ioapic_reraise(&io, acked, &out), 0);
	assert_int_equal(out.nr, 0);
}

STORY(unmasking_a_resampled_pin_asks)
{
	fresh();
	program(5, LEVEL_51 | IOAPIC_MASKED);
	out.resample = 0;
	ioapic_set_irq(&io, 5, IOAPIC_SOURCE_RESAMPLE, true, &out);
	program(5, LEVEL_51);
	assert_int_equal(out.nr, 0);
	assert_int_equal(out.resample, 1 << 5);
	/* No resampler: it is sent. */
	ioapic_retry(&io, out.resample, &out);
	assert_int_equal(out.nr, 1);
	/* A resampler: the line is deasserted, and unmasking sends nothing. */
	fresh();
	program(5, LEVEL_51 | IOAPIC_MASKED);
	ioapic_set_irq(&io, 5, IOAPIC_SOURCE_RESAMPLE, true, &out);
	ioapic_set_irq(&io, 5, IOAPIC_SOURCE_RESAMPLE, false, &out);
	out.resample = 0;
	program(5, LEVEL_51);
	assert_int_equal(out.nr | out.resample, 0);
	/* Another source asserts the line, too: it is sent. */
	program(5, LEVEL_51 | IOAPIC_MASKED);
	ioapic_set_irq(&io, 5, IOAPIC_SOURCE_RESAMPLE, true, &out);
	line(5, true);
	program(5, LEVEL_51);
	assert_int_equal(out.nr, 1);
	assert_int_equal(out.resample, 0);
}

STORY(unmasking_an_active_level_pin_sends)
{
	fresh();
	program(10, LEVEL_51 | IOAPIC_MASKED);
	assert_int_equal(line(10, true), IOAPIC_IGNORED);
	program(10, LEVEL_51);
	assert_int_equal(out.nr, 1);
	/* While in service: mask and unmask send no second message. */
	program(10, LEVEL_51 | IOAPIC_MASKED);
	program(10, LEVEL_51);
	assert_int_equal(out.nr, 0);
	/* Software clears remote IRR on this version by a change to edge and back. */
	program(10, (LEVEL_51 & ~IOAPIC_LEVEL) | IOAPIC_MASKED);
	assert_false(read_reg(0x24) & IOAPIC_REMOTE_IRR);
	program(10, LEVEL_51);
	assert_int_equal(out.nr, 1);
}

STORY(undelivered_message_can_be_taken_back)
{
	fresh();
	program(10, LEVEL_51);
	line(10, true);
	ioapic_unsent(&io, 10);
	ioapic_unsent(&io, 99);
	assert_int_equal(line(10, true), IOAPIC_SENT);
}

STORY(sources_are_wired_or)
{
	fresh();
	program(10, LEVEL_51);
	out.nr = 0;
	ioapic_set_irq(&io, 10, 0, true, &out);
	ioapic_set_irq(&io, 10, 31, true, &out);
	ioapic_set_irq(&io, 10, 0, false, &out);
	assert_true(io.irr & BIT(10));
	ioapic_set_irq(&io, 10, 31, false, &out);
	assert_false(io.irr & BIT(10));
	assert_int_equal(out.nr, 1);
	assert_int_equal(ioapic_set_irq(&io, 24, 0, true, &out), IOAPIC_IGNORED);
	assert_int_equal(ioapic_set_irq(&io, ~0U, 0, true, &out), IOAPIC_IGNORED);
	assert_int_equal(ioapic_set_irq(&io, 10, 32, true, &out), IOAPIC_IGNORED);
}

STORY(nmi_pin_is_edge_whatever_it_says)
{
	fresh();
	program(5, LEVEL_51 | (APIC_MSG_NMI << 8));
	assert_int_equal(line(5, true), IOAPIC_SENT);
	assert_int_equal(out.m[0].msg.delivery, APIC_MSG_NMI);
	assert_false(out.m[0].msg.level);
	assert_false(io.redir[5] & IOAPIC_REMOTE_IRR);
}

/* A device that keeps its line asserted, and a guest that only writes EOIs. */
STORY(storm_is_reported)
{
	u32 delayed = 0;
	int i;

	fresh();
	program(10, LEVEL_51);
	line(10, true);
	for (i = 0; !delayed && i < 2 * IOAPIC_STORM_LIMIT; i++) {
		out.nr = 0;
		delayed = ioapic_reraise(&io, ioapic_eoi(&io, 0x51), &out);
	}
	assert_int_equal(delayed, BIT(10));
	assert_int_equal(i, IOAPIC_STORM_LIMIT + 1);
	assert_int_equal(out.nr, 0);
	ioapic_retry(&io, delayed, &out);
	assert_int_equal(out.nr, 1);
	/* The storm count is reset: the next EOI raises at once. */
	out.nr = 0;
	assert_int_equal(ioapic_reraise(&io, ioapic_eoi(&io, 0x51), &out), 0);
	assert_int_equal(out.nr, 1);
	/* A line that was deasserted meanwhile is not retried. */
	ioapic_eoi(&io, 0x51);
	line(10, false);
	ioapic_retry(&io, ~0U, &out);
	assert_int_equal(out.nr, 0);
}

STORY(one_vector_many_pins)
{
	unsigned int pin;

	fresh();
	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		program(pin, LEVEL_51);
		line(pin, true);
	}
	out.nr = 0;
	assert_int_equal(ioapic_reraise(&io, ioapic_eoi(&io, 0x51), &out), 0);
	assert_int_equal(out.nr, IOAPIC_PINS);
	/* A full list accepts no more entries. */
	line(0, false);
	out.nr = IOAPIC_PINS;
	ioapic_eoi(&io, 0x51);
	ioapic_set_irq(&io, 0, 0, true, &out);
	assert_int_equal(out.nr, IOAPIC_PINS);
}

STORY(state_round_trip)
{
	struct kvm_ioapic_state s;

	fresh();
	program(4, EDGE_41);
	program(10, LEVEL_51);
	write_reg(0, 2U << 24);
	line(4, true);
	line(10, true);
	ioapic_state_get(&io, &s);
	assert_int_equal(s.base_address, IOAPIC_MMIO_BASE);
	assert_int_equal(s.id, 2);
	assert_int_equal(s.irr, BIT(10)); /* the edge has been sent */
	assert_int_equal(s.redirtbl[10].fields.remote_irr, 1);
	assert_int_equal(s.redirtbl[10].fields.vector, 0x51);
	assert_int_equal(s.redirtbl[4].fields.dest_id, 3);

	fresh();
	out.nr = 0;
	ioapic_state_set(&io, &s, &out);
	assert_int_equal(out.nr, 0); /* pin 10 is in service at the LAPIC already */
	ioapic_reraise(&io, ioapic_eoi(&io, 0x51), &out);
	assert_int_equal(out.nr, 1);
	/* Saved before delivery: delivered after the restore. */
	s.irr = BIT(4) | BIT(10);
	s.redirtbl[10].fields.remote_irr = 0;
	out.nr = 0;
	ioapic_state_set(&io, &s, &out);
	assert_int_equal(out.nr, 2);
}

STORY(hostile_state_is_tamed)
{
	struct kvm_ioapic_state s;
	unsigned int pin;
	u32 value;

	memset(&s, 0xff, sizeof(s));
	fresh();
	out.nr = 0;
	ioapic_state_set(&io, &s, &out);
	assert_int_equal(out.nr, 0);
	assert_int_equal(io.irr, 0xffffff);
	assert_int_equal(io.select, 0xff);
	ioapic_mmio_read(&io, 0x10, 4, &value);
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		assert_int_equal(io.redir[pin], 0xff0000000001afff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(widths_and_offsets),
		cmocka_unit_test(edge_sends_once_per_rise),
		cmocka_unit_test(level_waits_for_eoi),
		cmocka_unit_test(unmasking_an_active_level_pin_sends),
		cmocka_unit_test(unmasking_a_resampled_pin_asks),
		cmocka_unit_test(undelivered_message_can_be_taken_back),
		cmocka_unit_test(sources_are_wired_or),
		cmocka_unit_test(nmi_pin_is_edge_whatever_it_says),
		cmocka_unit_test(storm_is_reported),
		cmocka_unit_test(one_vector_many_pins),
		cmocka_unit_test(state_round_trip),
		cmocka_unit_test(hostile_state_is_tamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
