// SPDX-License-Identifier: GPL-2.0-only
/* Who receives which interrupt message. */
#include "ipi_map.h"
#include "story.h"

#define FLAT 0xffffffffU
#define CLUSTER 0x0fffffffU
#define NOBODY 0ULL

static u32 cursor;

static struct ipi_map_vcpu xapic(u32 id, u32 logical, u32 dfr)
{
	return (struct ipi_map_vcpu){ .present = true, .enabled = true, .mode = APIC_MODE_XAPIC,
				      .xapic_id = (u8)id, .x2apic_id = id, .ldr = logical << 24,
				      .dfr = dfr };
}

static struct ipi_map_vcpu x2apic(u32 id)
{
	return (struct ipi_map_vcpu){ .present = true, .enabled = true, .mode = APIC_MODE_X2APIC,
				      .x2apic_id = id };
}

/* Machine A: 0..3 xAPIC flat; 4 off; 5 software disabled. */
static struct ipi_map *machine_flat(void)
{
	static struct ipi_map m;
	struct ipi_map_vcpu v[6] = { xapic(0, 1, FLAT), xapic(1, 2, FLAT), xapic(2, 4, FLAT),
				     xapic(3, 8, FLAT), xapic(4, 16, FLAT), xapic(5, 32, FLAT) };

	v[4].mode = APIC_MODE_DISABLED;
	v[5].enabled = false;
	ipi_map_build(&m, v, ARRAY_SIZE(v), false);
	return &m;
}

/* Machine B: xAPIC clusters 0 (0, 1), 1 (2, 3), 2 (4). */
static struct ipi_map *machine_cluster(void)
{
	static struct ipi_map m;
	struct ipi_map_vcpu v[5] = { xapic(0, 0x01, CLUSTER), xapic(1, 0x02, CLUSTER),
				     xapic(2, 0x11, CLUSTER), xapic(3, 0x12, CLUSTER),
				     xapic(4, 0x21, CLUSTER) };

	ipi_map_build(&m, v, ARRAY_SIZE(v), false);
	return &m;
}

/* Machine C: x2APIC IDs 0, 1, 16, 255, 256, 1023, and 1024, which does not fit. */
static struct ipi_map *machine_x2apic(bool strict)
{
	static struct ipi_map m;
	struct ipi_map_vcpu v[7] = { x2apic(0), x2apic(1), x2apic(16), x2apic(255),
				     x2apic(256), x2apic(1023), x2apic(1024) };

	ipi_map_build(&m, v, ARRAY_SIZE(v), strict);
	return &m;
}

/* Machine D: 0 xAPIC flat, 1 x2APIC, 2 xAPIC with an ID of more than eight bits. */
static struct ipi_map *machine_mixed(void)
{
	static struct ipi_map m;
	struct ipi_map_vcpu v[3] = { xapic(0, 1, FLAT), x2apic(1), xapic(0x101, 4, FLAT) };

	ipi_map_build(&m, v, ARRAY_SIZE(v), false);
	return &m;
}

struct resolve_case {
	const char *what;
	u32 dest;
	bool logical, wide, ipi;
	u64 expect;
};

static void check_cases(const struct ipi_map *m, const struct resolve_case *c, size_t nr)
{
	for (; nr--; c++) {
		struct apic_msg msg = { .dest = c->dest, .logical = c->logical, .wide = c->wide,
					.ipi = c->ipi, .vector = 0x40, .assert = true };
		u64 got = ipi_map_resolve(m, &msg, c->ipi ? 0 : -1, &cursor);

		if (got != c->expect)
			print_error("%s: %#lx, not %#lx\n", c->what, (long)got, (long)c->expect);
		assert_int_equal(got, c->expect);
	}
}

