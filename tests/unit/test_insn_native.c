// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator compared with this machine's CPU: random instructions from a
 * table of all unprivileged ones that it emulates, with random registers and
 * memory, emulated and native. Registers, defined flags, vector registers,
 * memory and faults must be equal.
 *
 * The native run is generated code that loads all registers from a block next to
 * it, executes the instruction, and stores the registers. Code and data are
 * below 2 GiB, so that every address form reaches the data.
 */
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#include <asm/kvm.h>
#include <asm/processor-flags.h>

#include "model/insn/insn.h"
#include "insn_native_rows.h"

#define CODE 0x20000000UL
#define BLOCK (CODE + 0x1000)
#define DATA 0x30000000UL
#define DATA_SIZE 0x2000
#define SLOT 16 /* bytes for the instruction, the rest NOPs */
#define ROUNDS 300

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

/* Next to the code; the generated code uses these offsets. */
struct block {
	u64 gpr[16];
	u64 rflags;
	u64 host_rsp;
	u8 vec[16][32];
	u64 mmx[8];
};

/* ---- one case ---- */

struct machine_state {
	u64 gpr[16];
	u64 rflags;
	u8 vec[16][32];
	u64 mmx[8];
	u8 mem[DATA_SIZE];
};

struct test_case {
	const struct row *row;
	u8 bytes[SLOT];
	unsigned int len;
	bool w, p66;
	unsigned int opsize;
	u8 imm8;
	struct machine_state before;
};

struct world {
	struct insn_ctx ctx; /* first: the callbacks cast back */
	struct machine_state s;
	const struct test_case *c;
};

static u64 seed = 0x9e3779b97f4a7c15;
static bool have_avx, have_movbe, have_cx16, have_bmi, have_abm;

static u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dULL;
}

static u64 below(u64 n)
{
	return (rnd() >> 16) % n;
}

static bool chance(unsigned int one_in)
{
	return below(one_in) == 0;
}

static u64 rnd_value(void)
{
	static const u64 edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
				     0x80000000, 0xffffffff, 0x7fffffffffffffff,
				     0x8000000000000000, ~0ULL };

	if (chance(3))
		return edges[below(sizeof(edges) / sizeof(edges[0]))];
	return rnd() >> below(64);
}

static void emit(struct test_case *c, unsigned int byte)
{
	assert_true(c->len < SLOT);
	c->bytes[c->len++] = byte;
}

static void emit_value(struct test_case *c, u64 val, unsigned int size)
{
	while (size--) {
		emit(c, val & 0xff);
		val >>= 8;
	}
}

/* A random address in the data, often at the page boundary, sometimes aligned. */
static u64 target(void)
{
	u64 at = chance(2) ? 0x1000 - below(40) : 0x400 + below(0x1800);

	return DATA + (chance(2) ? at & ~31UL : at);
}

struct form {
	unsigned int mod, rm, reg, base, index, scale;
	bool sib;
	u8 rex; /* R, X, B */
};

static struct form choose_form(const struct row *row)
{
	struct form f = { 0 };

	f.mod = (row->traits & MEM_ONLY) || !chance(4) ? below(3) : 3;
	f.rm = below(8);
	f.reg = row->reg >= 0 ? row->reg : (int)below(8);
	f.sib = f.mod != 3 && f.rm == 4;
	f.base = below(8);
	f.index = below(8);
	f.scale = below(4);
	f.rex = below(8);
	return f;
}

/* ModRM, SIB and displacement, and register values that address the data. */
static void emit_modrm(struct test_case *c, const struct form *f, unsigned int imm_bytes)
{
	u64 *gpr = c->before.gpr;
	u64 to = target();
	u64 base = (f->sib ? f->base : f->rm) | (f->rex & 1 ? 8 : 0);
	unsigned int index = f->index | (f->rex & 2 ? 8 : 0);
	s64 disp = 0;

	emit(c, f->mod << 6 | f->reg << 3 | f->rm);
	if (f->sib)
		emit(c, f->scale << 6 | f->index << 3 | f->base);
	if (f->mod == 3)
		return;
	if (f->sib && index != RSP) {
		gpr[index] = below(64) - 32;
		to -= gpr[index] << f->scale;
	}
	if (f->mod == 0 && (f->sib ? f->base : f->rm) == RBP) {
		if (!f->sib)
			to -= CODE + 0x800 + c->len + 4 + imm_bytes;
		emit_value(c, to, 4);
		return;
	}
	if (f->mod)
		disp = f->mod == 1 ? (s64)below(256) - 128 : (s64)below(0x20000) - 0x10000;
	if (f->mod)
		emit_value(c, disp, f->mod == 1 ? 1 : 4);
	gpr[base] = to - disp;
}

