// SPDX-License-Identifier: GPL-2.0-only
/*
 * Destination map; see ipi_map.h.
 *
 * One table by APIC ID serves both address forms: a vCPU stands there under
 * the ID by which its present mode answers. vCPUs with the same ID, which only
 * a guest can bring about, are chained. Every ID below comes from a guest and
 * is clamped after its bounds check.
 */
#include "ipi_map.h"

#define XAPIC_BROADCAST 0xffU
#define X2APIC_BROADCAST 0xffffffffU
#define DFR_FLAT 0xfU

#define NO_ID 0xffffffffU
#define MORE 0x8000U /* in first[]: the chain goes on in next[] */

static void set_bit_in(u64 *words, unsigned int index, bool on)
{
	u64 bit = BIT_ULL(index & 63), old = words[index / 64];

	WRITE_ONCE(words[index / 64], on ? old | bit : old & ~bit);
}

/* By which the vCPU answers now. An ID that does not fit eight bits would alias another vCPU's. */
static u32 id_of(const struct ipi_map_vcpu *v)
{
	u32 id = v->mode == APIC_MODE_X2APIC || v->x2apic_id > 0xff ? v->x2apic_id : v->xapic_id;

	return v->mode != APIC_MODE_DISABLED && id < IPI_MAP_IDS ? id : NO_ID;
}

/* n: index + 1 of the first in the chain, or 0. */
static void set_first(struct ipi_map *m, u32 id, unsigned int n)
{
	WRITE_ONCE(m->first[id], (u16)(n && m->next[n - 1] ? n | MORE : n));
}

static void add_id(struct ipi_map *m, u32 id, unsigned int index)
{
	unsigned int next = m->first[id] & ~MORE;

	m->prev[index] = 0;
	WRITE_ONCE(m->next[index], (u16)next);
	if (next)
		m->prev[next - 1] = (u16)(index + 1);
	set_first(m, id, index + 1);
}

static void remove_id(struct ipi_map *m, u32 id, unsigned int index)
{
	u16 next = m->next[index], prev = m->prev[index];

	if (next)
		m->prev[next - 1] = prev;
	if (prev)
		WRITE_ONCE(m->next[prev - 1], next);
	set_first(m, id, prev ? m->first[id] & ~MORE : next);
}

static void put_xapic_logical(struct ipi_map *m, unsigned int index, const struct ipi_map_vcpu *v, bool on)
{
	u32 logical = v->ldr >> 24;
	unsigned int i;

	if (v->mode != APIC_MODE_XAPIC)
		return;
	if (v->dfr >> 28 == DFR_FLAT) {
		for (i = 0; i < 8; i++)
			if (logical & BIT(i))
				set_bit_in(m->flat[i], index, on);
	} else if (!(v->dfr >> 28)) {
		for (i = 0; i < 4; i++)
			if (logical & BIT(i))
				set_bit_in(m->cluster[logical >> 4][i], index, on);
	}
}

void ipi_map_change(struct ipi_map *m, unsigned int index, const struct ipi_map_vcpu *old,
		    const struct ipi_map_vcpu *v)
{
	bool present = v->mode != APIC_MODE_DISABLED;
	u32 was = id_of(old), id = id_of(v);

	if (m->words <= index / 64)
		WRITE_ONCE(m->words, index / 64 + 1);
	if (was != id && was != NO_ID)
		remove_id(m, was, index);
	if (was != id && id != NO_ID)
		add_id(m, id, index);
	put_xapic_logical(m, index, old, false);
	put_xapic_logical(m, index, v, true);
	set_bit_in(m->x2apic, index, v->mode == APIC_MODE_X2APIC);
	set_bit_in(m->present, index, present);
	set_bit_in(m->enabled, index, present && v->enabled);
	set_bit_in(m->pic, index, v->pic);
}

void ipi_map_set_strict_broadcast(struct ipi_map *m)
{
	WRITE_ONCE(m->strict_broadcast, true);
}

static void add_all(const struct ipi_map *m, const u64 *words, struct ipi_set *to)
{
	unsigned int w, n = READ_ONCE(m->words);

	for (w = 0; w < n; w++)
		ipi_set_or(to, w, READ_ONCE(words[w]));
}

/* Beside a writer a chain may lead anywhere, so it is followed no further than there are vCPUs. */
static void add_chain(const struct ipi_map *m, unsigned int n, struct ipi_set *to)
{
	unsigned int left;

	for (left = IPI_MAP_VCPUS; n && left; n = READ_ONCE(m->next[n - 1]), left--)
		ipi_set_add(to, n - 1);
}

