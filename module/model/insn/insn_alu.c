// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic, logic, shifts, bit tests. Operands come zero-extended in
 * d->dst.val and d->src.val, immediates sign-extended to 64 bits; results may
 * carry garbage above the operand size. Flags per SDM vol. 2; those it leaves
 * undefined keep their value or follow the formula of the defined case.
 */
#include "insn_alu.h"
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"

static u64 put_flag(u64 rflags, u64 flag, bool on)
{
	return on ? rflags | flag : rflags & ~flag;
}

static u64 put_cf_of(u64 rflags, bool cf, bool of)
{
	return put_flag(put_flag(rflags, X86_EFLAGS_CF, cf), X86_EFLAGS_OF, of);
}

static bool even_parity(u8 byte)
{
	byte ^= byte >> 4;
	return !(0x6996 >> (byte & 15) & 1);
}

/* Sign, zero and parity of a result. */
static u64 put_szp(u64 rflags, u64 res, unsigned int size)
{
	rflags = put_flag(rflags, X86_EFLAGS_SF, res & insn_msb(size));
	rflags = put_flag(rflags, X86_EFLAGS_ZF, !(res & insn_mask(size)));
	return put_flag(rflags, X86_EFLAGS_PF, even_parity(res));
}

static u64 flags_add(u64 rflags, u64 a, u64 b, u64 res, unsigned int size)
{
	u64 carry = (a & b) | ((a | b) & ~res);

	rflags = put_cf_of(rflags, carry & insn_msb(size),
			   ~(a ^ b) & (a ^ res) & insn_msb(size));
	rflags = put_flag(rflags, X86_EFLAGS_AF, (a ^ b ^ res) & 0x10);
	return put_szp(rflags, res, size);
}

static u64 flags_borrow(u64 rflags, u64 a, u64 b, u64 res, unsigned int size)
{
	u64 borrow = (~a & b) | (~(a ^ b) & res);

	rflags = put_cf_of(rflags, borrow & insn_msb(size), (a ^ b) & (a ^ res) & insn_msb(size));
	rflags = put_flag(rflags, X86_EFLAGS_AF, (a ^ b ^ res) & 0x10);
	return put_szp(rflags, res, size);
}

/* The flags of a - b. */
u64 insn_flags_sub(u64 rflags, u64 a, u64 b, unsigned int size)
{
	return flags_borrow(rflags, a, b, a - b, size);
}

static enum insn_result add(struct insn_dec *d, u64 carry)
{
	u64 res = d->dst.val + d->src.val + carry;

	d->rflags = flags_add(d->rflags, d->dst.val, d->src.val, res, d->dst.size);
	d->dst.val = res;
	return INSN_DONE;
}

static enum insn_result subtract(struct insn_dec *d, u64 borrow)
{
	u64 res = d->dst.val - d->src.val - borrow;

	d->rflags = flags_borrow(d->rflags, d->dst.val, d->src.val, res, d->dst.size);
	d->dst.val = res;
	return INSN_DONE;
}

static enum insn_result logic(struct insn_dec *d, u64 res)
{
	d->rflags &= ~(u64)(X86_EFLAGS_CF | X86_EFLAGS_OF | X86_EFLAGS_AF);
	d->rflags = put_szp(d->rflags, res, d->dst.size);
	d->dst.val = res;
	return INSN_DONE;
}

INSN_EXEC(add)
{
	return add(d, 0);
}

INSN_EXEC(adc)
{
	return add(d, d->rflags & X86_EFLAGS_CF);
}

INSN_EXEC(sub)
{
	return subtract(d, 0);
}

INSN_EXEC(sbb)
{
	return subtract(d, d->rflags & X86_EFLAGS_CF);
}

INSN_EXEC(cmp)
{
	return subtract(d, 0);
}

INSN_EXEC(or)
{
	return logic(d, d->dst.val | d->src.val);
}

INSN_EXEC(and)
{
	return logic(d, d->dst.val & d->src.val);
}