static unsigned int imm_size(const struct test_case *c)
{
	switch (c->row->imm) {
	case IMM8:
		return 1;
	case IMMZ:
		return c->opsize == 2 ? 2 : 4;
	case IMMV:
		return c->opsize;
	default:
		return 0;
	}
}

static void emit_opcode(struct test_case *c, u8 opcode)
{
	if (c->row->map)
		emit(c, 0x0f);
	if (c->row->map == 2)
		emit(c, 0x38);
	emit(c, opcode);
}

static void emit_vex(struct test_case *c, const struct form *f, u8 opcode)
{
	unsigned int pp = c->row->prefix == 0x66 ? 1 : c->row->prefix == 0xf3 ? 2 :
			  c->row->prefix == 0xf2 ? 3 : 0;
	unsigned int v = c->row->traits & THREE ? below(16) : 0;
	bool l = c->row->traits & WIDE1 && chance(2);
	unsigned int tail = (~v & 15) << 3 | l << 2 | pp;

	if (c->row->map == 1 && !c->w && !(f->rex & 3) && chance(2)) {
		emit(c, 0xc5);
		emit(c, (f->rex & 4 ? 0 : 0x80) | tail);
	} else {
		emit(c, 0xc4);
		emit(c, (~f->rex & 7) << 5 | c->row->map);
		emit(c, c->w << 7 | tail);
	}
	emit(c, opcode);
}

static void emit_legacy(struct test_case *c, struct form *f, u8 opcode)
{
	const struct row *row = c->row;
	bool rex = c->w || chance(2);

	if (row->traits & LOCKABLE && row->traits & MODRM && f->mod != 3 && chance(3))
		emit(c, 0xf0);
	if (row->traits & REP && !chance(3))
		emit(c, chance(2) ? 0xf3 : 0xf2);
	if (row->prefix)
		emit(c, row->prefix);
	if (!rex)
		f->rex = 0;
	else
		emit(c, 0x40 | c->w << 3 | f->rex);
	emit_opcode(c, opcode);
}

static void special_registers(struct test_case *c, const struct form *f)
{
	u64 *gpr = c->before.gpr;
	u32 traits = c->row->traits;
	u64 fill = rnd() & 0xff;

	if (traits & STRING) {
		gpr[RSI] = target();
		gpr[RDI] = chance(4) ? gpr[RSI] : target();
		gpr[RCX] = below(24);
	}
	if (traits & STACK)
		gpr[RSP] = target();
	/* ENTER: the callers' frames are above the area that it pushes to. */
	if (traits & FRAME)
		gpr[RBP] = DATA + 0x1c00 + below(0x300);
	if (traits & XLATB)
		gpr[RBX] = target();
	if (traits & BITS && f->mod != 3)
		gpr[f->reg | (f->rex & 4 ? 8 : 0)] = below(4000) - 2000;
	if (traits & DIVIDE && chance(2))
		gpr[RDX] = below(3) - 1;
	if (traits & (EQUAL | STRING) && chance(2)) {
		memset(c->before.mem, fill, DATA_SIZE);
		gpr[RAX] = fill * 0x0101010101010101ULL;
		if (traits & CX16)
			gpr[RDX] = gpr[RAX];
		if (chance(8))
			gpr[RDX] ^= 1ULL << below(64);
	}
}

static void random_state(struct machine_state *s)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		s->gpr[i] = rnd_value();
	for (i = 0; i < DATA_SIZE; i += 8)
		*(u64 *)(s->mem + i) = rnd();
	for (i = 0; i < sizeof(s->vec); i += 8)
		*(u64 *)((u8 *)s->vec + i) = rnd();
	for (i = 0; i < 8; i++)
		s->mmx[i] = rnd();
	s->rflags = X86_EFLAGS_FIXED | X86_EFLAGS_IF | (rnd() & STATUS);
}

