// SPDX-License-Identifier: GPL-2.0-only
/* Instructions that read or load segment registers, LDTR and TR (SDM vol. 2: MOV, POP, LDS, LLDT, LTR, SLDT, STR). */
#include "insn_desc.h"
#include "insn_exec.h"
#include "insn_far.h"
#include "insn_mem.h"
#include "insn_priv.h"
#include "insn_seg.h"
#include "insn_stack.h"

/* Into ctx->r, checked; nothing that can fail may follow. */
static enum insn_result insn_load_into(struct insn_ctx *ctx, unsigned int seg, u16 sel)
{
	struct insn_load l = { .seg = seg, .kind = INSN_LOAD_DATA, .cpl = ctx->r.cpl, .sel = sel };
	struct insn_segment loaded;
	enum insn_result res;

	res = insn_load_segment(ctx, &l, &loaded);
	if (res)
		return res;
	ctx->r.seg[seg] = loaded;
	ctx->sregs_changed = true;
	return INSN_DONE;
}

/* CS is loaded by branches only. */
INSN_EXEC(movsr)
{
	if (insn_reg_field(d) >= INSN_NSEGS)
		return insn_ud(ctx);
	d->dst.val = d->src.val;
	return INSN_DONE;
}

INSN_EXEC(movtosr)
{
	unsigned int seg = insn_reg_field(d);

	if (seg >= INSN_NSEGS || seg == INSN_CS)
		return insn_ud(ctx);
	if (seg == INSN_SS)
		ctx->shadow = INSN_SHADOW_MOV_SS;
	return insn_load_into(ctx, seg, d->src.val);
}

INSN_EXEC(lldt)
{
	return insn_load_into(ctx, INSN_LDTR, d->src.val);
}

INSN_EXEC(ltr)
{
	return insn_load_into(ctx, INSN_TR, d->src.val);
}

/* CR4.UMIP: selectors of system segments are not for level 3 (SDM vol. 3, 2.5). */
enum insn_result insn_check_umip(struct insn_ctx *ctx)
{
	return ctx->r.cr4 & X86_CR4_UMIP && ctx->r.cpl ? insn_gp(ctx) : INSN_DONE;
}

INSN_EXEC(sldt)
{
	d->dst.val = ctx->r.seg[INSN_LDTR].sel;
	return insn_check_umip(ctx);
}

INSN_EXEC(str)
{
	d->dst.val = ctx->r.seg[INSN_TR].sel;
	return insn_check_umip(ctx);
}

/* The opcode has the register: ES CS SS DS in the one-byte map, FS GS behind 0F. */
static unsigned int opcode_segment(const struct insn_dec *d)
{
	return d->opcode >> 3 & 7;
}

/* Intel's CPUs write 16 bits whatever the operand size, AMD's extend them with zeros (SDM vol. 2, PUSH). */
INSN_EXEC(pushsr)
{
	u64 sel = ctx->r.seg[opcode_segment(d)].sel;

	insn_move_sp(ctx, d, -(u64)d->opsize);
	return insn_write_stack(ctx, d, d->late_val, &sel, d->opsize == 4 && !ctx->cpu.amd ? 2 : d->opsize);
}

INSN_EXEC(popsr)
{
	unsigned int seg = opcode_segment(d);
	enum insn_result res;
	u16 sel = 0;

	res = insn_peek_stack(ctx, d, 0, &sel, sizeof(sel));
	if (!res)
		res = insn_load_into(ctx, seg, sel);
	if (seg == INSN_SS)
		ctx->shadow = INSN_SHADOW_MOV_SS;
	insn_move_sp(ctx, d, d->opsize);
	return res;
}

/* LES, LDS, LSS, LFS, LGS. */
INSN_EXEC(lseg)
{
	static const u8 segs[8] = { [2] = INSN_SS, [4] = INSN_FS, [5] = INSN_GS };
	unsigned int seg = segs[d->opcode & 7];
	struct insn_far_pointer p;
	enum insn_result res;

	if (d->map == INSN_MAP_ONE)
		seg = d->opcode == 0xc4 ? INSN_ES : INSN_DS;
	res = insn_read_far_pointer(ctx, d, &p);
	if (!res)
		res = insn_load_into(ctx, seg, p.sel);
	d->dst.val = p.off;
	return res;
}
