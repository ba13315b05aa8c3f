// SPDX-License-Identifier: GPL-2.0-only
/* The receivers of interrupt messages. */
#include "model/ipi_map.h"
#include "story.h"
#include "ipi_machine.h"

#include <pthread.h>
#include <stdlib.h>

#define NOBODY 0ULL

static u32 cursor;

/* Machine A: 0..3 xAPIC flat; 4 off; 5 software disabled. */
static struct ipi_map *machine_flat(void)
{
	static struct ipi_map m;
	struct ipi_map_vcpu v[6] = { xapic(0, 1, FLAT), xapic(1, 2, FLAT), xapic(2, 4, FLAT),
				     xapic(3, 8, FLAT), xapic(4, 16, FLAT), xapic(5, 32, FLAT) };

	v[4].mode = APIC_MODE_DISABLED;
	v[5].enabled = false;
	machine_fill(&m, v, ARRAY_SIZE(v));
	return &m;
}

/* Machine B: xAPIC clusters 0 (0, 1), 1 (2, 3), 2 (4). */
static struct ipi_map *machine_cluster(void)
{
	static struct ipi_map m;
	struct ipi_map_vcpu v[5] = { xapic(0, 0x01, CLUSTER), xapic(1, 0x02, CLUSTER),
				     xapic(2, 0x11, CLUSTER), xapic(3, 0x12, CLUSTER),
				     xapic(4, 0x21, CLUSTER) };

	machine_fill(&m, v, ARRAY_SIZE(v));
	return &m;
}

/* Machine C: x2APIC IDs 0, 1, 16, 255, 256, 4095, and 4096, which does not fit. */
static struct ipi_map *machine_x2apic(bool strict)
{
	static struct ipi_map m;
	struct ipi_map_vcpu v[7] = { x2apic(0), x2apic(1), x2apic(16), x2apic(255),
				     x2apic(256), x2apic(4095), x2apic(4096) };

	machine_fill(&m, v, ARRAY_SIZE(v));
	if (strict)
		ipi_map_set_strict_broadcast(&m);
	return &m;
}

/* Machine D: 0 xAPIC flat, 1 x2APIC, 2 xAPIC with an ID of more than eight bits. */
static struct ipi_map *machine_mixed(void)
{
	static struct ipi_map m;
	struct ipi_map_vcpu v[3] = { xapic(0, 1, FLAT), x2apic(1), xapic(0x101, 4, FLAT) };

	machine_fill(&m, v, ARRAY_SIZE(v));
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
		struct ipi_set set;
		u64 got;

		ipi_map_resolve(m, &msg, c->ipi ? 0 : -1, &cursor, &set);
		got = low_word(&set);
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
		{ "last ID of the map", 4095, false, true, true, 0x20 },
		{ "ID past the map", 4096, false, true, true, NOBODY },
		{ "255 is no broadcast", 255, false, true, true, 0x08 },
		{ "cluster 0, both", 0x00000003, true, true, true, 0x03 },
		{ "cluster 1", 0x00010001, true, true, true, 0x04 },
		{ "cluster 255, last", 0x00ff8000, true, true, true, 0x20 },
		{ "cluster past the map", 0x0100ffff, true, true, true, NOBODY },
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

/* The receivers of a message to this ID, by both look-ups; only: the index that the fast one must return, or -1. */
static u64 found(const struct ipi_map *m, u32 id, int only)
{
	struct apic_msg msg = { .dest = id, .ipi = true, .wide = true };
	struct ipi_set set;

	ipi_map_resolve(m, &msg, 0, &cursor, &set);
	assert_int_equal(ipi_map_resolve_one(m, &msg, 0), only);
	return low_word(&set);
}

/* Four vCPUs take the same ID and leave it in all orders: first, middle and last of the chain. */
STORY(equal_ids_all_receive)
{
	static const u8 orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 2, 0, 3 }, { 2, 0, 3, 1 }, { 1, 3, 2, 0 } };
	struct ipi_map m;
	size_t k;
	u32 i;

	for (k = 0; k < ARRAY_SIZE(orders); k++) {
		struct ipi_map_vcpu v[4] = { x2apic(0), x2apic(1), x2apic(2), x2apic(3) }, same = x2apic(9);
		u64 left = 0xf;

		machine_fill(&m, v, 4);
		for (i = 0; i < 4; i++) {
			ipi_map_change(&m, i, &v[i], &same);
			assert_int_equal(found(&m, 9, i ? -1 : 0), BIT_ULL(i + 1) - 1);
			assert_int_equal(found(&m, i, -1), NOBODY);
		}
		for (i = 0; i < 4; i++) {
			u8 who = orders[k][i];

			left &= ~BIT_ULL(who);
			ipi_map_change(&m, who, &same, &v[who]);
			assert_int_equal(found(&m, 9, i == 2 ? __builtin_ctzll(left) : -1), left);
			assert_int_equal(found(&m, who, who), BIT_ULL(who));
		}
	}
}