static void make_case(struct test_case *c, const struct row *row)
{
	struct form f = choose_form(row);
	u8 opcode = row->first + below(row->last - row->first + 1);

	c->row = row;
	c->len = 0;
	random_state(&c->before);
	c->w = chance(3);
	c->p66 = !(row->traits & NO66) && chance(4);
	c->opsize = row->traits & BYTE ? 1 : c->w ? 8 : c->p66 ? 2 : 4;
	if (row->traits & STRING && chance(3))
		c->before.rflags |= X86_EFLAGS_DF;
	if (chance(8) && !(row->traits & STRING))
		emit(c, 0x67);
	if (c->p66)
		emit(c, 0x66);
	if (row->traits & AVX)
		emit_vex(c, &f, opcode);
	else
		emit_legacy(c, &f, opcode);
	if (row->traits & MODRM)
		emit_modrm(c, &f, imm_size(c));
	special_registers(c, &f);
	c->imm8 = rnd();
	if (row->imm == IMM8)
		emit(c, c->imm8);
	else if (row->imm == IMM_ENTER)
		emit_value(c, below(0x100) | below(4) << 16, 3);
	else if (row->imm == MOFFS)
		emit_value(c, target(), c->bytes[0] == 0x67 ? 4 : 8);
	else
		emit_value(c, rnd_value(), imm_size(c));
}

/* ---- emulated ---- */

static struct world *world_of(struct insn_ctx *ctx)
{
	return (struct world *)ctx;
}

static u8 *data_at(struct world *w, u64 lin, unsigned int len)
{
	if (lin - DATA > DATA_SIZE - len)
		return NULL;
	return w->s.mem + (lin - DATA);
}

static int op_fetch(struct insn_ctx *ctx, u64 lin, u8 *buf, unsigned int len)
{
	u64 off = lin - (CODE + 0x800);

	assert_true(off < SLOT);
	len = len < SLOT - off ? len : SLOT - off;
	memcpy(buf, world_of(ctx)->c->bytes + off, len);
	return len;
}

static enum insn_result op_read(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len)
{
	u8 *p = data_at(world_of(ctx), lin, len);

	if (!p)
		return INSN_UNKNOWN;
	memcpy(buf, p, len);
	return INSN_DONE;
}

static enum insn_result op_write(struct insn_ctx *ctx, u64 lin, const void *buf, unsigned int len)
{
	u8 *p = data_at(world_of(ctx), lin, len);

	if (!p)
		return INSN_UNKNOWN;
	memcpy(p, buf, len);
	return INSN_DONE;
}

static enum insn_result op_cmpxchg(struct insn_ctx *ctx, u64 lin, void *old, const void *new,
				   unsigned int len, bool *swapped)
{
	u8 *p = data_at(world_of(ctx), lin, len);

	if (!p)
		return INSN_UNKNOWN;
	*swapped = !memcmp(p, old, len);
	memcpy(old, p, len);
	if (*swapped)
		memcpy(p, new, len);
	return INSN_DONE;
}

static enum insn_result op_check_write(struct insn_ctx *ctx, u64 lin, unsigned int len)
{
	return data_at(world_of(ctx), lin, len) ? INSN_DONE : INSN_UNKNOWN;
}

static bool op_is_device(struct insn_ctx *ctx, u64 lin, bool write)
{
	(void)write;
	return !data_at(world_of(ctx), lin, 1);
}

static void op_vec_read(struct insn_ctx *ctx, unsigned int n, void *buf, unsigned int len)
{
	memcpy(buf, world_of(ctx)->s.vec[n], len);
}

static void op_vec_write(struct insn_ctx *ctx, unsigned int n, const void *buf, unsigned int len)
{
	memcpy(world_of(ctx)->s.vec[n], buf, len);
}

static void op_mmx(struct insn_ctx *ctx, unsigned int n, u64 *val, bool write)
{
	u64 *reg = &world_of(ctx)->s.mmx[n];

	if (write)
		*reg = *val;
	else
		*val = *reg;
}

/* The x87 control and status words of this process. */
static u16 op_x87(struct insn_ctx *ctx, enum insn_x87 what)
{
	u16 word = 0;

	(void)ctx;
	if (what == INSN_X87_CW)
		asm("fnstcw %0" : "=m"(word));
	else
		asm("fnstsw %0" : "=m"(word));
	return word;
}

static const struct insn_ops ops = {
	.mmx = op_mmx,
	.x87 = op_x87,
	.fetch = op_fetch,
	.read = op_read,
	.write = op_write,
	.cmpxchg = op_cmpxchg,
	.check_write = op_check_write,
	.is_device = op_is_device,
	.vec_read = op_vec_read,
	.vec_write = op_vec_write,
};

