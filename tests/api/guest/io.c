// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for io.c and mem.c: ports, MMIO, memory. */
#include "same.h"

void g_ports(u64 arg);
void g_string_out(u64 arg);
void g_string_in(u64 arg);
void g_string_faults(u64 arg);
void g_mmio_moves(u64 arg);
void g_mmio_alu(u64 arg);
void g_mmio_strings(u64 arg);
void g_mmio_sse(u64 arg);
void g_mmio_crossing(u64 arg);
void g_mmio_one_read(u64 arg);
void g_mmio_one_write(u64 arg);
void g_mmio_bad(u64 arg);
void g_mmio_fetch(u64 arg);
void g_write_series(u64 n);
void g_out_series(u64 n);
void g_mmio_write_arg(u64 arg);
void g_out_arg(u64 arg);
void g_touch(u64 gpa);
void g_touch_slots(u64 n);
void g_write_pages(u64 n);
void g_read_forever(u64 gpa);
void g_readonly(u64 gpa);
void g_fill(u64 gpa);
void g_sum(u64 arg);

void g_ports(u64 arg)
{
	u64 v;

	(void)arg;
	asm volatile("outb %%al, %%dx" ::"a"(0x11), "d"(0x1001));
	asm volatile("outw %%ax, %%dx" ::"a"(0x2211), "d"(0x1002));
	asm volatile("outl %%eax, %%dx" ::"a"(0x44332211), "d"(0x1004));
	asm volatile("outb %%al, $0x99" ::"a"(0x55));
	asm volatile("inb %%dx, %%al" : "=a"(v) : "a"(0xffffffffffffffff), "d"(0x1001));
	EXPECT_EQ(v, 0xffffffffffffffa1);
	asm volatile("inw %%dx, %%ax" : "=a"(v) : "a"(0xffffffffffffffff), "d"(0x1002));
	EXPECT_EQ(v, 0xffffffffffffb2a1);
	asm volatile("inl %%dx, %%eax" : "=a"(v) : "a"(0xffffffffffffffff), "d"(0x1004));
	EXPECT_EQ(v, 0xd4c3b2a1);
}

static u8 buffer[16384] __attribute__((aligned(4096)));

/* args[0]: size, args[1]: direction flag. 100 elements that cross the end of a page. */
void g_string_out(u64 size)
{
	u64 src = (u64)buffer + 4096 - 10 * size, count = 100, step = size, want;

	for (u64 i = 0; i < sizeof(buffer); i++)
		buffer[i] = i * 7;
	if (args[1])
		src += 99 * size;
	want = args[1] ? src - step * 100 : src + step * 100;
	if (args[1])
		asm volatile("std");
	if (size == 1)
		asm volatile("rep outsb" : "+S"(src), "+c"(count) : "d"(0x1100) : "memory");
	else if (size == 2)
		asm volatile("rep outsw" : "+S"(src), "+c"(count) : "d"(0x1100) : "memory");
	else
		asm volatile("rep outsl" : "+S"(src), "+c"(count) : "d"(0x1100) : "memory");
	asm volatile("cld");
	EXPECT_EQ(count, 0);
	EXPECT_EQ(src, want);
}

void g_string_in(u64 size)
{
	u64 dst = (u64)buffer + 4096 - 10 * size, start = dst, count = 100;

	if (size == 1)
		asm volatile("rep insb" : "+D"(dst), "+c"(count) : "d"(0x1100) : "memory");
	else if (size == 2)
		asm volatile("rep insw" : "+D"(dst), "+c"(count) : "d"(0x1100) : "memory");
	else
		asm volatile("rep insl" : "+D"(dst), "+c"(count) : "d"(0x1100) : "memory");
	EXPECT_EQ(count, 0);
	EXPECT_EQ(dst, start + size * 100);
	for (u64 i = 0; i < 100 * size; i++)
		EXPECT_EQ(*(u8 *)(start + i), (u8)(i * 3 + 1));
}

/* rep outsb reaches a page that is not present: #PF after the bytes before it. */
void g_string_faults(u64 arg)
{
	volatile u64 *pt = (volatile u64 *)GPA_PT, old = pt[0x1f1];
	u64 src = 0x1f0ffc, count = 16;

	(void)arg;
	pt[0x1f1] = 0;
	asm volatile("invlpg (%0)" ::"r"(0x1f1000) : "memory");
	TRY("rep outsb", "+S"(src) COMMA "+c"(count), "d"(0x1100) : "memory");
	EXPECT_EQ(trap.vector, 14);
	EXPECT_EQ(trap.cr2, 0x1f1000);
	EXPECT_EQ(src, 0x1f1000);
	EXPECT_EQ(count, 12);
	pt[0x1f1] = old;
}

