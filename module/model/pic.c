// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pair of 8259A controllers; see pic.h. Terms are the data sheet's.
 *
 * The slave's INT output is modelled as a level on the master's input 2: that
 * IRR bit follows the slave at every update and never latches by itself.
 */
#include "pic.h"

#define MASTER 0
#define SLAVE 1
#define CASCADE 2 /* the master's input */
#define SPURIOUS 7

/* Inputs whose trigger mode can be chosen; 0, 1, 2, 8 and 13 are edge always. */
#define ELCR_MASK_MASTER 0xf8
#define ELCR_MASK_SLAVE 0xde

enum init_state { READY, WANT_ICW2, WANT_ICW3, WANT_ICW4 };

static u8 rotate(u8 irq, u8 by)
{
	return (irq + by) & 7;
}

/* Distance of the most urgent input in set from the highest priority; 8 for none. */
static unsigned int best_rank(const struct kvm_pic_state *c, u8 set)
{
	unsigned int rank;

	for (rank = 0; rank < 8; rank++)
		if (set & BIT(rotate(c->priority_add, rank)))
			break;
	return rank;
}

/* The input that the chip asks to be served, -1 for none. */
static int requested(const struct pic *p, unsigned int n)
{
	const struct kvm_pic_state *c = &p->chip[n];
	unsigned int rank = best_rank(c, c->irr & ~c->imr);
	u8 blocking = c->isr;

	if (rank == 8)
		return -1;
	if (c->special_mask)
		blocking &= ~c->imr;
	if (c->special_fully_nested_mode && n == MASTER)
		blocking &= ~BIT(CASCADE);
	if (rank >= best_rank(c, blocking))
		return -1;
	return rotate(c->priority_add, rank);
}

static void update(struct pic *p, struct pic_effects *e)
{
	struct kvm_pic_state *m = &p->chip[MASTER];
	bool output;

	m->irr &= ~BIT(CASCADE);
	if (requested(p, SLAVE) >= 0)
		m->irr |= BIT(CASCADE);
	output = requested(p, MASTER) >= 0;
	if (output != p->output) {
		p->output = output;
		e->changed = true;
	}
}

static void end_service(struct pic *p, unsigned int n, unsigned int irq, struct pic_effects *e)
{
	p->chip[n].isr &= ~BIT(irq);
	e->acked |= BIT(n * 8 + irq);
}

static void begin_service(struct pic *p, unsigned int n, unsigned int irq, struct pic_effects *e)
{
	struct kvm_pic_state *c = &p->chip[n];

	if (!(c->elcr & BIT(irq)))
		c->irr &= ~BIT(irq);
	c->isr |= BIT(irq);
	if (!c->auto_eoi)
		return;
	if (c->rotate_on_auto_eoi)
		c->priority_add = rotate(irq, 1);
	end_service(p, n, irq, e);
}

static void chip_reset(struct kvm_pic_state *c, u8 elcr_mask)
{
	memset(c, 0, sizeof(*c));
	c->elcr_mask = elcr_mask;
}

void pic_reset(struct pic *p)
{
	memset(p, 0, sizeof(*p));
	chip_reset(&p->chip[MASTER], ELCR_MASK_MASTER);
	chip_reset(&p->chip[SLAVE], ELCR_MASK_SLAVE);
	p->chip[MASTER].imr = 0xff;
	p->chip[SLAVE].imr = 0xff;
}

/* Returns whether a request was latched that was not there before. */
static bool set_line(struct kvm_pic_state *c, u8 bit, bool level)
{
	u8 irr = c->irr;

	if (!level) {
		c->last_irr &= ~bit;
		if (c->elcr & bit)
			c->irr &= ~bit;
		return true;
	}
	if ((c->elcr & bit) || !(c->last_irr & bit))
		c->irr |= bit;
	c->last_irr |= bit;
	return c->irr != irr;
}

int pic_set_irq(struct pic *p, unsigned int pin, unsigned int source, bool level,
		struct pic_effects *e)
{
	struct kvm_pic_state *c;
	bool latched;
	u8 bit;