static void setup_ctx(struct world *w)
{
	struct insn_regs *r = &w->ctx.r;
	u16 cs, ss, fs, gs;

	memset(&w->ctx, 0, sizeof(w->ctx));
	asm("mov %%cs, %0; mov %%ss, %1; mov %%fs, %2; mov %%gs, %3" : "=r"(cs), "=r"(ss), "=r"(fs), "=r"(gs));
	w->ctx.cpu = (struct insn_cpu){ .amd = __builtin_cpu_is("amd"), .tzcnt = have_bmi, .lzcnt = have_abm };
	w->ctx.ops = &ops;
	memcpy(r->gpr, w->s.gpr, sizeof(r->gpr));
	r->rip = CODE + 0x800;
	r->rflags = w->s.rflags;
	r->cr0 = X86_CR0_PE | X86_CR0_PG;
	r->cr4 = X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
	r->efer = 0x500;
	r->xcr0 = 7;
	r->cpl = 3;
	r->seg[INSN_CS].attr = 0x2fb;
	r->seg[INSN_CS].sel = cs;
	r->seg[INSN_SS].attr = 0xcf3;
	r->seg[INSN_SS].sel = ss;
	r->seg[INSN_FS].sel = fs;
	r->seg[INSN_GS].sel = gs;
}

/* Returns the fault's vector, 0 for none, -1 if the case does not count. */
static int run_emulated(struct world *w, const struct test_case *c)
{
	enum insn_result res;
	unsigned int steps = 0;

	w->c = c;
	w->s = c->before;
	setup_ctx(w);
	do {
		res = insn_emulate(&w->ctx);
	} while (res == INSN_AGAIN && ++steps < 100);
	if (res == INSN_UNKNOWN)
		return -1;
	if (res == INSN_FAULT)
		return w->ctx.fault.vector ? w->ctx.fault.vector : 256;
	assert_int_equal(res, INSN_DONE);
	assert_int_equal(w->ctx.len, c->len);
	assert_int_equal(w->ctx.r.rip, CODE + 0x800 + c->len);
	memcpy(w->s.gpr, w->ctx.r.gpr, sizeof(w->s.gpr));
	w->s.rflags = w->ctx.r.rflags;
	return 0;
}

/* ---- native ---- */

static u8 *code_at;
static sigjmp_buf back;
static volatile sig_atomic_t in_native;

static void put(const void *bytes, unsigned int len)
{
	memcpy(code_at, bytes, len);
	code_at += len;
}

/* An instruction with a RIP-relative operand in the block. */
static void put_block(const void *bytes, unsigned int len, unsigned int reg, unsigned int off)
{
	u8 modrm = reg << 3 | 5;
	s32 disp;

	put(bytes, len);
	put(&modrm, 1);
	disp = (s32)(BLOCK + off - ((u64)code_at + 4));
	put(&disp, 4);
}

static void put_mov(unsigned int reg, unsigned int off, bool store)
{
	u8 bytes[] = { reg & 8 ? 0x4c : 0x48, store ? 0x89 : 0x8b };

	put_block(bytes, 2, reg & 7, off);
}

static void put_vec(unsigned int reg, bool store)
{
	u8 avx[] = { 0xc5, reg & 8 ? 0x7e : 0xfe, store ? 0x7f : 0x6f };
	u8 sse[] = { 0xf3, reg & 8 ? 0x44 : 0x40, 0x0f, store ? 0x7f : 0x6f };
	unsigned int off = offsetof(struct block, vec) + 32 * reg;

	if (have_avx)
		put_block(avx, sizeof(avx), reg & 7, off);
	else
		put_block(sse, sizeof(sse), reg & 7, off);
}

static void put_registers(bool store)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		put_mov(i, offsetof(struct block, gpr) + 8 * i, store);
}

