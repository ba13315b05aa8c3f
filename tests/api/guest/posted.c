// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for posted.c and stress_posted.c: receivers and senders of posted interrupts. */
#include "lib.h"
#include "posted.h"

void g_posted_receiver(u64 arg);
void g_posted_sender(u64 n);
void g_posted_modes(u64 arg);
void g_posted_exits(u64 arg);
void g_posted_boss(u64 arg);
void g_posted_worker(u64 arg);

volatile u64 posted_ready, posted_stop, posted_taken;

/* Spins with interrupts on, without exits, until the host sets posted_stop. */
void g_posted_receiver(u64 arg)
{
	(void)arg;
	apic_enable(EOI_X2APIC);
	sti();
	posted_ready = 1;
	while (!posted_stop)
		pause();
	cli();
}

static void send(u64 way)
{
	if (way == POSTED_BY_HYPERCALL)
		EXPECT_EQ(hypercall(10, 1 << 1, 0, 0, POSTED_VECTOR), 1);
	else if (way == POSTED_BY_CLUSTER)
		wrmsr(0x830, 2UL << 32 | 0x4800 | POSTED_VECTOR);
	else
		wrmsr(0x830, 1UL << 32 | 0x4000 | POSTED_VECTOR);
}

/* Sends n interrupts to vCPU 1, one at a time. args[0]: the way */
void g_posted_sender(u64 n)
{
	apic_enable(EOI_X2APIC);
	sync_host(1);
	for (u64 i = 1; i <= n; i++) {
		send(args[0]);
		while (irqs[POSTED_VECTOR] < i)
			pause();
	}
	sync_host(2);
}

/* Counts the host's interrupts in posted_taken; noise interrupts are ignored, others are failures. */
static void take(u64 vector)
{
	if (vector != POSTED_NOISE_VECTOR)
		EXPECT_EQ(vector, POSTED_VECTOR);
	if (vector == POSTED_VECTOR)
		posted_taken++;
	apic_write(0xb0, 0);
}

static void await_batch(void)
{
	u64 end = posted_taken + POSTED_BATCH;

	posted_ready++;
	sti();
	while (posted_taken < end)
		pause();
	cli();
}

/* Cycles through the LAPIC's modes, with a batch of interrupts in xAPIC and x2APIC mode; the noise continues. */
void g_posted_modes(u64 arg)
{
	(void)arg;
	irq_hook = take;
	do {
		apic_enable(EOI_X2APIC);
		await_batch();
		if (posted_stop)
			break;
		wrmsr(0x1b, 0xfee00100); /* x2APIC to xAPIC must go through disabled */
		wrmsr(0x1b, 0xfee00900);
		apic_enable(EOI_XAPIC);
		await_batch();
	} while (!posted_stop);
}

/* Exits continuously, so that many notifications arrive outside the guest, after the interrupt was delivered. */
void g_posted_exits(u64 arg)
{
	u64 end;

	(void)arg;
	irq_hook = take;
	apic_enable(EOI_X2APIC);
	sti();
	do {
		end = posted_taken + POSTED_BATCH;
		posted_ready++;
		while (posted_taken < end)
			cpuid(0, 0);
	} while (!posted_stop);
	cli();
}

/* Starts vCPU 1 repeatedly (INIT, SIPI to the code at GPA_REAL); the host sends vCPU 1 its interrupts. */
void g_posted_boss(u64 arg)
{
	(void)arg;
	apic_enable(EOI_X2APIC);
	for (u64 i = 1; !posted_stop; i++) {
		results[1] = i; /* before the start, as the batch may end before this vCPU runs again */
		apic_icr(1, 0x4500);
		apic_icr(1, 0x4600 | GPA_REAL >> 12);
		while (results[2] != i)
			pause();
	}
	apic_icr(1, 0x4500);
}

/* vCPU 1 after each start: takes one batch, reports it to the boss, then takes interrupts halted or running. */
void g_posted_worker(u64 arg)
{
	(void)arg;
	irq_hook = take;
	apic_enable(EOI_X2APIC);
	await_batch();
	results[2] = results[1];
	for (;;) {
		if (results[1] & 1)
			sti_hlt_cli();
		else
			sti();
	}
}
