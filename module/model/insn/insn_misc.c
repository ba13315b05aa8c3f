// SPDX-License-Identifier: GPL-2.0-only
/* Data movement and exchange. */
#include "insn_alu.h"
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"

INSN_EXEC(mov)
{
	d->dst.val = d->src.val;
	return INSN_DONE;
}

INSN_EXEC(movsx)
{
	d->dst.val = insn_sext(d->src.val, d->src.size);
	return INSN_DONE;
}

INSN_EXEC(movbe)
{
	d->dst.val = __builtin_bswap64(d->src.val) >> (64 - 8 * d->src.size);
	return INSN_DONE;
}

INSN_EXEC(movnti)
{
	if (d->p66 || d->rep)
		return insn_ud(ctx);
	d->dst.val = d->src.val;
	return INSN_DONE;
}

INSN_EXEC(lea)
{
	d->dst.val = insn_ea(d);
	return INSN_DONE;
}

INSN_EXEC(nop)
{
	return INSN_DONE;
}

/* Group 15, 6 and 7 in memory: write-backs of a cache line, which need nothing here. */
INSN_EXEC(flush)
{
	u64 lin;

	if (d->rep || (insn_reg_field(d) == 6 && !d->p66))
		return INSN_UNKNOWN;
	return insn_linear(ctx, d, d->seg, insn_ea(d), 1, false, &lin);
}

/* 5 to 7 with a register. */
INSN_EXEC(fence)
{
	return d->rep || d->p66 ? INSN_UNKNOWN : INSN_DONE;
}

INSN_EXEC(xchg)
{
	u64 val = d->src.val;

	d->src.val = d->dst.val;
	d->dst.val = val;
	return INSN_DONE;
}

INSN_EXEC(xadd)
{
	u64 old = d->dst.val;
	enum insn_result res = insn_x_add(ctx, d);

	d->src.val = old;
	return res;
}

/* On a mismatch the destination is written all the same, with what it had (SDM vol. 2, CMPXCHG). */
INSN_EXEC(cmpxchg)
{
	unsigned int size = d->dst.size;
	u64 acc = insn_reg_read(ctx, RAX, size);
	u64 old = d->dst.val;

	d->rflags = insn_flags_sub(d->rflags, acc, old, size);
	if (acc == old) {
		d->dst.val = d->src.val;
		return INSN_DONE;
	}
	d->late = true;
	d->late_reg = RAX;
	d->late_val = insn_merge(ctx->r.gpr[RAX], old, size);
	return INSN_DONE;
}

static void read_two(const struct insn_ctx *ctx, u64 *pair, unsigned int lo, unsigned int hi,
		     unsigned int size)
{
	pair[0] = insn_reg_read(ctx, lo, size);
	pair[1] = insn_reg_read(ctx, hi, size);
	if (size == 4) {
		pair[0] |= pair[1] << 32;
		pair[1] = 0;
	}
}

static void retire_cmpxchg8b(struct insn_ctx *ctx, struct insn_dec *d, const u64 *old, bool equal,
			     unsigned int half)
{
	d->rflags &= ~(u64)X86_EFLAGS_ZF;
	if (equal) {
		d->rflags |= X86_EFLAGS_ZF;
		return;
	}
	insn_reg_write(ctx, RAX, old[0], half);
	insn_reg_write(ctx, RDX, half == 4 ? old[0] >> 32 : old[1], half);
}

/*
 * CMPXCHG8B, and CMPXCHG16B with REX.W, which wants its operand aligned (SDM
 * vol. 2); that is checked before the segment.
 */
INSN_EXEC(cmpxchg8b)
{
	unsigned int half = d->opsize == 8 ? 8 : 4;
	u64 expect[2], desired[2], old[2] = { 0, 0 };
	enum insn_result res;
	bool equal, swapped;
	unsigned int try;
	u64 lin;

	insn_reachable(ctx, d, d->seg, insn_ea(d), 2 * half, true, &lin);
	if (half == 8 && lin & 15)
		return insn_gp(ctx);
	res = insn_linear(ctx, d, d->seg, insn_ea(d), 2 * half, true, &lin);
	if (!res)
		res = insn_check_write(ctx, lin, 2 * half);
	if (!res)
		res = ctx->ops->read(ctx, lin, old, 2 * half);
	read_two(ctx, expect, RAX, RDX, half);
	read_two(ctx, desired, RBX, RCX, half);
	for (try = 0; !res && try < INSN_LOCK_TRIES; try++) {
		u64 seen[2] = { old[0], old[1] };

		equal = old[0] == expect[0] && old[1] == expect[1];
		swapped = !d->lock;
		if (d->lock)
			res = ctx->ops->cmpxchg(ctx, lin, seen, equal ? desired : old, 2 * half,
						&swapped);
		else
			res = ctx->ops->write(ctx, lin, equal ? desired : old, 2 * half);
		if (!res && swapped) {
			retire_cmpxchg8b(ctx, d, old, equal, half);
			return INSN_DONE;
		}
		memcpy(old, seen, sizeof(old));
	}
	return res ? res : INSN_AGAIN;
}
