// SPDX-License-Identifier: GPL-2.0-only
/*
 * From bytes to struct insn_dec: prefixes, opcode, ModRM and SIB, immediates
 * (SDM vol. 2, chapter 2; AMD APM vol. 3, chapter 1). Bytes are fetched only
 * when they are needed, so an instruction that ends at a page's end never
 * touches the next page. The first error sticks in d->err; every byte read
 * after it is 0.
 */
#include "insn_decode.h"
#include "insn_mem.h"
#include "insn_priv.h"
#include "insn_table.h"

/* Fetch more bytes behind those in ctx->bytes: to the end of the page, of CS, or 15 in all. */
static enum insn_result refill(struct insn_ctx *ctx, struct insn_dec *d)
{
	const struct insn_segment *cs = &ctx->r.seg[INSN_CS];
	unsigned int want = INSN_MAX_LEN - ctx->nbytes;
	u64 off = ctx->r.rip + ctx->nbytes;
	u64 lin = off;
	int got;

	if (!want)
		return insn_gp(ctx);
	if (d->bits == 64) {
		if (!insn_canonical(ctx, lin))
			return insn_gp(ctx);
	} else {
		off = (u32)off;
		if (off > cs->limit)
			return insn_gp(ctx);
		want = min_t(u64, want, cs->limit - off + 1);
		lin = (u32)(cs->base + off);
	}
	want = min_t(u64, want, INSN_PAGE - (lin & (INSN_PAGE - 1)));
	got = ctx->ops->fetch(ctx, lin, ctx->bytes + ctx->nbytes, want);
	if (got == -INSN_FAULT || got == -INSN_PENDING)
		return (enum insn_result)-got;
	if (got <= 0 || got > (int)want)
		return INSN_UNKNOWN;
	ctx->nbytes += got;
	return INSN_DONE;
}

static u8 next_byte(struct insn_ctx *ctx, struct insn_dec *d)
{
	if (!d->err && d->pos == ctx->nbytes)
		d->err = refill(ctx, d);
	if (d->err)
		return 0;
	return ctx->bytes[d->pos++];
}

static u64 next_value(struct insn_ctx *ctx, struct insn_dec *d, unsigned int size)
{
	unsigned int i;
	u64 val = 0;

	for (i = 0; i < size; i++)
		val |= (u64)next_byte(ctx, d) << (8 * i);
	return val;
}

static u64 next_signed(struct insn_ctx *ctx, struct insn_dec *d, unsigned int size)
{
	return insn_sext(next_value(ctx, d, size), size);
}

/* In 64-bit mode only FS and GS can be chosen (APM vol. 3, 1.2.4). */
static bool segment_prefix(struct insn_dec *d, u8 byte)
{
	static const u8 bytes[INSN_NSEGS] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	unsigned int i;

	for (i = 0; i < INSN_NSEGS; i++) {
		if (byte != bytes[i])
			continue;
		if (d->bits != 64 || i >= INSN_FS)
			d->seg_override = i;
		return true;
	}
	return false;
}

static bool legacy_prefix(struct insn_dec *d, u8 byte)
{
	switch (byte) {
	case 0x66:
		d->p66 = true;
		return true;
	case 0x67:
		d->p67 = true;
		return true;
	case 0xf0:
		d->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		d->rep = byte;
		return true;
	default:
		return segment_prefix(d, byte);
	}
}

bool insn_is_legacy_prefix(u8 byte)
{
	struct insn_dec d;

	return legacy_prefix(&d, byte);
}

/* Returns the first byte that is no prefix; REX counts only right before it. */
static u8 decode_prefixes(struct insn_ctx *ctx, struct insn_dec *d)
{
	u8 byte;

	for (;;) {
		byte = next_byte(ctx, d);
		if (legacy_prefix(d, byte))
			d->rex = 0;
		else if (d->bits == 64 && (byte & 0xf0) == 0x40)
			d->rex = byte;
		else
			break;
	}
	d->pp = d->rep == 0xf3 ? PP_F3 : d->rep == 0xf2 ? PP_F2 : d->p66 ? PP_66 : PP_NONE;
	return byte;
}

/* VEX in two or three bytes; byte1 is the one behind C5 or C4. */
static void decode_vex(struct insn_ctx *ctx, struct insn_dec *d, u8 first, u8 byte1)
{
	u8 last = byte1;
	u8 rex = 0x40;

	if (d->p66 || d->rep || d->lock || d->rex || !d->prot) {
		d->err = insn_ud(ctx);
		return;
	}
	d->enc = INSN_VEX;
	d->map = INSN_MAP_0F;
	rex |= byte1 & 0x80 ? 0 : 4;
	if (first == 0xc4) {
		last = next_byte(ctx, d);
		rex |= (byte1 & 0x40 ? 0 : 2) | (byte1 & 0x20 ? 0 : 1) | (last & 0x80 ? 8 : 0);
		d->map = byte1 & 0x1f;
	}
	d->rex = d->bits == 64 ? rex : 0;
	d->vex_v = ~last >> 3 & (d->bits == 64 ? 15 : 7);
	d->vex_l = last & 4;
	d->pp = last & 3;
	d->opcode = next_byte(ctx, d);
	if (!d->err && (d->map < INSN_MAP_0F || d->map > INSN_MAP_0F3A))
		d->err = INSN_UNKNOWN;
}