STORY(destinations_flat)
{
	static const struct resolve_case cases[] = {
		{ "one vCPU", 2, false, false, true, 0x04 },
		{ "no such vCPU", 9, false, false, true, NOBODY },
		{ "APIC off", 4, false, false, true, NOBODY },
		{ "software disabled still hears NMI and INIT", 5, false, false, true, 0x20 },
		{ "broadcast", 0xff, false, false, true, 0x2f },
		{ "two logical bits", 0x05, true, false, true, 0x05 },
		{ "logical bit of an APIC that is off", 0x10, true, false, true, NOBODY },
		{ "logical broadcast", 0xff, true, false, true, 0x2f },
		{ "logical nobody", 0, true, false, true, NOBODY },
		{ "wide physical", 3, false, true, true, 0x08 },
		{ "wide 0xff is an ID", 0xff, false, true, true, NOBODY },
		{ "wide broadcast", 0xffffffff, false, true, true, 0x2f },
		{ "far out of range", 0xfffffffe, false, true, true, NOBODY },
		{ "device", 1, false, false, false, 0x02 },
	};

	check_cases(machine_flat(), cases, ARRAY_SIZE(cases));
}

STORY(destinations_cluster)
{
	static const struct resolve_case cases[] = {
		{ "cluster 0, one member", 0x02, true, false, true, 0x02 },
		{ "cluster 1, both", 0x13, true, false, true, 0x0c },
		{ "cluster 2", 0x2f, true, false, true, 0x10 },
		{ "empty cluster", 0x3f, true, false, true, NOBODY },
		{ "broadcast", 0xff, true, false, true, 0x1f },
	};

	check_cases(machine_cluster(), cases, ARRAY_SIZE(cases));
}

STORY(destinations_x2apic)
{
	static const struct resolve_case cases[] = {
		{ "ID above 255", 256, false, true, true, 0x10 },
		{ "last ID of the map", 1023, false, true, true, 0x20 },
		{ "ID past the map", 1024, false, true, true, NOBODY },
		{ "255 is no broadcast", 255, false, true, true, 0x08 },
		{ "cluster 0, both", 0x00000003, true, true, true, 0x03 },
		{ "cluster 1", 0x00010001, true, true, true, 0x04 },
		{ "cluster 63, last", 0x003f8000, true, true, true, 0x20 },
		{ "cluster past the map", 0x0040ffff, true, true, true, NOBODY },
		{ "last cluster", 0xffff0001, true, true, true, NOBODY },
		{ "broadcast", 0xffffffff, true, true, true, 0x7f },
		{ "device, 8 bits", 1, false, false, false, 0x02 },
		{ "device, logical cluster 0", 0x02, true, false, false, 0x02 },
		{ "device, broadcast", 0xff, false, false, false, 0x7f },
	};
	static const struct resolve_case strict[] = {
		{ "device to 0xff is an ID", 0xff, false, false, false, 0x08 },
	};

	check_cases(machine_x2apic(false), cases, ARRAY_SIZE(cases));
	check_cases(machine_x2apic(true), strict, ARRAY_SIZE(strict));
}

STORY(destinations_mixed)
{
	static const struct resolve_case cases[] = {
		{ "x2APIC sender, xAPIC target", 0, false, true, true, 0x01 },
		{ "xAPIC sender, x2APIC target", 1, false, false, true, 0x02 },
		{ "truncated ID does not alias", 1, false, true, true, 0x02 },
		{ "by the full ID", 0x101, false, true, true, 0x04 },
		{ "both kinds, logical", 0x03, true, false, true, 0x03 },
		{ "broadcast", 0xff, false, false, true, 0x07 },
	};

	check_cases(machine_mixed(), cases, ARRAY_SIZE(cases));
}

STORY(equal_ids_both_receive)
{
	struct ipi_map_vcpu v[2] = { xapic(0, 1, FLAT), xapic(1, 2, FLAT) };
	struct apic_msg msg = { .dest = 0, .ipi = true };
	struct ipi_map m;

	v[1].xapic_id = 0;
	ipi_map_build(&m, v, 2, false);
	assert_int_equal(ipi_map_resolve(&m, &msg, 0, &cursor), 3);
}

STORY(shorthands)
{
	static const struct { u8 shorthand; int self; u64 expect; } cases[] = {
		{ APIC_TO_SELF, 2, 0x04 }, { APIC_TO_ALL, 2, 0x2f }, { APIC_TO_OTHERS, 2, 0x2b },
		{ APIC_TO_SELF, 4, NOBODY }, { APIC_TO_SELF, -1, NOBODY },
		{ APIC_TO_SELF, 64, NOBODY }, { APIC_TO_OTHERS, -1, 0x2f },
		{ APIC_TO_SELF, INT_MAX, NOBODY }, { APIC_TO_SELF, INT_MIN, NOBODY },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct apic_msg msg = { .shorthand = cases[i].shorthand, .dest = 1, .ipi = true };

		assert_int_equal(ipi_map_resolve(machine_flat(), &msg, cases[i].self, &cursor),
				 cases[i].expect);
	}
}

