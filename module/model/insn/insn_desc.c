// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segment descriptors: finding them in their table, the checks that a load
 * into a segment register makes, and what the CPU writes back (accessed, busy).
 * SDM vol. 3, 3.4.5 and chapter 5; APM vol. 2, 4.7 to 4.12.
 */
#include "insn_desc.h"
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"

#define SELECTOR_RPL 3
#define SELECTOR_LDT BIT(2)

#define TYPE_MASK 0x1f /* S and the type */
#define TYPE_LDT 2
#define TYPE_TSS16 1
#define TYPE_TSS32 9 /* in 64-bit mode the 64-bit TSS */
#define TYPE_BUSY BIT(1)

static enum insn_result selector_fault(struct insn_ctx *ctx, u8 vector, u16 sel)
{
	ctx->fault = (struct insn_fault){ .vector = vector, .has_error = true, .error = sel & ~SELECTOR_RPL };
	return INSN_FAULT;
}

static bool is_code(const struct insn_segment *s)
{
	return (s->attr & (INSN_ATTR_S | INSN_ATTR_CODE)) == (INSN_ATTR_S | INSN_ATTR_CODE);
}

static bool is_conforming(const struct insn_segment *s)
{
	return is_code(s) && s->attr & INSN_ATTR_EXPAND_DOWN;
}

static unsigned int dpl(const struct insn_segment *s)
{
	return s->attr >> 5 & 3;
}

static void unpack(struct insn_segment *s, u64 raw, u16 sel)
{
	s->sel = sel;
	s->attr = (raw >> 40 & 0xff) | (raw >> 44 & 0xf00);
	s->base = (raw >> 16 & 0xffffff) | (raw >> 32 & 0xff000000);
	s->limit = (raw & 0xffff) | (raw >> 32 & 0xf0000);
	if (s->attr & INSN_ATTR_G)
		s->limit = s->limit << 12 | 0xfff;
}

/* The address of len bytes of descriptor; false: outside its table. */
static bool descriptor_address(const struct insn_ctx *ctx, u16 sel, unsigned int len, u64 *lin)
{
	const struct insn_segment *ldt = &ctx->r.seg[INSN_LDTR];
	bool local = sel & SELECTOR_LDT;
	u64 last = (sel & ~7) + len - 1;

	if (local && !(ldt->attr & INSN_ATTR_P))
		return false;
	*lin = (local ? ldt->base : ctx->r.gdt.base) + (sel & ~7);
	if (!(ctx->r.efer & EFER_LMA))
		*lin = (u32)*lin;
	return last <= (local ? ldt->limit : ctx->r.gdt.limit) && insn_canonical(ctx, *lin) &&
	       insn_canonical(ctx, *lin + len - 1);
}

/* INSN_DONE with *found clear: there is no such descriptor. */
static enum insn_result find_descriptor(struct insn_ctx *ctx, u16 sel, struct insn_descriptor *desc, bool *found)
{
	enum insn_result res;
	u64 raw;

	*found = sel & ~SELECTOR_RPL && descriptor_address(ctx, sel, sizeof(raw), &desc->lin);
	if (!*found)
		return INSN_DONE;
	res = ctx->ops->system(ctx, desc->lin, &raw, sizeof(raw), false);
	if (!res)
		unpack(&desc->seg, raw, sel);
	return res;
}

enum insn_result insn_read_descriptor(struct insn_ctx *ctx, u16 sel, u8 vector, struct insn_descriptor *desc)
{
	enum insn_result res;
	bool found;

	res = find_descriptor(ctx, sel, desc, &found);
	return res || found ? res : selector_fault(ctx, vector, sel);
}

enum insn_result insn_write_access(struct insn_ctx *ctx, const struct insn_descriptor *desc, u8 access)
{
	return ctx->ops->system(ctx, desc->lin + 5, &access, 1, true);
}

/* Descriptors of system segments have 16 bytes in 64-bit mode (SDM vol. 3, 3.5.2). */
static enum insn_result read_upper_half(struct insn_ctx *ctx, u8 vector, struct insn_descriptor *desc)
{
	enum insn_result res;
	u64 raw, lin;

	if (!descriptor_address(ctx, desc->seg.sel, 16, &lin))
		return selector_fault(ctx, vector, desc->seg.sel);
	res = ctx->ops->system(ctx, lin + 8, &raw, sizeof(raw), false);
	if (res)
		return res;
	desc->seg.base |= raw << 32;
	if (raw >> 40 & TYPE_MASK || !insn_canonical(ctx, desc->seg.base))
		return selector_fault(ctx, vector, desc->seg.sel);
	return INSN_DONE;
}