/* EVEX: decoded for its length only (SDM vol. 2, 2.7). */
static void decode_evex(struct insn_ctx *ctx, struct insn_dec *d, u8 byte1)
{
	u8 map = byte1 & 7;

	if (d->p66 || d->rep || d->lock || d->rex || !d->prot) {
		d->err = insn_ud(ctx);
		return;
	}
	d->enc = INSN_EVEX;
	next_value(ctx, d, 2);
	d->opcode = next_byte(ctx, d);
	d->map = map == 5 || map == 6 ? INSN_MAP_0F38 : map;
	if (!d->err && (d->map < INSN_MAP_0F || d->map > INSN_MAP_0F3A))
		d->err = INSN_UNKNOWN;
}

/*
 * C4, C5 and 62 are LES, LDS and BOUND outside 64-bit mode, unless what would
 * be their ModRM names a register. The byte behind them is consumed here.
 */
static bool decode_vector_prefix(struct insn_ctx *ctx, struct insn_dec *d, u8 first)
{
	u8 byte1;

	if (first != 0xc4 && first != 0xc5 && first != 0x62)
		return false;
	byte1 = next_byte(ctx, d);
	if (d->bits != 64 && byte1 < 0xc0) {
		d->modrm = byte1;
		d->have_modrm = true;
		return false;
	}
	if (d->err)
		return true;
	if (first == 0x62)
		decode_evex(ctx, d, byte1);
	else
		decode_vex(ctx, d, first, byte1);
	return true;
}

static void decode_opcode(struct insn_ctx *ctx, struct insn_dec *d)
{
	u8 byte = decode_prefixes(ctx, d);

	if (decode_vector_prefix(ctx, d, byte))
		return;
	d->opcode = byte;
	if (byte != 0x0f)
		return;
	d->opcode = next_byte(ctx, d);
	d->map = INSN_MAP_0F;
	if (d->opcode != 0x38 && d->opcode != 0x3a)
		return;
	d->map = d->opcode == 0x38 ? INSN_MAP_0F38 : INSN_MAP_0F3A;
	d->opcode = next_byte(ctx, d);
}

static void decode_sizes(const struct insn_ctx *ctx, struct insn_dec *d)
{
	bool w = d->rex & 8;

	if (d->bits == 64) {
		d->adsize = d->p67 ? 4 : 8;
		d->opsize = w ? 8 : d->p66 ? 2 : d->flags & (F_D64 | F_F64) ? 8 : 4;
		/* Intel ignores 66 on a near branch, AMD obeys it (SDM vol. 2, 2.2.1.7). */
		if (d->flags & F_F64 && (w || !d->p66 || !ctx->cpu.amd))
			d->opsize = 8;
	} else {
		d->adsize = (d->bits == 32) != d->p67 ? 4 : 2;
		d->opsize = (d->bits == 32) != d->p66 ? 4 : 2;
	}
	if (d->enc != INSN_LEGACY)
		d->opsize = w ? 8 : 4;
	if (d->flags & F_IO)
		d->opsize = min_t(u8, d->opsize, 4);
}

static void use_segment(struct insn_dec *d, unsigned int seg)
{
	d->seg = d->seg_override == INSN_NSEGS ? seg : d->seg_override;
}

static void decode_ea16(struct insn_ctx *ctx, struct insn_dec *d)
{
	static const u8 base[8] = { RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX };
	unsigned int mod = d->modrm >> 6;
	unsigned int rm = d->modrm & 7;

	if (mod == 0 && rm == 6) {
		d->ea = next_value(ctx, d, 2);
		use_segment(d, INSN_DS);
		return;
	}
	d->ea = ctx->r.gpr[base[rm]];
	if (rm < 4)
		d->ea += ctx->r.gpr[rm & 1 ? RDI : RSI];
	use_segment(d, base[rm] == RBP ? INSN_SS : INSN_DS);
	if (mod == 1)
		d->ea += next_signed(ctx, d, 1);
	else if (mod == 2)
		d->ea += next_value(ctx, d, 2);
}

/* The SIB byte; returns whether there is a base register. */
static bool decode_sib(struct insn_ctx *ctx, struct insn_dec *d, unsigned int *base)
{
	u8 sib = next_byte(ctx, d);
	unsigned int index = (sib >> 3 & 7) | (d->rex & 2 ? 8 : 0);

	*base = (sib & 7) | (d->rex & 1 ? 8 : 0);
	if (index != RSP)
		d->ea = ctx->r.gpr[index] << (sib >> 6);
	return (sib & 7) != RBP || d->modrm >> 6;
}

