// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack, and near branches (SDM vol. 1, chapter 6). What pushes several
 * values asks for all of them before it writes the first.
 */
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"
#include "insn_stack.h"

#define MAX_PUSHES 32 /* ENTER, 31 levels deep */
#define ENTER_LEVELS 31

/* Condition codes as in Jcc (SDM vol. 1, appendix B). */
static bool condition(u64 rflags, unsigned int cc)
{
	bool less = !(rflags & X86_EFLAGS_SF) != !(rflags & X86_EFLAGS_OF);
	bool yes = false;

	switch (cc >> 1 & 7) {
	case 0:
		yes = rflags & X86_EFLAGS_OF;
		break;
	case 1:
		yes = rflags & X86_EFLAGS_CF;
		break;
	case 2:
		yes = rflags & X86_EFLAGS_ZF;
		break;
	case 3:
		yes = rflags & (X86_EFLAGS_CF | X86_EFLAGS_ZF);
		break;
	case 4:
		yes = rflags & X86_EFLAGS_SF;
		break;
	case 5:
		yes = rflags & X86_EFLAGS_PF;
		break;
	case 6:
		yes = less;
		break;
	case 7:
		yes = less || rflags & X86_EFLAGS_ZF;
		break;
	}
	return yes != (cc & 1);
}

INSN_EXEC(setcc)
{
	d->dst.val = condition(d->rflags, d->opcode);
	return INSN_DONE;
}

INSN_EXEC(cmovcc)
{
	if (condition(d->rflags, d->opcode))
		d->dst.val = d->src.val;
	return INSN_DONE;
}

/* Bytes of rSP that the stack uses. */
static unsigned int stack_width(const struct insn_ctx *ctx, const struct insn_dec *d)
{
	if (d->bits == 64)
		return 8;
	return ctx->r.seg[INSN_SS].attr & INSN_ATTR_DB ? 4 : 2;
}

/* What rSP is when the instruction has retired, counted from another value than its present one, too. */
static void set_sp(const struct insn_ctx *ctx, struct insn_dec *d, u64 sp)
{
	d->late = true;
	d->late_reg = RSP;
	d->late_val = insn_merge(ctx->r.gpr[RSP], sp, stack_width(ctx, d));
}

void insn_move_sp(const struct insn_ctx *ctx, struct insn_dec *d, u64 delta)
{
	set_sp(ctx, d, ctx->r.gpr[RSP] + delta);
}

enum insn_result insn_peek_stack(struct insn_ctx *ctx, const struct insn_dec *d, u64 off, void *buf, unsigned int len)
{
	return insn_mem_read(ctx, d, INSN_SS, (ctx->r.gpr[RSP] + off) & insn_mask(stack_width(ctx, d)), buf, len);
}

enum insn_result insn_write_stack(struct insn_ctx *ctx, const struct insn_dec *d, u64 sp, const void *buf,
				  unsigned int len)
{
	return insn_mem_write(ctx, d, INSN_SS, sp & insn_mask(stack_width(ctx, d)), buf, len);
}

static enum insn_result insn_push(struct insn_ctx *ctx, struct insn_dec *d, u64 val)
{
	insn_move_sp(ctx, d, -(u64)d->opsize);
	return insn_write_stack(ctx, d, d->late_val, &val, d->opsize);
}

enum insn_result insn_push_all(struct insn_ctx *ctx, struct insn_dec *d, const u64 *vals, unsigned int n)
{
	u64 mask = insn_mask(stack_width(ctx, d)), sp = ctx->r.gpr[RSP], lin[MAX_PUSHES];
	enum insn_result res = INSN_DONE;
	unsigned int i;

	for (i = 0; !res && i < n; i++) {
		sp -= d->opsize;
		res = insn_linear(ctx, d, INSN_SS, sp & mask, d->opsize, true, &lin[i]);
		if (!res)
			res = insn_check_write(ctx, lin[i], d->opsize);
	}
	for (i = 0; !res && i < n; i++)
		res = ctx->ops->write(ctx, lin[i], &vals[i], d->opsize);
	set_sp(ctx, d, sp);
	return res;
}