/* The vCPUs with ID first + i for each bit i. */
static void add_ids(const struct ipi_map *m, u64 first, u64 bits, struct ipi_set *to)
{
	unsigned int w = 0, n;
	u64 word = 0, id; /* word w of the set, as far as it is not there yet: neighbours are mostly in one */

	for (; bits; bits &= bits - 1) {
		id = first + (unsigned int)__builtin_ctzll(bits);
		if (id >= IPI_MAP_IDS)
			break;
		n = READ_ONCE(m->first[array_index_nospec(id, (u64)IPI_MAP_IDS)]);
		if (unlikely(n & MORE)) {
			add_chain(m, n & ~MORE, to);
			continue;
		}
		if (!n--)
			continue;
		if (n / 64 != w) {
			ipi_set_or(to, w, word);
			w = n / 64;
			word = 0;
		}
		word |= BIT_ULL(n & 63);
	}
	ipi_set_or(to, w, word);
}

/* x2APIC cluster destination: cluster in bits 31:16, one bit per member below. */
static void add_x2apic_cluster(const struct ipi_map *m, u32 dest, struct ipi_set *to)
{
	u64 first = (u64)(dest >> 16) << 4;
	struct ipi_set set __uninitialized;

	ipi_set_init(&set);
	add_ids(m, first, dest & 0xffff, &set);
	/* The IDs of xAPICs mean nothing here. */
	for (; set.used; set.used &= set.used - 1) {
		unsigned int w = (unsigned int)__builtin_ctz(set.used);

		ipi_set_or(to, w, set.word[w] & READ_ONCE(m->x2apic[w]));
	}
}

/* The two xAPIC models; a destination wider than eight bits means none of them. */
static void add_xapic_logical(const struct ipi_map *m, u32 dest, struct ipi_set *to)
{
	unsigned int cluster, i;

	if (dest > 0xff)
		return;
	cluster = array_index_nospec(dest >> 4, 16U);
	for (i = 0; i < 8; i++) {
		if (!(dest & BIT(i)))
			continue;
		add_all(m, m->flat[i], to);
		if (i < 4)
			add_all(m, m->cluster[cluster][i], to);
	}
}

static bool is_broadcast(const struct apic_msg *msg)
{
	return msg->dest == (msg->wide ? X2APIC_BROADCAST : XAPIC_BROADCAST);
}

static void add_broadcast(const struct ipi_map *m, const struct apic_msg *msg, struct ipi_set *to)
{
	unsigned int w, n;

	if (msg->wide || msg->ipi || !READ_ONCE(m->strict_broadcast)) {
		add_all(m, m->present, to);
		return;
	}
	n = READ_ONCE(m->words);
	for (w = 0; w < n; w++)
		ipi_set_or(to, w, READ_ONCE(m->present[w]) & ~READ_ONCE(m->x2apic[w]));
}

static void add_destination(const struct ipi_map *m, const struct apic_msg *msg, struct ipi_set *to)
{
	if (is_broadcast(msg))
		add_broadcast(m, msg, to);
	if (msg->logical) {
		add_x2apic_cluster(m, msg->dest, to);
		add_xapic_logical(m, msg->dest, to);
	} else {
		add_ids(m, msg->dest, 1, to);
	}
}

static void keep(struct ipi_set *set, const u64 *words)
{
	u32 left = set->used;

	for (; left; left &= left - 1) {
		unsigned int w = (unsigned int)__builtin_ctz(left);

		set->word[w] &= READ_ONCE(words[w]);
		if (!set->word[w])
			set->used &= ~(u32)BIT(w);
	}
}

/* The lowest index above last, or the lowest of all. */
static unsigned int next_in(const struct ipi_set *set, unsigned int last)
{
	u32 left = set->used & ~((u32)BIT(last / 64) - 1);
	unsigned int w;

	for (; left; left &= left - 1) {
		u64 bits;

		w = (unsigned int)__builtin_ctz(left);
		bits = set->word[w];
		if (w == last / 64)
			bits &= ~(BIT_ULL(last & 63) | (BIT_ULL(last & 63) - 1));
		if (bits)
			return w * 64 + (unsigned int)__builtin_ctzll(bits);
	}
	w = (unsigned int)__builtin_ctz(set->used);
	return w * 64 + (unsigned int)__builtin_ctzll(set->word[w]);
}

void ipi_map_arbitrate(struct ipi_set *set, u32 *cursor)
{
	unsigned int pick;

	if (!set->used)
		return;
	pick = next_in(set, READ_ONCE(*cursor) & (IPI_MAP_VCPUS - 1));
	WRITE_ONCE(*cursor, pick);
	ipi_set_init(set);
	ipi_set_add(set, pick);
}

static bool is_self(const struct ipi_map *m, int self)
{
	return self >= 0 && self < IPI_MAP_VCPUS && READ_ONCE(m->present[self / 64]) & BIT_ULL(self & 63);
}

