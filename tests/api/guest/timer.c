// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for timer.c: the LAPIC timer's interrupts are counted, and none is early. */
#include <stdbool.h>

#include "lib.h"

void g_firings(u64 n);
void g_count_firings(u64 n);
void g_past(u64 n);
void g_peek(u64 n);
void g_stopped(u64 n);
void g_tsc_moves(u64 n);
void g_masked_firings(u64 n);
void g_illegal_vector(u64 n);
void g_deadlines(u64 n);
void g_periods(u64 n);
void g_restless(u64 n);
void g_armed(u64 n);
void g_far(u64 unused);
void g_hurry(u64 n);
void g_arms(u64 unused);
void g_periods_until_told(u64 unused);
void g_deadlines_until_told(u64 unused);

#define VECTOR 0x62
#define MASKED 0x10000
#define PERIODIC 0x20000
#define DEADLINE 0x40000
#define ESR 0x280
#define ESR_RECEIVE_VECTOR 0x40
#define LVTT 0x320
#define LVTERR 0x370
#define TMICT 0x380
#define TDCR 0x3e0
#define MSR_DEADLINE 0x6e0
#define MSR_IRR (0x820 + VECTOR / 32)

static void timer(u32 mode)
{
	apic_enable(EOI_X2APIC);
	apic_write(TDCR, 0xb); /* divide by 1: ns */
	apic_write(LVTT, mode | VECTOR);
}

static u64 ticks(u64 ns)
{
	return ns * args[0] / 1000000; /* args[0]: TSC in kHz */
}

/* Waits for at least n interrupts; args[1]: in HLT. */
static void await(u64 n)
{
	while (args[1] && irqs[VECTOR] < n)
		sti_hlt_cli();
	wait_count(&irqs[VECTOR], n, ~0UL);
}

/* The least number of TSC ticks in @ns of the host's clock, with a tolerance as the frequency is rounded to kHz. */
static u64 at_least(u64 ns)
{
	return ticks(ns) - (ticks(ns) >> 16) - 64;
}

/* args[2]: ns from arming to firing, on average */
void g_firings(u64 n)
{
	timer(DEADLINE);
	for (u64 i = 1; i <= n; i++) {
		u64 deadline = rdtsc() + ticks(args[2] / 2 + i * 7919 % args[2]);

		wrmsr(MSR_DEADLINE, deadline);
		await(i);
		EXPECT_EQ(irqs[VECTOR], i);
		EXPECT(irq_tsc[VECTOR] >= deadline);
	}
}

/* The counting modes: one-shot, then periodic. */
void g_count_firings(u64 n)
{
	u64 start, i;

	timer(0);
	for (i = 1; i <= n; i++) {
		u64 ns = args[2] / 2 + i * 7919 % args[2];

		start = rdtsc();
		apic_write(TMICT, ns);
		await(i);
		EXPECT_EQ(irqs[VECTOR], i);
		EXPECT(irq_tsc[VECTOR] - start >= at_least(ns));
	}
	apic_write(LVTT, PERIODIC | VECTOR);
	start = rdtsc();
	apic_write(TMICT, 250000);
	/* Periods that ended while this vCPU did not run are skipped; none is early. */
	for (i = 1; i <= n; i++) {
		await(n + i);
		EXPECT(irq_tsc[VECTOR] - start >= at_least((irqs[VECTOR] - n) * 250000));
	}
	apic_write(TMICT, 0);
}

/* A deadline in the past interrupts the next instruction. */
void g_past(u64 n)
{
	timer(DEADLINE);
	sti();
	for (u64 i = 1; i <= n; i++) {
		wrmsr(MSR_DEADLINE, i % 2 ? 1 : rdtsc());
		EXPECT_EQ(irqs[VECTOR], i);
		EXPECT_EQ(rdmsr(MSR_DEADLINE), 0);
	}
	cli();
}

/* With interrupts off, shortly before the deadline, the guest reads the timer's state or changes the deadline. */
static void peek(u64 i)
{
	u64 deadline = rdtsc() + ticks(40000), before = irqs[VECTOR];

	wrmsr(MSR_DEADLINE, deadline);
	while (rdtsc() < deadline - ticks(i % 40 * 200))
		;
	if (i % 3 == 0) {
		if (rdmsr(MSR_DEADLINE) == 0)
			EXPECT(rdtsc() >= deadline);
	} else if (i % 3 == 1) {
		if (rdmsr(MSR_IRR) & 1U << VECTOR % 32)
			EXPECT(rdtsc() >= deadline);
	} else {
		u64 after;

		wrmsr(MSR_DEADLINE, 0);
		after = rdtsc();
		wait_count(&irqs[VECTOR], before + 1, 2000);
		if (after < deadline)
			EXPECT_EQ(irqs[VECTOR], before);
		return;
	}
	await(before + 1);
	EXPECT_EQ(irqs[VECTOR], before + 1);
	EXPECT(irq_tsc[VECTOR] >= deadline);
}