static void decode_ea32(struct insn_ctx *ctx, struct insn_dec *d)
{
	unsigned int base = (d->modrm & 7) | (d->rex & 1 ? 8 : 0);
	unsigned int mod = d->modrm >> 6;
	bool has_base = true;

	if ((d->modrm & 7) == RSP) {
		has_base = decode_sib(ctx, d, &base);
	} else if ((d->modrm & 7) == RBP && mod == 0) {
		has_base = false;
		d->rip_rel = d->bits == 64;
	}
	use_segment(d, has_base && (base == RSP || base == RBP) ? INSN_SS : INSN_DS);
	if (has_base)
		d->ea += ctx->r.gpr[base];
	d->base_sp = has_base && base == RSP;
	if (mod == 1)
		d->ea += next_signed(ctx, d, 1);
	else if (mod == 2 || !has_base)
		d->ea += next_signed(ctx, d, 4);
}

static void decode_modrm(struct insn_ctx *ctx, struct insn_dec *d)
{
	if (!(d->flags & F_MODRM) || d->flags & F_REGMOD || d->modrm >= 0xc0)
		return;
	d->mem = true;
	if (d->adsize == 2)
		decode_ea16(ctx, d);
	else
		decode_ea32(ctx, d);
}

static void decode_imm(struct insn_ctx *ctx, struct insn_dec *d)
{
	unsigned int z = d->opsize == 2 ? 2 : 4;

	switch (d->imm_kind) {
	case IMM_8:
		d->imm = next_signed(ctx, d, 1);
		break;
	case IMM_Z:
		d->imm = next_signed(ctx, d, d->flags & F_BYTE ? 1 : z);
		break;
	case IMM_REL:
		d->imm = next_signed(ctx, d, z);
		break;
	case IMM_V:
		d->imm = next_value(ctx, d, d->opsize);
		break;
	case IMM_16:
		d->imm = next_value(ctx, d, 2);
		break;
	case IMM_16_8:
		d->imm = next_value(ctx, d, 3);
		break;
	case IMM_FAR:
		d->imm = next_value(ctx, d, z + 2);
		break;
	case IMM_OFFS:
		d->ea = next_value(ctx, d, d->adsize);
		use_segment(d, INSN_DS);
		break;
	case IMM_SSE4A:
		d->imm = next_value(ctx, d, d->pp == PP_66 || d->pp == PP_F2 ? 2 : 0);
		break;
	}
}

/* The descriptor, with what its group adds for this ModRM.reg. */
static void decode_desc(struct insn_ctx *ctx, struct insn_dec *d)
{
	const struct insn_desc *desc = insn_lookup(d);

	d->flags = desc->flags;
	d->exec = desc->exec;
	d->imm_kind = desc->imm;
	d->dst_kind = desc->dst;
	d->src_kind = desc->src;
	if (d->flags & F_MODRM && !d->have_modrm)
		d->modrm = next_byte(ctx, d);
	if (!desc->group)
		return;
	desc = &desc->group[insn_reg_field(d) + (d->flags & F_DUAL && d->modrm >= 0xc0 ? 8 : 0)];
	d->flags |= desc->flags;
	d->exec = desc->exec;
	d->imm_kind = desc->imm ? desc->imm : d->imm_kind;
	d->dst_kind = desc->dst ? desc->dst : d->dst_kind;
	d->src_kind = desc->src ? desc->src : d->src_kind;
}

static enum insn_result check_legal(struct insn_ctx *ctx, const struct insn_dec *d)
{
	if (d->flags & F_UD || (d->flags & F_NO64 && d->bits == 64))
		return insn_ud(ctx);
	if (d->flags & F_HOLE)
		return INSN_UNKNOWN;
	if (d->flags & F_MEM && !d->mem)
		return insn_ud(ctx);
	if (d->lock && !(d->flags & F_LOCKCR) && !(d->flags & F_LOCK && d->mem))
		return insn_ud(ctx);
	return INSN_DONE;
}

static void set_mode(const struct insn_ctx *ctx, struct insn_dec *d)
{
	u16 attr = ctx->r.seg[INSN_CS].attr;

	d->prot = insn_protected(ctx);
	if (insn_64bit(ctx))
		d->bits = 64;
	else
		d->bits = attr & INSN_ATTR_DB ? 32 : 16;
}

/* Decode the instruction at RIP. On INSN_DONE ctx->len and d are complete but for the operands. */
enum insn_result insn_decode_bytes(struct insn_ctx *ctx, struct insn_dec *d)
{
	memset(d, 0, sizeof(*d));
	d->seg_override = INSN_NSEGS;
	d->seg = INSN_DS;
	ctx->nbytes = 0;
	ctx->len = 0;
	ctx->shadow = 0;
	ctx->iret = false;
	set_mode(ctx, d);

	decode_opcode(ctx, d);
	if (d->err)
		return d->err;
	decode_desc(ctx, d);
	if (!d->err)
		decode_sizes(ctx, d);
	if (d->err)
		return d->err;
	decode_modrm(ctx, d);
	decode_imm(ctx, d);
	if (d->err)
		return d->err;
	d->next_rip = ctx->r.rip + d->pos;
	if (d->bits != 64)
		d->next_rip = (u32)d->next_rip;
	if (d->rip_rel)
		d->ea += d->next_rip;
	ctx->len = d->pos;
	return check_legal(ctx, d);
}
