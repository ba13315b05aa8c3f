// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest code for suspend.c: guests that check for lost and early interrupts and
 * for time that goes backwards. All run until the host sets STOP.
 */
#include "lib.h"

void g_suspend_ticks(u64 mode);
void g_suspend_watch(u64 unused);
void g_suspend_sleep(u64 unused);
void g_suspend_wake(u64 unused);
void g_suspend_far(u64 mode);
void g_suspend_touch(u64 gpa);

#define TIMER 0x62
#define WAKE 0x64 /* from the host */
#define IPI 0x66
#define PERIODIC 0x20000
#define DEADLINE 0x40000
#define LVTT 0x320
#define TMICT 0x380
#define TDCR 0x3e0
#define MSR_DEADLINE 0x6e0
#define MSR_SYSTEM_TIME 0x4b564d01
/* pvclock flags */
#define TSC_STABLE 1
#define GUEST_STOPPED 2

/* Input from the host. */
#define TSC_KHZ args[0]
#define PERIOD_NS args[2]
#define STOP args[3]
/* Output to the host, by vCPU. */
#define BEATS results[this_cpu()]
#define STOPS_SEEN results[8 + this_cpu()]
#define READY results[16 + this_cpu()]
#define ARMED results[24]
#define TOUCHED results[25]

/* As in asm/pvclock-abi.h */
struct pvclock {
	volatile u32 version;
	u32 pad0;
	volatile u64 tsc, ns;
	volatile u32 mul;
	volatile signed char shift;
	volatile u8 flags;
	u8 pad[2];
};

static struct pvclock clocks[2] __attribute__((aligned(64)));
static volatile u64 last_tsc[2], last_ns[2];

static u64 clock_ns(const struct pvclock *c)
{
	unsigned __int128 product;
	u32 version;
	u64 ns;

	do {
		u64 delta;

		version = c->version & ~1U;
		delta = rdtsc() - c->tsc;
		delta = c->shift < 0 ? delta >> -c->shift : delta << c->shift;
		product = (unsigned __int128)delta * c->mul;
		ns = c->ns + (u64)(product >> 32);
	} while (version != c->version);
	return ns;
}

static void start_clock(void)
{
	wrmsr(MSR_SYSTEM_TIME, (u64)&clocks[this_cpu()] | 1);
}

/* The TSC does not go backwards, within and between vCPUs; neither does a clock with the flag TSC_STABLE. */
static void look(void)
{
	u32 me = this_cpu();
	u64 tsc = last_tsc[0] > last_tsc[1] ? last_tsc[0] : last_tsc[1];
	u64 ns = last_ns[0] > last_ns[1] ? last_ns[0] : last_ns[1];

	last_tsc[me] = rdtsc();
	EXPECT(last_tsc[me] >= tsc);
	last_ns[me] = clock_ns(&clocks[me]);
	if (clocks[me].flags & TSC_STABLE)
		EXPECT(last_ns[me] >= ns);
	/* The host writes it only while this vCPU is stopped. */
	if (clocks[me].flags & GUEST_STOPPED) {
		clocks[me].flags &= ~GUEST_STOPPED;
		STOPS_SEEN++;
	}
}

static u64 ticks(u64 ns)
{
	return ns * TSC_KHZ / 1000000;
}

static u64 arm(u64 mode, u64 ns)
{
	u64 deadline = rdtsc() + ticks(ns);

	if (mode == DEADLINE)
		wrmsr(MSR_DEADLINE, deadline);
	else
		apic_write(TMICT, ns);
	return deadline;
}

/* Interrupts arrive from here on. */
static void start_apic(void)
{
	apic_enable(EOI_X2APIC);
	READY = 1;
}

static void start_timer(u64 mode)
{
	start_apic();
	apic_write(TDCR, 0xb); /* divide by 1: ns */
	apic_write(LVTT, mode | TIMER);
	start_clock();
}

/*
 * A timer of @mode, armed again after each firing unless it is periodic. No firing is lost, and no deadline is early.
 */
void g_suspend_ticks(u64 mode)
{
	u64 n, due = 0;

	start_timer(mode);
	for (n = 1; !STOP; n++) {
		if (mode != PERIODIC || n == 1)
			due = arm(mode, PERIOD_NS);
		while (irqs[TIMER] < n)
			sti_hlt_cli();
		if (mode != PERIODIC)
			EXPECT_EQ(irqs[TIMER], n);
		if (mode == DEADLINE)
			EXPECT(irq_tsc[TIMER] >= due);
		look();
		BEATS = n;
	}
	apic_write(LVTT, 0x10000);
}

/* Always awake. */
void g_suspend_watch(u64 unused)
{
	(void)unused;
	start_clock();
	READY = 1;
	while (!STOP) {
		look();
		BEATS++;
	}
}

/* Sleeps until the host or the other vCPU sends an interrupt. */
void g_suspend_sleep(u64 vector)
{
	start_apic();
	while (!STOP) {
		sti_hlt_cli();
		BEATS = irqs[vector];
	}
}

/* Forwards every interrupt to vCPU 1. */
void g_suspend_wake(u64 unused)
{
	u64 sent;

	(void)unused;
	start_apic();
	for (sent = 0; !STOP; sent++) {
		while (irqs[WAKE] <= sent)
			sti_hlt_cli();
		apic_icr(1, IPI);
		BEATS = sent + 1;
	}
}

/* Each interrupt arms a timer PERIOD_NS ahead; the vCPU sleeps until it fires. */
void g_suspend_far(u64 mode)
{
	u64 n, due;

	start_timer(mode);
	for (n = 1;; n++) {
		while (irqs[WAKE] < n)
			sti_hlt_cli();
		if (STOP)
			break;
		due = arm(mode, PERIOD_NS);
		ARMED = n;
		while (irqs[TIMER] < n)
			sti_hlt_cli();
		EXPECT_EQ(irqs[TIMER], n);
		if (mode == DEADLINE)
			EXPECT(irq_tsc[TIMER] >= due);
		BEATS = n;
	}
}

void g_suspend_touch(u64 gpa)
{
	TOUCHED = *(volatile u64 *)gpa;
}
