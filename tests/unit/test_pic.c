// SPDX-License-Identifier: GPL-2.0-only
/* The two 8259A controllers, initialised as in a PC: vectors 0x20 and 0x28. */
#include "model/pic.h"
#include "story.h"

static struct pic pic;
static struct pic_effects fx;

static void out8(u16 port, u8 value)
{
	fx = (struct pic_effects){};
	pic_write(&pic, port, value, &fx);
}

static u8 in8(u16 port)
{
	fx = (struct pic_effects){};
	return pic_read(&pic, port, &fx);
}

static int line(unsigned int pin, bool level)
{
	fx = (struct pic_effects){};
	return pic_set_irq(&pic, pin, 0, level, &fx);
}

static u8 ack(void)
{
	fx = (struct pic_effects){};
	return pic_intack(&pic, &fx);
}

static void init(u8 icw4)
{
	out8(PIC_MASTER_CMD, 0x11);
	out8(PIC_MASTER_DATA, 0x20);
	out8(PIC_MASTER_DATA, 0x04);
	out8(PIC_MASTER_DATA, icw4);
	out8(PIC_SLAVE_CMD, 0x11);
	out8(PIC_SLAVE_DATA, 0x28);
	out8(PIC_SLAVE_DATA, 0x02);
	out8(PIC_SLAVE_DATA, icw4);
}

static void fresh(void)
{
	memset(&pic, 0x5a, sizeof(pic));
	pic_reset(&pic);
	init(0x01);
}

STORY(masked_until_initialised)
{
	pic_reset(&pic);
	assert_int_equal(line(0, true), -1);
	assert_false(pic.output);
	assert_int_equal(in8(PIC_MASTER_DATA), 0xff);
	init(0x01);
	assert_int_equal(in8(PIC_MASTER_DATA), 0);
}

STORY(edge_request_is_served)
{
	fresh();
	assert_int_equal(line(1, true), 1);
	assert_true(fx.changed && pic.output);
	assert_int_equal(line(1, true), 0); /* coalesced */
	assert_false(fx.changed);
	assert_int_equal(in8(PIC_MASTER_CMD), 0x02); /* IRR */
	assert_int_equal(ack(), 0x21);
	assert_true(fx.changed && !pic.output);
	out8(PIC_MASTER_CMD, 0x0b);
	assert_int_equal(in8(PIC_MASTER_CMD), 0x02); /* ISR */
	line(1, false);
	line(1, true);
	assert_false(pic.output); /* still in service */
	out8(PIC_MASTER_CMD, 0x20);
	assert_int_equal(fx.acked, BIT(1));
	assert_true(fx.changed && pic.output);
	assert_int_equal(ack(), 0x21);
}

STORY(priorities_nest)
{
	fresh();
	line(5, true);
	assert_int_equal(ack(), 0x25);
	line(6, true);
	assert_false(pic.output);
	line(0, true);
	assert_true(pic.output);
	assert_int_equal(ack(), 0x20);
	out8(PIC_MASTER_CMD, 0x20); /* ends 0, the most urgent */
	assert_int_equal(fx.acked, BIT(0));
	out8(PIC_MASTER_CMD, 0x65); /* specific EOI of 5 */
	assert_int_equal(fx.acked, BIT(5));
	assert_int_equal(ack(), 0x26);
}

STORY(slave_comes_through_the_cascade)
{
	fresh();
	assert_int_equal(line(8, true), 1);
	assert_true(pic.output);
	assert_int_equal(in8(PIC_MASTER_CMD), 0x04);
	assert_int_equal(ack(), 0x28);
	assert_int_equal(fx.acked, 0);
	/* A slave input of higher priority waits for the master, except in special fully nested mode. */
	line(12, true);
	assert_false(pic.output);
	out8(PIC_SLAVE_CMD, 0x20);
	assert_int_equal(fx.acked, BIT(8));
	assert_false(pic.output);
	out8(PIC_MASTER_CMD, 0x20);
	assert_int_equal(fx.acked, 0); /* the cascade input has no pin */
	assert_int_equal(ack(), 0x2c);
	assert_int_equal(line(2, true), -1);
}

STORY(special_fully_nested_mode)
{
	fresh();
	init(0x11);
	line(12, true);
	assert_int_equal(ack(), 0x2c);
	line(9, true);
	assert_true(pic.output);
	assert_int_equal(ack(), 0x29);
}