void g_peek(u64 n)
{
	timer(DEADLINE);
	for (u64 i = 1; i <= n; i++)
		peek(i);
}

/*
 * A periodic timer while the host stops the vCPU at times: missed periods do not arrive in a burst.
 * args[3]: number of interrupts that the host's CPU may deliver twice.
 */
void g_stopped(u64 n)
{
	u64 period = ticks(1000000), start;

	timer(PERIODIC);
	start = rdtsc();
	apic_write(TMICT, 1000000);
	for (u64 i = 1; i <= n; i++) {
		u64 before = irqs[VECTOR], now;

		sync_host(i);
		now = rdtsc();
		wait_count(&irqs[VECTOR], ~0UL, 5 * period);
		EXPECT(irqs[VECTOR] > before);
		EXPECT(irqs[VECTOR] - before <= (rdtsc() - now) / period + 2 + args[3]);
		EXPECT(at_least((irqs[VECTOR] - 1) * 1000000) <= rdtsc() - start);
	}
}

/* The guest's TSC jumps while the timer is armed. */
void g_tsc_moves(u64 n)
{
	static const long jumps[] = { 50000, -30000, 2000000, -1000000, 100000, -100000 };

	timer(DEADLINE);
	for (u64 i = 1; i <= n; i++) {
		u64 deadline = rdtsc() + ticks(100000), armed;

		wrmsr(MSR_DEADLINE, deadline);
		wrmsr(0x10, rdtsc() + jumps[i % 6]);
		armed = rdmsr(MSR_DEADLINE);
		await(i);
		EXPECT_EQ(irqs[VECTOR], i);
		if (armed) /* it had not fired before the jump */
			EXPECT(irq_tsc[VECTOR] >= deadline);
	}
}

void g_masked_firings(u64 n)
{
	timer(DEADLINE | MASKED);
	for (u64 i = 1; i <= n; i++) {
		u64 deadline = rdtsc() + ticks(100000);

		wrmsr(MSR_DEADLINE, deadline);
		wait_count(&irqs[VECTOR], 1, ticks(150000));
		while (rdmsr(MSR_DEADLINE))
			pause();
		EXPECT(rdtsc() >= deadline);
	}
	EXPECT_EQ(irqs[VECTOR], 0);
}

/* LVTT has an illegal vector: each firing causes an error interrupt. args[3]: LVTT's mode. */
void g_illegal_vector(u64 n)
{
	apic_enable(EOI_X2APIC);
	apic_write(TDCR, 0xb);
	apic_write(LVTERR, VECTOR);
	apic_write(LVTT, args[3] | 7);
	apic_write(ESR, 0);
	for (u64 i = 1; i <= n; i++) {
		u64 ns = args[2] / 2 + i * 7919 % args[2], start = rdtsc();

		if (args[3] == DEADLINE)
			wrmsr(MSR_DEADLINE, start + ticks(ns));
		else
			apic_write(TMICT, ns);
		await(i);
		EXPECT_EQ(irqs[VECTOR], i);
		EXPECT(irq_tsc[VECTOR] - start >= at_least(ns));
		apic_write(TMICT, 0);
		apic_write(ESR, 0); /* latches the errors into ESR */
		EXPECT_EQ(apic_read(ESR), ESR_RECEIVE_VECTOR);
	}
}

/* n deadlines, without exits between arming and firing. */
void g_deadlines(u64 n)
{
	timer(DEADLINE);
	sti();
	for (u64 i = 1; i <= n; i++) {
		u64 deadline = rdtsc() + ticks(args[2] / 2 + i * 7919 % args[2]);

		results[0] = i;
		wrmsr(MSR_DEADLINE, deadline);
		while (irqs[VECTOR] < i)
			pause();
		EXPECT_EQ(irqs[VECTOR], i);
		EXPECT(irq_tsc[VECTOR] >= deadline);
	}
	cli();
}

/* Armed once; n periods of args[2] ns. */
void g_periods(u64 n)
{
	u64 start;

	timer(PERIODIC);
	sti();
	start = rdtsc();
	apic_write(TMICT, args[2]);
	for (u64 i = 1; i <= n; i++) {
		while (irqs[VECTOR] < i)
			pause();
		EXPECT(irq_tsc[VECTOR] - start >= at_least(irqs[VECTOR] * args[2]));
	}
	apic_write(TMICT, 0);
	cli();
}

