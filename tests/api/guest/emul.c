// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for emul.c: instructions with operands in MMIO, and code under page tables in ROM. */
#include "same.h"

void g_emul_bits(u64 arg);
void g_emul_mmx(u64 arg);
void g_emul_beyond(u64 arg);
void g_emul_stack(u64 arg);
void g_emul_stack_far(u64 arg);
void g_emul_dtables(u64 arg);
void g_emul_descriptors(u64 arg);
void g_emul_faults(u64 arg);
void g_emul_string_io(u64 size);
void g_emul_rom(u64 cr3);
void g_emul_rom_write(u64 cr3);
void g_emul_rom_gdt(u64 base);

#define ZF 0x40UL
#define SEL_TEST 0x60 /* a TSS, an LDT */

static volatile u64 *const gdt = (volatile u64 *)GPA_GDT;

void g_emul_bits(u64 arg)
{
	(void)arg;
	SAME("bsfl (%%rdi), %%eax", ZF);
	SAME("bsfq 8(%%rdi), %%rax", ZF);
	SAME("bsrl (%%rdi), %%eax", ZF);
	SAME("bsrw 2(%%rdi), %%ax", ZF);
	SAME("bsrq (%%rdi), %%rdx", ZF);
	/* Source 0: CPUs differ in the upper half of the destination. */
	SAME("movl $0, (%%rdi)\n\tbsfl (%%rdi), %%eax\n\tmovl %%eax, %%eax", ZF);
	SAME("movl $0, (%%rdi)\n\tbsrl (%%rdi), %%eax\n\tmovl %%eax, %%eax", ZF);
}

void g_emul_mmx(u64 arg)
{
	(void)arg;
	SAME("movq (%%rdi), %%mm1\n\tmovq %%mm1, %%rax\n\temms", 0);
	SAME("movq %%rdx, %%mm2\n\tmovq %%mm2, 8(%%rdi)\n\temms", 0);
	SAME("movq 3(%%rdi), %%mm7\n\tmovq %%mm7, 17(%%rdi)\n\temms", 0);
	SAME("fninit\n\tfnstcw (%%rdi)", 0);
	SAME("fninit\n\tfnstsw 2(%%rdi)", 0);
}

/* Instructions that stock KVM does not emulate. */
void g_emul_beyond(u64 arg)
{
	(void)arg;
	SAME("movd 4(%%rdi), %%mm3\n\tmovq %%mm3, %%rax\n\temms", 0);
	SAME("movq %%rdx, %%mm2\n\tmovntq %%mm2, 8(%%rdi)\n\temms", 0);
	SAME("popcntl (%%rdi), %%eax", ALL_FLAGS);
	SAME("movw $0x10, (%%rdi)\n\tverr (%%rdi)", ZF);
	SAME("movw $0x8, (%%rdi)\n\tverw (%%rdi)", ZF);
	SAME("movw $0x10, (%%rdi)\n\tlsll (%%rdi), %%eax", ZF);
	/* Bits 19:16 of the result are undefined. */
	SAME("movw $0x10, (%%rdi)\n\tlarl (%%rdi), %%eax\n\tsetz %%dl\n\tandl $0xfff0ffff, %%eax", 0);
}

/* SAME() runs two copies of the code: return addresses differ and must be cleared. */
#define NO_ADDRESS "\n\tmovq $0, 16(%%rdi)\n\tmovq $0, 24(%%rdi)"
#define ON_STACK(insns)                                                                            \
	"movq %%rsp, %%r9\n\tleaq 32(%%rdi), %%rsp\n\t" insns "\n\tmovq %%rsp, %%rdx\n\tsubq %%rdi, %%rdx\n\tmovq %%r9, %%rsp"

void g_emul_stack(u64 arg)
{
	(void)arg;
	SAME(ON_STACK("pushq %%rax"), 0);
	SAME(ON_STACK("pushw %%ax"), 0);
	SAME(ON_STACK("pushq $-3"), 0);
	SAME(ON_STACK("subq $16, %%rsp\n\tpopq %%rax"), 0);
	SAME(ON_STACK("subq $16, %%rsp\n\tpopq 24(%%rdi)"), 0);
	SAME(ON_STACK("pushq 8(%%rdi)"), 0);
	SAME(ON_STACK("call 1f\n\tincl %%eax\n\tjmp 2f\n1:\taddl $16, %%eax\n\tret\n2:" NO_ADDRESS), 0);
	SAME(ON_STACK("leaq 1f(%%rip), %%r10\n\tcall *%%r10\n\tincl %%eax\n\tjmp 2f\n1:\tret $0\n2:" NO_ADDRESS), 0);
	SAME(ON_STACK("movq %%rbp, %%r10\n\tmovq %%rax, %%rbp\n\tenter $8, $0\n\tleave\n\tmovq %%rbp, %%rax\n\tmovq %%r10, %%rbp"), 0);
	SAME(ON_STACK("stc\n\tpushfq\n\tclc\n\tpopfq\n\tsetc %%al"), 0);
	SAME(ON_STACK("pushq %%fs\n\tpopq %%gs"), 0);
	SAME(ON_STACK("movw %%ds, %%r10w\n\tpushq %%r10\n\tpopq %%fs\n\tmovw %%fs, %%ax"), 0);
}

