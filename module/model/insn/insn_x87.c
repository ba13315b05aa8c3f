// SPDX-License-Identifier: GPL-2.0-only
/* The few x87 instructions without a floating-point operand, and FXSAVE and FXRSTOR (SDM vol. 1, 8.1 and 10.5). */
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"

#define FX_HEADER 160 /* control, MXCSR, ST0 to ST7; XMM0 and on behind them */
#define FX_MXCSR 24
#define FX_CHUNK 64U /* of one memory callback */
#define FX_SIZE 512

/* Every x87 instruction but FWAIT: #NM while the task's state is not there, or there is no FPU. */
static enum insn_result check_x87(struct insn_ctx *ctx)
{
	if (ctx->r.cr0 & (X86_CR0_EM | X86_CR0_TS))
		return insn_raise(ctx, NM_VECTOR, false);
	return INSN_DONE;
}

INSN_EXEC(fnstcw)
{
	d->dst.size = 2;
	d->dst.val = ctx->ops->x87(ctx, INSN_X87_CW);
	return check_x87(ctx);
}

INSN_EXEC(fnstsw)
{
	d->dst.size = 2;
	d->dst.val = ctx->ops->x87(ctx, INSN_X87_SW);
	return check_x87(ctx);
}

/* DB E3; its neighbours are not emulated. */
INSN_EXEC(fninit)
{
	enum insn_result res = check_x87(ctx);

	if (d->modrm != 0xe3)
		return INSN_UNKNOWN;
	if (!res)
		ctx->ops->x87(ctx, INSN_X87_INIT);
	return res;
}

/* How much of the image is memory's: the XMM registers that this mode has, if the system uses them. */
static unsigned int fx_size(const struct insn_ctx *ctx, const struct insn_dec *d)
{
	if (!(ctx->r.cr4 & X86_CR4_OSFXSR))
		return FX_HEADER;
	return FX_HEADER + 16 * (d->bits == 64 ? 16 : 8);
}

static enum insn_result fx_address(struct insn_ctx *ctx, const struct insn_dec *d, bool write, u64 *lin)
{
	enum insn_result res = check_x87(ctx);

	if (!res)
		res = insn_linear(ctx, d, d->seg, insn_ea(d), FX_SIZE, write, lin);
	if (!res && *lin & 15)
		res = insn_gp(ctx);
	return res;
}

INSN_EXEC(fxsave)
{
	unsigned int size = fx_size(ctx, d), done;
	u8 image[FX_SIZE];
	enum insn_result res;
	u64 lin;

	res = fx_address(ctx, d, true, &lin);
	if (!res)
		res = insn_check_write(ctx, lin, FX_SIZE);
	if (!res && ctx->ops->is_device(ctx, lin, true))
		return INSN_UNKNOWN;
	if (res)
		return res;
	ctx->ops->fx(ctx, image, true, d->opsize == 8);
	for (done = 0; !res && done < size; done += FX_CHUNK)
		res = ctx->ops->write(ctx, lin + done, image + done, min(size - done, FX_CHUNK));
	return res;
}

/* Registers that the image in memory does not have keep their values. */
INSN_EXEC(fxrstor)
{
	unsigned int size = fx_size(ctx, d), done;
	u8 image[FX_SIZE];
	enum insn_result res;
	u64 lin;

	res = fx_address(ctx, d, false, &lin);
	if (!res && ctx->ops->is_device(ctx, lin, false))
		return INSN_UNKNOWN;
	if (res)
		return res;
	ctx->ops->fx(ctx, image, true, d->opsize == 8);
	for (done = 0; !res && done < size; done += FX_CHUNK)
		res = ctx->ops->read(ctx, lin + done, image + done, min(size - done, FX_CHUNK));
	if (!res && !ctx->ops->fx(ctx, image, false, d->opsize == 8))
		res = insn_gp(ctx);
	return res;
}
