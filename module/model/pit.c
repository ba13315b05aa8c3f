// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8254 timer; see pit.h. Counters are never stepped: the count and the
 * output are computed from the ticks that passed since the count was loaded.
 * Channels 0 and 1 have their gate tied high; channel 2's is port 0x61 bit 0.
 */
#include "pit.h"

#define NS_PER_S 1000000000ULL
#define FULL_COUNT 65536U
#define FULL_COUNT_BCD 10000U
#define REFRESH_NS 15085 /* half a period of the DRAM refresh signal */

/* Byte access: what is read or written next, or is latched; control word's RW field. */
enum rw { RW_NONE, RW_LOW, RW_HIGH, RW_WORD_LOW, RW_WORD_HIGH };

static u64 ns_to_ticks(u64 ns)
{
	return ns / NS_PER_S * PIT_HZ + ns % NS_PER_S * PIT_HZ / NS_PER_S;
}

/* Rounded up, so that the tick has really passed by then. */
static u64 ticks_to_ns(u64 ticks)
{
	return ticks / PIT_HZ * NS_PER_S + (ticks % PIT_HZ * NS_PER_S + PIT_HZ - 1) / PIT_HZ;
}

static u32 full_count(const struct kvm_pit_channel_state *c)
{
	return c->bcd ? FULL_COUNT_BCD : FULL_COUNT;
}

static u32 from_bcd(u32 v)
{
	return (v >> 12 & 15) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 + (v & 15);
}

static u32 to_bcd(u32 v)
{
	return (v / 1000 % 10) << 12 | (v / 100 % 10) << 8 | (v / 10 % 10) << 4 | v % 10;
}

static bool is_periodic(const struct kvm_pit_channel_state *c)
{
	return c->mode == 2 || c->mode == 3;
}

/* Modes that start at a rising gate, not when the count is written. */
static bool is_triggered(const struct kvm_pit_channel_state *c)
{
	return c->mode == 1 || c->mode == 5;
}

/* Ticks that channel n has counted by now; a low gate stops the clock. */
static u64 elapsed(const struct pit *p, unsigned int n, u64 now_ns)
{
	const struct kvm_pit_channel_state *c = &p->ch[n];
	u64 until = n == 2 && !c->gate && !is_triggered(c) ? p->gate_low_ns : now_ns;
	u64 start = (u64)c->count_load_time;

	return until > start ? ns_to_ticks(until - start) : 0;
}

/* The counting element as software reads it. */
static u16 current_count(const struct pit *p, unsigned int n, u64 now_ns)
{
	const struct kvm_pit_channel_state *c = &p->ch[n];
	u64 ticks = elapsed(p, n, now_ns);
	u32 full = full_count(c);
	u32 value;

	switch (c->mode) {
	case 2:
		value = c->count - (u32)(ticks % c->count);
		break;
	case 3: /* steps by two, twice per period */
		value = c->count - (u32)(2 * (ticks % c->count) % c->count);
		break;
	default:
		value = c->count + full - (u32)(ticks % full);
		break;
	}
	value %= full;
	return (u16)(c->bcd ? to_bcd(value) : value);
}

bool pit_out(const struct pit *p, unsigned int channel, u64 now_ns)
{
	unsigned int n = channel < 3 ? array_index_nospec(channel, 3U) : 0;
	const struct kvm_pit_channel_state *c = &p->ch[n];
	u64 ticks = elapsed(p, n, now_ns);

	switch (c->mode) {
	case 2:
		return !c->gate || ticks % c->count != c->count - 1;
	case 3:
		return !c->gate || ticks % c->count < (c->count + 1) / 2;
	case 4:
	case 5:
		return ticks != c->count;
	default:
		return ticks >= c->count;
	}
}

/* Channel 0 is asked to fire faster than the host allows. */
static bool is_clamped(const struct pit *p)
{
	return is_periodic(&p->ch[0]) && ticks_to_ns(p->ch[0].count) < p->min_period_ns;
}

static u64 period_ns(const struct pit *p)
{
	return is_clamped(p) ? p->min_period_ns : ticks_to_ns(p->ch[0].count);
}

/* Start of the k-th period of channel 0, on the grid of its clock unless it is clamped. */
static u64 edge_ns(const struct pit *p, u64 k)
{
	u64 load = (u64)p->ch[0].count_load_time;

	if (is_clamped(p))
		return load + k * p->min_period_ns;
	return load + ticks_to_ns(k * p->ch[0].count);
}

/* Periods of channel 0 that have ended by now. */
static u64 periods(const struct pit *p, u64 now_ns)
{
	u64 since = now_ns - (u64)p->ch[0].count_load_time;

	if (is_clamped(p))
		return since / p->min_period_ns;
	return ns_to_ticks(since) / p->ch[0].count;
}