void g_emul_stack_far(u64 arg)
{
	(void)arg;
	SAME(ON_STACK("movw %%cs, %%r10w\n\tpushq %%r10\n\tleaq 1f(%%rip), %%r10\n\tpushq %%r10\n\tlretq\n1:" NO_ADDRESS), 0);
}

static void put_descriptor(unsigned int type, u64 base, u32 limit)
{
	gdt[SEL_TEST / 8] = limit | (base & 0xffffff) << 16 | (u64)type << 40 | (base >> 24 & 0xff) << 56;
	gdt[SEL_TEST / 8 + 1] = base >> 32;
}

#define SEGMENT(reg) "movl $0x10, (%%rdi)\n\tmovw (%%rdi), %%" reg "\n\tmovw %%" reg ", %%ax\n\t"
#define FAR_POINTER "movl $1f, (%%rdi)\n\tmovw %%cs, 4(%%rdi)\n\t"

void g_emul_descriptors(u64 arg)
{
	struct outcome o;

	(void)arg;
	SAME("str 2(%%rdi)", 0);
	SAME("sldt (%%rdi)", 0);
	SAME("smsw (%%rdi)", 0);
	SAME("smsw (%%rdi)\n\tlmsw (%%rdi)\n\tmovq %%cr0, %%rax", 0);
	SAME(SEGMENT("es"), 0);
	SAME(SEGMENT("ds"), 0);
	SAME(SEGMENT("fs"), 0);
	SAME(SEGMENT("gs"), 0);
	SAME(SEGMENT("ss"), 0);
	SAME("movl $0x1234, (%%rdi)\n\tmovw $0x10, 4(%%rdi)\n\tlfsl (%%rdi), %%eax\n\tmovw %%fs, %%dx", 0);
	SAME("movl $0x1234, (%%rdi)\n\tmovw $0x10, 4(%%rdi)\n\tlgsl (%%rdi), %%eax\n\tmovw %%gs, %%dx", 0);
	SAME("movq %%rsp, %%r9\n\tmovl $0x1234, (%%rdi)\n\tmovw $0x10, 4(%%rdi)\n\tlssl (%%rdi), %%esp\n\t"
	     "movl %%esp, %%eax\n\tmovq %%r9, %%rsp", 0);
	SAME(FAR_POINTER "ljmpl *(%%rdi)\n\tud2\n1:\tmovl $0, (%%rdi)", 0);
	SAME(FAR_POINTER "lcall *(%%rdi)\n\tincl %%eax\n\tjmp 2f\n1:\taddl $16, %%eax\n\tlretl\n2:\tmovl $0, (%%rdi)", 0);
	SAME("clts\n\tinvlpg (%%rdi)", 0);
	put_descriptor(0x82, (u64)ram + 2048, 0xff);
	SAME("movw $0x60, (%%rdi)\n\tlldt (%%rdi)\n\tsldt %%eax\n\tmovw $0, 2(%%rdi)\n\tlldt 2(%%rdi)", 0);
	put_descriptor(0x89, GPA_TSS, 103);
	RUN(o, "movw $0x60, (%%rdi)\n\tltr (%%rdi)\n\tstr %%eax", device, device);
	EXPECT_EQ(o.rax, SEL_TEST);
	EXPECT_EQ(gdt[SEL_TEST / 8] >> 40 & 0xff, 0x8b);
}

void g_emul_dtables(u64 arg)
{
	(void)arg;
	SAME("sgdt (%%rdi)\n\tlgdt (%%rdi)", 0);
	SAME("sidt 4(%%rdi)\n\tlidt 4(%%rdi)", 0);
}

/* Each of these faults, with operands on the device and in memory. */
#define FAULTS(insn, vector_, error_)                                                              \
	do {                                                                                       \
		for (int where_ = 0; where_ < 2; where_++) {                                       \
			TRY(insn, , "D"(where_ ? (u64)device : (u64)ram) : "rax", "memory");       \
			EXPECT_EQ(trap.vector, vector_);                                           \
			EXPECT_EQ(trap.error, error_);                                             \
		}                                                                                  \
	} while (0)