INSN_EXEC(push)
{
	return insn_push(ctx, d, d->src.val);
}

/* A destination addressed through rSP is addressed after the pop (SDM vol. 2, POP). */
INSN_EXEC(pop)
{
	enum insn_result res;

	d->dst.val = 0;
	res = insn_peek_stack(ctx, d, 0, &d->dst.val, d->opsize);
	insn_move_sp(ctx, d, d->opsize);
	if (d->base_sp)
		d->ea += d->opsize;
	return res;
}

INSN_EXEC(pusha)
{
	return insn_push_all(ctx, d, ctx->r.gpr, 8);
}

/* All but rSP, which is skipped on the stack. */
INSN_EXEC(popa)
{
	enum insn_result res = INSN_DONE;
	u64 vals[8] = { 0 };
	unsigned int i;

	for (i = 0; !res && i < 8; i++) {
		if (i != RSP)
			res = insn_peek_stack(ctx, d, (7 - i) * d->opsize, &vals[i], d->opsize);
	}
	if (res)
		return res;
	for (i = 0; i < 8; i++) {
		if (i != RSP)
			insn_reg_write(ctx, i, vals[i], d->opsize);
	}
	insn_move_sp(ctx, d, 8 * d->opsize);
	return INSN_DONE;
}

/* The frame pointers of the enclosing levels are copied from the caller's frame. */
INSN_EXEC(enter)
{
	unsigned int level = d->imm >> 16 & ENTER_LEVELS, i;
	u64 mask = insn_mask(stack_width(ctx, d)), frame = ctx->r.gpr[RSP] - d->opsize;
	u64 vals[MAX_PUSHES] = { ctx->r.gpr[RBP] };
	enum insn_result res = INSN_DONE;

	for (i = 1; !res && i < level; i++)
		res = insn_mem_read(ctx, d, INSN_SS, (ctx->r.gpr[RBP] - i * d->opsize) & mask, &vals[i], d->opsize);
	if (level)
		vals[level] = frame;
	if (!res)
		res = insn_push_all(ctx, d, vals, level + 1);
	if (res)
		return res;
	insn_reg_write(ctx, RBP, insn_merge(ctx->r.gpr[RSP], frame, stack_width(ctx, d)), d->opsize);
	set_sp(ctx, d, d->late_val - (d->imm & 0xffff));
	return INSN_DONE;
}

INSN_EXEC(leave)
{
	u64 frame = ctx->r.gpr[RBP], val = 0;
	enum insn_result res;

	res = insn_mem_read(ctx, d, INSN_SS, frame & insn_mask(stack_width(ctx, d)), &val, d->opsize);
	if (res)
		return res;
	set_sp(ctx, d, frame + d->opsize);
	insn_reg_write(ctx, RBP, val, d->opsize);
	return INSN_DONE;
}

static unsigned int iopl(const struct insn_ctx *ctx)
{
	return (ctx->r.rflags & X86_EFLAGS_IOPL) >> 12;
}

/* Virtual-8086 mode wants IOPL 3; with CR4.VME it is another matter, which is not emulated. */
static enum insn_result check_v86(struct insn_ctx *ctx)
{
	if (!(ctx->r.rflags & X86_EFLAGS_VM) || iopl(ctx) == 3)
		return INSN_DONE;
	return ctx->r.cr4 & X86_CR4_VME ? INSN_UNKNOWN : insn_gp(ctx);
}

INSN_EXEC(pushf)
{
	enum insn_result res = check_v86(ctx);

	return res ? res : insn_push(ctx, d, d->rflags & ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_RF));
}

/* The flags that a value popped into them changes (SDM vol. 2, POPF). */
u64 insn_flags_popped(const struct insn_ctx *ctx, u64 rflags, u64 val, unsigned int size)
{
	u64 mask = INSN_STATUS_FLAGS | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT | X86_EFLAGS_AC | X86_EFLAGS_ID;

	if (!ctx->r.cpl)
		mask |= X86_EFLAGS_IOPL;
	if (ctx->r.cpl <= iopl(ctx))
		mask |= X86_EFLAGS_IF;
	mask &= insn_mask(size);
	return (rflags & ~mask) | (val & mask);
}