/* Until the host sets args[3]. */
void g_periods_until_told(u64 unused)
{
	(void)unused;
	timer(PERIODIC);
	apic_write(TMICT, args[2]);
	sti();
	while (!args[3])
		pause();
	cli();
	apic_write(TMICT, 0);
}

void g_deadlines_until_told(u64 unused)
{
	(void)unused;
	timer(DEADLINE);
	for (u64 i = 1; !args[3]; i++) {
		wrmsr(MSR_DEADLINE, rdtsc() + ticks(args[2]));
		wait_count(&irqs[VECTOR], i, ~0UL);
	}
}

/* Arms far ahead, then changes the deadline. False: that took too long to know whether the first has fired. */
static bool rearm(u64 *deadline, u64 i)
{
	u64 first = rdtsc() + ticks(5000000);

	wrmsr(MSR_DEADLINE, first);
	*deadline = rdtsc() + ticks(i % 35 ? i * 104729 % args[2] : 8000000);
	wrmsr(MSR_DEADLINE, *deadline);
	return rdtsc() < first;
}

static void await_one(u64 want, bool halt, u64 deadline)
{
	while (halt && irqs[VECTOR] < want)
		sti_hlt_cli();
	wait_count(&irqs[VECTOR], want, ~0UL);
	EXPECT_EQ(irqs[VECTOR], want);
	EXPECT(irq_tsc[VECTOR] >= deadline);
}

/* Until the host sets args[3]: deadlines, HLT in between, changed deadlines. None may be lost or early. */
void g_restless(u64 unused)
{
	u64 deadline;

	(void)unused;
	timer(DEADLINE);
	for (u64 i = 1; !args[3]; i++) {
		u64 before = irqs[VECTOR];
		bool known = true;

		results[0] = i;
		deadline = rdtsc() + ticks(args[2] / 2 + i * 7919 % args[2]);
		if (i % 5)
			wrmsr(MSR_DEADLINE, deadline);
		else
			known = rearm(&deadline, i);
		if (known && i % 7) {
			await_one(before + 1, i % 3 == 0, deadline);
			continue;
		}
		wrmsr(MSR_DEADLINE, 0); /* no interrupt may arrive after this */
		wait_count(&irqs[VECTOR], ~0UL, 1000);
		before = irqs[VECTOR];
		wait_count(&irqs[VECTOR], ~0UL, i % 49 ? 1000 : ticks(args[2] * 2));
		EXPECT_EQ(irqs[VECTOR], before);
	}
}

/* Ends with an armed timer that fires soon, or is periodic. */
void g_armed(u64 n)
{
	timer(n % 2 ? PERIODIC : DEADLINE);
	if (n % 2)
		apic_write(TMICT, 200000);
	else
		wrmsr(MSR_DEADLINE, rdtsc() + n % 64 * 500);
}

/* Armed 20 s ahead; the host may change the deadline. */
void g_far(u64 unused)
{
	(void)unused;
	timer(DEADLINE);
	wrmsr(MSR_DEADLINE, rdtsc() + ticks(20000000000UL));
	results[1] = rdtsc();
	sync_host(1);
	wait_count(&irqs[VECTOR], 1, ~0UL);
	EXPECT_EQ(irqs[VECTOR], 1);
}

/* Sets n deadlines as fast as possible, each shortly ahead and earlier than the one before. */
void g_hurry(u64 n)
{
	u64 first = rdtsc() + ticks(20000000000UL);

	timer(DEADLINE);
	for (u64 i = 0; i < n; i++)
		wrmsr(MSR_DEADLINE, first - i * ticks(2000));
	wrmsr(MSR_DEADLINE, rdtsc() + ticks(1000000));
	await(1);
	EXPECT_EQ(irqs[VECTOR], 1);
}

/* Sets timers of all kinds until the host sets args[3]; their interrupts are not checked. */
void g_arms(u64 unused)
{
	(void)unused;
	for (u64 i = 0; !args[3]; i++) {
		timer(i % 4 == 0 ? PERIODIC : i % 4 == 1 ? 0 : DEADLINE);
		if (i % 4 < 2)
			apic_write(TMICT, i * 7919 % args[2]);
		else
			wrmsr(MSR_DEADLINE, rdtsc() + ticks(i * 7919 % args[2]));
		wait_count(&irqs[VECTOR], ~0UL, ticks(i * 104729 % args[2]));
	}
	timer(MASKED);
	wait_count(&irqs[VECTOR], ~0UL, ticks(args[2]));
}