void g_emul_faults(u64 arg)
{
	(void)arg;
	put_descriptor(0x8b, GPA_TSS, 103); /* busy */
	FAULTS("movw $0x60, (%%rdi)\n\tltr (%%rdi)", 13, SEL_TEST);
	FAULTS("movw $0x60, (%%rdi)\n\tlldt (%%rdi)", 13, SEL_TEST);
	FAULTS("movw $0x60, (%%rdi)\n\tmovw (%%rdi), %%ds", 13, SEL_TEST);
	FAULTS("movw $0x1ff8, (%%rdi)\n\tmovw (%%rdi), %%es", 13, 0x1ff8);
	FAULTS("movl $0, (%%rdi)\n\tmovw $0x10, 4(%%rdi)\n\tljmpl *(%%rdi)", 13, 0x10);
	put_descriptor(0x13, 0, 0xffff); /* data, not present */
	FAULTS("movw $0x60, (%%rdi)\n\tmovw (%%rdi), %%fs", 11, SEL_TEST);
	FAULTS("movw $0x60, (%%rdi)\n\tmovw (%%rdi), %%ss", 12, SEL_TEST);
}

/* Copies n elements of size bytes from the port to the device and back. */
void g_emul_string_io(u64 size)
{
	u64 n = args[0], to = (u64)device, from = (u64)device, left = n;

	if (size == 1)
		asm volatile("rep insb" : "+D"(to), "+c"(left) : "d"(0x1100) : "memory");
	else if (size == 2)
		asm volatile("rep insw" : "+D"(to), "+c"(left) : "d"(0x1100) : "memory");
	else
		asm volatile("rep insl" : "+D"(to), "+c"(left) : "d"(0x1100) : "memory");
	EXPECT_EQ(left, 0);
	EXPECT_EQ(to, (u64)device + n * size);
	left = n;
	if (size == 1)
		asm volatile("rep outsb" : "+S"(from), "+c"(left) : "d"(0x1100) : "memory");
	else if (size == 2)
		asm volatile("rep outsw" : "+S"(from), "+c"(left) : "d"(0x1100) : "memory");
	else
		asm volatile("rep outsl" : "+S"(from), "+c"(left) : "d"(0x1100) : "memory");
	EXPECT_EQ(left, 0);
	EXPECT_EQ(from, (u64)device + n * size);
}

/* ---- page tables in ROM ---- */

/* guest/emul.S: instructions of all kinds that KVM's emulator supports, under the page tables at cr3. */
void rom_all_kinds(u64 cr3, volatile u64 *out);

static volatile u64 out[2][32] __attribute__((aligned(64)));

/* The results equal those under the normal page tables. */
void g_emul_rom(u64 cr3)
{
	u64 own;

	asm volatile("movq %%cr3, %0" : "=r"(own));
	rom_all_kinds(own, out[0]);
	rom_all_kinds(cr3, out[1]);
	for (u64 i = 0; i < 32; i++)
		if (out[0][i] != out[1][i])
			fail(__FILE__, i, "a result under page tables in ROM", out[1][i], out[0][i]);
}

void g_emul_rom_write(u64 cr3)
{
	u64 own;

	asm volatile("movq %%cr3, %0\n\tmovq %1, %%cr3\n\tmovl $0x77, (%2)\n\tmovq %0, %%cr3"
		     : "=&r"(own) : "r"(cr3), "r"(args[0]) : "memory");
	results[0] = *(volatile u32 *)args[0];
}

/* A GDT in ROM with a data segment whose accessed bit is clear: it can be loaded, with the selector anywhere. */
void g_emul_rom_gdt(u64 base)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) own, rom = { 0xff, base };
	/*
	 * The selector has the page offset of the descriptor byte that the CPU writes, in another page; the exit is
	 * for the write.
	 */
	volatile u16 *at = (volatile u16 *)(GPA_FREE + (base & 0xfff) + SEL_TEST + 4);
	u64 sel;

	*at = SEL_TEST;
	asm volatile("sgdt %0" : "=m"(own));
	asm volatile("lgdt %2\n\tmovw %3, %%es\n\tmovw %%es, %w0\n\tlgdt %1\n\tmovw %w4, %%es"
		     : "=&r"(sel) : "m"(own), "m"(rom), "m"(*at), "r"(SEL_DATA) : "memory");
	EXPECT_EQ(sel & 0xffff, SEL_TEST);
}
