// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for debug.c. */
#include "lib.h"

void g_dr_break_forever(u64 arg);
void g_blocked(u64 mode);

static volatile u64 watched_here __attribute__((aligned(8)));

/* The guest hits its own write breakpoint repeatedly, with exits in between, until args[0] is set. */
void g_dr_break_forever(u64 arg)
{
	(void)arg;
	asm volatile("mov %0, %%dr1" ::"r"(&watched_here));
	asm volatile("mov %0, %%dr7" ::"r"(0xd00400UL | 0x8)); /* G1: writes of 4 bytes */
	while (!args[0]) {
		TRY("movl $1, (%0)\n\tnop",, "r"(&watched_here) : "memory");
		EXPECT_EQ(trap.vector, 1);
		EXPECT_EQ(trap.dr6 & 0xf, 2);
		asm volatile("mov %0, %%dr6" ::"r"(0xffff0ff0UL));
		results[0]++;
		cpuid(0, 0);
	}
	asm volatile("mov %0, %%dr7" ::"r"(0x400UL));
}

/* Interrupts are on; the host single-steps from the first stop to the second. */
void g_blocked(u64 mode)
{
	apic_enable(mode);
	sti();
	sync_host(1);
	for (int i = 0; i < 50; i++)
		pause();
	sync_host(2);
	for (int i = 0; i < 50; i++)
		pause();
	sync_host(3);
	cli();
}