void ipi_map_resolve(const struct ipi_map *m, const struct apic_msg *msg, int self, u32 *cursor,
		     struct ipi_set *to)
{
	ipi_set_init(to);
	switch (msg->shorthand) {
	case APIC_TO_SELF:
		if (is_self(m, self))
			ipi_set_add(to, (unsigned int)self);
		break;
	case APIC_TO_ALL:
		add_all(m, m->present, to);
		break;
	case APIC_TO_OTHERS:
		add_all(m, m->present, to);
		if (self >= 0 && self < IPI_MAP_VCPUS)
			ipi_set_remove(to, (unsigned int)self);
		break;
	default:
		add_destination(m, msg, to);
		break;
	}
	if (msg->delivery == APIC_MSG_LOWEST || msg->one) {
		keep(to, m->enabled);
		ipi_map_arbitrate(to, cursor);
	}
}

int ipi_map_resolve_one(const struct ipi_map *m, const struct apic_msg *msg, int self)
{
	unsigned int n;

	if (msg->logical || msg->one || msg->delivery == APIC_MSG_LOWEST)
		return -1;
	if (msg->shorthand != APIC_TO_DEST)
		return msg->shorthand == APIC_TO_SELF && is_self(m, self) ? self : -1;
	if (msg->dest >= IPI_MAP_IDS || (msg->dest == XAPIC_BROADCAST && !msg->wide))
		return -1;
	n = READ_ONCE(m->first[array_index_nospec(msg->dest, (u32)IPI_MAP_IDS)]);
	return n & MORE ? -1 : (int)n - 1;
}

void ipi_map_pic(const struct ipi_map *m, struct ipi_set *to)
{
	ipi_set_init(to);
	add_all(m, m->pic, to);
}

void ipi_map_pv(const struct ipi_map *m, u64 low, u64 high, u64 min, bool is_64bit, struct ipi_set *to)
{
	ipi_set_init(to);
	if (min >= IPI_MAP_IDS)
		return;
	add_ids(m, min, is_64bit ? low : (u32)low, to);
	add_ids(m, min + (is_64bit ? 64 : 32), is_64bit ? high : (u32)high, to);
}

void ipi_decode(u64 icr, bool x2apic, struct apic_msg *msg)
{
	u32 low = (u32)icr;

	memset(msg, 0, sizeof(*msg));
	msg->vector = (u8)low;
	msg->delivery = (low >> 8) & 7;
	msg->logical = low & BIT(11);
	msg->shorthand = (low >> 18) & 3;
	msg->assert = true;
	msg->ipi = true;
	msg->wide = x2apic;
	msg->dest = x2apic ? (u32)(icr >> 32) : (u32)(icr >> 56);
	/* Trigger mode and level matter for INIT only (SDM 3 "Interrupt Command Register"). */
	if (msg->delivery == APIC_MSG_INIT && (low & BIT(15))) {
		msg->level = true;
		msg->assert = low & BIT(14);
	}
}

bool apic_msg_valid(const struct apic_msg *msg)
{
	switch (msg->delivery) {
	case APIC_MSG_FIXED:
	case APIC_MSG_LOWEST:
		return msg->vector >= 16;
	case APIC_MSG_RESERVED:
	case APIC_MSG_EXTINT:
		return false;
	default:
		return true;
	}
}

int ipi_pv_decode(u64 icr, struct apic_msg *msg)
{
	ipi_decode((u32)icr, true, msg);
	msg->level = icr & BIT(15);
	msg->assert = icr & BIT(14);
	return msg->logical || msg->shorthand != APIC_TO_DEST ? -EINVAL : 0;
}

bool ipi_pv_arrives(const struct apic_msg *msg)
{
	switch (msg->delivery) {
	case APIC_MSG_FIXED:
	case APIC_MSG_LOWEST:
	case APIC_MSG_INIT:
		return !msg->level || msg->assert;
	case APIC_MSG_EXTINT:
		return false;
	default:
		return true;
	}
}

int msi_check(u64 address, unsigned int flags)
{
	u32 high = (u32)(address >> 32);

	if (flags & MSI_DEST_HI32)
		return high & 0xff ? -EINVAL : 0;
	return 0;
}

void msi_decode(u64 address, u32 data, unsigned int flags, struct apic_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->dest = (address >> 12) & 0xff;
	if (flags & MSI_DEST_HI32)
		msg->dest |= (u32)(address >> 32) & 0xffffff00;
	if (flags & MSI_DEST_EXT15)
		msg->dest |= (u32)((address >> 5) & 0x7f) << 8;
	msg->wide = msg->dest > 0xff;
	msg->logical = address & BIT(2);
	msg->one = address & BIT(3);
	msg->vector = (u8)data;
	msg->delivery = (data >> 8) & 7;
	msg->level = data & BIT(15);
	msg->assert = true;
}
