// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers to another code segment: far JMP, CALL and RET, interrupts and
 * IRET of real mode (SDM vol. 2; vol. 3, 5.8). Call gates, task switches and
 * changes of the privilege level are not emulated, and neither are interrupts
 * in protected mode.
 */
#include "insn_desc.h"
#include "insn_exec.h"
#include "insn_far.h"
#include "insn_mem.h"
#include "insn_priv.h"
#include "insn_stack.h"

static void commit_cs(struct insn_ctx *ctx, struct insn_dec *d, const struct insn_segment *cs, u64 rip)
{
	ctx->r.seg[INSN_CS] = *cs;
	ctx->sregs_changed = true;
	d->next_rip = rip;
}

/* A gate or a TSS where a code segment is expected: not emulated. */
static enum insn_result check_direct(struct insn_ctx *ctx, u16 sel)
{
	struct insn_descriptor desc;
	enum insn_result res;

	if (!insn_protected(ctx) || !(sel & ~3))
		return INSN_DONE;
	res = insn_read_descriptor(ctx, sel, GP_VECTOR, &desc);
	if (res)
		return res;
	return desc.seg.attr & INSN_ATTR_S ? INSN_DONE : INSN_UNKNOWN;
}

/* The code segment, and whether the target lies in it. */
static enum insn_result enter_segment(struct insn_ctx *ctx, const struct insn_far_pointer *to, unsigned int kind,
				      struct insn_segment *cs)
{
	struct insn_load l = { .seg = INSN_CS, .kind = kind, .cpl = ctx->r.cpl, .sel = to->sel };
	enum insn_result res = insn_load_segment(ctx, &l, cs);

	if (res)
		return res;
	if (ctx->r.efer & EFER_LMA && cs->attr & INSN_ATTR_L)
		return insn_canonical(ctx, to->off) ? INSN_DONE : insn_gp(ctx);
	return to->off <= cs->limit ? INSN_DONE : insn_gp(ctx);
}

/* Bytes of an offset in memory: AMD's CPUs have no far pointers with 64 (APM vol. 3, JMP (Far)). */
static unsigned int offset_size(const struct insn_ctx *ctx, const struct insn_dec *d)
{
	return ctx->cpu.amd ? min_t(u8, d->opsize, 4) : d->opsize;
}

enum insn_result insn_read_far_pointer(struct insn_ctx *ctx, const struct insn_dec *d, struct insn_far_pointer *p)
{
	unsigned int size = offset_size(ctx, d);
	u8 buf[10] = { 0 };
	enum insn_result res;

	res = insn_mem_read(ctx, d, d->seg, insn_ea(d), buf, size + 2);
	p->off = 0;
	memcpy(&p->off, buf, size);
	memcpy(&p->sel, buf + size, 2);
	return res;
}

static void immediate_far_pointer(const struct insn_dec *d, struct insn_far_pointer *p)
{
	p->off = d->imm & insn_mask(d->opsize);
	p->sel = d->imm >> (8 * d->opsize);
}

static enum insn_result far_operand(struct insn_ctx *ctx, const struct insn_dec *d, struct insn_far_pointer *p)
{
	enum insn_result res = INSN_DONE;

	if (d->mem)
		res = insn_read_far_pointer(ctx, d, p);
	else
		immediate_far_pointer(d, p);
	return res ? res : check_direct(ctx, p->sel);
}

INSN_EXEC(jmpfar)
{
	struct insn_segment cs;
	struct insn_far_pointer to;
	enum insn_result res;

	res = far_operand(ctx, d, &to);
	if (!res)
		res = enter_segment(ctx, &to, INSN_LOAD_JUMP, &cs);
	if (!res)
		commit_cs(ctx, d, &cs, to.off);
	return res;
}