INSN_EXEC(xor)
{
	return logic(d, d->dst.val ^ d->src.val);
}

INSN_EXEC(test)
{
	return logic(d, d->dst.val & d->src.val);
}

INSN_EXEC(not)
{
	d->dst.val = ~d->dst.val;
	return INSN_DONE;
}

INSN_EXEC(neg)
{
	u64 val = d->dst.val;

	d->dst.val = -val;
	d->rflags = insn_flags_sub(d->rflags, 0, val, d->dst.size);
	return INSN_DONE;
}

static enum insn_result step(struct insn_dec *d, u64 res, u64 flags)
{
	d->rflags = (flags & ~(u64)X86_EFLAGS_CF) | (d->rflags & X86_EFLAGS_CF);
	d->dst.val = res;
	return INSN_DONE;
}

INSN_EXEC(inc)
{
	u64 res = d->dst.val + 1;

	return step(d, res, flags_add(d->rflags, d->dst.val, 1, res, d->dst.size));
}

INSN_EXEC(dec)
{
	u64 res = d->dst.val - 1;

	return step(d, res, flags_borrow(d->rflags, d->dst.val, 1, res, d->dst.size));
}

static unsigned int shift_count(const struct insn_dec *d, u64 count)
{
	return count & (d->dst.size == 8 ? 63 : 31);
}

static bool top_bit(u64 val, unsigned int size)
{
	return val & insn_msb(size);
}

INSN_EXEC(rol)
{
	unsigned int size = d->dst.size, bits = 8 * size;
	unsigned int count = shift_count(d, d->src.val);
	unsigned int turn = count % bits;
	u64 val = d->dst.val;

	if (turn)
		val = (val << turn | val >> (bits - turn)) & insn_mask(size);
	if (count)
		d->rflags = put_cf_of(d->rflags, val & 1, (val & 1) ^ top_bit(val, size));
	d->dst.val = val;
	return INSN_DONE;
}

INSN_EXEC(ror)
{
	unsigned int size = d->dst.size, bits = 8 * size;
	unsigned int count = shift_count(d, d->src.val);
	unsigned int turn = count % bits;
	u64 val = d->dst.val;

	if (turn)
		val = (val >> turn | val << (bits - turn)) & insn_mask(size);
	if (count)
		d->rflags = put_cf_of(d->rflags, top_bit(val, size),
				      top_bit(val, size) ^ top_bit(val << 1, size));
	d->dst.val = val;
	return INSN_DONE;
}

INSN_EXEC(rcl)
{
	unsigned int size = d->dst.size;
	unsigned int count = shift_count(d, d->src.val);
	unsigned int turn = count % (8 * size + 1);
	bool cf = d->rflags & X86_EFLAGS_CF;
	u64 val = d->dst.val;
	bool out;

	for (; turn; turn--) {
		out = top_bit(val, size);
		val = val << 1 | cf;
		cf = out;
	}
	if (count)
		d->rflags = put_cf_of(d->rflags, cf, cf ^ top_bit(val, size));
	d->dst.val = val;
	return INSN_DONE;
}

INSN_EXEC(rcr)
{
	unsigned int size = d->dst.size;
	unsigned int count = shift_count(d, d->src.val);
	unsigned int turn = count % (8 * size + 1);
	bool cf = d->rflags & X86_EFLAGS_CF;
	u64 val = d->dst.val;
	bool out;

	for (; turn; turn--) {
		out = val & 1;
		val = val >> 1 | (cf ? insn_msb(size) : 0);
		cf = out;
	}
	if (count)
		d->rflags = put_cf_of(d->rflags, cf, top_bit(val, size) ^ top_bit(val << 1, size));
	d->dst.val = val;
	return INSN_DONE;
}