static bool code_allowed(const struct insn_ctx *ctx, const struct insn_load *l, const struct insn_segment *s)
{
	unsigned int rpl = l->sel & SELECTOR_RPL;
	unsigned int level = l->kind == INSN_LOAD_JUMP ? l->cpl : rpl;

	if (!is_code(s) || (ctx->r.efer & EFER_LMA && s->attr & INSN_ATTR_L && s->attr & INSN_ATTR_DB))
		return false;
	if (l->kind == INSN_LOAD_RET && rpl < l->cpl)
		return false;
	if (is_conforming(s))
		return dpl(s) <= level;
	return dpl(s) == level && (l->kind != INSN_LOAD_JUMP || rpl <= l->cpl);
}

static bool stack_allowed(const struct insn_load *l, const struct insn_segment *s)
{
	return s->attr & INSN_ATTR_S && !is_code(s) && s->attr & INSN_ATTR_RW &&
	       (l->sel & SELECTOR_RPL) == l->cpl && dpl(s) == l->cpl;
}

static bool data_allowed(const struct insn_load *l, const struct insn_segment *s)
{
	if (!(s->attr & INSN_ATTR_S) || (is_code(s) && !(s->attr & INSN_ATTR_RW)))
		return false;
	return is_conforming(s) || (l->cpl <= dpl(s) && (l->sel & SELECTOR_RPL) <= dpl(s));
}

/* Type and privilege. */
static bool load_allowed(const struct insn_ctx *ctx, const struct insn_load *l, const struct insn_segment *s)
{
	unsigned int type = s->attr & TYPE_MASK;

	switch (l->seg) {
	case INSN_CS:
		return code_allowed(ctx, l, s);
	case INSN_SS:
		return stack_allowed(l, s);
	case INSN_LDTR:
		return !(l->sel & SELECTOR_LDT) && type == TYPE_LDT;
	case INSN_TR:
		return !(l->sel & SELECTOR_LDT) && (type == TYPE_TSS32 || (type == TYPE_TSS16 && !insn_64bit(ctx)));
	default:
		return data_allowed(l, s);
	}
}

static u8 load_vector(const struct insn_load *l)
{
	return l->kind == INSN_LOAD_TASK ? TS_VECTOR : GP_VECTOR;
}

static u8 absent_vector(const struct insn_load *l)
{
	if (l->kind == INSN_LOAD_TASK && l->seg == INSN_LDTR)
		return TS_VECTOR;
	return l->seg == INSN_SS ? SS_VECTOR : NP_VECTOR;
}

/* A null selector makes the register unusable: P is clear. SS only in 64-bit mode, not at level 3. */
static enum insn_result load_null(struct insn_ctx *ctx, const struct insn_load *l, struct insn_segment *out)
{
	bool ss_allowed = insn_64bit(ctx) && l->cpl != 3 && l->sel == l->cpl;

	if (l->seg == INSN_CS || l->seg == INSN_TR || (l->seg == INSN_SS && !ss_allowed))
		return selector_fault(ctx, load_vector(l), l->sel);
	*out = (struct insn_segment){ .sel = l->sel };
	if (l->seg == INSN_SS)
		out->attr = l->cpl << 5;
	return INSN_DONE;
}

/* Real mode keeps limit and rights (SDM vol. 3, 10.9.2); virtual-8086 mode sets them. */
static enum insn_result load_paragraph(const struct insn_ctx *ctx, const struct insn_load *l,
				       struct insn_segment *out)
{
	*out = ctx->r.seg[l->seg];
	out->sel = l->sel;
	out->base = (u64)l->sel << 4;
	if (ctx->r.rflags & X86_EFLAGS_VM) {
		out->limit = 0xffff;
		out->attr = INSN_ATTR_V86;
	}
	return INSN_DONE;
}

/* The CPU notes that the segment has been used, that the task is. */
static enum insn_result mark_used(struct insn_ctx *ctx, const struct insn_load *l, struct insn_descriptor *desc)
{
	u8 bit = l->seg == INSN_TR ? TYPE_BUSY : l->seg == INSN_LDTR ? 0 : 1;

	if ((desc->seg.attr & bit) == bit)
		return INSN_DONE;
	desc->seg.attr |= bit;
	return insn_write_access(ctx, desc, desc->seg.attr);
}