/* Each software-enabled candidate gets its turn; a wild cursor does no harm. */
STORY(lowest_priority_takes_turns)
{
	struct apic_msg msg = { .dest = 0xff, .logical = true, .delivery = APIC_MSG_LOWEST };
	u64 seen = 0;
	u32 turn = 0xfffffff0;
	int i;

	for (i = 0; i < 4; i++) {
		u64 one = ipi_map_resolve(machine_flat(), &msg, -1, &turn);

		assert_int_equal(one & (one - 1), 0);
		assert_int_equal(one & seen, 0);
		seen |= one;
	}
	assert_int_equal(seen, 0x0f);
	assert_int_equal(ipi_map_arbitrate(0, &turn), 0);
	turn = 63;
	assert_int_equal(ipi_map_arbitrate(BIT_ULL(63), &turn), BIT_ULL(63));
	assert_int_equal(ipi_map_arbitrate(BIT_ULL(63) | 1, &turn), 1);
}

STORY(redirection_hint_picks_one)
{
	struct apic_msg msg = { .dest = 0x0f, .logical = true, .one = true };
	u64 one = ipi_map_resolve(machine_flat(), &msg, -1, &cursor);

	assert_int_not_equal(one, 0);
	assert_int_equal(one & (one - 1), 0);
}