INSN_EXEC(callfar)
{
	u64 back[2] = { ctx->r.seg[INSN_CS].sel, d->next_rip };
	struct insn_segment cs;
	struct insn_far_pointer to;
	enum insn_result res;

	res = far_operand(ctx, d, &to);
	if (!res)
		res = enter_segment(ctx, &to, INSN_LOAD_JUMP, &cs);
	if (!res)
		res = insn_push_all(ctx, d, back, 2);
	if (!res)
		commit_cs(ctx, d, &cs, to.off);
	return res;
}

/* Offset and selector from the stack, as far RET and IRET find them. */
static enum insn_result pop_far_pointer(struct insn_ctx *ctx, const struct insn_dec *d, struct insn_far_pointer *p)
{
	enum insn_result res;

	p->off = 0;
	p->sel = 0;
	res = insn_peek_stack(ctx, d, 0, &p->off, d->opsize);
	return res ? res : insn_peek_stack(ctx, d, d->opsize, &p->sel, 2);
}

/* CA with bytes to release, CB. */
INSN_EXEC(retfar)
{
	struct insn_segment cs;
	struct insn_far_pointer to;
	enum insn_result res;

	res = pop_far_pointer(ctx, d, &to);
	if (!res && d->prot && to.sel & ~3 && (to.sel & 3) > ctx->r.cpl)
		return INSN_UNKNOWN;
	if (!res)
		res = enter_segment(ctx, &to, INSN_LOAD_RET, &cs);
	if (res)
		return res;
	insn_move_sp(ctx, d, 2 * d->opsize + d->imm);
	commit_cs(ctx, d, &cs, to.off);
	return INSN_DONE;
}

/* Real mode only. NMIs are let in again: ctx->iret. */
INSN_EXEC(iret)
{
	struct insn_segment cs;
	struct insn_far_pointer to;
	enum insn_result res;
	u64 flags = 0;

	if (ctx->r.cr0 & X86_CR0_PE)
		return INSN_UNKNOWN;
	res = pop_far_pointer(ctx, d, &to);
	if (!res)
		res = insn_peek_stack(ctx, d, 2 * d->opsize, &flags, d->opsize);
	if (!res)
		res = enter_segment(ctx, &to, INSN_LOAD_RET, &cs);
	if (res)
		return res;
	d->rflags = insn_flags_popped(ctx, d->rflags, flags, d->opsize);
	insn_move_sp(ctx, d, 3 * d->opsize);
	commit_cs(ctx, d, &cs, to.off);
	ctx->iret = true;
	return INSN_DONE;
}

/* SDM vol. 3, 21.1.4: the vector table of real mode. */
static enum insn_result real_interrupt(struct insn_ctx *ctx, struct insn_dec *d, u8 vector)
{
	u64 frame[3] = { d->rflags, ctx->r.seg[INSN_CS].sel, d->next_rip };
	struct insn_segment cs = ctx->r.seg[INSN_CS];
	enum insn_result res;
	u16 entry[2];

	if (ctx->r.cr0 & X86_CR0_PE)
		return INSN_UNKNOWN;
	if (4 * vector + 3 > ctx->r.idt.limit)
		return insn_gp(ctx);
	res = ctx->ops->system(ctx, (u32)(ctx->r.idt.base + 4 * vector), entry, sizeof(entry), false);
	d->opsize = 2;
	if (!res)
		res = insn_push_all(ctx, d, frame, 3);
	if (res)
		return res;
	d->rflags &= ~(u64)(X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_AC);
	cs.sel = entry[1];
	cs.base = (u64)entry[1] << 4;
	commit_cs(ctx, d, &cs, entry[0]);
	return INSN_DONE;
}

INSN_EXEC(int)
{
	return real_interrupt(ctx, d, d->opcode == 0xcc ? BP_VECTOR : d->imm & 0xff);
}

INSN_EXEC(into)
{
	return d->rflags & X86_EFLAGS_OF ? real_interrupt(ctx, d, OF_VECTOR) : INSN_DONE;
}
