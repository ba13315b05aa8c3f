// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of finding the receivers: look-ups in the destination map and words
 * read from it are counted. Look-ups may depend on the number of bits in the
 * destination, not on the number of vCPUs; one word per 64 vCPUs is read, and
 * only for messages without IDs. The map's source is compiled again here, with a
 * clamp and a READ_ONCE() that count.
 */
#include "model/port.h"
#include "story.h"

static unsigned int visits, reads;

#undef array_index_nospec
#define array_index_nospec(i, n) (visits++, (i) < (n) ? (i) : 0)
#undef READ_ONCE
#define READ_ONCE(x) (reads++, *(const volatile __typeof__(x) *)&(x))

/* Renamed: the library has the same names. */
#define ipi_map_change counted_map_change
#define ipi_map_set_strict_broadcast counted_map_set_strict_broadcast
#define ipi_map_resolve_one counted_map_resolve_one
#define ipi_map_pic counted_map_pic
#define ipi_map_arbitrate counted_map_arbitrate
#define ipi_map_resolve counted_map_resolve
#define ipi_map_pv counted_map_pv
#define ipi_pv_decode counted_pv_decode
#define ipi_pv_arrives counted_pv_arrives
#define ipi_decode counted_decode
#define apic_msg_valid counted_msg_valid
#define msi_check counted_msi_check
#define msi_decode counted_msi_decode
#include "model/ipi_map.c"
#include "ipi_machine.h"

/* nr vCPUs in one mode; xAPICs have logical IDs that are valid in both models. */
static struct ipi_map *machine(unsigned int nr, u8 mode, bool cluster)
{
	static struct ipi_map_vcpu v[IPI_MAP_VCPUS];
	static struct ipi_map m;
	unsigned int i;

	for (i = 0; i < nr; i++)
		v[i] = (struct ipi_map_vcpu){ .enabled = true, .mode = mode, .xapic_id = (u8)i,
					      .x2apic_id = i, .dfr = cluster ? 0x0fffffff : 0xffffffff,
					      .ldr = (cluster ? (i / 4 % 15) << 4 | 1 << i % 4 : 1U << i % 8) << 24 };
	machine_fill(&m, v, nr);
	return &m;
}

static unsigned int cost_of(const struct ipi_map *m, u32 dest, bool logical, bool wide, struct ipi_set *targets)
{
	struct apic_msg msg = { .dest = dest, .logical = logical, .wide = wide, .ipi = true, .assert = true };
	u32 cursor = 0;

	visits = 0;
	reads = 0;
	ipi_map_resolve(m, &msg, 0, &cursor, targets);
	return visits;
}

static const unsigned int sizes[] = { 8, 16, 64, 512, IPI_MAP_VCPUS };

static unsigned int words_of(unsigned int nr)
{
	return (nr + 63) / 64;
}

STORY(x2apic_cluster_costs_its_members)
{
	static const struct { u32 dest; int members; } cases[] = {
		{ 0x00000001, 1 }, { 0x00000081, 2 }, { 0x00000003, 2 }, { 0x000000ff, 8 }, { 0x0000ffff, 16 },
		{ 0xffffffff, 0 }, /* no existing cluster; a broadcast needs no look-up */
	};
	struct ipi_set targets;
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(sizes); k++)
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			unsigned int cost = cost_of(machine(sizes[k], APIC_MODE_X2APIC, false), cases[i].dest, true, true,
						    &targets);

			/* One per member, and one for xAPICs, which an 8-bit destination may also name. */
			assert_int_equal(cost, cases[i].members + (cases[i].dest <= 0xff));
			assert_int_equal(set_count(&targets), cases[i].members ? min((unsigned int)cases[i].members, sizes[k]) :
										 sizes[k]);
		}
}

STORY(xapic_logical_costs_one_table)
{
	struct ipi_set targets;
	size_t k;

	for (k = 0; k < ARRAY_SIZE(sizes); k++) {
		/* Eight bits at most, each also a member of x2APIC cluster 0. */
		assert_in_range(cost_of(machine(sizes[k], APIC_MODE_XAPIC, false), 0x02, true, false, &targets), 1, 2);
		assert_in_range(cost_of(machine(sizes[k], APIC_MODE_XAPIC, false), 0xff, true, false, &targets), 1, 9);
		assert_in_range(cost_of(machine(sizes[k], APIC_MODE_XAPIC, true), 0x1f, true, false, &targets), 1, 6);
	}
	cost_of(machine(64, APIC_MODE_XAPIC, true), 0x13, true, false, &targets);
	/* Cluster 1: vCPUs 4 and 5; 15 clusters on, past vCPU 63, it starts again. */
	assert_int_equal(low_word(&targets), 0x30);
}

STORY(one_destination_costs_one_visit)
{
	struct apic_msg msg = { .dest = 5, .wide = true, .ipi = true, .assert = true };
	struct ipi_set targets;
	size_t k;

	for (k = 0; k < ARRAY_SIZE(sizes); k++) {
		const struct ipi_map *m = machine(sizes[k], APIC_MODE_X2APIC, false);

		assert_int_equal(cost_of(m, 5, false, true, &targets), 1);
		assert_int_equal(low_word(&targets), 1 << 5);
		assert_int_equal(reads, 1);
		/* Out of range: none. */
		assert_int_equal(cost_of(m, 5000, false, true, &targets), 0);
		assert_true(ipi_set_empty(&targets));
		visits = 0;
		reads = 0;
		assert_int_equal(ipi_map_resolve_one(m, &msg, 0), 5);
		assert_int_equal(visits, 1);
		assert_int_equal(reads, 1);
	}
}

/* All of them: a word for every 64. */
STORY(broadcast_costs_a_word_in_64)
{
	struct ipi_set targets;
	size_t k;

	for (k = 0; k < ARRAY_SIZE(sizes); k++) {
		assert_int_equal(cost_of(machine(sizes[k], APIC_MODE_X2APIC, false), 0xffffffff, false, true, &targets), 0);
		assert_int_equal(reads, 1 + words_of(sizes[k]));
		assert_int_equal(set_count(&targets), sizes[k]);
	}
}

STORY(hypercall_costs_its_bits)
{
	static const struct { u64 low, high, min; bool is_64bit; unsigned int cost; } cases[] = {
		{ 1, 0, 0, true, 1 },
		{ 0xfe, 0, 0, true, 7 },
		{ ~0ULL, ~0ULL, 0, true, 128 },
		{ ~0ULL, ~0ULL, 0, false, 64 },
		{ ~0ULL, ~0ULL, IPI_MAP_IDS - 1, true, 1 },
		{ ~0ULL, ~0ULL, IPI_MAP_IDS, true, 0 },
		{ ~0ULL, ~0ULL, ~0ULL, true, 0 },
		{ 0, 0, 0, true, 0 },
	};
	struct ipi_set targets;
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(sizes); k++)
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			visits = 0;
			reads = 0;
			ipi_map_pv(machine(sizes[k], APIC_MODE_X2APIC, false), cases[i].low, cases[i].high, cases[i].min,
				   cases[i].is_64bit, &targets);
			assert_int_equal(visits, cases[i].cost);
			assert_int_equal(reads, cases[i].cost);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x2apic_cluster_costs_its_members),
		cmocka_unit_test(xapic_logical_costs_one_table),
		cmocka_unit_test(one_destination_costs_one_visit),
		cmocka_unit_test(broadcast_costs_a_word_in_64),
		cmocka_unit_test(hypercall_costs_its_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
