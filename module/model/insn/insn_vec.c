// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMX, SSE and AVX moves between memory and a vector register (SDM vol. 2,
 * MOVAPS and following). Register forms are not emulated.
 */
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"

enum vec_form {
	LOAD, /* zero-extends to the register */
	STORE,
	LOAD_LOW, /* eight bytes into the low or high half, the other half stays */
	LOAD_HIGH,
	STORE_HIGH,
	MMX_LOAD,
	MMX_STORE,
};

#define XCR0_AVX 6 /* SSE and AVX state */

#define X87_ERROR BIT(7) /* of the status word: an exception waits */

#define WHOLE 0 /* the register's size: 16, or 32 with VEX.L */
#define GPRS 1 /* 4, or 8 with REX.W */

enum vec_rule { FREE, ALIGNED, ANY_L /* VEX.L is ignored */ };

struct vec_move {
	u8 map, opcode;
	u8 pps; /* set of 1 << enum insn_pp */
	u8 form;
	u8 size; /* bytes, or WHOLE, GPRS */
	u8 rule;
};

#define P(x) (1 << PP_##x)

static const struct vec_move moves[] = {
	{ INSN_MAP_0F, 0x10, P(NONE) | P(66), LOAD, WHOLE, FREE },
	{ INSN_MAP_0F, 0x10, P(F3), LOAD, 4, ANY_L },
	{ INSN_MAP_0F, 0x10, P(F2), LOAD, 8, ANY_L },
	{ INSN_MAP_0F, 0x11, P(NONE) | P(66), STORE, WHOLE, FREE },
	{ INSN_MAP_0F, 0x11, P(F3), STORE, 4, ANY_L },
	{ INSN_MAP_0F, 0x11, P(F2), STORE, 8, ANY_L },
	{ INSN_MAP_0F, 0x12, P(NONE) | P(66), LOAD_LOW, 8, FREE },
	{ INSN_MAP_0F, 0x13, P(NONE) | P(66), STORE, 8, FREE },
	{ INSN_MAP_0F, 0x16, P(NONE) | P(66), LOAD_HIGH, 8, FREE },
	{ INSN_MAP_0F, 0x17, P(NONE) | P(66), STORE_HIGH, 8, FREE },
	{ INSN_MAP_0F, 0x28, P(NONE) | P(66), LOAD, WHOLE, ALIGNED },
	{ INSN_MAP_0F, 0x29, P(NONE) | P(66), STORE, WHOLE, ALIGNED },
	{ INSN_MAP_0F, 0x2b, P(NONE) | P(66), STORE, WHOLE, ALIGNED },
	{ INSN_MAP_0F, 0x6e, P(NONE), MMX_LOAD, GPRS, FREE },
	{ INSN_MAP_0F, 0x6e, P(66), LOAD, GPRS, FREE },
	{ INSN_MAP_0F, 0x6f, P(NONE), MMX_LOAD, 8, FREE },
	{ INSN_MAP_0F, 0x6f, P(66), LOAD, WHOLE, ALIGNED },
	{ INSN_MAP_0F, 0x6f, P(F3), LOAD, WHOLE, FREE },
	{ INSN_MAP_0F, 0x7e, P(NONE), MMX_STORE, GPRS, FREE },
	{ INSN_MAP_0F, 0x7e, P(66), STORE, GPRS, FREE },
	{ INSN_MAP_0F, 0x7e, P(F3), LOAD, 8, FREE },
	{ INSN_MAP_0F, 0x7f, P(NONE), MMX_STORE, 8, FREE },
	{ INSN_MAP_0F, 0x7f, P(66), STORE, WHOLE, ALIGNED },
	{ INSN_MAP_0F, 0x7f, P(F3), STORE, WHOLE, FREE },
	{ INSN_MAP_0F, 0xd6, P(66), STORE, 8, FREE },
	{ INSN_MAP_0F, 0xe7, P(NONE), MMX_STORE, 8, FREE },
	{ INSN_MAP_0F, 0xe7, P(66), STORE, WHOLE, ALIGNED },
	{ INSN_MAP_0F, 0xf0, P(F2), LOAD, WHOLE, FREE },
	{ INSN_MAP_0F38, 0x2a, P(66), LOAD, WHOLE, ALIGNED },
};

static const struct vec_move *find_move(const struct insn_dec *d)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		if (moves[i].map == d->map && moves[i].opcode == d->opcode &&
		    moves[i].pps & 1 << d->pp)
			return &moves[i];
	}
	return NULL;
}

static unsigned int move_size(const struct insn_dec *d, const struct vec_move *m)
{
	if (m->size == WHOLE)
		return d->vex_l ? 32 : 16;
	if (m->size == GPRS)
		return d->rex & 8 ? 8 : 4;
	return m->size;
}