INSN_EXEC(shl)
{
	unsigned int size = d->dst.size, bits = 8 * size;
	unsigned int count = shift_count(d, d->src.val);
	u64 res = d->dst.val << count;
	bool cf;

	if (!count)
		return INSN_DONE;
	cf = count <= bits && d->dst.val >> (bits - count) & 1;
	d->rflags = put_cf_of(d->rflags, cf, cf ^ top_bit(res, size));
	d->rflags = put_szp(d->rflags, res, size);
	d->dst.val = res;
	return INSN_DONE;
}

INSN_EXEC(shr)
{
	unsigned int count = shift_count(d, d->src.val);
	u64 val = d->dst.val;

	if (!count)
		return INSN_DONE;
	d->rflags = put_cf_of(d->rflags, val >> (count - 1) & 1, top_bit(val, d->dst.size));
	d->dst.val = val >> count;
	d->rflags = put_szp(d->rflags, d->dst.val, d->dst.size);
	return INSN_DONE;
}

INSN_EXEC(sar)
{
	unsigned int count = shift_count(d, d->src.val);
	s64 val = (s64)insn_sext(d->dst.val, d->dst.size);

	if (!count)
		return INSN_DONE;
	d->rflags = put_cf_of(d->rflags, val >> (count - 1) & 1, false);
	d->dst.val = (u64)(val >> count);
	d->rflags = put_szp(d->rflags, d->dst.val, d->dst.size);
	return INSN_DONE;
}

/* The immediate or CL; above the operand size the result of SHLD and SHRD is undefined. */
static unsigned int double_count(const struct insn_ctx *ctx, const struct insn_dec *d)
{
	unsigned int bits = 8 * d->dst.size;
	unsigned int count = shift_count(d, d->imm_kind ? d->imm : ctx->r.gpr[RCX]);

	return count <= bits ? count : count % bits;
}

static enum insn_result finish_double(struct insn_dec *d, u64 res, bool cf)
{
	d->rflags = put_cf_of(d->rflags, cf, top_bit(res ^ d->dst.val, d->dst.size));
	d->rflags = put_szp(d->rflags, res, d->dst.size);
	d->dst.val = res;
	return INSN_DONE;
}

INSN_EXEC(shld)
{
	unsigned int count = double_count(ctx, d);
	unsigned int rest = 8 * d->dst.size - count;

	if (!count)
		return INSN_DONE;
	return finish_double(d, d->dst.val << count | d->src.val >> rest,
			     d->dst.val >> rest & 1);
}

INSN_EXEC(shrd)
{
	unsigned int count = double_count(ctx, d);
	unsigned int rest = 8 * d->dst.size - count;

	if (!count)
		return INSN_DONE;
	return finish_double(d, d->dst.val >> count | d->src.val << rest,
			     d->dst.val >> (count - 1) & 1);
}

/* Only CF is defined; the selected bit goes there. */
static u64 select_bit(struct insn_dec *d)
{
	u64 bit = 1ULL << (d->src.val & (8 * d->dst.size - 1));

	d->rflags = put_flag(d->rflags, X86_EFLAGS_CF, d->dst.val & bit);
	return bit;
}

INSN_EXEC(bt)
{
	select_bit(d);
	return INSN_DONE;
}

INSN_EXEC(bts)
{
	d->dst.val |= select_bit(d);
	return INSN_DONE;
}

INSN_EXEC(btr)
{
	d->dst.val &= ~select_bit(d);
	return INSN_DONE;
}

INSN_EXEC(btc)
{
	d->dst.val ^= select_bit(d);
	return INSN_DONE;
}

/* rDX:rAX, or AX for one byte. */
static void write_pair(struct insn_ctx *ctx, unsigned int size, u64 hi, u64 lo)
{
	if (size == 1) {
		insn_reg_write(ctx, RAX, (hi & 0xff) << 8 | (lo & 0xff), 2);
		return;
	}
	insn_reg_write(ctx, RAX, lo, size);
	insn_reg_write(ctx, RDX, hi, size);
}

