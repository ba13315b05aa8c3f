// SPDX-License-Identifier: GPL-2.0-only
/* Accesses to memory that the client changes. Host side: mem_owner.c, mem_watch.c. */
#include "lib.h"

void g_own_read(u64 gpa);
void g_own_write(u64 gpa);
void g_own_write_pages(u64 gpa);
void g_own_write_slowly(u64 gpa);
void g_own_insb(u64 gpa);
void g_own_outsb(u64 gpa);
void g_own_movs(u64 gpa);
void g_own_push(u64 gpa);
void g_own_clock(u64 gpa);
void g_own_steal(u64 gpa);
void g_own_count(u64 gpa);
void g_own_exit_loop(u64 n);

void g_own_read(u64 gpa)
{
	results[0] = *(volatile u64 *)gpa;
}

void g_own_write(u64 gpa)
{
	*(volatile u64 *)gpa = args[0];
}

/* Writes args[0], args[0] + 1, ... to args[1] pages that are args[2] pages apart. */
void g_own_write_pages(u64 gpa)
{
	for (u64 i = 0; i < args[1]; i++)
		*(volatile u64 *)(gpa + i * args[2] * 4096) = args[0] + i;
}

/* The same, with an exit after each. */
void g_own_write_slowly(u64 gpa)
{
	for (u64 i = 0; i < args[1]; i++) {
		*(volatile u64 *)(gpa + i * args[2] * 4096) = args[0] + i;
		cpuid(0, 0);
	}
}

/* args[0] bytes from a port to memory, or from memory to a port. */
void g_own_insb(u64 gpa)
{
	u64 n = args[0];

	asm volatile("rep insb" : "+D"(gpa), "+c"(n) : "d"(0x1100) : "memory");
}

void g_own_outsb(u64 gpa)
{
	u64 n = args[0];

	asm volatile("rep outsb" : "+S"(gpa), "+c"(n) : "d"(0x1100) : "memory");
}

/* From a device to memory, by instructions that the hypervisor emulates. */
void g_own_movs(u64 gpa)
{
	u64 from = GPA_MMIO;

	asm volatile("movsq" : "+D"(gpa), "+S"(from)::"memory");
}

void g_own_push(u64 gpa)
{
	u64 stack = gpa + 8;

	asm volatile("xchgq %0, %%rsp\n\tpushq (%1)\n\txchgq %0, %%rsp" : "+r"(stack) : "r"(GPA_MMIO) : "memory");
	EXPECT_EQ(stack, gpa);
}

void g_own_clock(u64 gpa)
{
	wrmsr(0x4b564d01, gpa | 1);
	for (u64 i = 1;; i++)
		sync_host(i);
}

void g_own_steal(u64 gpa)
{
	wrmsr(0x4b564d03, gpa | 1);
	for (u64 i = 1;; i++)
		sync_host(i);
}

/* Writes the number of the round to args[1] pages repeatedly until args[2] is set. */
void g_own_count(u64 gpa)
{
	for (u64 round = 1; !args[2]; round++) {
		for (u64 i = 0; i < args[1]; i++)
			*(volatile u64 *)(gpa + i * 4096) = round;
		results[0] = round;
	}
}

void g_own_exit_loop(u64 n)
{
	for (u64 i = 0; i < n; i++) {
		cpuid(0, 0);
		results[0]++;
	}
}