	if (pin >= PIC_PINS || pin == CASCADE || source > 31)
		return -1;
	pin = array_index_nospec(pin, (unsigned int)PIC_PINS);
	if (level)
		p->sources[pin] |= 1U << source;
	else
		p->sources[pin] &= ~(1U << source);
	c = &p->chip[pin >> 3];
	bit = 1U << (pin & 7);
	latched = set_line(c, bit, p->sources[pin]);
	update(p, e);
	return c->imr & bit ? -1 : latched;
}

u8 pic_intack(struct pic *p, struct pic_effects *e)
{
	int irq = requested(p, MASTER);
	int slave_irq;
	u8 vector;

	if (irq < 0) {
		vector = p->chip[MASTER].irq_base + SPURIOUS;
	} else if (irq != CASCADE) {
		begin_service(p, MASTER, irq, e);
		vector = p->chip[MASTER].irq_base + irq;
	} else {
		begin_service(p, MASTER, irq, e);
		slave_irq = requested(p, SLAVE);
		if (slave_irq >= 0)
			begin_service(p, SLAVE, slave_irq, e);
		else
			slave_irq = SPURIOUS;
		vector = p->chip[SLAVE].irq_base + slave_irq;
	}
	e->acked &= ~BIT(CASCADE);
	update(p, e);
	return vector;
}

static void write_icw1(struct pic *p, unsigned int n, u8 value, struct pic_effects *e)
{
	struct kvm_pic_state *c = &p->chip[n];
	unsigned int irq;

	for (irq = 0; irq < 8; irq++)
		if (c->isr & BIT(irq))
			end_service(p, n, irq, e);
	c->last_irr = 0;
	c->irr &= c->elcr;
	c->imr = 0;
	c->priority_add = 0;
	c->special_mask = 0;
	c->read_reg_select = 0;
	c->poll = 0;
	c->init4 = value & 1;
	if (!c->init4) {
		c->special_fully_nested_mode = 0;
		c->auto_eoi = 0;
	}
	c->rotate_on_auto_eoi = 0;
	c->init_state = WANT_ICW2;
}

static void write_ocw3(struct kvm_pic_state *c, u8 value)
{
	if (value & 0x04)
		c->poll = 1;
	if (value & 0x02)
		c->read_reg_select = value & 1;
	if (value & 0x40)
		c->special_mask = (value >> 5) & 1;
}

/* The input that a non-specific EOI ends, -1 for none. */
static int highest_in_service(const struct kvm_pic_state *c)
{
	unsigned int rank = best_rank(c, c->special_mask ? c->isr & ~c->imr : c->isr);

	return rank == 8 ? -1 : rotate(c->priority_add, rank);
}

static void write_ocw2(struct pic *p, unsigned int n, u8 value, struct pic_effects *e)
{
	struct kvm_pic_state *c = &p->chip[n];
	unsigned int command = value >> 5;
	int irq = value & 7;

	switch (command) {
	case 0: /* rotate in automatic EOI mode: clear, set */
	case 4:
		c->rotate_on_auto_eoi = command >> 2;
		break;
	case 1: /* non-specific EOI, without and with rotation */
	case 5:
		irq = highest_in_service(c);
		if (irq < 0)
			break;
		fallthrough;
	case 3: /* specific EOI, without and with rotation */
	case 7:
		if (c->isr & BIT(irq))
			end_service(p, n, irq, e);
		if (command & 4)
			c->priority_add = rotate(irq, 1);
		break;
	case 6: /* set priority: irq becomes the lowest */
		c->priority_add = rotate(irq, 1);
		break;
	}
}

static void write_command(struct pic *p, unsigned int n, u8 value, struct pic_effects *e)
{
	if (value & 0x10)
		write_icw1(p, n, value, e);
	else if (value & 0x08)
		write_ocw3(&p->chip[n], value);
	else
		write_ocw2(p, n, value, e);
}

static void write_data(struct kvm_pic_state *c, u8 value)
{
	switch (c->init_state) {
	case WANT_ICW2:
		c->irq_base = value & 0xf8;
		c->init_state = WANT_ICW3;
		break;
	case WANT_ICW3:
		c->init_state = c->init4 ? WANT_ICW4 : READY;
		break;
	case WANT_ICW4:
		c->special_fully_nested_mode = (value >> 4) & 1;
		c->auto_eoi = (value >> 1) & 1;
		c->init_state = READY;
		break;
	default:
		c->imr = value;
		break;
	}
}