INSN_EXEC(mul)
{
	unsigned int size = d->src.size;
	unsigned __int128 res = (unsigned __int128)insn_reg_read(ctx, RAX, size) * d->src.val;
	u64 hi = (u64)(res >> (8 * size)) & insn_mask(size);

	d->rflags = put_cf_of(d->rflags, hi, hi);
	write_pair(ctx, size, hi, (u64)res);
	return INSN_DONE;
}

/* The product of two signed values of size bytes; sets CF and OF when it does not fit in size. */
static __int128 signed_product(struct insn_dec *d, u64 a, u64 b, unsigned int size)
{
	__int128 res = (__int128)(s64)insn_sext(a, size) * (s64)insn_sext(b, size);
	bool over = res != (__int128)(s64)insn_sext((u64)res, size);

	d->rflags = put_cf_of(d->rflags, over, over);
	return res;
}

INSN_EXEC(imul)
{
	unsigned int size = d->src.size;
	__int128 res = signed_product(d, insn_reg_read(ctx, RAX, size), d->src.val, size);

	write_pair(ctx, size, (u64)(res >> (8 * size)), (u64)res);
	return INSN_DONE;
}

INSN_EXEC(imul2)
{
	d->dst.val = (u64)signed_product(d, d->dst.val, d->src.val, d->dst.size);
	return INSN_DONE;
}

INSN_EXEC(imul3)
{
	d->dst.val = (u64)signed_product(d, d->src.val, d->imm, d->dst.size);
	return INSN_DONE;
}

/* hi:lo / div for hi < div, bit by bit: the kernel has no 128-bit division. */
static u64 divide_128(u64 hi, u64 lo, u64 div, u64 *rem)
{
	unsigned int i;
	bool carry;

	for (i = 0; i < 64; i++) {
		carry = hi >> 63;
		hi = hi << 1 | lo >> 63;
		lo <<= 1;
		if (carry || hi >= div) {
			hi -= div;
			lo |= 1;
		}
	}
	*rem = hi;
	return lo;
}

static unsigned __int128 read_pair(const struct insn_ctx *ctx, unsigned int size)
{
	if (size == 1)
		return insn_reg_read(ctx, RAX, 2);
	return (unsigned __int128)insn_reg_read(ctx, RDX, size) << (8 * size) |
	       insn_reg_read(ctx, RAX, size);
}

INSN_EXEC(div)
{
	unsigned int size = d->src.size;
	unsigned __int128 num = read_pair(ctx, size);
	u64 quot, rem;

	if ((u64)(num >> 64) >= d->src.val)
		return insn_raise(ctx, DE_VECTOR, false);
	quot = divide_128((u64)(num >> 64), (u64)num, d->src.val, &rem);
	if (quot > insn_mask(size))
		return insn_raise(ctx, DE_VECTOR, false);
	write_pair(ctx, size, rem, quot);
	return INSN_DONE;
}

/* The quotient is cut towards zero, the remainder has the dividend's sign (SDM vol. 2, IDIV). */
INSN_EXEC(idiv)
{
	unsigned int size = d->src.size;
	unsigned __int128 num = read_pair(ctx, size);
	s64 div = (s64)insn_sext(d->src.val, size);
	u64 mag = div < 0 ? -(u64)div : (u64)div;
	bool minus, quot_minus;
	u64 quot, rem;

	minus = num >> (16 * size - 1) & 1;
	if (minus && size < 8)
		num |= ~(unsigned __int128)0 << (16 * size);
	if (minus)
		num = -num;
	quot_minus = minus != (div < 0);
	if ((u64)(num >> 64) >= mag)
		return insn_raise(ctx, DE_VECTOR, false);
	quot = divide_128((u64)(num >> 64), (u64)num, mag, &rem);
	if (quot > insn_mask(size) / 2 + quot_minus)
		return insn_raise(ctx, DE_VECTOR, false);
	write_pair(ctx, size, minus ? -rem : rem, quot_minus ? -quot : quot);
	return INSN_DONE;
}
