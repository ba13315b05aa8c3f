// SPDX-License-Identifier: GPL-2.0-only
/*
 * Destination map; see ipi_map.h.
 *
 * One table by APIC ID serves both address forms: a vCPU stands there under
 * the ID by which its present mode answers. Every ID below comes from a guest
 * and is clamped after its bounds check.
 */
#include "ipi_map.h"

#define XAPIC_BROADCAST 0xffU
#define X2APIC_BROADCAST 0xffffffffU
#define DFR_FLAT 0xfU

static void add_id(struct ipi_map *m, u32 id, u64 bit)
{
	if (id < IPI_MAP_IDS)
		m->phys[id] |= bit;
}

static void add_xapic(struct ipi_map *m, const struct ipi_map_vcpu *v, u64 bit)
{
	u32 logical = v->ldr >> 24;
	unsigned int i;

	/* An ID that does not fit eight bits would alias another vCPU's. */
	add_id(m, v->x2apic_id > 0xff ? v->x2apic_id : v->xapic_id, bit);
	if (v->dfr >> 28 == DFR_FLAT) {
		for (i = 0; i < 8; i++)
			if (logical & BIT(i))
				m->flat[i] |= bit;
	} else if (!(v->dfr >> 28)) {
		for (i = 0; i < 4; i++)
			if (logical & BIT(i))
				m->cluster[logical >> 4][i] |= bit;
	}
}

void ipi_map_build(struct ipi_map *m, const struct ipi_map_vcpu *vcpus, unsigned int nr,
		   bool strict_broadcast)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->strict_broadcast = strict_broadcast;
	for (i = 0; i < nr && i < IPI_MAP_VCPUS; i++) {
		const struct ipi_map_vcpu *v = &vcpus[i];
		u64 bit = BIT_ULL(i);

		if (!v->present || v->mode == APIC_MODE_DISABLED)
			continue;
		m->present |= bit;
		if (v->enabled)
			m->enabled |= bit;
		if (v->mode == APIC_MODE_X2APIC) {
			m->x2apic |= bit;
			add_id(m, v->x2apic_id, bit);
		} else {
			add_xapic(m, v, bit);
		}
	}
}

static u64 by_id(const struct ipi_map *m, u64 id)
{
	if (id >= IPI_MAP_IDS)
		return 0;
	return m->phys[array_index_nospec(id, (u64)IPI_MAP_IDS)];
}

/* x2APIC cluster destination: cluster in bits 31:16, one bit per member below. */
static u64 by_x2apic_cluster(const struct ipi_map *m, u32 dest)
{
	u64 first = (u64)(dest >> 16) << 4;
	u32 members = dest & 0xffff;
	u64 set = 0;

	while (members) {
		set |= by_id(m, first + __builtin_ctz(members));
		members &= members - 1;
	}
	return set & m->x2apic;
}

/* The two xAPIC models; a destination wider than eight bits means none of them. */
static u64 by_xapic_logical(const struct ipi_map *m, u32 dest)
{
	const u64 *cluster;
	u64 set = 0;
	unsigned int i;

	if (dest > 0xff)
		return 0;
	cluster = m->cluster[array_index_nospec(dest >> 4, 16U)];
	for (i = 0; i < 8; i++) {
		if (!(dest & BIT(i)))
			continue;
		set |= m->flat[i];
		if (i < 4)
			set |= cluster[i];
	}
	return set;
}

static u64 broadcast(const struct ipi_map *m, const struct apic_msg *msg)
{
	if (msg->wide)
		return msg->dest == X2APIC_BROADCAST ? m->present : 0;
	if (msg->dest != XAPIC_BROADCAST)
		return 0;
	if (m->strict_broadcast && !msg->ipi)
		return m->present & ~m->x2apic;
	return m->present;
}

static u64 by_destination(const struct ipi_map *m, const struct apic_msg *msg)
{
	u64 set = broadcast(m, msg);

	if (msg->logical)
		return set | by_x2apic_cluster(m, msg->dest) | by_xapic_logical(m, msg->dest);
	return set | by_id(m, msg->dest);
}

u64 ipi_map_arbitrate(u64 candidates, u32 *cursor)
{
	unsigned int last = READ_ONCE(*cursor) & 63;
	u64 above = candidates & ~(BIT_ULL(last) | (BIT_ULL(last) - 1));
	unsigned int pick;

	if (!candidates)
		return 0;
	pick = (unsigned int)__builtin_ctzll(above ? above : candidates);
	WRITE_ONCE(*cursor, pick);
	return BIT_ULL(pick);
}

u64 ipi_map_resolve(const struct ipi_map *m, const struct apic_msg *msg, int self, u32 *cursor)
{
	u64 me = self >= 0 && self < IPI_MAP_VCPUS ? BIT_ULL(self) : 0;
	u64 set;

	switch (msg->shorthand) {
	case APIC_TO_SELF:
		set = m->present & me;
		break;
	case APIC_TO_ALL:
		set = m->present;
		break;
	case APIC_TO_OTHERS:
		set = m->present & ~me;
		break;
	default:
		set = by_destination(m, msg);
		break;
	}
	if (msg->delivery == APIC_MSG_LOWEST || msg->one)
		return ipi_map_arbitrate(set & m->enabled, cursor);
	return set;
}

static u64 pv_word(const struct ipi_map *m, u64 bits, u64 first)
{
	u64 set = 0;

	while (bits) {
		set |= by_id(m, first + (unsigned int)__builtin_ctzll(bits));
		bits &= bits - 1;
	}
	return set;
}

u64 ipi_map_pv(const struct ipi_map *m, u64 low, u64 high, u64 min, bool is_64bit)
{
	if (min >= IPI_MAP_IDS)
		return 0;
	if (!is_64bit)
		return pv_word(m, (u32)low, min) | pv_word(m, (u32)high, min + 32);
	return pv_word(m, low, min) | pv_word(m, high, min + 64);
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
	if (msg->logical || msg->shorthand != APIC_TO_DEST)
		return -EINVAL;
	if (msg->delivery != APIC_MSG_FIXED && msg->delivery != APIC_MSG_NMI)
		return -EINVAL;
	return apic_msg_valid(msg) ? 0 : -EINVAL;
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