static void arm(struct pit *p)
{
	p->armed = !(p->flags & KVM_PIT_FLAGS_HPET_LEGACY) && !is_triggered(&p->ch[0]);
	p->next_ns = edge_ns(p, 1);
}

static void load_count(struct pit *p, unsigned int n, u32 value, u64 now_ns)
{
	struct kvm_pit_channel_state *c = &p->ch[n];

	if (c->bcd)
		value = min_t(u32, from_bcd(value), FULL_COUNT_BCD);
	c->count = value ? value : full_count(c);
	if (!is_triggered(c)) {
		c->count_load_time = (s64)now_ns;
		if (n == 2)
			p->gate_low_ns = now_ns;
	}
	if (n == 0)
		arm(p);
}

void pit_init(struct pit *p, u64 min_period_ns)
{
	unsigned int n;

	memset(p, 0, sizeof(*p));
	p->min_period_ns = min_period_ns;
	for (n = 0; n < 3; n++) {
		p->ch[n].count = FULL_COUNT;
		p->ch[n].rw_mode = RW_WORD_LOW;
		p->ch[n].read_state = RW_WORD_LOW;
		p->ch[n].write_state = RW_WORD_LOW;
		p->ch[n].gate = n != 2;
	}
}

static void latch_count(struct pit *p, unsigned int n, u64 now_ns)
{
	struct kvm_pit_channel_state *c = &p->ch[n];

	if (c->count_latched)
		return;
	c->latched_count = current_count(p, n, now_ns);
	c->count_latched = c->rw_mode;
}

static void latch_status(struct pit *p, unsigned int n, u64 now_ns)
{
	struct kvm_pit_channel_state *c = &p->ch[n];

	if (c->status_latched)
		return;
	c->status = (u8)(pit_out(p, n, now_ns) << 7 | c->rw_mode << 4 | c->mode << 1 | c->bcd);
	c->status_latched = 1;
}

static void read_back(struct pit *p, u8 value, u64 now_ns)
{
	unsigned int n;

	for (n = 0; n < 3; n++) {
		if (!(value & BIT(n + 1)))
			continue;
		if (!(value & 0x20))
			latch_count(p, n, now_ns);
		if (!(value & 0x10))
			latch_status(p, n, now_ns);
	}
}

static bool write_control(struct pit *p, u8 value, u64 now_ns)
{
	unsigned int n = value >> 6;
	u8 access = (value >> 4) & 3;
	u8 mode = (value >> 1) & 7;
	struct kvm_pit_channel_state *c;

	if (n == 3) {
		read_back(p, value, now_ns);
		return false;
	}
	n = array_index_nospec(n, 3U);
	if (!access) {
		latch_count(p, n, now_ns);
		return false;
	}
	c = &p->ch[n];
	c->rw_mode = access;
	c->read_state = access;
	c->write_state = access;
	c->count_latched = RW_NONE;
	c->status_latched = 0;
	c->mode = mode > 5 ? mode & 3 : mode;
	c->bcd = value & 1;
	c->count = min_t(u32, c->count, full_count(c));
	/* OUT starts low in mode 0 and high in the others, where it means "long ago". */
	c->count_load_time = is_triggered(c) ? 0 : (s64)now_ns;
	if (n == 2)
		p->gate_low_ns = now_ns;
	if (n)
		return false;
	p->armed = false;
	return true;
}

static bool write_count(struct pit *p, unsigned int n, u8 value, u64 now_ns)
{
	struct kvm_pit_channel_state *c = &p->ch[n];

	switch (c->write_state) {
	case RW_LOW:
		load_count(p, n, value, now_ns);
		break;
	case RW_HIGH:
		load_count(p, n, (u32)value << 8, now_ns);
		break;
	case RW_WORD_LOW:
		c->write_latch = value;
		c->write_state = RW_WORD_HIGH;
		return false;
	default:
		c->write_state = RW_WORD_LOW;
		load_count(p, n, (u32)value << 8 | c->write_latch, now_ns);
		break;
	}
	return n == 0;
}

bool pit_write(struct pit *p, u16 port, u8 value, u64 now_ns)
{
	unsigned int n = port & 3;

	if (n == 3)
		return write_control(p, value, now_ns);
	return write_count(p, array_index_nospec(n, 3U), value, now_ns);
}

static u8 read_latched(struct kvm_pit_channel_state *c)
{
	switch (c->count_latched) {
	case RW_WORD_LOW:
		c->count_latched = RW_HIGH;
		return (u8)c->latched_count;
	case RW_LOW:
		c->count_latched = RW_NONE;
		return (u8)c->latched_count;
	default:
		c->count_latched = RW_NONE;
		return c->latched_count >> 8;
	}
}

