// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instruction decoder and emulator with random bytes, modes and registers,
 * on a machine with missing, read-only and device pages.
 *
 * Requirements for any input: a length is 1 to 15; a result that means "nothing
 * changed" has changed nothing; each callback gets valid arguments, and the
 * number of callbacks per call is bounded; length and emulator agree; a pending
 * instruction ends after it is answered.
 *
 * Input: one byte of mode and setup, one of flags, then the registers in
 * three bytes each, then code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "insn_machine.h"

#define MAX_CALLS 160 /* ENTER, 31 levels deep: 31 reads, 32 checks of two pages, 32 writes */
#define MAX_STEPS 24
#define HEADER 2

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #cond);      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static struct insn_machine m, fresh[4];
static const struct insn_ops *inner;
static unsigned long long results[INSN_EXIT + 1];

static bool canonical(struct insn_ctx *ctx, u64 lin)
{
	unsigned int shift = ctx->r.cr4 & 0x1000 ? 7 : 16;

	return (u64)((s64)(lin << shift) >> shift) == lin;
}

static void must_be_linear(struct insn_ctx *ctx, u64 lin, unsigned int len)
{
	MUST(len >= 1 && len <= 64);
	if (ctx->r.efer & 0x400 && ctx->r.seg[INSN_CS].attr & 0x200)
		MUST(canonical(ctx, lin) && canonical(ctx, lin + len - 1));
	else
		MUST(lin + len - 1 <= 0xffffffff);
}

static int op_fetch(struct insn_ctx *ctx, u64 lin, u8 *buf, unsigned int len)
{
	MUST(len >= 1 && len + ctx->nbytes <= INSN_MAX_LEN);
	MUST((lin & 0xfff) + len <= 0x1000);
	MUST(buf == ctx->bytes + ctx->nbytes);
	must_be_linear(ctx, lin, len);
	return inner->fetch(ctx, lin, buf, len);
}

static enum insn_result op_read(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len)
{
	must_be_linear(ctx, lin, len);
	return inner->read(ctx, lin, buf, len);
}

static enum insn_result op_write(struct insn_ctx *ctx, u64 lin, const void *buf, unsigned int len)
{
	must_be_linear(ctx, lin, len);
	return inner->write(ctx, lin, buf, len);
}

static enum insn_result op_cmpxchg(struct insn_ctx *ctx, u64 lin, void *old, const void *new,
				   unsigned int len, bool *swapped)
{
	MUST(len == 1 || len == 2 || len == 4 || len == 8 || len == 16);
	must_be_linear(ctx, lin, len);
	return inner->cmpxchg(ctx, lin, old, new, len, swapped);
}

static enum insn_result op_check_write(struct insn_ctx *ctx, u64 lin, unsigned int len)
{
	MUST(len >= 1 && (lin & 0xfff) + len <= 0x1000);
	return inner->check_write(ctx, lin, len);
}

static enum insn_result op_system(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len, bool write)
{
	MUST(len >= 1 && len <= 128);
	return inner->system(ctx, lin, buf, len, write);
}

static bool op_is_device(struct insn_ctx *ctx, u64 lin, bool write)
{
	return inner->is_device(ctx, lin, write);
}

static void op_mmx(struct insn_ctx *ctx, unsigned int n, u64 *val, bool write)
{
	MUST(n < 8);
	inner->mmx(ctx, n, val, write);
}

static u16 op_x87(struct insn_ctx *ctx, enum insn_x87 what)
{
	return inner->x87(ctx, what);
}

static bool op_fx(struct insn_ctx *ctx, void *image, bool save, bool wide)
{
	return inner->fx(ctx, image, save, wide);
}

static u64 op_tsc(struct insn_ctx *ctx)
{
	return inner->tsc(ctx);
}

static bool op_msr(struct insn_ctx *ctx, u32 index, u64 *val)
{
	return inner->msr(ctx, index, val);
}

static void must_be_pio(unsigned int size, unsigned int count)
{
	MUST(size == 1 || size == 2 || size == 4);
	MUST(count >= 1 && size * count <= INSN_IO_BATCH);
}

