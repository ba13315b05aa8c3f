// SPDX-License-Identifier: GPL-2.0-only
/*
 * String instructions and port I/O. One call does one iteration; INS and OUTS
 * do as many as fit in one page and in INSN_IO_BATCH, upwards only. The last
 * iteration retires the instruction, any other one answers INSN_AGAIN.
 */
#include "insn_alu.h"
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"

#define IO_CHUNK 64U

static unsigned int element_size(const struct insn_dec *d)
{
	return d->flags & F_BYTE ? 1 : d->opsize;
}

static u64 index_reg(const struct insn_ctx *ctx, const struct insn_dec *d, unsigned int reg)
{
	return insn_reg_read(ctx, reg, d->adsize);
}

static unsigned int source_seg(const struct insn_dec *d)
{
	return d->seg_override == INSN_NSEGS ? INSN_DS : d->seg_override;
}

/* Iterations left; 1 without a repeat prefix. */
static u64 remaining(const struct insn_ctx *ctx, const struct insn_dec *d)
{
	return d->rep ? index_reg(ctx, d, RCX) : 1;
}

static void advance(struct insn_ctx *ctx, const struct insn_dec *d, unsigned int reg,
		    unsigned int bytes)
{
	u64 delta = ctx->r.rflags & X86_EFLAGS_DF ? -(u64)bytes : bytes;

	insn_reg_write(ctx, reg, ctx->r.gpr[reg] + delta, d->adsize);
}

/* count iterations are done; stop ends the instruction early. */
static enum insn_result finish(struct insn_ctx *ctx, struct insn_dec *d, unsigned int count,
			       bool stop)
{
	if (!d->rep)
		return INSN_DONE;
	insn_reg_write(ctx, RCX, ctx->r.gpr[RCX] - count, d->adsize);
	if (stop || !index_reg(ctx, d, RCX))
		return INSN_DONE;
	ctx->r.rflags = d->rflags;
	return INSN_AGAIN;
}

/* REPE and REPNE look at ZF, for SCAS and CMPS only. */
static bool compare_stops(const struct insn_dec *d)
{
	return !(d->rflags & X86_EFLAGS_ZF) == (d->rep == 0xf3);
}

INSN_EXEC(movs)
{
	unsigned int size = element_size(d);
	enum insn_result res;
	u64 val = 0;

	if (!remaining(ctx, d))
		return INSN_DONE;
	res = insn_mem_read(ctx, d, source_seg(d), index_reg(ctx, d, RSI), &val, size);
	if (!res)
		res = insn_mem_write(ctx, d, INSN_ES, index_reg(ctx, d, RDI), &val, size);
	if (res)
		return res;
	advance(ctx, d, RSI, size);
	advance(ctx, d, RDI, size);
	return finish(ctx, d, 1, false);
}

INSN_EXEC(stos)
{
	unsigned int size = element_size(d);
	enum insn_result res;

	if (!remaining(ctx, d))
		return INSN_DONE;
	res = insn_mem_write(ctx, d, INSN_ES, index_reg(ctx, d, RDI), &ctx->r.gpr[RAX], size);
	if (res)
		return res;
	advance(ctx, d, RDI, size);
	return finish(ctx, d, 1, false);
}

INSN_EXEC(lods)
{
	unsigned int size = element_size(d);
	enum insn_result res;
	u64 val = 0;

	if (!remaining(ctx, d))
		return INSN_DONE;
	res = insn_mem_read(ctx, d, source_seg(d), index_reg(ctx, d, RSI), &val, size);
	if (res)
		return res;
	insn_reg_write(ctx, RAX, val, size);
	advance(ctx, d, RSI, size);
	return finish(ctx, d, 1, false);
}

INSN_EXEC(scas)
{
	unsigned int size = element_size(d);
	enum insn_result res;
	u64 val = 0;

	if (!remaining(ctx, d))
		return INSN_DONE;
	res = insn_mem_read(ctx, d, INSN_ES, index_reg(ctx, d, RDI), &val, size);
	if (res)
		return res;
	d->rflags = insn_flags_sub(d->rflags, insn_reg_read(ctx, RAX, size), val, size);
	advance(ctx, d, RDI, size);
	return finish(ctx, d, 1, compare_stops(d));
}

INSN_EXEC(cmps)
{
	unsigned int size = element_size(d);
	enum insn_result res;
	u64 a = 0, b = 0;

	if (!remaining(ctx, d))
		return INSN_DONE;
	res = insn_mem_read(ctx, d, source_seg(d), index_reg(ctx, d, RSI), &a, size);
	if (!res)
		res = insn_mem_read(ctx, d, INSN_ES, index_reg(ctx, d, RDI), &b, size);
	if (res)
		return res;
	d->rflags = insn_flags_sub(d->rflags, a, b, size);
	advance(ctx, d, RSI, size);
	advance(ctx, d, RDI, size);
	return finish(ctx, d, 1, compare_stops(d));
}

#define TSS_TYPE 0x1d /* type (busy or not) and S */
#define TSS32 9 /* 64-bit, too */
#define TSS_BITMAP 0x66 /* where the offset of the bitmap stands */

/* One bit per port; the CPU reads two bytes, whatever it needs (SDM vol. 1, 19.5.2). */
static enum insn_result ask_bitmap(struct insn_ctx *ctx, u16 port, unsigned int size)
{
	const struct insn_segment *tr = &ctx->r.seg[INSN_TR];
	enum insn_result res;
	u16 map, bits;
	u32 at;

