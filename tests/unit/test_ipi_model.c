// SPDX-License-Identifier: GPL-2.0-only
/*
 * The destination map compared with its definition: after any sequence of added,
 * removed and changed vCPUs, each message reaches the same vCPUs as a search
 * through all vCPUs.
 */
#include "model/ipi_map.h"
#include "story.h"
#include "ipi_machine.h"

#include <stdlib.h>

#define STEPS 4000
#define ASKED 12 /* messages after each step */

static struct ipi_map map;
static struct ipi_map_vcpu vcpus[IPI_MAP_VCPUS];
static unsigned int nr;
static u32 state;

static u32 draw(u32 below)
{
	state = state * 1664525U + 1013904223U;
	return (u32)((u64)state * below >> 32);
}

/* Colliding IDs: from a few values, or from all. */
static u32 draw_id(void)
{
	return draw(3) ? draw(40) : draw(IPI_MAP_IDS + 8);
}

static struct ipi_map_vcpu draw_vcpu(void)
{
	static const u32 models[] = { FLAT, CLUSTER, 0x5fffffff };

	return (struct ipi_map_vcpu){ .enabled = draw(4), .pic = !draw(8), .mode = (u8)draw(3), .xapic_id = (u8)draw_id(),
				      .x2apic_id = draw_id(), .ldr = draw(256) << 24 | draw(2), .dfr = models[draw(3)] };
}

static struct apic_msg draw_msg(void)
{
	struct apic_msg msg = { .dest = draw_id(), .delivery = (u8)draw(8), .logical = draw(2), .ipi = draw(2),
				.wide = draw(2), .one = !draw(6), .shorthand = (u8)(draw(4) ? 0 : draw(4)) };

	if (msg.logical && msg.wide && draw(2))
		msg.dest = draw(IPI_MAP_IDS / 16 + 1) << 16 | draw(0x10000);
	if (!draw(5))
		msg.dest = msg.wide ? 0xffffffff : 0xff;
	if (!msg.wide)
		msg.dest &= 0xff;
	return msg;
}

static bool answers_to_id(const struct ipi_map_vcpu *v, u64 id)
{
	u32 own = v->mode == APIC_MODE_X2APIC || v->x2apic_id > 0xff ? v->x2apic_id : v->xapic_id;

	return own == id && own < IPI_MAP_IDS;
}

static bool is_member(const struct ipi_map_vcpu *v, u32 dest)
{
	u32 logical = v->ldr >> 24;

	if (v->mode == APIC_MODE_X2APIC)
		return v->x2apic_id < IPI_MAP_IDS && v->x2apic_id >> 4 == dest >> 16 && dest >> (v->x2apic_id & 15) & 1;
	if (dest > 0xff)
		return false;
	if (v->dfr >> 28 == 0xf)
		return logical & dest;
	return !(v->dfr >> 28) && logical >> 4 == dest >> 4 && (logical & dest & 0xf);
}

static bool is_candidate(const struct apic_msg *msg, unsigned int i, int self)
{
	const struct ipi_map_vcpu *v = &vcpus[i];

	if (v->mode == APIC_MODE_DISABLED)
		return false;
	switch (msg->shorthand) {
	case APIC_TO_SELF:
		return (int)i == self;
	case APIC_TO_ALL:
		return true;
	case APIC_TO_OTHERS:
		return (int)i != self;
	}
	if (msg->dest == (msg->wide ? 0xffffffff : 0xff) &&
	    (msg->wide || msg->ipi || !map.strict_broadcast || v->mode != APIC_MODE_X2APIC))
		return true;
	return msg->logical ? is_member(v, msg->dest) : answers_to_id(v, msg->dest);
}

static bool has(const struct ipi_set *set, unsigned int i)
{
	return set->used >> (i / 64) & 1 && set->word[i / 64] >> (i & 63) & 1;
}

static void ask(const struct apic_msg *msg)
{
	bool one = msg->one || msg->delivery == APIC_MSG_LOWEST;
	int self = (int)draw(nr + 1) - 1, only = ipi_map_resolve_one(&map, msg, self);
	unsigned int i, candidates = 0;
	static u32 cursor;
	struct ipi_set set;

	ipi_map_resolve(&map, msg, self, &cursor, &set);
	for (i = 0; i < nr; i++) {
		bool candidate = is_candidate(msg, i, self) && (!one || vcpus[i].enabled);

		candidates += candidate;
		if (!one)
			assert_int_equal(has(&set, i), candidate);
		else if (has(&set, i))
			assert_true(candidate);
	}
	assert_int_equal(set_count(&set), one ? !!candidates : candidates);
	assert_int_equal(ipi_set_single(&set), set_count(&set) == 1);
	if (only >= 0) {
		assert_int_equal(candidates, 1);
		assert_true(has(&set, (unsigned int)only));
	}
}

static void ask_hypercall(void)
{
	u64 low = (u64)draw(~0U) << 32 | draw(~0U), high = (u64)draw(~0U) << 32 | draw(~0U), min = draw_id();
	bool is_64bit = draw(2);
	unsigned int i, k, n = is_64bit ? 64 : 32;
	struct ipi_set set;

	ipi_map_pv(&map, low, high, min, is_64bit, &set);
	for (i = 0; i < nr; i++) {
		bool named = false;

		for (k = 0; k < 2 * n; k++)
			if ((k < n ? low >> k : high >> (k - n)) & 1)
				named |= vcpus[i].mode != APIC_MODE_DISABLED && answers_to_id(&vcpus[i], min + k);
		assert_int_equal(has(&set, i), named);
	}
}

static void ask_pic(void)
{
	struct ipi_set set;
	unsigned int i;

	ipi_map_pic(&map, &set);
	for (i = 0; i < nr; i++)
		assert_int_equal(has(&set, i), vcpus[i].pic);
}

static void history(unsigned int most, u32 seed, bool strict)
{
	unsigned int step, i;

	memset(&map, 0, sizeof(map));
	memset(vcpus, 0, sizeof(vcpus));
	state = seed;
	nr = 1;
	if (strict)
		ipi_map_set_strict_broadcast(&map);
	for (step = 0; step < STEPS; step++) {
		struct ipi_map_vcpu v = draw_vcpu();
		unsigned int at;

		if (nr < most && !draw(3))
			nr++;
		at = draw(3) ? draw(nr) : nr - 1;
		ipi_map_change(&map, at, &vcpus[at], &v);
		vcpus[at] = v;
		for (i = 0; i < ASKED; i++) {
			struct apic_msg msg = draw_msg();

			ask(&msg);
		}
		if (step % 8 == 0) {
			ask_hypercall();
			ask_pic();
		}
	}
}

STORY(few_vcpus)
{
	history(5, 1, false);
	history(64, 2, true);
}

STORY(many_vcpus)
{
	history(200, 3, false);
	history(IPI_MAP_VCPUS, 4, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_vcpus),
		cmocka_unit_test(many_vcpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