STORY(shorthands)
{
	static const struct { u8 shorthand; int self; u64 expect; } cases[] = {
		{ APIC_TO_SELF, 2, 0x04 }, { APIC_TO_ALL, 2, 0x2f }, { APIC_TO_OTHERS, 2, 0x2b },
		{ APIC_TO_SELF, 4, NOBODY }, { APIC_TO_SELF, -1, NOBODY }, { APIC_TO_OTHERS, 4, 0x2f },
		{ APIC_TO_SELF, 64, NOBODY }, { APIC_TO_OTHERS, -1, 0x2f },
		{ APIC_TO_OTHERS, IPI_MAP_VCPUS - 1, 0x2f }, { APIC_TO_OTHERS, IPI_MAP_VCPUS, 0x2f },
		{ APIC_TO_SELF, INT_MAX, NOBODY }, { APIC_TO_SELF, INT_MIN, NOBODY },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct apic_msg msg = { .shorthand = cases[i].shorthand, .dest = 1, .ipi = true };
		struct ipi_set set;
		int one = ipi_map_resolve_one(machine_flat(), &msg, cases[i].self);

		ipi_map_resolve(machine_flat(), &msg, cases[i].self, &cursor, &set);
		assert_int_equal(low_word(&set), cases[i].expect);
		assert_int_equal(one, cases[i].shorthand == APIC_TO_SELF && cases[i].expect ? cases[i].self : -1);
	}
}

