// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts between vCPUs, all of them counted.
 *
 * Each vCPU sends requests to others in all ways and waits for the reply before
 * the next request. So interrupts of one sender do not merge, and a lost one
 * stops its sender, which the host notices. Each interrupt has a number in
 * memory, which shows interrupts that arrive twice; it is read only after an
 * interrupt. In between timers fire, and NMIs and broadcasts are sent. Interrupts
 * are on only while a vCPU waits.
 */
#include "lib.h"

#include "../stress.h"

void g_refused(u64 unused);
void g_stress(u64 self);

/* Vectors; the sender's number is added to the first four. 0x80 is the return from user mode. */
#define REQUEST 0x40
#define REPLY 0x60
#define BROADCAST 0x90
#define NUDGE 0xa0
#define TIMER 0xb0

#define HC_SEND_IPI 10
#define MSR_PV_EOI 0x4b564d04
#define MSR_DEADLINE 0x6e0

/* stress_rounds: rounds done, read by the host. stress_stop: set by the host to end after the current round. */
volatile u64 stress_rounds[STRESS_MAX_CPUS], stress_stop, stress_msis[STRESS_MAX_CPUS];
volatile u64 stress_surplus[STRESS_MAX_CPUS]; /* interrupts that were not sent */

volatile u64 cpu_irqs[STRESS_MAX_CPUS][256]; /* taken, by vCPU and vector; NMIs are vector 2 */

static volatile u32 pv_eoi_words[STRESS_MAX_CPUS];
static volatile u32 finished;
static volatile u32 nmi_sender[STRESS_MAX_CPUS]; /* by target: 1 + the vCPU that may send it an NMI; 0: none */

/* Kinds of messages, by vector; [to][from] is the number of the last one. */
enum { KIND_REQUEST, KIND_BROADCAST, KIND_REPLY, NR_KINDS };
static const u32 kind_vector[NR_KINDS] = { REQUEST, BROADCAST, REPLY };
static volatile u64 sent[NR_KINDS][STRESS_MAX_CPUS][STRESS_MAX_CPUS];

struct cpu {
	u32 self, n, flags;
	u64 random;
	u64 seen[NR_KINDS][STRESS_MAX_CPUS]; /* interrupts handled, by sender */
	u64 taken[NR_KINDS][STRESS_MAX_CPUS]; /* message numbers handled, by sender */
	u64 nmis, timers, deadline;
	int armed;
};

static u32 random_below(struct cpu *c, u32 n)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return (u32)(c->random >> 16) % n;
}

static u32 logical_id(const struct cpu *c, u32 cpu)
{
	return c->flags & STRESS_XAPIC ? 1U << cpu : (cpu >> 4) << 16 | 1U << (cpu & 15);
}

static void send_hypercall(struct cpu *c, u64 cpus, u32 icr)
{
	u32 min = 0;

	/* The same set of vCPUs, with another lowest APIC ID. */
	while (!(cpus & 1) && random_below(c, 2)) {
		cpus >>= 1;
		min++;
	}
	EXPECT(hypercall(HC_SEND_IPI, cpus, 0, min, icr) > 0);
}

static void send(struct cpu *c, u32 to, u32 icr)
{
	switch (random_below(c, c->flags & STRESS_HYPERCALL ? 3 : 2)) {
	case 0:
		apic_icr(to, 0x4000 | icr);
		break;
	case 1:
		apic_icr(logical_id(c, to), 0x4800 | icr);
		break;
	default:
		send_hypercall(c, 1UL << to, icr);
	}
}

static void send_to_others(struct cpu *c, u32 icr)
{
	u64 others = ((1UL << c->n) - 1) & ~(1UL << c->self);

	switch (random_below(c, c->flags & STRESS_HYPERCALL ? 3 : 2)) {
	case 0:
		apic_icr(0, 0xc4000 | icr); /* shorthand: all but self */
		break;
	case 1:
		apic_icr((u32)others, 0x4800 | icr); /* logical IDs: one bit each, cluster 0 */
		break;
	default:
		send_hypercall(c, others, icr);
	}
}

/* Has a new message arrived from @from, with its interrupt? Counts interrupts without a message as surplus. */
static int take(struct cpu *c, u32 kind, u32 from)
{
	u64 count = cpu_irqs[c->self][kind_vector[kind] + from];
	u64 number = sent[kind][c->self][from];

	if (count == c->seen[kind][from])
		return 0;
	if (number == c->taken[kind][from])
		stress_surplus[c->self] += count - c->seen[kind][from];
	c->seen[kind][from] = count;
	if (number == c->taken[kind][from])
		return 0;
	EXPECT_EQ(number, ++c->taken[kind][from]);
	return 1;
}

static void reply(struct cpu *c, u32 to)
{
	sent[KIND_REPLY][to][c->self]++;
	send(c, to, REPLY + c->self);
}

static void serve_nmi(struct cpu *c)
{
	u64 count = cpu_irqs[c->self][2];
	u32 from = nmi_sender[c->self];

	if (count == c->nmis)
		return;
	c->nmis = count;
	if (!from) {
		stress_surplus[c->self]++;
		return;
	}
	nmi_sender[c->self] = 0;
	reply(c, from - 1);
}