void g_mmio_moves(u64 arg)
{
	(void)arg;
	SAME("movb (%%rdi), %%al", 0);
	SAME("movb 1(%%rdi), %%ah", 0);
	SAME("movw (%%rdi), %%ax", 0);
	SAME("movl (%%rdi), %%eax", 0);
	SAME("movq (%%rdi), %%rax", 0);
	SAME("movb %%dl, 3(%%rdi)", 0);
	SAME("movb %%dh, 3(%%rdi)", 0);
	SAME("movw %%dx, 2(%%rdi)", 0);
	SAME("movl %%edx, 4(%%rdi)", 0);
	SAME("movq %%rdx, 8(%%rdi)", 0);
	SAME("movb $0x5a, 7(%%rdi)", 0);
	SAME("movw $0x5a5a, 6(%%rdi)", 0);
	SAME("movl $0x12345678, 4(%%rdi)", 0);
	SAME("movq $-2, 16(%%rdi)", 0);
	SAME("movl (%%rdi,%%rcx,4), %%eax", 0);
	SAME("movl %%eax, -4(%%rdi,%%rcx,4)", 0);
	SAME("movzbl (%%rdi), %%eax", 0);
	SAME("movzwl (%%rdi), %%eax", 0);
	SAME("movzbq 1(%%rdi), %%rdx", 0);
	SAME("movzwq 2(%%rdi), %%rdx", 0);
	SAME("movsbl 3(%%rdi), %%eax", 0);
	SAME("movsbq (%%rdi), %%rax", 0);
	SAME("movswl (%%rdi), %%eax", 0);
	SAME("movswq 4(%%rdi), %%rax", 0);
	SAME("movslq (%%rdi), %%rax", 0);
}

void g_mmio_alu(u64 arg)
{
	(void)arg;
	SAME("orl $0x80000001, (%%rdi)", ALL_FLAGS & ~0x10);
	SAME("andl $0xf0f0, (%%rdi)", ALL_FLAGS & ~0x10);
	SAME("xorw %%ax, (%%rdi)", ALL_FLAGS & ~0x10);
	SAME("addl %%eax, (%%rdi)", ALL_FLAGS);
	SAME("addq %%rdx, 8(%%rdi)", ALL_FLAGS);
	SAME("subb $0x77, 1(%%rdi)", ALL_FLAGS);
	SAME("subl (%%rdi), %%eax", ALL_FLAGS);
	SAME("stc\n\tadcl $1, (%%rdi)", ALL_FLAGS);
	SAME("stc\n\tsbbq $1, (%%rdi)", ALL_FLAGS);
	SAME("cmpl $0xc3d2e1f0, (%%rdi)", ALL_FLAGS);
	SAME("cmpb %%al, (%%rdi)", ALL_FLAGS);
	SAME("cmpq (%%rdi), %%rax", ALL_FLAGS);
	SAME("testl $0x10, (%%rdi)", ALL_FLAGS & ~0x10);
	SAME("testb $0x80, 7(%%rdi)", ALL_FLAGS & ~0x10);
	SAME("testq %%rax, (%%rdi)", ALL_FLAGS & ~0x10);
	SAME("orq (%%rdi), %%rax", ALL_FLAGS & ~0x10);
	SAME("incl (%%rdi)", ALL_FLAGS);
	SAME("decw 2(%%rdi)", ALL_FLAGS);
	SAME("notl (%%rdi)", 0);
	SAME("negq (%%rdi)", ALL_FLAGS);
	SAME("xchgl %%eax, (%%rdi)", 0);
	SAME("xchgq %%rdx, 8(%%rdi)", 0);
	SAME("xchgb %%al, 5(%%rdi)", 0);
	SAME("lock orl $2, (%%rdi)", ALL_FLAGS & ~0x10);
	SAME("lock xaddl %%eax, (%%rdi)", ALL_FLAGS);
	SAME("lock cmpxchgl %%edx, (%%rdi)", ALL_FLAGS); /* not equal */
	SAME("movl $0xc3d2e1f0, %%eax\n\tlock cmpxchgl %%edx, (%%rdi)", ALL_FLAGS);
	SAME("btl $4, (%%rdi)", 1);
	SAME("btsl $1, (%%rdi)", 1);
	SAME("btrl $31, (%%rdi)", 1);
	SAME("btcl $0, 4(%%rdi)", 1);
	SAME("lock btsl $3, (%%rdi)", 1);
	SAME("movl $37, %%eax\n\tbtsl %%eax, (%%rdi)", 1);
}

void g_mmio_strings(u64 arg)
{
	(void)arg;
	SAME("movsb", 0);
	SAME("movsl", 0);
	SAME("rep movsw", 0);
	SAME("rep movsl", 0);
	SAME("rep movsq", 0);
	SAME("stosb", 0);
	SAME("rep stosl", 0);
	SAME("std\n\taddq $16, %%rdi\n\trep stosl\n\tcld", 0);
	SAME("xchgq %%rsi, %%rdi\n\trep movsl\n\txchgq %%rsi, %%rdi", 0);
	SAME("xchgq %%rsi, %%rdi\n\tlodsl\n\txchgq %%rsi, %%rdi", 0);
	SAME("xchgq %%rsi, %%rdi\n\tlodsb\n\txchgq %%rsi, %%rdi", 0);
	SAME("repne scasb", ALL_FLAGS);
	SAME("movb $0xe1, %%al\n\trepne scasb", ALL_FLAGS);
}