enum insn_result insn_load_segment(struct insn_ctx *ctx, const struct insn_load *l, struct insn_segment *out)
{
	struct insn_descriptor desc;
	enum insn_result res;

	if (!insn_protected(ctx) && l->seg < INSN_NSEGS)
		return load_paragraph(ctx, l, out);
	if (!(l->sel & ~SELECTOR_RPL))
		return load_null(ctx, l, out);
	res = insn_read_descriptor(ctx, l->sel, load_vector(l), &desc);
	if (res)
		return res;
	if (!load_allowed(ctx, l, &desc.seg))
		return selector_fault(ctx, load_vector(l), l->sel);
	if (!(desc.seg.attr & INSN_ATTR_P))
		return selector_fault(ctx, absent_vector(l), l->sel);
	if (l->seg >= INSN_NSEGS && insn_64bit(ctx))
		res = read_upper_half(ctx, load_vector(l), &desc);
	if (!res)
		res = mark_used(ctx, l, &desc);
	if (res)
		return res;
	*out = desc.seg;
	if (l->seg == INSN_CS && l->kind != INSN_LOAD_TASK)
		out->sel = (l->sel & ~SELECTOR_RPL) | l->cpl;
	return INSN_DONE;
}

/* ---- instructions that only look at a descriptor ---- */

/* Visible to a program of this level with this selector (SDM vol. 2, LAR). */
static bool visible(const struct insn_ctx *ctx, u16 sel, const struct insn_segment *s)
{
	return is_conforming(s) || (ctx->r.cpl <= dpl(s) && (sel & SELECTOR_RPL) <= dpl(s));
}

static bool type_in(const struct insn_ctx *ctx, const struct insn_segment *s, u32 legacy, u32 long_mode)
{
	u32 types = ctx->r.efer & EFER_LMA ? long_mode : legacy;

	return s->attr & INSN_ATTR_S || types >> (s->attr & 15) & 1;
}

/* ZF says whether it is there and visible; what is not does not fault. */
static enum insn_result look_up(struct insn_ctx *ctx, struct insn_dec *d, struct insn_descriptor *desc, bool *found)
{
	enum insn_result res = find_descriptor(ctx, d->src.val, desc, found);

	*found = !res && *found && visible(ctx, d->src.val, &desc->seg);
	return res;
}

static void put_zf(struct insn_dec *d, bool on)
{
	d->rflags = on ? d->rflags | X86_EFLAGS_ZF : d->rflags & ~(u64)X86_EFLAGS_ZF;
	if (!on)
		d->flags &= ~F_WR;
}

INSN_EXEC(lar)
{
	struct insn_descriptor desc = { 0 };
	enum insn_result res;
	bool found;

	res = look_up(ctx, d, &desc, &found);
	if (res)
		return res;
	put_zf(d, found && type_in(ctx, &desc.seg, 0x1a3e, 0x1a04));
	d->dst.val = (desc.seg.attr & 0xff) << 8 | (desc.seg.attr & 0xf00) << 12;
	return INSN_DONE;
}

INSN_EXEC(lsl)
{
	struct insn_descriptor desc = { 0 };
	enum insn_result res;
	bool found;

	res = look_up(ctx, d, &desc, &found);
	if (res)
		return res;
	put_zf(d, found && type_in(ctx, &desc.seg, 0x0a0e, 0x0a04));
	d->dst.val = desc.seg.limit;
	return INSN_DONE;
}

/* VERR, VERW: ModRM.reg 4 and 5. */
INSN_EXEC(verr)
{
	bool write = insn_reg_field(d) == 5, found;
	struct insn_descriptor desc;
	enum insn_result res;

	res = look_up(ctx, d, &desc, &found);
	if (res)
		return res;
	found = found && desc.seg.attr & INSN_ATTR_S;
	if (found && (write || is_code(&desc.seg)))
		found = desc.seg.attr & INSN_ATTR_RW && !(write && is_code(&desc.seg));
	put_zf(d, found);
	return INSN_DONE;
}

INSN_EXEC(arpl)
{
	u64 rpl = d->src.val & SELECTOR_RPL;
	bool raise = (d->dst.val & SELECTOR_RPL) < rpl;

	d->dst.val = (d->dst.val & ~(u64)SELECTOR_RPL) | rpl;
	put_zf(d, raise);
	return INSN_DONE;
}
