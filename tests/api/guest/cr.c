// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for cr.c. */
#include "lib.h"

void g_cr4_reserved(u64 no_mce);
void g_cr4_bit_refused(u64 bit);
void g_cr0_illegal(u64 upper_half);
void g_efer_illegal(u64 svme);
void g_cr_effects(u64 arg);
void g_cr_user(u64 arg);

#define CR0_WP (1UL << 16)
#define CR0_NW (1UL << 29)
#define CR0_CD (1UL << 30)
#define CR0_PG (1UL << 31)
#define CR4_PAE (1UL << 5)
#define CR4_PGE (1UL << 7)

static u64 read_cr0(void)
{
	u64 v;

	asm volatile("mov %%cr0, %0" : "=r"(v)::"memory");
	return v;
}

static u64 read_cr4(void)
{
	u64 v;

	asm volatile("mov %%cr4, %0" : "=r"(v)::"memory");
	return v;
}

static int try_cr0(u64 v)
{
	TRY("mov %0, %%cr0",, "r"(v) : "memory");
	return trap.vector == NO_TRAP;
}

static int try_cr4(u64 v)
{
	TRY("mov %0, %%cr4",, "r"(v) : "memory");
	return trap.vector == NO_TRAP;
}

static void expect_gp(void)
{
	EXPECT_EQ(trap.vector, 13);
	EXPECT_EQ(trap.error, 0);
}

static const struct {
	u8 cr4, leaf, reg, bit; /* reg: 0 for EAX to 3 for EDX */
} announced[] = {
	{ 0, 1, 3, 1 }, { 1, 1, 3, 1 }, { 2, 1, 3, 4 }, { 3, 1, 3, 2 }, { 4, 1, 3, 3 }, { 5, 1, 3, 6 }, { 6, 1, 3, 7 },
	{ 7, 1, 3, 13 }, { 9, 1, 3, 24 }, { 10, 1, 3, 25 }, { 11, 7, 2, 2 }, { 16, 7, 1, 0 }, { 17, 1, 2, 17 },
	{ 18, 1, 2, 26 }, { 20, 7, 1, 7 }, { 21, 7, 1, 20 }, { 22, 7, 2, 3 },
};

/* LA57 cannot change in 64-bit mode; guests have no VMXE and SMXE. PCE depends on no CPUID bit. */
static int is_announced(u32 bit)
{
	for (u64 i = 0; i < sizeof(announced) / sizeof(announced[0]); i++) {
		struct cpuid_regs r = cpuid(announced[i].leaf, 0);
		u32 regs[] = { r.eax, r.ebx, r.ecx, r.edx };

		if (announced[i].cr4 == bit)
			return regs[announced[i].reg] >> announced[i].bit & 1;
	}
	return bit == 8;
}

void g_cr4_reserved(u64 no_mce)
{
	u64 old = read_cr4();

	for (u32 bit = 0; bit < 64; bit++) {
		if (bit == 5) /* PAE stays on */
			continue;
		if (bit <= 10 && !is_announced(bit)) /* bits that every CPU has */
			continue;
		if (is_announced(bit) && (bit == 20 || bit == 21)) /* SMEP, SMAP: all pages here are user pages */
			continue;
		if (is_announced(bit)) {
			if (bit == 6 && no_mce)
				continue;
			if (!try_cr4(old ^ 1UL << bit))
				fail(__FILE__, __LINE__, "a good bit of CR4 faults", bit, 0);
			EXPECT_EQ(read_cr4(), old ^ 1UL << bit);
			EXPECT(try_cr4(old));
			continue;
		}
		if (try_cr4(old | 1UL << bit))
			fail(__FILE__, __LINE__, "a bad bit of CR4 does not fault", bit, 0);
		expect_gp();
		EXPECT_EQ(read_cr4(), old);
	}
	EXPECT(!try_cr4(old & ~CR4_PAE));
	expect_gp();
	EXPECT_EQ(read_cr4(), old);
}

void g_cr4_bit_refused(u64 bit)
{
	u64 old = read_cr4();

	EXPECT(!try_cr4(old | 1UL << bit));
	expect_gp();
	EXPECT_EQ(read_cr4(), old);
	EXPECT(try_cr4(old));
}

void g_cr0_illegal(u64 upper_half)
{
	u64 old = read_cr0();
	const u64 bad[] = {
		(old & ~CR0_CD) | CR0_NW, old & ~1UL, old & ~CR0_PG, /* PG without PE; no paging in 64-bit code */
		old | 1UL << 32, old | 1UL << 63,
	};

	for (u64 i = 0; i < sizeof(bad) / sizeof(bad[0]) - (upper_half ? 0 : 2); i++) {
		if (try_cr0(bad[i]))
			fail(__FILE__, __LINE__, "a bad value of CR0 does not fault", bad[i], i);
		expect_gp();
		EXPECT_EQ(read_cr0(), old);
	}
	/* Reserved bits of the lower half are ignored. */
	EXPECT(try_cr0(old | 0x1fc0 << 16 | 0xffc0));
	EXPECT_EQ(read_cr0() & 0xffc0, 0);
	EXPECT(try_cr0(old));
}