void g_mmio_sse(u64 arg)
{
	(void)arg;
#define THEN_OUT "\n\tmovq %%xmm1, %%rax\n\tpunpckhqdq %%xmm1, %%xmm1\n\tmovq %%xmm1, %%rdx"
#define IN_THEN "movq %%rax, %%xmm1\n\tmovq %%rdx, %%xmm2\n\tpunpcklqdq %%xmm2, %%xmm1\n\t"
	SAME("movups (%%rdi), %%xmm1" THEN_OUT, 0);
	SAME("movaps (%%rdi), %%xmm1" THEN_OUT, 0);
	SAME("movdqu 8(%%rdi), %%xmm1" THEN_OUT, 0);
	SAME("movdqa 16(%%rdi), %%xmm1" THEN_OUT, 0);
	SAME(IN_THEN "movups %%xmm1, (%%rdi)", 0);
	SAME(IN_THEN "movdqu %%xmm1, 8(%%rdi)", 0);
	SAME(IN_THEN "movdqa %%xmm1, 16(%%rdi)", 0);
	SAME(IN_THEN "movaps %%xmm1, 16(%%rdi)", 0);
}

/* Accesses that cross from one page of the device to the next, and from RAM to the device. */
void g_mmio_crossing(u64 ram_before)
{
	static const u8 offsets[] = { 1, 2, 3, 4, 5, 6, 7 };

	for (u64 i = 0; i < 7; i++) {
		volatile u64 *p = (volatile u64 *)(GPA_MMIO + 0x1000 - offsets[i]);
		u64 v = 0x0102030405060708 + i;

		*p = v;
		EXPECT_EQ(*p, v);
		*(volatile u32 *)p = 0xa5a5a5a5;
		EXPECT_EQ(*(volatile u32 *)p, 0xa5a5a5a5);
		*p += 0x1111;
		EXPECT_EQ(*p, ((v & ~0xffffffffUL) | 0xa5a5a5a5) + 0x1111);
		if (!ram_before)
			continue;
		p = (volatile u64 *)(GPA_MMIO - offsets[i]);
		*p = ~v;
		EXPECT_EQ(*p, ~v);
	}
}

void g_mmio_one_read(u64 gpa)
{
	results[0] = *(volatile u32 *)gpa;
}

void g_mmio_one_write(u64 gpa)
{
	*(volatile u32 *)gpa = 0x600df00d;
}

/* FXSAVE to a device, which cannot be emulated. */
void g_mmio_bad(u64 arg)
{
	(void)arg;
	asm volatile("fxsave (%0)" ::"r"(GPA_MMIO) : "memory");
}

void g_mmio_fetch(u64 arg)
{
	(void)arg;
	asm volatile("jmp *%0" ::"r"(GPA_MMIO));
}

void g_write_series(u64 n)
{
	for (u64 i = 0; i < n; i++)
		mmio_write32(GPA_MMIO + (i % 16) * 4, i);
}

void g_out_series(u64 n)
{
	for (u64 i = 0; i < n; i++)
		out16(0x1200, i);
}

/* args[0]: address, args[1]: value; arg: width */
void g_mmio_write_arg(u64 width)
{
	if (width == 1)
		*(volatile u8 *)args[0] = args[1];
	else if (width == 2)
		*(volatile u16 *)args[0] = args[1];
	else if (width == 4)
		*(volatile u32 *)args[0] = args[1];
	else
		*(volatile u64 *)args[0] = args[1];
}

void g_out_arg(u64 width)
{
	if (width == 1)
		out8(args[0], args[1]);
	else if (width == 2)
		out16(args[0], args[1]);
	else
		out32(args[0], args[1]);
}

/* Writes and reads back. */
void g_touch(u64 gpa)
{
	*(volatile u64 *)gpa = gpa ^ 0x5a5a;
	EXPECT_EQ(*(volatile u64 *)gpa, gpa ^ 0x5a5a);
}

void g_touch_slots(u64 n)
{
	for (u64 i = 0; i < n; i++)
		g_touch(0x10000000 + i * 0x2000);
}

/* Every second page from GPA_FREE on. */
void g_write_pages(u64 n)
{
	for (u64 i = 0; i < n; i += 2)
		*(volatile u32 *)(GPA_FREE + i * 4096) = i;
}

void g_read_forever(u64 gpa)
{
	for (;;) {
		results[1] = *(volatile u32 *)gpa;
		results[0]++;
	}
}

void g_readonly(u64 gpa)
{
	results[0] = *(volatile u32 *)gpa;
	*(volatile u32 *)gpa = 0x77;
	results[1] = *(volatile u32 *)gpa;
}

void g_fill(u64 gpa)
{
	for (u64 i = 0; i < 512; i++)
		((volatile u64 *)gpa)[i] = i * 0x9e3779b97f4a7c15;
}

/* A long computation with exits, which the host can interrupt anywhere. */
void g_sum(u64 n)
{
	u64 x = 1;

	for (u64 i = 0; i < n; i++) {
		x = x * 6364136223846793005UL + 1442695040888963407UL;
		if (i % 1000 == 0) {
			cpuid(0, 0);
			sync_host(i / 1000);
		}
	}
	results[0] = x;
}