static enum insn_result op_pio_in(struct insn_ctx *ctx, u16 port, unsigned int size, void *buf,
				  unsigned int count)
{
	must_be_pio(size, count);
	return inner->pio_in(ctx, port, size, buf, count);
}

static enum insn_result op_pio_out(struct insn_ctx *ctx, u16 port, unsigned int size,
				   const void *buf, unsigned int count)
{
	must_be_pio(size, count);
	return inner->pio_out(ctx, port, size, buf, count);
}

static void op_vec_read(struct insn_ctx *ctx, unsigned int n, void *buf, unsigned int len)
{
	MUST(n < 16 && (len == 16 || len == 32));
	inner->vec_read(ctx, n, buf, len);
}

static void op_vec_write(struct insn_ctx *ctx, unsigned int n, const void *buf, unsigned int len)
{
	MUST(n < 16 && (len == 16 || len == 32));
	inner->vec_write(ctx, n, buf, len);
}

static const struct insn_ops ops = {
	.fetch = op_fetch,
	.read = op_read,
	.write = op_write,
	.cmpxchg = op_cmpxchg,
	.check_write = op_check_write,
	.system = op_system,
	.is_device = op_is_device,
	.pio_in = op_pio_in,
	.pio_out = op_pio_out,
	.vec_read = op_vec_read,
	.vec_write = op_vec_write,
	.mmx = op_mmx,
	.x87 = op_x87,
	.fx = op_fx,
	.tsc = op_tsc,
	.msr = op_msr,
};

static void setup_fresh(void)
{
	unsigned int mode;

	for (mode = 0; mode < 4; mode++) {
		machine_init(&fresh[mode], mode);
		inner = fresh[mode].ctx.ops;
		fresh[mode].ctx.ops = &ops;
		fresh[mode].page[7] = PAGE_NONE;
		fresh[mode].page[9] = PAGE_RO;
		fresh[mode].page[0xb] = fresh[mode].page[0x23] = PAGE_DEVICE;
		fresh[mode].page[0x22] = fresh[mode].page[0x30] = PAGE_RO;
	}
}

/* From three bytes: small numbers, addresses near page ends, the ends of the number range. */
static u64 register_value(const uint8_t *p)
{
	u64 val = p[0] | (p[1] & 0x0f) << 8;

	switch (p[1] >> 4) {
	case 0:
		return val;
	case 1:
		return -val;
	case 2:
		return 0x7fffffffffffULL - val;
	case 3:
		return 0xffffffffULL - val;
	case 4:
		return MACHINE_HIGH + (u64)(p[2] & 0x3f) * 0x1000 + val;
	case 5:
		return 0x8000000000000000ULL >> (p[2] & 63);
	default:
		return (u64)(p[2] & 0x3f) * 0x1000 + val - 16;
	}
}

static void setup_machine(uint8_t how, uint8_t flags)
{
	const struct insn_machine *from = &fresh[how & 3];

	m.ctx = from->ctx;
	memcpy(m.page, from->page, sizeof(m.page));
	machine_forbid_ports(&m, how & 4);
	m.pio_device = how & 8;
	m.races = how & 0x10 ? 20 : 0;
	m.pio_out_len = 0;
	m.ctx.r.cpl = how & 0x20 ? 3 : 0;
	if (how & 0x40)
		m.ctx.r.cr4 |= 0x1000;
	if (how & 0x80)
		m.ctx.r.cr0 |= 0x40000;
	m.ctx.r.rflags |= (flags & 0xd5) | (flags & 2 ? 0x400 : 0) | (flags & 8 ? 0x40000 : 0) |
			  (flags & 0x20 ? 0x800 : 0);
	if ((how & 3) == PROT32 && flags & 2) {
		m.ctx.r.seg[INSN_DS].limit = 0x5fff;
		m.ctx.r.seg[INSN_ES].attr = 0xc97;
		m.ctx.r.seg[INSN_ES].limit = 0x4fff;
		m.ctx.r.seg[INSN_GS].attr = 0;
		m.ctx.r.seg[INSN_FS].base = 0xfffff000;
	}
}

/* One call, and the checks of its requirements. */
static enum insn_result step(void)
{
	struct insn_regs before = m.ctx.r;
	unsigned int races = m.races;
	enum insn_result res;
	int len;

