// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bit searches, and what works on registers and flags only: conversions,
 * decimal adjustment, flags. They get here when the CPU cannot run any
 * instruction of this guest by itself, as where page tables are in ROM.
 */
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"

static void set_flags(struct insn_dec *d, u64 mask, u64 val)
{
	d->rflags = (d->rflags & ~mask) | (val & mask);
}

static unsigned int lowest_bit(u64 val)
{
	return __builtin_ctzll(val);
}

static unsigned int highest_bit(u64 val)
{
	return 63 - __builtin_clzll(val);
}

/* A source of 0 leaves the destination as it is; only ZF is defined (AMD; Intel of late). */
static enum insn_result scan(struct insn_dec *d, unsigned int (*find)(u64 val))
{
	set_flags(d, X86_EFLAGS_ZF, d->src.val ? 0 : X86_EFLAGS_ZF);
	if (d->src.val)
		d->dst.val = find(d->src.val);
	else
		d->flags &= ~F_WR;
	return INSN_DONE;
}

/* TZCNT and LZCNT: the operand's size for a source of 0, CF tells. */
static enum insn_result count(struct insn_dec *d, unsigned int found)
{
	d->dst.val = d->src.val ? found : 8 * d->src.size;
	set_flags(d, X86_EFLAGS_CF | X86_EFLAGS_ZF,
		  (d->src.val ? 0 : X86_EFLAGS_CF) | (d->dst.val ? 0 : X86_EFLAGS_ZF));
	return INSN_DONE;
}

INSN_EXEC(bsf)
{
	if (d->rep != 0xf3 || !ctx->cpu.tzcnt)
		return scan(d, lowest_bit);
	return count(d, d->src.val ? lowest_bit(d->src.val) : 0);
}

INSN_EXEC(bsr)
{
	if (d->rep != 0xf3 || !ctx->cpu.lzcnt)
		return scan(d, highest_bit);
	return count(d, d->src.val ? 8 * d->src.size - 1 - highest_bit(d->src.val) : 0);
}

INSN_EXEC(popcnt)
{
	u64 left;

	if (d->rep != 0xf3)
		return INSN_UNKNOWN;
	d->dst.val = 0;
	for (left = d->src.val; left; left &= left - 1)
		d->dst.val++;
	set_flags(d, INSN_STATUS_FLAGS, d->src.val ? 0 : X86_EFLAGS_ZF);
	return INSN_DONE;
}

/* With a 16-bit operand the result is undefined; AMD's and Intel's CPUs write 0. */
INSN_EXEC(bswap)
{
	if (d->dst.size == 2)
		d->dst.val = 0;
	else
		d->dst.val = __builtin_bswap64(d->dst.val) >> (64 - 8 * d->dst.size);
	return INSN_DONE;
}

/* CBW, CWDE, CDQE. */
INSN_EXEC(cbw)
{
	d->dst.val = insn_sext(ctx->r.gpr[RAX], d->opsize / 2);
	return INSN_DONE;
}

/* CWD, CDQ, CQO. */
INSN_EXEC(cwd)
{
	insn_reg_write(ctx, RDX, ctx->r.gpr[RAX] & insn_msb(d->opsize) ? ~0ULL : 0, d->opsize);
	return INSN_DONE;
}

INSN_EXEC(cmc)
{
	d->rflags ^= X86_EFLAGS_CF;
	return INSN_DONE;
}

/* F8 to FD but CLI and STI: bit 0 is the flag's new value. */
INSN_EXEC(setflag)
{
	u64 flag = d->opcode < 0xfa ? X86_EFLAGS_CF : X86_EFLAGS_DF;

	set_flags(d, flag, d->opcode & 1 ? flag : 0);
	return INSN_DONE;
}

#define AH_FLAGS (INSN_STATUS_FLAGS & ~(u64)X86_EFLAGS_OF)

INSN_EXEC(sahf)
{
	set_flags(d, AH_FLAGS, ctx->r.gpr[RAX] >> 8);
	return INSN_DONE;
}

INSN_EXEC(lahf)
{
	u64 ah = (d->rflags & AH_FLAGS) | X86_EFLAGS_FIXED;

	ctx->r.gpr[RAX] = (ctx->r.gpr[RAX] & ~0xff00ULL) | ah << 8;
	return INSN_DONE;
}

INSN_EXEC(salc)
{
	d->dst.val = d->rflags & X86_EFLAGS_CF ? 0xff : 0;
	return INSN_DONE;
}

INSN_EXEC(xlat)
{
	u64 off = (ctx->r.gpr[RBX] + (ctx->r.gpr[RAX] & 0xff)) & insn_mask(d->adsize);

	d->dst.val = 0;
	return insn_mem_read(ctx, d, d->seg_override == INSN_NSEGS ? INSN_DS : d->seg_override, off, &d->dst.val, 1);
}

/* ---- decimal adjustment (SDM vol. 2, AAA, AAD, AAM, AAS, DAA, DAS) ---- */

static void set_szp8(struct insn_dec *d, u8 val)
{
	set_flags(d, X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_PF,
		  (val & 0x80 ? X86_EFLAGS_SF : 0) | (val ? 0 : X86_EFLAGS_ZF) |
			  (__builtin_parity(val) ? 0 : X86_EFLAGS_PF));
}

INSN_EXEC(aam)
{
	u8 al = ctx->r.gpr[RAX], base = d->imm;

	if (!base)
		return insn_raise(ctx, DE_VECTOR, false);
	insn_reg_write(ctx, RAX, al / base << 8 | al % base, 2);
	set_szp8(d, al % base);
	return INSN_DONE;
}

INSN_EXEC(aad)
{
	u8 al = ctx->r.gpr[RAX] + (ctx->r.gpr[RAX] >> 8 & 0xff) * (u8)d->imm;

	insn_reg_write(ctx, RAX, al, 2);
	set_szp8(d, al);
	return INSN_DONE;
}

/* 27 DAA, 2F DAS. */
INSN_EXEC(daa)
{
	u8 old = ctx->r.gpr[RAX], al = old;
	bool af = (al & 15) > 9 || d->rflags & X86_EFLAGS_AF;
	bool cf = old > 0x99 || d->rflags & X86_EFLAGS_CF;
	u8 by = (af ? 6 : 0) + (cf ? 0x60 : 0);

	/* DAS: the borrow out of the lower half counts as well. */
	if (d->opcode == 0x2f && af && old < 6)
		cf = true;
	al = d->opcode == 0x27 ? al + by : al - by;
	insn_reg_write(ctx, RAX, al, 1);
	set_flags(d, X86_EFLAGS_AF | X86_EFLAGS_CF, (af ? X86_EFLAGS_AF : 0) | (cf ? X86_EFLAGS_CF : 0));
	set_szp8(d, al);
	return INSN_DONE;
}

/* 37 AAA, 3F AAS. */
INSN_EXEC(aaa)
{
	u16 ax = ctx->r.gpr[RAX];
	bool adjust = (ax & 15) > 9 || d->rflags & X86_EFLAGS_AF;

	if (adjust)
		ax = d->opcode == 0x37 ? ax + 0x106 : ax - 0x106;
	insn_reg_write(ctx, RAX, ax & 0xff0f, 2);
	set_flags(d, X86_EFLAGS_AF | X86_EFLAGS_CF, adjust ? X86_EFLAGS_AF | X86_EFLAGS_CF : 0);
	return INSN_DONE;
}