STORY(masked_requests_wait)
{
	fresh();
	out8(PIC_MASTER_DATA, 0xff);
	assert_int_equal(line(3, true), -1);
	assert_false(pic.output);
	out8(PIC_MASTER_DATA, 0xf7);
	assert_true(fx.changed && pic.output);
	out8(PIC_MASTER_DATA, 0xff);
	assert_true(fx.changed && !pic.output);
	/* Acknowledged after the line is deasserted: spurious, and nothing is in service. */
	assert_int_equal(ack(), 0x27);
	out8(PIC_MASTER_CMD, 0x0b);
	assert_int_equal(in8(PIC_MASTER_CMD), 0);
}

STORY(level_input_follows_its_line)
{
	fresh();
	out8(PIC_ELCR2, 0xff);
	assert_int_equal(in8(PIC_ELCR2), 0xde);
	out8(PIC_ELCR1, 0xff);
	assert_int_equal(in8(PIC_ELCR1), 0xf8);
	line(10, true);
	assert_int_equal(ack(), 0x2a);
	out8(PIC_SLAVE_CMD, 0x20);
	assert_int_equal(fx.acked, BIT(10));
	out8(PIC_MASTER_CMD, 0x20);
	assert_true(pic.output); /* still high: again */
	line(10, false);
	assert_true(fx.changed && !pic.output);
}

STORY(level_sources_are_wired_or)
{
	fresh();
	out8(PIC_ELCR2, BIT(2));
	pic_set_irq(&pic, 10, 0, true, &fx);
	pic_set_irq(&pic, 10, 31, true, &fx);
	pic_set_irq(&pic, 10, 0, false, &fx);
	assert_true(pic.output);
	pic_set_irq(&pic, 10, 31, false, &fx);
	assert_false(pic.output);
	assert_int_equal(pic_set_irq(&pic, 16, 0, true, &fx), -1);
	assert_int_equal(pic_set_irq(&pic, ~0U, 0, true, &fx), -1);
	assert_int_equal(pic_set_irq(&pic, 3, 32, true, &fx), -1);
}

STORY(automatic_eoi_and_rotation)
{
	fresh();
	init(0x03);
	line(4, true);
	assert_int_equal(ack(), 0x24);
	assert_int_equal(fx.acked, BIT(4));
	out8(PIC_MASTER_CMD, 0x0b);
	assert_int_equal(in8(PIC_MASTER_CMD), 0);
	out8(PIC_MASTER_CMD, 0x80); /* rotate in automatic EOI mode */
	line(5, true);
	assert_int_equal(ack(), 0x25); /* 5 is the lowest now, 6 the highest */
	line(0, true);
	line(6, true);
	assert_int_equal(ack(), 0x26);
	out8(PIC_MASTER_CMD, 0x00);
	assert_int_equal(ack(), 0x20);
}

STORY(rotation_commands)
{
	static const struct { u8 command; u8 first; } cases[] = {
		{ 0xc2, 0x23 }, /* set priority: 2 lowest */
		{ 0xc7, 0x20 },
		{ 0xe4, 0x26 }, /* rotate on specific EOI of 4 */
		{ 0xa0, 0x20 }, /* rotate on non-specific EOI: nothing in service, nothing done */
		{ 0x40, 0x20 }, /* no operation */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fresh();
		out8(PIC_MASTER_CMD, cases[i].command);
		line(0, true);
		line(3, true);
		line(6, true);
		assert_int_equal(ack(), cases[i].first);
	}
	fresh();
	line(0, true);
	ack();
	out8(PIC_MASTER_CMD, 0xa0);
	line(0, false);
	line(0, true);
	line(6, true);
	assert_int_equal(ack(), 0x26);
}

STORY(special_mask_mode)
{
	fresh();
	line(1, true);
	ack();
	line(4, true);
	assert_false(pic.output);
	out8(PIC_MASTER_DATA, BIT(1));
	out8(PIC_MASTER_CMD, 0x68); /* a masked input in service does not block any more */
	assert_true(pic.output);
	assert_int_equal(ack(), 0x24);
	out8(PIC_MASTER_CMD, 0x20); /* non-specific EOI passes over the masked one */
	assert_int_equal(fx.acked, BIT(4));
	out8(PIC_MASTER_CMD, 0x48);
	line(4, false);
	line(4, true);
	assert_false(pic.output);
}