/* Answers the interrupts that have arrived; interrupts are off. */
static void serve(struct cpu *c)
{
	for (u32 from = 0; from < c->n; from++) {
		if (take(c, KIND_REQUEST, from))
			reply(c, from);
		if (take(c, KIND_BROADCAST, from))
			reply(c, from);
	}
	serve_nmi(c);
	stress_msis[c->self] = cpu_irqs[c->self][STRESS_MSI_VECTOR];
}

static int something_to_serve(const struct cpu *c)
{
	volatile u64 *irq = cpu_irqs[c->self];

	for (u32 from = 0; from < c->n; from++) {
		for (u32 kind = 0; kind < NR_KINDS; kind++) {
			if (irq[kind_vector[kind] + from] != c->seen[kind][from])
				return 1;
		}
	}
	return irq[2] != c->nmis || irq[STRESS_MSI_VECTOR] != stress_msis[c->self] || irq[TIMER] != c->timers;
}

static void serve_timer(struct cpu *c)
{
	u64 count = cpu_irqs[c->self][TIMER];

	if (count == c->timers)
		return;
	if (c->armed && rdtsc() >= c->deadline)
		c->armed = 0;
	else
		stress_surplus[c->self]++;
	c->timers = count;
}

static void arm_timer(struct cpu *c)
{
	if (!(c->flags & STRESS_TIMER) || c->armed)
		return;
	c->armed = 1;
	c->deadline = random_below(c, 8) ? rdtsc() + random_below(c, 300000) : 1;
	wrmsr(MSR_DEADLINE, c->deadline);
}

/* The only place with interrupts on. An NMI between the check and HLT is followed by a NUDGE interrupt. */
static void idle(struct cpu *c)
{
	if (c->flags & STRESS_HLT && random_below(c, 4)) {
		if (!something_to_serve(c))
			sti_hlt_cli();
		return;
	}
	sti();
	for (u32 spins = random_below(c, 200); spins; spins--)
		pause();
	cli();
}

static void wait_reply(struct cpu *c, u32 from)
{
	for (;;) {
		serve(c);
		serve_timer(c);
		if (take(c, KIND_REPLY, from))
			return;
		arm_timer(c);
		idle(c);
	}
}

static void send_nmi(struct cpu *c, u32 to)
{
	while (!__sync_bool_compare_and_swap(&nmi_sender[to], 0, c->self + 1)) {
		serve(c);
		sti();
		pause();
		cli();
	}
	send(c, to, 0x400);
	send(c, to, NUDGE + c->self);
	wait_reply(c, to);
}

static void one_round(struct cpu *c)
{
	u32 to = (c->self + 1 + random_below(c, c->n - 1)) % c->n;

	if (!random_below(c, 8)) {
		for (u32 other = 0; other < c->n; other++)
			sent[KIND_BROADCAST][other][c->self] += other != c->self;
		send_to_others(c, BROADCAST + c->self);
		for (u32 from = 0; from < c->n; from++) {
			if (from != c->self)
				wait_reply(c, from);
		}
	} else if (c->flags & STRESS_NMI && !random_below(c, 4)) {
		send_nmi(c, to);
	} else {
		sent[KIND_REQUEST][to][c->self]++;
		send(c, to, REQUEST + c->self);
		wait_reply(c, to);
	}
	stress_rounds[c->self]++;
}

static void on_irq(u64 vector)
{
	u32 cpu = this_cpu();

	cpu_irqs[cpu][vector]++;
	if (vector >= 32 && !(args[1] & STRESS_PV_EOI && pv_eoi(&pv_eoi_words[cpu])))
		apic_write(0xb0, 0);
}

static void set_up(struct cpu *c)
{
	irq_hook = on_irq;
	apic_enable(c->flags & STRESS_XAPIC ? EOI_XAPIC : EOI_X2APIC);
	if (c->flags & STRESS_XAPIC) {
		apic_write(0xe0, 0xffffffff); /* flat model */
		apic_write(0xd0, logical_id(c, c->self) << 24);
	}
	apic_write(0x320, 0x40000 | TIMER);
	if (c->flags & STRESS_PV_EOI)
		wrmsr(MSR_PV_EOI, (u64)&pv_eoi_words[c->self] | 1);
	/* Sending starts after all vCPUs have arrived here. */
	__sync_fetch_and_add(&finished, 1);
	while (finished < c->n)
		pause();
}

void g_stress(u64 self)
{
	static struct cpu cpus[STRESS_MAX_CPUS];
	struct cpu *c = &cpus[self];

	c->self = self;
	c->n = args[0];
	c->flags = args[1];
	c->random = (args[2] + 1) * 0x9e3779b97f4a7c15UL + self * 0x1234567;
	set_up(c);
	while (!stress_stop)
		one_round(c);
	/* Answer the remaining requests of others. */
	__sync_fetch_and_add(&finished, 1);
	while (finished < 2 * c->n) {
		serve(c);
		sti();
		pause();
		cli();
	}
	while (c->armed) {
		idle(c);
		serve_timer(c);
	}
	if (c->flags & STRESS_PV_EOI)
		wrmsr(MSR_PV_EOI, 0);
}

/* Waits in x2APIC mode, at times in HLT, and switches interrupts on and off, while the host sets bad state. */
void g_refused(u64 unused)
{
	(void)unused;
	apic_enable(EOI_X2APIC);
	for (u64 i = 0;; i++) {
		sti();
		if (i % 64)
			pause();
		else
			hlt();
		cli();
		if (i % 16 == 0)
			sync_host(1);
	}
}