STORY(paravirtual_bitmaps)
{
	static const struct { u64 low, high, min; bool is_64bit; u64 expect; } cases[] = {
		{ 3, 0, 0, true, 0x03 },
		{ 1ULL << 16, 0, 0, true, 0x04 },
		{ 1, 0, 256, true, 0x10 },
		{ 0, 1, 192, true, 0x10 }, /* 192 + 64 */
		{ 0, 1, 224, false, 0x10 }, /* 224 + 32 */
		{ 1ULL << 40, 0, 216, false, NOBODY }, /* bits past 31 do not exist there */
		{ ~0ULL, ~0ULL, 0, true, 0x07 },
		{ ~0ULL, ~0ULL, 1023, true, 0x20 },
		{ ~0ULL, ~0ULL, 1024, true, NOBODY },
		{ ~0ULL, ~0ULL, ~0ULL, true, NOBODY },
		{ ~0ULL, ~0ULL, 0xffffffff, false, NOBODY },
		{ 0, 0, 0, true, NOBODY },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(ipi_map_pv(machine_x2apic(false), cases[i].low, cases[i].high,
					    cases[i].min, cases[i].is_64bit), cases[i].expect);
}

STORY(paravirtual_icr)
{
	static const struct { u64 icr; int expect; } cases[] = {
		{ 0x00fd, 0 }, { 0x0400, 0 }, /* fixed, NMI */
		{ 0x0100 | 0x40, -EINVAL }, { 0x0500, -EINVAL }, { 0x0600, -EINVAL },
		{ 0x0700, -EINVAL }, { 0x0300, -EINVAL }, { 0x0200, -EINVAL },
		{ 0x40000 | 0x40, -EINVAL }, { 0xc0000 | 0x40, -EINVAL }, { 0x0840, -EINVAL },
	};
	struct apic_msg msg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(ipi_pv_decode(cases[i].icr, &msg), cases[i].expect);
}

STORY(icr_decoding)
{
	struct apic_msg msg;

	ipi_decode(0x0300000000000840ULL, false, &msg);
	assert_int_equal(msg.dest, 3);
	assert_int_equal(msg.vector, 0x40);
	assert_true(msg.logical && msg.assert && msg.ipi && !msg.wide && !msg.level);
	ipi_decode(0x0001000200000440ULL, true, &msg);
	assert_int_equal(msg.dest, 0x00010002);
	assert_int_equal(msg.delivery, APIC_MSG_NMI);
	assert_true(msg.wide);
	/* INIT level de-assert is no INIT; on a fixed IPI the trigger mode means nothing. */
	ipi_decode(0x8500, false, &msg);
	assert_true(msg.level && !msg.assert);
	ipi_decode(0xc500, false, &msg);
	assert_true(msg.level && msg.assert);
	ipi_decode(0x8040, false, &msg);
	assert_true(!msg.level && msg.assert);
}

STORY(message_validity)
{
	static const struct { u8 delivery, vector; bool valid; } cases[] = {
		{ APIC_MSG_FIXED, 15, false }, { APIC_MSG_FIXED, 16, true },
		{ APIC_MSG_LOWEST, 0, false }, { APIC_MSG_LOWEST, 255, true },
		{ APIC_MSG_NMI, 0, true }, { APIC_MSG_INIT, 0, true },
		{ APIC_MSG_STARTUP, 0, true }, { APIC_MSG_RESERVED, 32, false },
		{ APIC_MSG_EXTINT, 32, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct apic_msg msg = { .delivery = cases[i].delivery, .vector = cases[i].vector };

		assert_int_equal(apic_msg_valid(&msg), cases[i].valid);
	}
}

STORY(msi_decoding)
{
	static const struct {
		u64 address;
		u32 data;
		unsigned int flags;
		u32 dest;
		bool wide, logical, one, level;
	} cases[] = {
		{ 0xfee01000, 0x4041, 0, 1, false, false, false, false },
		{ 0xfee0100c, 0xc141, 0, 1, false, true, true, true },
		{ 0xfeeff000, 0x0041, 0, 0xff, false, false, false, false },
		{ 0x12300fee01000, 0x41, 0, 1, false, false, false, false },
		{ 0x100fee01000, 0x41, MSI_DEST_HI32, 0x101, true, false, false, false },
		{ 0xffffff00feeff000, 0x41, MSI_DEST_HI32, 0xffffffff, true, false, false, false },
		{ 0xfee01fe0, 0x41, 0, 1, false, false, false, false },
		{ 0xfee01fe0, 0x41, MSI_DEST_EXT15, 0x7f01, true, false, false, false },
	};
	struct apic_msg msg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		msi_decode(cases[i].address, cases[i].data, cases[i].flags, &msg);
		assert_int_equal(msg.dest, cases[i].dest);
		assert_int_equal(msg.wide, cases[i].wide);
		assert_int_equal(msg.logical, cases[i].logical);
		assert_int_equal(msg.one, cases[i].one);
		assert_int_equal(msg.level, cases[i].level);
		assert_int_equal(msg.vector, 0x41);
		assert_false(msg.ipi);
	}
	assert_int_equal(msi_check(0x1fee00000, MSI_DEST_HI32), -EINVAL);
	assert_int_equal(msi_check(0x100fee00000, MSI_DEST_HI32), 0);
	assert_int_equal(msi_check(0x1fee00000, 0), 0);
}

STORY(too_many_vcpus_are_cut)
{
	struct ipi_map_vcpu v[80];
	struct apic_msg all = { .shorthand = APIC_TO_ALL };
	struct ipi_map m;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = x2apic(i);
	ipi_map_build(&m, v, ARRAY_SIZE(v), false);
	assert_int_equal(ipi_map_resolve(&m, &all, -1, &cursor), ~0ULL);
	v[3].present = false;
	ipi_map_build(&m, v, 8, false);
	assert_int_equal(ipi_map_resolve(&m, &all, -1, &cursor), 0xf7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations_flat),
		cmocka_unit_test(destinations_cluster),
		cmocka_unit_test(destinations_x2apic),
		cmocka_unit_test(destinations_mixed),
		cmocka_unit_test(equal_ids_both_receive),
		cmocka_unit_test(shorthands),
		cmocka_unit_test(lowest_priority_takes_turns),
		cmocka_unit_test(redirection_hint_picks_one),
		cmocka_unit_test(paravirtual_bitmaps),
		cmocka_unit_test(paravirtual_icr),
		cmocka_unit_test(icr_decoding),
		cmocka_unit_test(message_validity),
		cmocka_unit_test(msi_decoding),
		cmocka_unit_test(too_many_vcpus_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