STORY(poll_mode)
{
	fresh();
	out8(PIC_MASTER_CMD, 0x0c);
	assert_int_equal(in8(PIC_MASTER_CMD), 0);
	line(3, true);
	out8(PIC_MASTER_CMD, 0x0c);
	assert_int_equal(in8(PIC_MASTER_CMD), 0x83);
	assert_true(fx.changed && !pic.output);
	assert_int_equal(in8(PIC_MASTER_CMD), 0); /* IRR again */
	line(9, true);
	out8(PIC_SLAVE_CMD, 0x0c);
	assert_int_equal(in8(PIC_SLAVE_CMD), 0x81);
	assert_int_equal(in8(PIC_MASTER_CMD), 0);
}

STORY(initialisation_forgets)
{
	fresh();
	line(1, true);
	ack();
	line(4, true);
	out8(PIC_MASTER_CMD, 0x11);
	assert_int_equal(fx.acked, BIT(1));
	assert_false(pic.output);
	/* Without ICW4. */
	out8(PIC_MASTER_CMD, 0x10);
	out8(PIC_MASTER_DATA, 0x4f);
	out8(PIC_MASTER_DATA, 0x04);
	out8(PIC_MASTER_DATA, 0xf0); /* OCW1 already */
	assert_int_equal(in8(PIC_MASTER_DATA), 0xf0);
	line(3, true);
	assert_int_equal(ack(), 0x4b);
}

STORY(ports)
{
	static const u16 mine[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };
	unsigned int port, owned = 0;
	size_t i;

	for (port = 0; port < 0x10000; port++)
		owned += pic_owns_port((u16)port);
	assert_int_equal(owned, ARRAY_SIZE(mine));
	for (i = 0; i < ARRAY_SIZE(mine); i++)
		assert_true(pic_owns_port(mine[i]));
	assert_int_equal(in8(0x22), 0xff);
	out8(0x22, 0xff);
}

STORY(state_round_trip)
{
	struct kvm_pic_state m, s;

	fresh();
	out8(PIC_ELCR2, BIT(2));
	line(10, true);
	line(1, true);
	ack();
	pic_state_get(&pic, 0, &m);
	pic_state_get(&pic, 1, &s);
	pic_reset(&pic);
	fx = (struct pic_effects){};
	assert_int_equal(pic_state_set(&pic, 0, &m, &fx), 0);
	assert_int_equal(pic_state_set(&pic, 1, &s, &fx), 0);
	assert_false(pic.output);
	out8(PIC_MASTER_CMD, 0x20);
	assert_int_equal(ack(), 0x2a);
	assert_int_equal(pic_state_get(&pic, 2, &m), -EINVAL);
	assert_int_equal(pic_state_set(&pic, ~0U, &m, &fx), -EINVAL);
}

STORY(hostile_state_is_tamed)
{
	struct kvm_pic_state s;
	unsigned int i;

	memset(&s, 0xff, sizeof(s));
	fresh();
	pic_state_set(&pic, 0, &s, &fx);
	pic_state_set(&pic, 1, &s, &fx);
	pic_state_get(&pic, 0, &s);
	assert_int_equal(s.priority_add, 7);
	assert_int_equal(s.elcr, 0xf8);
	assert_int_equal(s.irq_base, 0xf8);
	assert_int_equal(s.init_state, 3);
	for (i = 0; i < 256; i++) {
		ack();
		out8(PIC_MASTER_CMD, (u8)i);
		out8(PIC_SLAVE_CMD, (u8)i);
		in8(PIC_MASTER_CMD);
		in8(PIC_SLAVE_DATA);
		line(i & 31, i & 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masked_until_initialised),
		cmocka_unit_test(edge_request_is_served),
		cmocka_unit_test(priorities_nest),
		cmocka_unit_test(slave_comes_through_the_cascade),
		cmocka_unit_test(special_fully_nested_mode),
		cmocka_unit_test(masked_requests_wait),
		cmocka_unit_test(level_input_follows_its_line),
		cmocka_unit_test(level_sources_are_wired_or),
		cmocka_unit_test(automatic_eoi_and_rotation),
		cmocka_unit_test(rotation_commands),
		cmocka_unit_test(special_mask_mode),
		cmocka_unit_test(poll_mode),
		cmocka_unit_test(initialisation_forgets),
		cmocka_unit_test(ports),
		cmocka_unit_test(state_round_trip),
		cmocka_unit_test(hostile_state_is_tamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