static void make_code(void)
{
	static const u8 save[] = { 0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57 };
	static const u8 restore[] = { 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b };
	unsigned int i;
	s32 disp;

	code_at = (u8 *)CODE;
	put(save, sizeof(save));
	put_mov(RSP, offsetof(struct block, host_rsp), true);
	for (i = 0; i < 16; i++)
		put_vec(i, false);
	for (i = 0; i < 8; i++)
		put_block("\x0f\x6f", 2, i, offsetof(struct block, mmx) + 8 * i);
	put_block("\xff", 1, 6, offsetof(struct block, rflags));
	put("\x9d", 1); /* popf */
	put_registers(false);
	put("\xe9", 1);
	disp = (s32)(CODE + 0x800 - ((u64)code_at + 4));
	put(&disp, 4);

	code_at = (u8 *)CODE + 0x800 + SLOT;
	put_registers(true);
	put_mov(RSP, offsetof(struct block, host_rsp), false);
	put("\x9c", 1); /* pushf */
	put_block("\x8f", 1, 0, offsetof(struct block, rflags));
	put("\xfc", 1); /* cld */
	for (i = 0; i < 16; i++)
		put_vec(i, true);
	if (have_avx)
		put("\xc5\xf8\x77", 3); /* vzeroupper */
	for (i = 0; i < 8; i++)
		put_block("\x0f\x7f", 2, i, offsetof(struct block, mmx) + 8 * i);
	put("\x0f\x77", 2); /* emms */
	put(restore, sizeof(restore));
	put("\xc3", 1);
}

static void on_signal(int sig)
{
	if (!in_native)
		abort();
	in_native = 0;
	siglongjmp(back, sig);
}

/* Returns the signal, or 0. */
static int run_native(struct machine_state *s, const struct test_case *c)
{
	struct block *b = (struct block *)BLOCK;
	int sig;

	memset((u8 *)CODE + 0x800, 0x90, SLOT);
	memcpy((u8 *)CODE + 0x800, c->bytes, c->len);
	memcpy(b->gpr, c->before.gpr, sizeof(b->gpr));
	b->rflags = c->before.rflags;
	memcpy(b->vec, c->before.vec, sizeof(b->vec));
	memcpy(b->mmx, c->before.mmx, sizeof(b->mmx));
	memcpy((u8 *)DATA, c->before.mem, DATA_SIZE);
	sig = sigsetjmp(back, 0);
	if (sig)
		return sig;
	in_native = 1;
	((void (*)(void))CODE)();
	in_native = 0;
	memcpy(s->gpr, b->gpr, sizeof(s->gpr));
	s->rflags = b->rflags;
	memcpy(s->vec, b->vec, sizeof(s->vec));
	memcpy(s->mmx, b->mmx, sizeof(s->mmx));
	memcpy(s->mem, (u8 *)DATA, DATA_SIZE);
	return 0;
}

/* ---- comparison ---- */

static unsigned int shift_count(const struct test_case *c)
{
	unsigned int count = c->row->imm == IMM8 ? c->imm8 :
			     (c->row->first & 0xfe) == 0xd0 && !c->row->map ? 1 :
			     c->before.gpr[RCX] & 0xff;

	return count & (c->opsize == 8 ? 63 : 31);
}

static u64 undefined_flags(const struct test_case *c)
{
	u64 undef = c->row->undefined;
	unsigned int count = shift_count(c);

	if (!(c->row->traits & (SHIFT | ROTATE | DOUBLE_SHIFT)))
		return undef;
	if (!count)
		return 0;
	if (count != 1)
		undef |= OF;
	if (c->row->traits & SHIFT && count >= 8 * c->opsize)
		undef |= CF;
	return undef;
}

static void show(const struct test_case *c, const char *what, u64 ours, u64 theirs)
{
	unsigned int i;

	printf("# %s:", c->row->name);
	for (i = 0; i < c->len; i++)
		printf(" %02x", c->bytes[i]);
	printf(": %s: emulated %#llx, real %#llx\n", what, (unsigned long long)ours,
	       (unsigned long long)theirs);
}

static bool same(const struct test_case *c, const struct machine_state *ours,
		 const struct machine_state *theirs)
{
	u64 flags = (STATUS | X86_EFLAGS_DF) & ~undefined_flags(c);
	bool good = true;
	char what[8];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (ours->gpr[i] == theirs->gpr[i])
			continue;
		snprintf(what, sizeof(what), "gpr%u", i);
		show(c, what, ours->gpr[i], theirs->gpr[i]);
		good = false;
	}
	if ((ours->rflags ^ theirs->rflags) & flags) {
		show(c, "flags", ours->rflags & flags, theirs->rflags & flags);
		good = false;
	}
	for (i = 0; i < 16; i++) {
		if (!memcmp(ours->vec[i], theirs->vec[i], have_avx ? 32 : 16))
			continue;
		show(c, "vector register", *(u64 *)ours->vec[i], *(u64 *)theirs->vec[i]);
		good = false;
	}
	if (memcmp(ours->mmx, theirs->mmx, sizeof(ours->mmx))) {
		show(c, "MMX register", ours->mmx[0], theirs->mmx[0]);
		good = false;
	}
	if (memcmp(ours->mem, theirs->mem, DATA_SIZE)) {
		for (i = 0; ours->mem[i] == theirs->mem[i]; i++)
			;
		show(c, "memory", ours->mem[i], theirs->mem[i]);
		good = false;
	}
	return good;
}