/* SDM vol. 2, 2.4 (exception classes) and vol. 3, 13.1.3. */
static enum insn_result check_usable(struct insn_ctx *ctx, const struct insn_dec *d,
				     const struct vec_move *m)
{
	bool three = m->form == LOAD_LOW || m->form == LOAD_HIGH;

	/* VEX is #UD unless XCR0 enables it (SDM vol. 1, 13.1), the vector registers are the CPU's. */
	if (d->enc == INSN_VEX) {
		if (!(ctx->r.cr4 & X86_CR4_OSXSAVE) || (ctx->r.xcr0 & XCR0_AVX) != XCR0_AVX || (d->vex_v && !three) ||
		    (d->vex_l && m->size != WHOLE && m->rule != ANY_L))
			return insn_ud(ctx);
	} else if (ctx->r.cr0 & X86_CR0_EM || !(ctx->r.cr4 & X86_CR4_OSFXSR)) {
		return insn_ud(ctx);
	}
	if (ctx->r.cr0 & X86_CR0_TS)
		return insn_raise(ctx, NM_VECTOR, false);
	return INSN_DONE;
}

/* SDM vol. 3, 13.3 and 23.3. */
static enum insn_result check_mmx(struct insn_ctx *ctx, const struct insn_dec *d)
{
	if (ctx->r.cr0 & X86_CR0_EM || d->enc == INSN_VEX)
		return insn_ud(ctx);
	if (ctx->r.cr0 & X86_CR0_TS)
		return insn_raise(ctx, NM_VECTOR, false);
	if (ctx->ops->x87(ctx, INSN_X87_SW) & X87_ERROR)
		return insn_raise(ctx, MF_VECTOR, false);
	return INSN_DONE;
}

static enum insn_result load_mmx(struct insn_ctx *ctx, const struct insn_dec *d, u64 lin, unsigned int size)
{
	enum insn_result res;
	u64 val = 0;

	res = ctx->ops->read(ctx, lin, &val, size);
	if (!res)
		ctx->ops->mmx(ctx, insn_reg_field(d), &val, true);
	return res;
}

/* Nothing of the x87 state has changed when the write faults. */
static enum insn_result store_mmx(struct insn_ctx *ctx, const struct insn_dec *d, u64 lin, unsigned int size)
{
	enum insn_result res;
	u64 val;

	res = insn_check_write(ctx, lin, size);
	if (res)
		return res;
	ctx->ops->mmx(ctx, insn_reg_field(d), &val, false);
	return ctx->ops->write(ctx, lin, &val, size);
}

/* With VEX the register is written whole: everything above the result becomes 0. */
static enum insn_result load(struct insn_ctx *ctx, const struct insn_dec *d,
			     const struct vec_move *m, u64 lin, unsigned int size)
{
	unsigned int reg = insn_reg_field(d) | (d->rex & 4 ? 8 : 0);
	bool vex = d->enc == INSN_VEX;
	u8 buf[32] = { 0 }, mem[32] = { 0 };
	enum insn_result res;

	res = ctx->ops->read(ctx, lin, mem, size);
	if (res)
		return res;
	if (m->form != LOAD)
		ctx->ops->vec_read(ctx, vex ? d->vex_v : reg, buf, 16);
	memcpy(m->form == LOAD_HIGH ? buf + 8 : buf, mem, size);
	ctx->ops->vec_write(ctx, reg, buf, vex ? 32 : 16);
	return INSN_DONE;
}

static enum insn_result store(struct insn_ctx *ctx, const struct insn_dec *d,
			      const struct vec_move *m, u64 lin, unsigned int size)
{
	unsigned int reg = insn_reg_field(d) | (d->rex & 4 ? 8 : 0);
	u8 buf[32] = { 0 };

	ctx->ops->vec_read(ctx, reg, buf, size > 16 ? 32 : 16);
	return ctx->ops->write(ctx, lin, m->form == STORE_HIGH ? buf + 8 : buf, size);
}

static enum insn_result move(struct insn_ctx *ctx, const struct insn_dec *d, const struct vec_move *m, u64 lin)
{
	unsigned int size = move_size(d, m);

	switch (m->form) {
	case STORE:
	case STORE_HIGH:
		return store(ctx, d, m, lin, size);
	case MMX_LOAD:
		return load_mmx(ctx, d, lin, size);
	case MMX_STORE:
		return store_mmx(ctx, d, lin, size);
	default:
		return load(ctx, d, m, lin, size);
	}
}

INSN_EXEC(vec)
{
	const struct vec_move *m = find_move(d);
	bool write, mmx;
	enum insn_result res;
	unsigned int size;
	u64 lin;

	if (!m || !d->mem)
		return INSN_UNKNOWN;
	mmx = m->form == MMX_LOAD || m->form == MMX_STORE;
	res = mmx ? check_mmx(ctx, d) : check_usable(ctx, d, m);
	if (res)
		return res;
	write = m->form == STORE || m->form == STORE_HIGH || m->form == MMX_STORE;
	size = move_size(d, m);
	res = insn_linear(ctx, d, d->seg, insn_ea(d), size, write, &lin);
	if (!res && m->rule == ALIGNED && lin & (size - 1))
		res = insn_gp(ctx);
	return res ? res : move(ctx, d, m, lin);
}