	m.calls = 0;
	len = insn_length(&m.ctx);
	MUST((len >= 1 && len <= INSN_MAX_LEN) || (len < 0 && len >= -(int)INSN_UNKNOWN));
	MUST(!memcmp(&before, &m.ctx.r, sizeof(before)));
	MUST(m.calls <= INSN_MAX_LEN);

	res = machine_step(&m);
	MUST(res <= INSN_EXIT);
	MUST(m.calls <= MAX_CALLS);
	MUST(m.ctx.nbytes <= INSN_MAX_LEN && m.ctx.len <= m.ctx.nbytes);
	results[res]++;
	if (res == INSN_DONE || res == INSN_AGAIN || res == INSN_EXIT)
		MUST(len == m.ctx.len);
	if (res == INSN_AGAIN)
		MUST(m.ctx.r.rip == before.rip);
	if (res == INSN_PENDING || res == INSN_FAULT || res == INSN_UNKNOWN || res == INSN_EXIT) {
		MUST(!memcmp(&before, &m.ctx.r, sizeof(before)));
		/* A race or a fault does not undo INS's read of the port. */
		MUST(!m.writes || m.pio_calls);
	}
	if (res == INSN_FAULT)
		MUST(m.ctx.fault.vector < 32);
	if (races && m.races == races)
		m.races = 0;
	return res;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum insn_result res = INSN_AGAIN;
	unsigned int i, steps;

	if (!inner)
		setup_fresh();
	if (size < HEADER + 1)
		return 0;
	setup_machine(data[0], data[1]);
	data += HEADER;
	size -= HEADER;
	for (i = 0; i < 16 && size > 3 + INSN_MAX_LEN; i++, data += 3, size -= 3)
		m.ctx.r.gpr[i] = register_value(data);
	/* Every eighth input reaches the missing page. */
	if (data[0] % 8 == 0 && !(m.ctx.r.seg[INSN_CS].base))
		m.ctx.r.rip = 0x7000 - (size < 8 ? size : 8);
	machine_code(&m, data, size < INSN_MAX_LEN + 1 ? size : INSN_MAX_LEN + 1);

	m.answers = 0;
	for (steps = 0; steps < MAX_STEPS; steps++) {
		m.pio_calls = 0;
		res = step();
		if (res == INSN_PENDING)
			m.answers++;
		else if (res == INSN_AGAIN)
			m.answers = 0;
		else
			break;
	}
	return 0;
}

void fuzz_report(void)
{
	printf("done %llu, again %llu, pending %llu, fault %llu, unknown %llu, exit %llu\n", results[0],
	       results[1], results[2], results[3], results[4], results[5]);
}

/* Mode and flags, 16 registers with various addresses, then code. */
#define REGS                                                                                       \
	"\x10\x60\x05\x03\x00\x00\x20\x60\x05\x00\x60\x06\x00\x6f\x08\x10\x60\x06\x00\x60\x0b"    \
	"\x00\x60\x05\xf8\x6f\x05\x00\x60\x06\x20\x60\x05\x20\x60\x05\x20\x60\x05\x20\x60\x05"     \
	"\x20\x60\x05\x20\x60\x05"
#define PAD "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90"
#define SEED(mode, code) { mode "\x00" REGS code PAD, sizeof(mode "\x00" REGS code PAD) - 1 }
#define SEEDS(code) SEED("\x00", code), SEED("\x02", code), SEED("\x03", code), SEED("\x13", code)