static bool counts(const struct test_case *c)
{
	/* A double shift by more than the operand has an undefined result. */
	return !(c->row->traits & DOUBLE_SHIFT) || shift_count(c) <= 8 * c->opsize;
}

static int expected_signal(int vector)
{
	switch (vector) {
	case 0:
		return 0;
	case 256 + DE_VECTOR:
		return SIGFPE;
	case UD_VECTOR:
		return SIGILL;
	case SS_VECTOR:
		return SIGBUS;
	default:
		return SIGSEGV;
	}
}

/* With two possible faults, the order for CMPXCHG16B depends on the vendor. */
static bool same_signal(const struct test_case *c, int ours, int theirs)
{
	return ours == theirs || (c->row->traits & CX16 && ours && theirs);
}

static bool supported(const struct row *row)
{
	return (have_avx || !(row->traits & AVX)) && (have_movbe || !(row->traits & MOVBE)) &&
	       (have_cx16 || !(row->traits & CX16)) && (have_bmi || !(row->traits & BMI)) &&
	       (have_abm || !(row->traits & ABM));
}

/* Returns 1 if the case ran, 0 if it does not count, -1 on a difference. */
static int run_case(const struct row *row)
{
	static struct test_case c;
	static struct world w;
	static struct machine_state real;
	int vector, sig;

	make_case(&c, row);
	if (!counts(&c))
		return 0;
	vector = run_emulated(&w, &c);
	if (vector < 0)
		return 0;
	sig = run_native(&real, &c);
	if (!same_signal(&c, expected_signal(vector), sig)) {
		show(&c, "signal", expected_signal(vector), sig);
		return -1;
	}
	return sig || same(&c, &w.s, &real) ? 1 : -1;
}

/* The code under test has random values in RSP; cmocka's signal handlers would need a stack. */
static void catch_signals(void (*handler)(int))
{
	static u8 stack[0x10000];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK | SA_NODEFER };
	int sigs[] = { SIGSEGV, SIGFPE, SIGILL, SIGBUS, SIGTRAP };
	unsigned int i;

	sigaltstack(&alt, NULL);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

static void run_rows(unsigned int first, unsigned int last)
{
	unsigned int i, round, ran, bad = 0;
	int res;

	catch_signals(on_signal);
	for (i = first; i < last; i++) {
		ran = 0;
		for (round = 0; round < ROUNDS && bad < 20; round++) {
			res = supported(&rows[i]) ? run_case(&rows[i]) : 1;
			ran += res != 0;
			bad += res < 0;
		}
		if (ran < ROUNDS / 4 && bad < 20) {
			printf("# %s: only %u of %u cases count\n", rows[i].name, ran, ROUNDS);
			bad++;
		}
	}
	catch_signals(SIG_DFL);
	fflush(stdout);
	assert_int_equal(bad, 0);
}

static unsigned int first_vector(void)
{
	unsigned int i;

	for (i = 0; !(rows[i].traits & VECTOR); i++)
		;
	return i;
}

static void test_general(void **state)
{
	(void)state;
	run_rows(0, first_vector());
}

static void test_vector(void **state)
{
	(void)state;
	run_rows(first_vector(), sizeof(rows) / sizeof(rows[0]));
}

static void *map_at(u64 at, size_t size, int prot)
{
	return mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

static int setup(void **state)
{
	unsigned int a, b, c = 0, d;

	(void)state;
	__builtin_cpu_init();
	have_avx = __builtin_cpu_supports("avx");
	have_bmi = __builtin_cpu_supports("bmi");
	have_abm = __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("popcnt");
	if (__get_cpuid(1, &a, &b, &c, &d)) {
		have_movbe = c & bit_MOVBE;
		have_cx16 = c & bit_CMPXCHG16B;
	}
	if (map_at(CODE, 0x2000, PROT_READ | PROT_WRITE | PROT_EXEC) != (void *)CODE ||
	    map_at(DATA, DATA_SIZE, PROT_READ | PROT_WRITE) != (void *)DATA)
		return -1;
	make_code();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_general),
		cmocka_unit_test(test_vector),
	};

	return cmocka_run_group_tests_name("insn against this CPU", tests, setup, NULL);
}
