// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two entry points, and what every instruction has in common: operands
 * are described, fetched, given to the operation, written back, and the
 * instruction retires.
 */
#include "insn_decode.h"
#include "insn_mem.h"
#include "insn_priv.h"

static void operand_gpr(const struct insn_dec *d, struct insn_operand *o, unsigned int reg)
{
	o->where = INSN_GPR;
	o->reg = reg;
	if (o->size == 1 && !d->rex && reg >= 4) {
		o->where = INSN_GPR_HIGH;
		o->reg = reg - 4;
	}
}

static void operand_rm(const struct insn_dec *d, struct insn_operand *o, unsigned int size)
{
	o->size = size;
	if (d->mem)
		o->where = INSN_MEM;
	else
		operand_gpr(d, o, (d->modrm & 7) | (d->rex & 1 ? 8 : 0));
}

static void operand_value(struct insn_operand *o, u64 val)
{
	o->where = INSN_VALUE;
	o->val = val;
}

static void describe_operand(const struct insn_ctx *ctx, const struct insn_dec *d,
			     struct insn_operand *o, u8 kind)
{
	o->size = d->flags & F_BYTE ? 1 : d->opsize;
	switch (kind) {
	case OPK_RM:
		operand_rm(d, o, o->size);
		break;
	case OPK_RM8:
		operand_rm(d, o, 1);
		break;
	case OPK_RM16:
		operand_rm(d, o, 2);
		break;
	case OPK_RM32:
		operand_rm(d, o, min_t(u8, d->opsize, 4));
		break;
	case OPK_RMSEL:
		operand_rm(d, o, d->mem ? 2 : d->opsize);
		break;
	case OPK_REG:
		operand_gpr(d, o, insn_reg_field(d) | (d->rex & 4 ? 8 : 0));
		break;
	case OPK_OPREG:
		operand_gpr(d, o, (d->opcode & 7) | (d->rex & 1 ? 8 : 0));
		break;
	case OPK_ACC:
		operand_gpr(d, o, RAX);
		break;
	case OPK_OFFS:
		o->where = INSN_MEM;
		break;
	case OPK_IMM:
		operand_value(o, d->imm);
		break;
	case OPK_ONE:
		operand_value(o, 1);
		break;
	case OPK_CL:
		operand_value(o, ctx->r.gpr[RCX] & 0xff);
		break;
	case OPK_SREG:
		operand_value(o, insn_reg_field(d) < INSN_NSEGS ?
			      ctx->r.seg[insn_reg_field(d)].sel : 0);
		break;
	}
}

/*
 * BT and its kin with the bit offset in a register address memory like a bit
 * string, in steps of the operand size (SDM vol. 2, BT).
 */
static void apply_bit_string(const struct insn_ctx *ctx, struct insn_dec *d)
{
	s64 bit;

	if (!(d->flags & F_BITSTR) || d->dst.where != INSN_MEM)
		return;
	bit = (s64)insn_sext(insn_reg_read(ctx, d->src.reg, d->src.size), d->src.size);
	d->ea += (u64)((bit >> (3 + __builtin_ctz(d->opsize))) * d->opsize);
}

static enum insn_result fetch_operands(struct insn_ctx *ctx, struct insn_dec *d)
{
	enum insn_result res;

	describe_operand(ctx, d, &d->dst, d->dst_kind);
	describe_operand(ctx, d, &d->src, d->src_kind);
	apply_bit_string(ctx, d);
	res = insn_load(ctx, d, &d->src);
	if (!res && d->flags & F_RD)
		res = insn_load(ctx, d, &d->dst);
	return res;
}

/*
 * The operation on a locked memory destination, until no other CPU wrote in
 * between. After INSN_LOCK_TRIES the vCPU gets its turn to see interrupts.
 */
static enum insn_result execute_locked(struct insn_ctx *ctx, struct insn_dec *d)
{
	u64 src = d->src.val;
	unsigned int try;
	bool swapped;
	u64 lin, old;
	enum insn_result res;

	res = insn_linear(ctx, d, d->seg, insn_ea(d), d->dst.size, true, &lin);
	for (try = 0; !res && try < INSN_LOCK_TRIES; try++) {
		old = d->dst.val;
		d->rflags = ctx->r.rflags;
		d->src.val = src;
		d->late = false;
		res = d->exec(ctx, d);
		if (res)
			return res;
		swapped = false;
		res = ctx->ops->cmpxchg(ctx, lin, &old, &d->dst.val, d->dst.size, &swapped);
		if (!res && swapped)
			return INSN_DONE;
		d->dst.val = old & insn_mask(d->dst.size);
	}
	return res ? res : INSN_AGAIN;
}

/* Everything that can fail, and every write to memory. */
static enum insn_result execute(struct insn_ctx *ctx, struct insn_dec *d)
{
	enum insn_result res;

	d->rflags = ctx->r.rflags;
	if (d->dst.where == INSN_MEM && d->flags & F_RD && d->flags & F_WR &&
	    (d->lock || d->flags & F_XLOCK))
		return execute_locked(ctx, d);
	res = d->exec(ctx, d);
	if (!res && d->flags & F_WR && d->dst.where == INSN_MEM)
		res = insn_store(ctx, d, &d->dst);
	return res;
}

/* Registers; the destination last, it wins when it is also the source. */
static void retire(struct insn_ctx *ctx, struct insn_dec *d)
{
	if (d->late)
		ctx->r.gpr[d->late_reg] = d->late_val;
	if (d->flags & F_SRCWR)
		insn_store(ctx, d, &d->src);
	if (d->flags & F_WR && d->dst.where != INSN_MEM)
		insn_store(ctx, d, &d->dst);
	ctx->r.rflags = d->rflags & ~(u64)X86_EFLAGS_RF;
	ctx->r.rip = d->next_rip;
}

int insn_length(struct insn_ctx *ctx)
{
	struct insn_dec d;
	enum insn_result res = insn_decode_bytes(ctx, &d);

	return res ? -(int)res : ctx->len;
}

/* What the instruction needs beyond its encoding. */
static enum insn_result check_mode(struct insn_ctx *ctx, const struct insn_dec *d)
{
	if (d->flags & F_PROT && !d->prot)
		return insn_ud(ctx);
	if (d->flags & F_PRIV && ctx->r.cpl)
		return insn_gp(ctx);
	return INSN_DONE;
}

enum insn_result insn_emulate(struct insn_ctx *ctx)
{
	struct insn_dec d;
	enum insn_result res;

	res = insn_decode_bytes(ctx, &d);
	if (res)
		return res;
	if (!d.exec)
		return INSN_UNKNOWN;
	ctx->one_memory = d.mem && !(d.flags & (F_D64 | F_F64 | F_IMPLICIT));
	res = check_mode(ctx, &d);
	if (!res)
		res = fetch_operands(ctx, &d);
	if (!res)
		res = execute(ctx, &d);
	if (!res)
		retire(ctx, &d);
	return res;
}
