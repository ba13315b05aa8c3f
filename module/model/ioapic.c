// SPDX-License-Identifier: GPL-2.0-only
/* The IOAPIC; see ioapic.h. */
#include "ioapic.h"

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define INDEX_ID 0
#define INDEX_VERSION 1
#define INDEX_ARBITRATION 2
#define INDEX_REDIR 0x10

#define REDIR_LOW (0x7ffULL | IOAPIC_LOGICAL | IOAPIC_LOW_ACTIVE | IOAPIC_LEVEL | IOAPIC_MASKED)
#define REDIR_HIGH GENMASK_ULL(63, 56)
#define ALL_PINS ((1U << IOAPIC_PINS) - 1)

static u8 redir_vector(u64 entry)
{
	return (u8)entry;
}

static u8 redir_delivery(u64 entry)
{
	return (entry >> 8) & 7;
}

/* NMI, SMI, INIT and ExtINT are edge triggered whatever the entry says (82093AA, 3.2.4). */
static bool redir_level(u64 entry)
{
	return (entry & IOAPIC_LEVEL) && redir_delivery(entry) <= APIC_MSG_LOWEST;
}

void ioapic_reset(struct ioapic *io)
{
	unsigned int pin;

	memset(io, 0, sizeof(*io));
	io->base = IOAPIC_MMIO_BASE;
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		io->redir[pin] = IOAPIC_MASKED;
}

static void append(struct ioapic_out *out, unsigned int pin, u64 entry)
{
	struct apic_msg *msg;

	if (out->nr >= ARRAY_SIZE(out->m))
		return;
	out->m[out->nr].pin = (u8)pin;
	msg = &out->m[out->nr++].msg;
	memset(msg, 0, sizeof(*msg));
	msg->dest = (u32)(entry >> 56);
	msg->vector = redir_vector(entry);
	msg->delivery = redir_delivery(entry);
	msg->logical = entry & IOAPIC_LOGICAL;
	msg->level = redir_level(entry);
	msg->assert = true;
}

/* The line of pin is active: send, unless masked or waiting for an EOI. */
static enum ioapic_result pin_raise(struct ioapic *io, unsigned int pin, struct ioapic_out *out)
{
	u64 entry = io->redir[pin];

	if (entry & IOAPIC_MASKED)
		return IOAPIC_IGNORED;
	if (redir_level(entry)) {
		if (entry & IOAPIC_REMOTE_IRR)
			return IOAPIC_COALESCED;
		io->redir[pin] |= IOAPIC_REMOTE_IRR;
	} else {
		io->irr_delivered |= 1U << pin;
	}
	append(out, pin, entry);
	return IOAPIC_SENT;
}

enum ioapic_result ioapic_set_irq(struct ioapic *io, unsigned int pin, unsigned int source,
				  bool level, struct ioapic_out *out)
{
	u32 bit, was;

	if (pin >= IOAPIC_PINS || source > 31)
		return IOAPIC_IGNORED;
	pin = array_index_nospec(pin, (unsigned int)IOAPIC_PINS);
	bit = 1U << pin;
	if (level)
		io->sources[pin] |= 1U << source;
	else
		io->sources[pin] &= ~(1U << source);
	if (!io->sources[pin]) {
		io->irr &= ~bit;
		io->irr_delivered &= ~bit;
		io->storm[pin] = 0;
		return IOAPIC_SENT;
	}
	was = io->irr & bit;
	io->irr |= bit;
	if (was && !redir_level(io->redir[pin]))
		return IOAPIC_COALESCED;
	return pin_raise(io, pin, out);
}

void ioapic_unsent(struct ioapic *io, unsigned int pin)
{
	if (pin < IOAPIC_PINS)
		io->redir[array_index_nospec(pin, (unsigned int)IOAPIC_PINS)] &=
			~IOAPIC_REMOTE_IRR;
}

u32 ioapic_eoi(struct ioapic *io, u8 vector)
{
	unsigned int pin;
	u32 acked = 0;

	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		u64 entry = io->redir[pin];

		if (!(entry & IOAPIC_REMOTE_IRR) || redir_vector(entry) != vector)
			continue;
		io->redir[pin] = entry & ~IOAPIC_REMOTE_IRR;
		acked |= 1U << pin;
	}
	return acked;
}

static bool waits(const struct ioapic *io, unsigned int pin)
{
	u64 entry = io->redir[pin];

	return (io->irr & (1U << pin)) && redir_level(entry) &&
	       !(entry & (IOAPIC_MASKED | IOAPIC_REMOTE_IRR));
}