	if (!(tr->attr & INSN_ATTR_P) || (tr->attr & TSS_TYPE) != TSS32 || tr->limit < TSS_BITMAP + 1)
		return insn_gp(ctx);
	res = ctx->ops->system(ctx, tr->base + TSS_BITMAP, &map, sizeof(map), false);
	if (res)
		return res;
	at = map + port / 8;
	if (at + 1 > tr->limit)
		return insn_gp(ctx);
	res = ctx->ops->system(ctx, tr->base + at, &bits, sizeof(bits), false);
	if (res)
		return res;
	return bits >> (port & 7) & ((1 << size) - 1) ? insn_gp(ctx) : INSN_DONE;
}

/* The TSS bitmap decides above IOPL, and always in virtual-8086 mode (SDM vol. 1, 19.5). */
static enum insn_result port_allowed(struct insn_ctx *ctx, const struct insn_dec *d, u16 port,
				     unsigned int size)
{
	unsigned int iopl = (ctx->r.rflags & X86_EFLAGS_IOPL) >> 12;

	if (!(ctx->r.cr0 & X86_CR0_PE) || (d->prot && ctx->r.cpl <= iopl))
		return INSN_DONE;
	return ask_bitmap(ctx, port, size);
}

static u16 port_number(const struct insn_ctx *ctx, const struct insn_dec *d)
{
	return d->imm_kind ? d->imm & 0xff : ctx->r.gpr[RDX] & 0xffff;
}

INSN_EXEC(in)
{
	unsigned int size = element_size(d);
	u16 port = port_number(ctx, d);
	enum insn_result res;

	d->dst.val = 0;
	res = port_allowed(ctx, d, port, size);
	return res ? res : ctx->ops->pio_in(ctx, port, size, &d->dst.val, 1);
}

INSN_EXEC(out)
{
	unsigned int size = element_size(d);
	u16 port = port_number(ctx, d);
	enum insn_result res;

	res = port_allowed(ctx, d, port, size);
	return res ? res : ctx->ops->pio_out(ctx, port, size, &d->src.val, 1);
}

/*
 * How many elements at seg:off, lin go in one batch. One, when more than that
 * would leave the page, wrap the index register, or fail a segment check that
 * the first element passes, and where it goes to or comes from a device, which
 * is accessed element by element.
 */
static unsigned int batch(struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg,
			  u64 off, u64 lin, bool write)
{
	unsigned int size = element_size(d);
	u64 room = min_t(u64, INSN_PAGE - (lin & (INSN_PAGE - 1)), INSN_IO_BATCH);
	u64 n;

	room = min_t(u64, room, insn_mask(d->adsize) - off);
	n = min_t(u64, remaining(ctx, d), room / size);
	if (n <= 1 || ctx->r.rflags & X86_EFLAGS_DF ||
	    !insn_reachable(ctx, d, seg, off, n * size, write, &lin) || ctx->ops->is_device(ctx, lin, write))
		return 1;
	return n;
}

/* One memory callback takes 64 bytes at most; each chunk is whole elements. */
static enum insn_result copy_in(struct insn_ctx *ctx, u64 lin, u8 *buf, unsigned int len)
{
	enum insn_result res = INSN_DONE;
	unsigned int done;

	for (done = 0; !res && done < len; done += IO_CHUNK)
		res = ctx->ops->read(ctx, lin + done, buf + done, min(len - done, IO_CHUNK));
	return res;
}

static enum insn_result copy_out(struct insn_ctx *ctx, u64 lin, const u8 *buf, unsigned int len)
{
	enum insn_result res = INSN_DONE;
	unsigned int done;

	for (done = 0; !res && done < len; done += IO_CHUNK)
		res = ctx->ops->write(ctx, lin + done, buf + done, min(len - done, IO_CHUNK));
	return res;
}

INSN_EXEC(ins)
{
	unsigned int size = element_size(d), n;
	u64 off = index_reg(ctx, d, RDI), lin;
	u16 port = port_number(ctx, d);
	u8 buf[INSN_IO_BATCH];
	enum insn_result res;

	if (!remaining(ctx, d))
		return INSN_DONE;
	res = port_allowed(ctx, d, port, size);
	if (!res)
		res = insn_linear(ctx, d, INSN_ES, off, size, true, &lin);
	if (res)
		return res;
	n = batch(ctx, d, INSN_ES, off, lin, true);
	res = insn_check_write(ctx, lin, n * size);
	if (!res)
		res = ctx->ops->pio_in(ctx, port, size, buf, n);
	if (!res)
		res = copy_out(ctx, lin, buf, n * size);
	if (res)
		return res;
	advance(ctx, d, RDI, n * size);
	return finish(ctx, d, n, false);
}

INSN_EXEC(outs)
{
	unsigned int size = element_size(d), n;
	u64 off = index_reg(ctx, d, RSI), lin;
	u16 port = port_number(ctx, d);
	u8 buf[INSN_IO_BATCH];
	enum insn_result res;

	if (!remaining(ctx, d))
		return INSN_DONE;
	res = port_allowed(ctx, d, port, size);
	if (!res)
		res = insn_linear(ctx, d, source_seg(d), off, size, false, &lin);
	if (res)
		return res;
	n = batch(ctx, d, source_seg(d), off, lin, false);
	res = copy_in(ctx, lin, buf, n * size);
	if (!res)
		res = ctx->ops->pio_out(ctx, port, size, buf, n);
	if (res)
		return res;
	advance(ctx, d, RSI, n * size);
	return finish(ctx, d, n, false);
}