void g_efer_illegal(u64 svme)
{
	u64 old = rdmsr(0xc0000080);

	/* Reserved bits; SVME; LME cannot change while paging is on. */
	for (u32 bit = 0; bit < 64; bit++) {
		if (bit == 0 || bit == 8 || bit == 10 || bit == 11 || bit == 14 || bit == 15 || bit == 21 || bit == 13 ||
		    (bit == 12 && !svme))
			continue;
		if (try_wrmsr(0xc0000080, old | 1UL << bit))
			fail(__FILE__, __LINE__, "a bad bit of EFER does not fault", bit, 0);
		expect_gp();
	}
	EXPECT(!try_wrmsr(0xc0000080, old & ~0x100UL));
	expect_gp();
	EXPECT_EQ(rdmsr(0xc0000080), old);
}

/* CR0.WP controls write protection in supervisor mode. */
static void write_protect(void)
{
	volatile u64 *pt = (volatile u64 *)GPA_PT, old = pt[0x1f0];
	volatile u32 *at = (volatile u32 *)0x1f0000;
	u64 cr0 = read_cr0();

	pt[0x1f0] = GPA_FREE | 1;
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
	EXPECT(try_cr0(cr0 | CR0_WP));
	TRY("movl $1, (%0)",, "r"(at) : "memory");
	EXPECT_EQ(trap.vector, 14);
	EXPECT(try_cr0(cr0 & ~CR0_WP));
	*at = 2;
	EXPECT(try_cr0(cr0 | CR0_WP));
	TRY("movl $3, (%0)",, "r"(at) : "memory");
	EXPECT_EQ(trap.vector, 14);
	EXPECT_EQ(*at, 2);
	EXPECT(try_cr0(cr0));
	pt[0x1f0] = old;
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
}

/* A change of CR4.PGE flushes global TLB entries. */
static void flush_global(void)
{
	volatile u64 *pt = (volatile u64 *)GPA_PT, old = pt[0x1f0];
	volatile u64 *at = (volatile u64 *)0x1f0000;
	u64 cr4 = read_cr4() | CR4_PGE;

	EXPECT(try_cr4(cr4));
	*(volatile u64 *)GPA_FREE = 0x1111;
	*(volatile u64 *)(GPA_FREE + 0x1000) = 0x2222;
	pt[0x1f0] = GPA_FREE | 0x103;
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
	EXPECT_EQ(*at, 0x1111);
	pt[0x1f0] = (GPA_FREE + 0x1000) | 0x103;
	EXPECT(try_cr4(cr4 & ~CR4_PGE));
	EXPECT_EQ(*at, 0x2222);
	pt[0x1f0] = old;
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
}

void g_cr_effects(u64 arg)
{
	u64 cr0 = read_cr0(), cr4 = read_cr4();
	u16 word = (u16)cr0 | 8;

	(void)arg;
	write_protect();
	flush_global();
	EXPECT(try_cr4(cr4));
	/* LMSW from memory and from a register: TS on; PE cannot be cleared by it. */
	asm volatile("lmsw %0" ::"m"(word) : "memory");
	EXPECT_EQ(read_cr0(), cr0 | 8);
	asm volatile("clts");
	EXPECT_EQ(read_cr0(), cr0 & ~8UL);
	asm volatile("lmsw %w0" ::"r"((cr0 & 0xf) & ~1UL) : "memory");
	EXPECT_EQ(read_cr0() & 1, 1);
	EXPECT(try_cr0(cr0));
	/* After LMSW, writes to CR0 are checked again. */
	cpuid(0, 0);
	EXPECT(!try_cr0((cr0 & ~CR0_CD) | CR0_NW));
	/* From other registers, and with prefixes that are ignored. */
	asm volatile("mov %0, %%r13\n\tmov %%r13, %%cr4\n\tmov %1, %%r9\n\tmov %%r9, %%cr0" ::"r"(cr4), "r"(cr0 ^ CR0_WP) : "r9", "r13", "memory");
	EXPECT_EQ(read_cr0(), cr0 ^ CR0_WP);
	/* data16 mov %rax, %cr0 */
	asm volatile("mov %0, %%rax\n\t.byte 0x66, 0x0f, 0x22, 0xc0" ::"r"(cr0) : "rax", "memory");
	EXPECT_EQ(read_cr0(), cr0);
	EXPECT_EQ(read_cr4(), cr4);
}

static void user_cr4(void)
{
	TRY("mov %0, %%cr4",, "r"(0x20UL));
	USER_END();
}

static void user_cr0(void)
{
	TRY("mov %0, %%cr0",, "r"(0x20UL));
	USER_END();
}

void g_cr_user(u64 arg)
{
	(void)arg;
	run_user(user_cr4);
	expect_gp();
	run_user(user_cr0);
	expect_gp();
}