u8 pit_read(struct pit *p, u16 port, u64 now_ns)
{
	unsigned int n = port & 3;
	struct kvm_pit_channel_state *c;
	u16 count;

	if (n == 3)
		return 0xff;
	n = array_index_nospec(n, 3U);
	c = &p->ch[n];
	if (c->status_latched) {
		c->status_latched = 0;
		return c->status;
	}
	if (c->count_latched)
		return read_latched(c);
	count = current_count(p, n, now_ns);
	switch (c->read_state) {
	case RW_LOW:
		return (u8)count;
	case RW_WORD_LOW:
		c->read_state = RW_WORD_HIGH;
		return (u8)count;
	case RW_WORD_HIGH:
		c->read_state = RW_WORD_LOW;
		return count >> 8;
	default:
		return count >> 8;
	}
}

u8 pit_speaker_read(struct pit *p, u64 now_ns)
{
	u8 value = p->ch[2].gate;

	if (p->flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON)
		value |= 0x02;
	if (now_ns / REFRESH_NS & 1)
		value |= 0x10;
	if (pit_out(p, 2, now_ns))
		value |= 0x20;
	return value;
}

void pit_speaker_write(struct pit *p, u8 value, u64 now_ns)
{
	struct kvm_pit_channel_state *c = &p->ch[2];
	u8 gate = value & 1;

	if (value & 2)
		p->flags |= KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	else
		p->flags &= ~KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	if (gate == c->gate)
		return;
	if (!gate) {
		p->gate_low_ns = now_ns;
	} else if (c->mode == 0 || c->mode == 4) {
		/* The count goes on where it stood. */
		c->count_load_time += (s64)(now_ns - p->gate_low_ns);
	} else {
		c->count_load_time = (s64)now_ns;
	}
	c->gate = gate;
}

struct pit_next pit_next(const struct pit *p)
{
	struct pit_next next = { .armed = p->armed };

	if (!p->armed)
		return next;
	next.periodic = is_periodic(&p->ch[0]);
	next.when_ns = p->next_ns;
	next.period_ns = next.periodic ? period_ns(p) : 0;
	return next;
}

u64 pit_fire(struct pit *p, u64 now_ns)
{
	u64 before, after;

	if (!p->armed || now_ns < p->next_ns)
		return 0;
	if (!is_periodic(&p->ch[0])) {
		p->armed = false;
		return 1;
	}
	before = periods(p, p->next_ns);
	after = periods(p, now_ns);
	p->next_ns = edge_ns(p, after + 1);
	return after - before + 1;
}

void pit_state_get(const struct pit *p, struct kvm_pit_state2 *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->channels, p->ch, sizeof(s->channels));
	s->flags = p->flags;
}

int pit_state_check(const struct kvm_pit_state2 *s)
{
	u32 known = KVM_PIT_FLAGS_HPET_LEGACY | KVM_PIT_FLAGS_SPEAKER_DATA_ON;

	return s->flags & ~known ? -EINVAL : 0;
}

/* A saved byte-access state, word access if it is none. */
static u8 sane_rw(u8 value)
{
	return value >= RW_LOW && value <= RW_WORD_HIGH ? value : RW_WORD_LOW;
}

static void sanitise(struct kvm_pit_channel_state *c)
{
	c->bcd = !!c->bcd;
	if (c->mode > 5)
		c->mode = c->mode > 7 ? 0 : c->mode & 3;
	if (!c->count || c->count > full_count(c))
		c->count = full_count(c);
	c->gate = !!c->gate;
	c->status_latched = !!c->status_latched;
	c->count_latched = c->count_latched ? sane_rw(c->count_latched) : RW_NONE;
	c->read_state = sane_rw(c->read_state);
	c->write_state = sane_rw(c->write_state);
	c->rw_mode = c->rw_mode & 3 ? c->rw_mode & 3 : RW_WORD_LOW;
}

bool pit_state_set(struct pit *p, const struct kvm_pit_state2 *s, u64 now_ns)
{
	unsigned int n;

	memcpy(p->ch, s->channels, sizeof(p->ch));
	p->flags = s->flags & (KVM_PIT_FLAGS_HPET_LEGACY | KVM_PIT_FLAGS_SPEAKER_DATA_ON);
	p->gate_low_ns = now_ns;
	for (n = 0; n < 3; n++) {
		sanitise(&p->ch[n]);
		if (n < 2)
			p->ch[n].gate = 1;
		p->ch[n].count_load_time = is_triggered(&p->ch[n]) ? 0 : (s64)now_ns;
	}
	arm(p);
	return true;
}