u32 ioapic_reraise(struct ioapic *io, u32 pins, struct ioapic_out *out)
{
	unsigned int pin;
	u32 delayed = 0;

	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		if (!(pins & (1U << pin)) || !waits(io, pin))
			continue;
		if (io->storm[pin] >= IOAPIC_STORM_LIMIT) {
			delayed |= 1U << pin;
			continue;
		}
		io->storm[pin]++;
		pin_raise(io, pin, out);
	}
	return delayed;
}

void ioapic_retry(struct ioapic *io, u32 pins, struct ioapic_out *out)
{
	unsigned int pin;

	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		if (!(pins & (1U << pin)))
			continue;
		io->storm[pin] = 0;
		if (waits(io, pin))
			pin_raise(io, pin, out);
	}
}

/* Pin of a redirection table index; IOAPIC_PINS if there is none. */
static unsigned int index_pin(u32 index)
{
	u32 pin = (index - INDEX_REDIR) >> 1;

	return index >= INDEX_REDIR && pin < IOAPIC_PINS ? pin : IOAPIC_PINS;
}

static u32 read_window(const struct ioapic *io)
{
	unsigned int pin = index_pin(io->select);

	switch (io->select) {
	case INDEX_ID:
	case INDEX_ARBITRATION:
		return (io->id & 15) << 24;
	case INDEX_VERSION:
		return IOAPIC_VERSION | (IOAPIC_PINS - 1) << 16;
	}
	if (pin >= IOAPIC_PINS)
		return io->select >= INDEX_REDIR ? ~0U : 0;
	pin = array_index_nospec(pin, (unsigned int)IOAPIC_PINS);
	return (u32)(io->redir[pin] >> (io->select & 1 ? 32 : 0));
}

static void write_window(struct ioapic *io, u32 value, struct ioapic_out *out)
{
	unsigned int pin = index_pin(io->select);
	u64 entry;

	if (io->select == INDEX_ID)
		io->id = (value >> 24) & 15;
	if (pin >= IOAPIC_PINS)
		return;
	pin = array_index_nospec(pin, (unsigned int)IOAPIC_PINS);
	entry = io->redir[pin];
	if (io->select & 1)
		entry = (entry & ~REDIR_HIGH) | ((u64)value << 32 & REDIR_HIGH);
	else
		entry = (entry & ~REDIR_LOW) | (value & REDIR_LOW);
	/* Switching to edge is how software drops remote IRR on this version. */
	if (!redir_level(entry))
		entry &= ~IOAPIC_REMOTE_IRR;
	io->redir[pin] = entry;
	if (!waits(io, pin))
		return;
	if (io->sources[pin] & ~(1U << IOAPIC_SOURCE_RESAMPLE))
		pin_raise(io, pin, out);
	else
		out->resample |= 1U << pin;
}

void ioapic_mmio_read(const struct ioapic *io, u32 offset, unsigned int len, void *data)
{
	u32 value = 0;

	if (offset == REG_SELECT)
		value = io->select;
	else if (offset == REG_WINDOW)
		value = read_window(io);
	memset(data, 0, len);
	memcpy(data, &value, min_t(unsigned int, len, sizeof(value)));
}

void ioapic_mmio_write(struct ioapic *io, u32 offset, unsigned int len, const void *data,
		       struct ioapic_out *out)
{
	u32 value = 0;

	memcpy(&value, data, min_t(unsigned int, len, sizeof(value)));
	if (offset == REG_SELECT)
		io->select = value & 0xff;
	else if (offset == REG_WINDOW)
		write_window(io, value, out);
}

void ioapic_state_get(const struct ioapic *io, struct kvm_ioapic_state *s)
{
	unsigned int pin;

	memset(s, 0, sizeof(*s));
	s->base_address = io->base;
	s->ioregsel = io->select;
	s->id = io->id;
	s->irr = io->irr & ~io->irr_delivered;
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		s->redirtbl[pin].bits = io->redir[pin];
}

void ioapic_state_set(struct ioapic *io, const struct kvm_ioapic_state *s,
		      struct ioapic_out *out)
{
	unsigned int pin;

	io->base = s->base_address;
	io->select = s->ioregsel & 0xff;
	io->id = s->id & 15;
	io->irr = s->irr & ALL_PINS;
	io->irr_delivered = 0;
	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		u64 entry = s->redirtbl[pin].bits & (REDIR_LOW | REDIR_HIGH | IOAPIC_REMOTE_IRR);

		if (!redir_level(entry))
			entry &= ~IOAPIC_REMOTE_IRR;
		io->redir[pin] = entry;
		io->storm[pin] = 0;
		if (io->irr & (1U << pin))
			pin_raise(io, pin, out);
	}
}
