// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operands: general registers, and memory behind segmentation (SDM vol. 3,
 * 5.3 to 5.5; APM vol. 2, 4.12). Paging belongs to the callbacks.
 */
#include "insn_mem.h"
#include "insn_priv.h"

enum insn_result insn_raise(struct insn_ctx *ctx, u8 vector, bool has_error)
{
	ctx->fault = (struct insn_fault){ .vector = vector, .has_error = has_error };
	return INSN_FAULT;
}

bool insn_canonical(const struct insn_ctx *ctx, u64 lin)
{
	unsigned int shift = ctx->r.cr4 & X86_CR4_LA57 ? 7 : 16;

	return (u64)((s64)(lin << shift) >> shift) == lin;
}

u64 insn_reg_read(const struct insn_ctx *ctx, unsigned int reg, unsigned int size)
{
	return ctx->r.gpr[reg] & insn_mask(size);
}

void insn_reg_write(struct insn_ctx *ctx, unsigned int reg, u64 val, unsigned int size)
{
	ctx->r.gpr[reg] = insn_merge(ctx->r.gpr[reg], val, size);
}

/*
 * Limit and rights as cached in the segment register. An unusable (null)
 * segment has P clear. Outside protected mode only the limit counts.
 */
static bool segment_allows(const struct insn_dec *d, const struct insn_segment *s, u64 off,
			   unsigned int len, bool write)
{
	u64 last = off + len - 1;

	if (!d->prot)
		return last <= s->limit;
	if (!(s->attr & INSN_ATTR_P) || !(s->attr & INSN_ATTR_S))
		return false;
	if (s->attr & INSN_ATTR_CODE)
		return !write && s->attr & INSN_ATTR_RW && last <= s->limit;
	if (write && !(s->attr & INSN_ATTR_RW))
		return false;
	if (s->attr & INSN_ATTR_EXPAND_DOWN)
		return off > s->limit && last <= (s->attr & INSN_ATTR_DB ? 0xffffffff : 0xffff);
	return last <= s->limit;
}

bool insn_reachable(const struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg, u64 off,
		    unsigned int len, bool write, u64 *lin)
{
	const struct insn_segment *s = &ctx->r.seg[seg];

	if (d->bits == 64) {
		*lin = off + (seg >= INSN_FS ? s->base : 0);
		return insn_canonical(ctx, *lin) && insn_canonical(ctx, *lin + len - 1);
	}
	*lin = (u32)(s->base + off);
	return segment_allows(d, s, off, len, write);
}

bool insn_checks_alignment(u8 cpl, u64 cr0, u64 rflags)
{
	return cpl == 3 && cr0 & X86_CR0_AM && rflags & X86_EFLAGS_AC;
}

static bool misaligned(const struct insn_ctx *ctx, u64 lin, unsigned int len)
{
	return insn_checks_alignment(ctx->r.cpl, ctx->r.cr0, ctx->r.rflags) &&
	       (len == 2 || len == 4 || len == 8) && lin & (len - 1);
}

enum insn_result insn_linear(struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg,
			     u64 off, unsigned int len, bool write, u64 *lin)
{
	if (!insn_reachable(ctx, d, seg, off, len, write, lin))
		return insn_raise(ctx, seg == INSN_SS ? SS_VECTOR : GP_VECTOR, true);
	if (misaligned(ctx, *lin, len))
		return insn_raise(ctx, AC_VECTOR, true);
	/* A segment that wraps inside the operand: no system does that to a device. */
	if (d->bits != 64 && *lin + len - 1 > 0xffffffffULL)
		return INSN_UNKNOWN;
	return INSN_DONE;
}

enum insn_result insn_mem_read(struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg,
			       u64 off, void *buf, unsigned int len)
{
	enum insn_result res;
	u64 lin;

	res = insn_linear(ctx, d, seg, off, len, false, &lin);
	if (res)
		return res;
	return ctx->ops->read(ctx, lin, buf, len);
}

enum insn_result insn_mem_write(struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg,
				u64 off, const void *buf, unsigned int len)
{
	enum insn_result res;
	u64 lin;

	res = insn_linear(ctx, d, seg, off, len, true, &lin);
	if (res)
		return res;
	return ctx->ops->write(ctx, lin, buf, len);
}

enum insn_result insn_check_write(struct insn_ctx *ctx, u64 lin, unsigned int len)
{
	unsigned int here = min_t(unsigned int, len, INSN_PAGE - (lin & (INSN_PAGE - 1)));
	enum insn_result res;

	res = ctx->ops->check_write(ctx, lin, here);
	if (res || here == len)
		return res;
	return ctx->ops->check_write(ctx, lin + here, len - here);
}

u64 insn_ea(const struct insn_dec *d)
{
	return d->ea & insn_mask(d->adsize);
}

/*
 * A destination that is read first is a write access from the start, so that
 * a device is not read when the write would fault.
 */
static enum insn_result load_mem(struct insn_ctx *ctx, const struct insn_dec *d,
				 struct insn_operand *o)
{
	bool write = o == &d->dst && d->flags & F_WR;
	enum insn_result res;
	u64 lin;

	res = insn_linear(ctx, d, d->seg, insn_ea(d), o->size, write, &lin);
	if (!res && write)
		res = insn_check_write(ctx, lin, o->size);
	if (res)
		return res;
	o->val = 0;
	return ctx->ops->read(ctx, lin, &o->val, o->size);
}

enum insn_result insn_load(struct insn_ctx *ctx, const struct insn_dec *d, struct insn_operand *o)
{
	switch (o->where) {
	case INSN_GPR:
		o->val = insn_reg_read(ctx, o->reg, o->size);
		break;
	case INSN_GPR_HIGH:
		o->val = ctx->r.gpr[o->reg] >> 8 & 0xff;
		break;
	case INSN_MEM:
		return load_mem(ctx, d, o);
	}
	return INSN_DONE;
}

/* Cannot fail for a register. */
enum insn_result insn_store(struct insn_ctx *ctx, const struct insn_dec *d,
			    const struct insn_operand *o)
{
	u64 *reg = &ctx->r.gpr[o->reg];

	switch (o->where) {
	case INSN_GPR:
		insn_reg_write(ctx, o->reg, o->val, o->size);
		break;
	case INSN_GPR_HIGH:
		*reg = (*reg & ~0xff00ULL) | (o->val & 0xff) << 8;
		break;
	case INSN_MEM:
		return insn_mem_write(ctx, d, d->seg, insn_ea(d), &o->val, o->size);
	}
	return INSN_DONE;
}