/* The fast look-up handles single receivers, and leaves other cases to the full one. */
STORY(short_way)
{
	static const struct { struct apic_msg msg; int expect; } cases[] = {
		{ { .dest = 2, .ipi = true }, 2 },
		{ { .dest = 2, .delivery = APIC_MSG_NMI }, 2 },
		{ { .dest = 2, .wide = true }, 2 },
		{ { .dest = 9 }, -1 }, { { .dest = 4 }, -1 },
		{ { .dest = 0xff }, -1 }, { { .dest = 0xffffffff, .wide = true }, -1 },
		{ { .dest = IPI_MAP_IDS, .wide = true }, -1 },
		{ { .dest = 2, .logical = true }, -1 }, { { .dest = 2, .one = true }, -1 },
		{ { .dest = 2, .delivery = APIC_MSG_LOWEST }, -1 },
		{ { .dest = 2, .shorthand = APIC_TO_ALL }, -1 }, { { .dest = 2, .shorthand = APIC_TO_OTHERS }, -1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(ipi_map_resolve_one(machine_flat(), &cases[i].msg, 0), cases[i].expect);
}

static struct ipi_set set_of(const unsigned int *index, size_t nr)
{
	struct ipi_set set;

	ipi_set_init(&set);
	while (nr--)
		ipi_set_add(&set, *index++);
	return set;
}

/* Each software-enabled candidate is chosen in turn; an invalid cursor is harmless. */
STORY(lowest_priority_takes_turns)
{
	struct apic_msg msg = { .dest = 0xff, .logical = true, .delivery = APIC_MSG_LOWEST };
	static const unsigned int far[] = { 1, 63, 64, 700, IPI_MAP_VCPUS - 1 };
	struct ipi_set set;
	u64 seen = 0;
	u32 turn = 0xfffffff0;
	size_t i;

	for (i = 0; i < 4; i++) {
		ipi_map_resolve(machine_flat(), &msg, -1, &turn, &set);
		assert_true(ipi_set_single(&set));
		assert_int_equal(low_word(&set) & seen, 0);
		seen |= low_word(&set);
	}
	assert_int_equal(seen, 0x0f);
	ipi_set_init(&set);
	ipi_map_arbitrate(&set, &turn);
	assert_true(ipi_set_empty(&set));
	turn = IPI_MAP_VCPUS - 1;
	for (i = 0; i < 3 * ARRAY_SIZE(far); i++) {
		set = set_of(far, ARRAY_SIZE(far));
		ipi_map_arbitrate(&set, &turn);
		assert_int_equal(set_count(&set), 1);
		assert_int_equal(ipi_set_take(&set), far[i % ARRAY_SIZE(far)]);
	}
	turn = 64; /* of itself alone */
	set = set_of(&far[2], 1);
	ipi_map_arbitrate(&set, &turn);
	assert_int_equal(ipi_set_take(&set), 64);
}

STORY(redirection_hint_picks_one)
{
	struct apic_msg msg = { .dest = 0x0f, .logical = true, .one = true };
	struct ipi_set set;

	ipi_map_resolve(machine_flat(), &msg, -1, &cursor, &set);
	assert_true(ipi_set_single(&set));
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
		{ ~0ULL, ~0ULL, 4095, true, 0x20 },
		{ ~0ULL, ~0ULL, 4096, true, NOBODY },
		{ ~0ULL, ~0ULL, ~0ULL, true, NOBODY },
		{ ~0ULL, ~0ULL, 0xffffffff, false, NOBODY },
		{ 0, 0, 0, true, NOBODY },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ipi_set set;

		ipi_map_pv(machine_x2apic(false), cases[i].low, cases[i].high, cases[i].min, cases[i].is_64bit, &set);
		assert_int_equal(low_word(&set), cases[i].expect);
	}
}

STORY(paravirtual_icr)
{
	static const struct { u64 icr; int expect; } cases[] = {
		{ 0x00fd, 0 }, { 0, 0 }, { 0x0400, 0 }, /* fixed, NMI */
		{ 0x0100 | 0x40, 0 }, { 0x0500, 0 }, { 0x0600, 0 },
		{ 0x0700, 0 }, { 0x0300, 0 }, { 0x0200, 0 },
		{ 0x40000 | 0x40, -EINVAL }, { 0xc0000 | 0x40, -EINVAL }, { 0x0840, -EINVAL },
	};
	struct apic_msg msg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(ipi_pv_decode(cases[i].icr, &msg), cases[i].expect);
}

STORY(paravirtual_messages_that_arrive)
{
	static const struct { u64 icr; bool expect; } cases[] = {
		{ 0x0041, true }, { 0x4041, true }, { 0xc041, true }, { 0x8041, false }, /* fixed */
		{ 0x0141, true }, { 0xc141, true }, { 0x8141, false }, /* lowest priority */
		{ 0x0500, true }, { 0xc500, true }, { 0x8500, false }, /* INIT, its de-assert */
		{ 0x0400, true }, { 0x8400, true }, /* NMI: the level is ignored */
		{ 0x0300, true }, { 0x0608, true }, { 0x8608, true }, { 0x0700, false }, { 0xc700, false },
	};
	struct apic_msg msg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(ipi_pv_decode(cases[i].icr, &msg), 0);
		assert_int_equal(ipi_pv_arrives(&msg), cases[i].expect);
	}
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
	/* INIT level de-assert is no INIT; the trigger mode of a fixed IPI is ignored. */
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

/* The maximum number of vCPUs, with every fourth ID, all in x2APIC mode. */
STORY(as_many_as_fit)
{
	static struct ipi_map_vcpu v[IPI_MAP_VCPUS];
	static struct ipi_map m;
	struct apic_msg all = { .shorthand = APIC_TO_ALL }, others = { .shorthand = APIC_TO_OTHERS };
	struct apic_msg wide = { .dest = 0xffffffff, .wide = true };
	struct apic_msg cluster = { .dest = 255U << 16 | 0xffff, .wide = true, .logical = true };
	struct ipi_set set;
	u32 i;

	for (i = 0; i < IPI_MAP_VCPUS; i++)
		v[i] = x2apic(i * 4 + 3);
	machine_fill(&m, v, IPI_MAP_VCPUS);
	ipi_map_resolve(&m, &all, -1, &cursor, &set);
	assert_int_equal(set_count(&set), IPI_MAP_VCPUS);
	ipi_map_resolve(&m, &wide, -1, &cursor, &set);
	assert_int_equal(set_count(&set), IPI_MAP_VCPUS);
	ipi_map_resolve(&m, &others, 700, &cursor, &set);
	assert_int_equal(set_count(&set), IPI_MAP_VCPUS - 1);
	assert_int_equal(set.word[700 / 64], ~BIT_ULL(700 % 64));
	for (i = 0; i < IPI_MAP_IDS; i++) {
		struct apic_msg msg = { .dest = i, .wide = true };

		assert_int_equal(ipi_map_resolve_one(&m, &msg, 0), i % 4 == 3 ? (int)i / 4 : -1);
	}
	ipi_map_resolve(&m, &cluster, -1, &cursor, &set);
	assert_int_equal(set_count(&set), 4);
	assert_int_equal(set.word[15], 0xfULL << 60);
	ipi_map_pv(&m, ~0ULL, ~0ULL, 2000, true, &set);
	assert_int_equal(set_count(&set), 32);
	assert_int_equal(ipi_set_take(&set), 500);
	/* One vCPU is removed: the others stay. */
	ipi_map_change(&m, 500, &v[500], &(struct ipi_map_vcpu){ .x2apic_id = 2003 });
	ipi_map_resolve(&m, &all, -1, &cursor, &set);
	assert_int_equal(set_count(&set), IPI_MAP_VCPUS - 1);
	assert_int_equal(set.word[500 / 64], ~BIT_ULL(500 % 64));
}

STORY(wired_to_the_pic)
{
	struct ipi_map_vcpu v[2] = { { .pic = true }, xapic(1, 2, FLAT) }, boot = xapic(1, 2, FLAT);
	struct ipi_set set;
	struct ipi_map m;

	machine_fill(&m, v, 2);
	ipi_map_pic(&m, &set);
	assert_int_equal(low_word(&set), 1); /* even an APIC that is off */
	boot.pic = true;
	ipi_map_change(&m, 1, &v[1], &boot);
	ipi_map_change(&m, 0, &v[0], &(struct ipi_map_vcpu){});
	ipi_map_pic(&m, &set);
	assert_int_equal(low_word(&set), 2);
}

/* ---- readers concurrent with a writer ---- */

#define SENDS 200000

static struct ipi_map shared;
static bool stop;

/* vCPU 2 takes ID 7, which is vCPU 1's, and leaves it, repeatedly. */
static void *wander(void *arg)
{
	struct ipi_map_vcpu at[2] = { x2apic(5), x2apic(7) };
	unsigned int i;

	for (i = 0; !READ_ONCE(stop); i++)
		ipi_map_change(&shared, 2, &at[i & 1], &at[~i & 1]);
	return arg;
}

/* Each result of the fast look-up was correct at some time. The full look-up ends, and finds vCPUs. */
STORY(beside_a_writer)
{
	struct ipi_map_vcpu v[3] = { x2apic(0), x2apic(7), x2apic(5) };
	struct apic_msg msg = { .dest = 7, .wide = true };
	unsigned int alone = 0, i;
	struct ipi_set set;
	pthread_t t;

	machine_fill(&shared, v, 3);
	WRITE_ONCE(stop, false);
	assert_int_equal(pthread_create(&t, NULL, wander, NULL), 0);
	for (i = 0; i < SENDS; i++) {
		int one = ipi_map_resolve_one(&shared, &msg, 0);

		assert_in_range(one + 1, 0, 2); /* vCPU 1, or more than one; never vCPU 2 alone */
		alone += one == 1;
		ipi_map_resolve(&shared, &msg, 0, &cursor, &set);
		assert_int_equal(low_word(&set) & ~6ULL, 0);
	}
	WRITE_ONCE(stop, true);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_not_equal(alone, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations_flat),
		cmocka_unit_test(destinations_cluster),
		cmocka_unit_test(destinations_x2apic),
		cmocka_unit_test(destinations_mixed),
		cmocka_unit_test(equal_ids_all_receive),
		cmocka_unit_test(shorthands),
		cmocka_unit_test(short_way),
		cmocka_unit_test(lowest_priority_takes_turns),
		cmocka_unit_test(redirection_hint_picks_one),
		cmocka_unit_test(paravirtual_bitmaps),
		cmocka_unit_test(paravirtual_icr),
		cmocka_unit_test(paravirtual_messages_that_arrive),
		cmocka_unit_test(icr_decoding),
		cmocka_unit_test(message_validity),
		cmocka_unit_test(msi_decoding),
		cmocka_unit_test(as_many_as_fit),
		cmocka_unit_test(wired_to_the_pic),
		cmocka_unit_test(beside_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