/* An input that becomes level triggered follows its line from now on. */
static void write_elcr(struct kvm_pic_state *c, u8 value)
{
	c->elcr = value & c->elcr_mask;
	c->irr = (c->irr & ~c->elcr) | (c->last_irr & c->elcr);
}

/* A read after the poll command acknowledges as INTA would, on this chip alone. */
static u8 read_poll(struct pic *p, unsigned int n, struct pic_effects *e)
{
	int irq = requested(p, n);

	p->chip[n].poll = 0;
	if (irq < 0)
		return 0;
	begin_service(p, n, irq, e);
	if (n == MASTER)
		e->acked &= ~BIT(CASCADE);
	update(p, e);
	return 0x80 | irq;
}

static u8 peek_chip(const struct kvm_pic_state *c, bool data)
{
	if (data)
		return READ_ONCE(c->imr);
	return READ_ONCE(c->read_reg_select) ? READ_ONCE(c->isr) : READ_ONCE(c->irr);
}

u8 pic_peek(const struct pic *p, u16 port)
{
	switch (port) {
	case PIC_MASTER_CMD:
	case PIC_MASTER_DATA:
		return peek_chip(&p->chip[MASTER], port & 1);
	case PIC_SLAVE_CMD:
	case PIC_SLAVE_DATA:
		return peek_chip(&p->chip[SLAVE], port & 1);
	case PIC_ELCR1:
		return READ_ONCE(p->chip[MASTER].elcr);
	case PIC_ELCR2:
		return READ_ONCE(p->chip[SLAVE].elcr);
	default:
		return 0xff;
	}
}

u8 pic_read(struct pic *p, u16 port, struct pic_effects *e)
{
	bool master = port == PIC_MASTER_CMD || port == PIC_MASTER_DATA;

	if (master && p->chip[MASTER].poll)
		return read_poll(p, MASTER, e);
	if ((port == PIC_SLAVE_CMD || port == PIC_SLAVE_DATA) && p->chip[SLAVE].poll)
		return read_poll(p, SLAVE, e);
	return pic_peek(p, port);
}

void pic_write(struct pic *p, u16 port, u8 value, struct pic_effects *e)
{
	switch (port) {
	case PIC_MASTER_CMD:
		write_command(p, MASTER, value, e);
		break;
	case PIC_MASTER_DATA:
		write_data(&p->chip[MASTER], value);
		break;
	case PIC_SLAVE_CMD:
		write_command(p, SLAVE, value, e);
		break;
	case PIC_SLAVE_DATA:
		write_data(&p->chip[SLAVE], value);
		break;
	case PIC_ELCR1:
		write_elcr(&p->chip[MASTER], value);
		break;
	case PIC_ELCR2:
		write_elcr(&p->chip[SLAVE], value);
		break;
	}
	e->acked &= ~BIT(CASCADE);
	update(p, e);
}

int pic_state_get(const struct pic *p, unsigned int chip, struct kvm_pic_state *s)
{
	if (chip > SLAVE)
		return -EINVAL;
	*s = p->chip[array_index_nospec(chip, 2U)];
	return 0;
}

int pic_state_set(struct pic *p, unsigned int chip, const struct kvm_pic_state *s,
		  struct pic_effects *e)
{
	struct kvm_pic_state *c;

	if (chip > SLAVE)
		return -EINVAL;
	c = &p->chip[array_index_nospec(chip, 2U)];
	*c = *s;
	c->priority_add &= 7;
	c->irq_base &= 0xf8;
	c->read_reg_select &= 1;
	c->init_state &= 3;
	c->poll = !!s->poll;
	c->special_mask = !!s->special_mask;
	c->auto_eoi = !!s->auto_eoi;
	c->rotate_on_auto_eoi = !!s->rotate_on_auto_eoi;
	c->special_fully_nested_mode = !!s->special_fully_nested_mode;
	c->init4 = !!s->init4;
	c->elcr_mask = chip == MASTER ? ELCR_MASK_MASTER : ELCR_MASK_SLAVE;
	c->elcr &= c->elcr_mask;
	update(p, e);
	return 0;
}
