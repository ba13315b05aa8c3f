// SPDX-License-Identifier: GPL-2.0-only
/* Disabled exits. Host side: exits_off.c. */
#include "lib.h"

void g_halts(u64 n);
void g_halt_for_nmi(u64 n);
void g_halt_forever(u64 arg);
void g_pauses(u64 n);
void g_mwait_waiter(u64 n);
void g_mwait_writer(u64 n);
void g_cstates(u64 n);

#define VECTOR 0x90

/* Waits for n interrupts in HLT; results[0]: number of rounds begun. */
void g_halts(u64 n)
{
	apic_enable(EOI_X2APIC);
	for (u64 i = 1; i <= n; i++) {
		results[0] = i;
		while (irqs[VECTOR] < i)
			sti_hlt_cli();
	}
	EXPECT_EQ(irqs[VECTOR], n);
}

/* n NMIs with interrupts off. */
void g_halt_for_nmi(u64 n)
{
	apic_enable(EOI_X2APIC);
	for (u64 i = 1; i <= n; i++) {
		results[0] = i;
		while (irqs[2] < i)
			hlt();
	}
	EXPECT_EQ(irqs[2], n);
}

/* The guest never leaves this loop. */
void g_halt_forever(u64 arg)
{
	for (;;) {
		results[0] = arg;
		hlt();
	}
}

void g_pauses(u64 n)
{
	for (u64 i = 0; i < n; i++)
		pause();
}

/* One vCPU waits for a change of a word; the other changes it and waits for the answer. */
static volatile u64 word __attribute__((aligned(64)));
static volatile u64 answer __attribute__((aligned(64)));

static void monitor(volatile u64 *what)
{
	asm volatile("monitor" ::"a"(what), "c"(0), "d"(0) : "memory");
}

static void mwait(void)
{
	asm volatile("mwait" ::"a"(0), "c"(0) : "memory");
}

/* results[1], results[2]: number of MONITORs and MWAITs executed. */
void g_mwait_waiter(u64 n)
{
	for (u64 i = 1; i <= n; i++) {
		while (word < i) {
			monitor(&word);
			results[1]++;
			if (word >= i)
				break;
			results[2]++;
			mwait();
		}
		answer = i;
	}
}

void g_mwait_writer(u64 n)
{
	while (!results[2])
		pause();
	for (u64 i = 1; i <= n; i++) {
		word = i;
		while (answer < i)
			pause();
	}
}

/*
 * Reads each MSR of args[0..3] n times. results[0]: reads with a value, [1]: with #GP(0), [8..11]: with a value, by
 * MSR.
 */
void g_cstates(u64 n)
{
	u64 value;

	results[0] = results[1] = 0;
	for (int i = 0; i < 4; i++)
		results[8 + i] = 0;
	for (u64 i = 0; i < 4 * n; i++) {
		if (try_rdmsr(args[i % 4], &value)) {
			results[0]++;
			results[8 + i % 4]++;
			continue;
		}
		EXPECT_EQ(trap.vector, 13);
		EXPECT_EQ(trap.error, 0);
		results[1]++;
	}
}