const struct fuzz_seed fuzz_seeds[] = {
	SEEDS("\x89\x03"), SEEDS("\x8b\x43\x04"), SEEDS("\x88\x84\x8b\x00\x00\x00\x00"),
	SEEDS("\xf3\xa5"), SEEDS("\xf3\xaa"), SEEDS("\xf2\xae"), SEEDS("\xf3\xa6"), SEEDS("\xac"),
	SEEDS("\xf3\x6c"), SEEDS("\xf3\x6f"), SEEDS("\xe4\x60"), SEEDS("\xef"),
	SEEDS("\xf0\x01\x03"), SEEDS("\x83\x0b\x01"), SEEDS("\x80\x33\x80"), SEEDS("\x87\x03"),
	SEEDS("\xf0\x0f\xb1\x0b"), SEEDS("\xf0\x0f\xc7\x0e"), SEEDS("\xf0\x48\x0f\xc7\x0e"),
	SEEDS("\xf0\x0f\xc1\x03"), SEEDS("\x0f\xab\x03"), SEEDS("\x0f\xba\x2b\x05"),
	SEEDS("\xc1\x23\x04"), SEEDS("\xd3\x1b"), SEEDS("\x0f\xa4\x03\x04"), SEEDS("\x0f\xad\x03"),
	SEEDS("\xf7\x33"), SEEDS("\xf7\x3b"), SEEDS("\xf6\x23"), SEEDS("\x0f\xaf\x03"),
	SEEDS("\xff\x33"), SEEDS("\x8f\x03"), SEEDS("\xff\x13"), SEEDS("\xff\x23"), SEEDS("\x6a\x01"),
	SEEDS("\x0f\x10\x0b"), SEEDS("\x66\x0f\x7f\x0b"), SEEDS("\xf3\x0f\x6f\x0b"),
	SEEDS("\xc5\xfe\x6f\x0b"), SEEDS("\xc5\xfd\x7f\x0b"), SEEDS("\xc4\xc1\x7e\x7f\x0b"),
	SEEDS("\x66\x0f\x6e\x0b"), SEEDS("\x0f\x17\x0b"), SEEDS("\x66\x0f\x38\x2a\x0b"),
	SEEDS("\x0f\x38\xf0\x03"), SEEDS("\x0f\xb6\x03"), SEEDS("\x48\x63\x03"), SEEDS("\x0f\x44\x03"),
	SEEDS("\x0f\x94\x03"), SEEDS("\xa1\x00\x50\x00\x00\x00\x00\x00\x00"), SEEDS("\x8c\x1b"),
	SEEDS("\x8e\x1b"), SEEDS("\x0f\x00\x13"), SEEDS("\x0f\x00\x1b"), SEEDS("\x0f\x00\x03"), SEEDS("\x0f\x00\x23"),
	SEEDS("\x0f\x02\x03"), SEEDS("\x0f\x03\x03"), SEEDS("\x0f\xb2\x23"), SEEDS("\xc4\x03"), SEEDS("\x16"), SEEDS("\x1f"),
	SEEDS("\xff\x2b"), SEEDS("\xff\x1b"), SEEDS("\x9a\x34\x12\x00\x00\x08\x00"), SEEDS("\xcb"), SEEDS("\xcf"),
	SEEDS("\xcd\x21"), SEEDS("\xce"), SEEDS("\xe8\x10\x00\x00\x00"), SEEDS("\xeb\xfe"), SEEDS("\x74\x10"), SEEDS("\xe2\xfe"),
	SEEDS("\xc3"), SEEDS("\x60"), SEEDS("\x61"), SEEDS("\xc8\x10\x00\x1f"), SEEDS("\xc9"), SEEDS("\x9c"), SEEDS("\x9d"),
	SEEDS("\x0f\x01\x03"), SEEDS("\x0f\x01\x13"), SEEDS("\x0f\x01\x23"), SEEDS("\x0f\x01\x33"), SEEDS("\x0f\x20\xc3"),
	SEEDS("\x0f\x22\xc3"), SEEDS("\x0f\x05"), SEEDS("\x0f\x34"), SEEDS("\x0f\x35"), SEEDS("\x0f\xbc\x03"), SEEDS("\xd7"),
	SEEDS("\x27"), SEEDS("\xd4\x0a"), SEEDS("\xd9\x3b"), SEEDS("\x0f\xae\x03"), SEEDS("\x0f\xae\x0b"), SEEDS("\x0f\x6f\x0b"),
	SEEDS("\x63\x03"), SEEDS("\xf3\x0f\xc7\xf8"),
	SEEDS("\x62\xf1\x7c\x48\x10\x43\x01"), SEEDS("\x0f\xa2"), SEEDS("\x0f\x01\xd9"),
	SEEDS("\x64\x8b\x04\x25\x00\x50\x00\x00"), SEEDS("\x8b\x05\x00\x40\x00\x00"),
};

const unsigned int fuzz_nseeds = ARRAY_SIZE(fuzz_seeds);