INSN_EXEC(popf)
{
	enum insn_result res = check_v86(ctx);
	u64 val = 0;

	if (!res)
		res = insn_peek_stack(ctx, d, 0, &val, d->opsize);
	if (res)
		return res;
	d->rflags = insn_flags_popped(ctx, d->rflags, val, d->opsize);
	insn_move_sp(ctx, d, d->opsize);
	return INSN_DONE;
}

/* CLI and STI; with CR4.PVI, level 3 has a flag of its own, which is not emulated. */
static enum insn_result check_if(struct insn_ctx *ctx)
{
	if (!insn_protected(ctx))
		return check_v86(ctx);
	if (ctx->r.cpl <= iopl(ctx))
		return INSN_DONE;
	return ctx->r.cr4 & X86_CR4_PVI && ctx->r.cpl == 3 ? INSN_UNKNOWN : insn_gp(ctx);
}

INSN_EXEC(cli)
{
	d->rflags &= ~(u64)X86_EFLAGS_IF;
	return check_if(ctx);
}

INSN_EXEC(sti)
{
	if (!(d->rflags & X86_EFLAGS_IF))
		ctx->shadow = INSN_SHADOW_STI;
	d->rflags |= X86_EFLAGS_IF;
	return check_if(ctx);
}

/* ---- near branches ---- */

/* Near branch target, cut to the operand size: canonical, or inside CS. */
static enum insn_result insn_branch(struct insn_ctx *ctx, struct insn_dec *d, u64 target)
{
	target &= insn_mask(d->opsize);
	if (d->bits == 64 ? !insn_canonical(ctx, target) : target > ctx->r.seg[INSN_CS].limit)
		return insn_gp(ctx);
	d->next_rip = target;
	return INSN_DONE;
}

INSN_EXEC(call)
{
	u64 back = d->next_rip;
	enum insn_result res = insn_branch(ctx, d, d->src.val);

	return res ? res : insn_push(ctx, d, back);
}

INSN_EXEC(jmp)
{
	return insn_branch(ctx, d, d->src.val);
}

INSN_EXEC(callrel)
{
	u64 back = d->next_rip;
	enum insn_result res = insn_branch(ctx, d, back + d->imm);

	return res ? res : insn_push(ctx, d, back);
}

INSN_EXEC(jmprel)
{
	return insn_branch(ctx, d, d->next_rip + d->imm);
}

INSN_EXEC(jcc)
{
	return condition(d->rflags, d->opcode) ? insn_x_jmprel(ctx, d) : INSN_DONE;
}

/* E0 LOOPNE, E1 LOOPE, E2 LOOP. */
INSN_EXEC(loop)
{
	u64 left = (ctx->r.gpr[RCX] - 1) & insn_mask(d->adsize);
	bool zero = d->rflags & X86_EFLAGS_ZF;
	bool taken = left && (d->opcode == 0xe2 || zero == (d->opcode == 0xe1));
	enum insn_result res = taken ? insn_x_jmprel(ctx, d) : INSN_DONE;

	d->late = true;
	d->late_reg = RCX;
	d->late_val = insn_merge(ctx->r.gpr[RCX], left, d->adsize);
	return res;
}

INSN_EXEC(jcxz)
{
	return insn_reg_read(ctx, RCX, d->adsize) ? INSN_DONE : insn_x_jmprel(ctx, d);
}

/* C2 with bytes to release, C3. */
INSN_EXEC(ret)
{
	enum insn_result res;
	u64 target = 0;

	res = insn_peek_stack(ctx, d, 0, &target, d->opsize);
	if (!res)
		res = insn_branch(ctx, d, target);
	insn_move_sp(ctx, d, d->opsize + d->imm);
	return res;
}
