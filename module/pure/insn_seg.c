// SPDX-License-Identifier: GPL-2.0-only
/* Instructions that read or load segment registers, LDTR and TR (SDM vol. 2: MOV, POP, LDS, LLDT, LTR, SLDT, STR). */
#include "insn_priv.h"

static enum insn_result load(struct insn_ctx *ctx, unsigned int seg, u16 sel)
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
	return load(ctx, seg, d->src.val);
}

INSN_EXEC(lldt)
{
	return load(ctx, INSN_LDTR, d->src.val);
}

INSN_EXEC(ltr)
{
	return load(ctx, INSN_TR, d->src.val);
}
