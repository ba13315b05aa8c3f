// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest code for scale.c: more vCPUs than the library has stacks and counters
 * for. Each vCPU has a stack of one page at GPA_FREE, from which it takes its
 * number, independent of its APIC ID.
 */
#include "lib.h"

#define VECTOR 0x81
#define STOP_VECTOR 0xf0

void g_many_target(u64 arg);
void g_many_sender(u64 n);

volatile u32 many_ids[MANY_VCPUS]; /* filled by the host */
volatile u32 many_counts[MANY_VCPUS];
static u32 wanted[MANY_VCPUS];
static volatile u64 ready, stop;

static u32 me(void)
{
	u64 rsp;

	asm volatile("movq %%rsp, %0" : "=r"(rsp));
	return (rsp - GPA_FREE) / MANY_STACK;
}

static void on_irq(u64 vector)
{
	if (vector == VECTOR)
		many_counts[me()]++;
	if (vector >= 32)
		wrmsr(0x80b, 0);
}

static void start(void)
{
	irq_hook = on_irq;
	wrmsr(0x1b, rdmsr(0x1b) | 0xc00);
	wrmsr(0x80f, 0x1ff);
}

/* Waits for interrupts in HLT until the sender stops it. */
void g_many_target(u64 arg)
{
	(void)arg;
	start();
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	while (!stop)
		sti_hlt_cli();
}

static void icr(u64 dest, u64 low)
{
	wrmsr(0x830, dest << 32 | low);
}

/* Waits until all vCPUs have their interrupts; none may have more. */
static void settle(u64 n)
{
	for (u64 i = 0; i < n; i++) {
		while (many_counts[i] < wanted[i]) {
			sti();
			pause();
			cli();
		}
		EXPECT_EQ(many_counts[i], wanted[i]);
	}
}

static u64 members_of(u64 cluster, u64 n)
{
	u64 mask = 0;

	for (u64 i = 1; i < n; i++)
		if (many_ids[i] >> 4 == cluster)
			mask |= 1UL << (many_ids[i] & 15);
	return mask;
}

static void send_each(u64 n)
{
	for (u64 i = 1; i < n; i++) {
		icr(many_ids[i], 0x4000 | VECTOR);
		wanted[i]++;
	}
	settle(n);
}

static void send_clusters(u64 n)
{
	for (u64 cluster = 0; cluster < 256; cluster++) {
		u64 mask = members_of(cluster, n);

		if (mask)
			icr(cluster << 16 | mask, 0x4800 | VECTOR);
	}
	for (u64 i = 1; i < n; i++)
		wanted[i]++;
	settle(n);
}

/* Lowest priority: one member of the last cluster takes it, each in turn. */
static void send_lowest(u64 n)
{
	u64 cluster = many_ids[n - 1] >> 4, before = 0, now;

	for (u64 i = 1; i < n; i++)
		before += many_counts[i];
	icr(cluster << 16 | members_of(cluster, n), 0x4900 | VECTOR);
	do {
		now = 0;
		for (u64 i = 1; i < n; i++)
			now += many_counts[i];
	} while (now == before);
	EXPECT_EQ(now, before + 1);
	for (u64 i = 1; i < n; i++) {
		if (many_counts[i] != wanted[i])
			EXPECT_EQ(many_ids[i] >> 4, cluster);
		wanted[i] = many_counts[i];
	}
}

/* 128 IDs per hypercall, without the sender's ID 0. */
static void send_hypercalls(u64 n)
{
	for (u64 min = 0; min < 4096; min += 128) {
		long there = 0;

		for (u64 i = 1; i < n; i++)
			there += many_ids[i] >= min && many_ids[i] < min + 128;
		EXPECT_EQ(hypercall(10, min ? ~0UL : ~1UL, ~0UL, min, VECTOR), there);
	}
	for (u64 i = 1; i < n; i++)
		wanted[i]++;
	settle(n);
}

static void send_all(u64 n)
{
	static const struct { u32 dest, low, first; } ways[] = {
		{ 0, 0xc4000 | VECTOR, 1 }, /* all but itself */
		{ 0, 0x84000 | VECTOR, 0 }, /* all */
		{ 0xffffffff, 0x4000 | VECTOR, 0 },
		{ 0xffffffff, 0x4800 | VECTOR, 0 },
	};

	for (u32 way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
		icr(ways[way].dest, ways[way].low);
		for (u64 i = ways[way].first; i < n; i++)
			wanted[i]++;
		settle(n);
	}
}

static void send_nobody(u64 n)
{
	icr(4095, 0x4000 | VECTOR);
	icr(4096, 0x4000 | VECTOR);
	icr(0xfffffffe, 0x4000 | VECTOR);
	icr(0x0100ffff, 0x4800 | VECTOR);
	icr(0xfffe0001, 0x4800 | VECTOR);
	EXPECT_EQ(hypercall(10, ~0UL, ~0UL, 4095, VECTOR), 0);
	EXPECT_EQ(hypercall(10, ~0UL, ~0UL, 4096, VECTOR), 0);
	EXPECT_EQ(hypercall(10, ~0UL, ~0UL, 0xffffffff00UL, VECTOR), 0);
	settle(n);
}

/* n vCPUs including this one; the host sends MSIs in between. */
void g_many_sender(u64 n)
{
	start();
	while (ready < n - 1)
		pause();
	send_each(n);
	send_clusters(n);
	send_lowest(n);
	send_hypercalls(n);
	send_all(n);
	send_nobody(n);
	for (u32 message = 1; message <= 2; message++) {
		sync_host(message);
		for (u64 i = 1; i < n; i++)
			wanted[i] += args[message] == many_ids[i];
	}
	settle(n);
	stop = 1;
	icr(0, 0xc4000 | STOP_VECTOR);
}
