// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest code for ipi.c and pv.c: interrupts between vCPUs, counted per vCPU.
 * The vCPUs may be in different APIC modes.
 */
#include "lib.h"

void g_ipi_target(u64 setup);
void g_ipi_rounds(u64 n);
void g_ipi_flipper(u64 mode);
void g_ipi_race(u64 n);
void g_ipi_watch(u64 n);
void g_ipi_storm(u64 n);
void g_reset_boss(u64 n);
void g_hypercall(u64 arg);
void g_hypercall_user(u64 arg);
void g_pv_eoi_storm(u64 n);
void g_pv_eoi_pair(u64 n);
void g_pv_eoi_level(u64 arg);
void g_steal_sync(u64 n);
void g_steal_spin(u64 arg);
void g_flush_leaver(u64 n);
void g_spin(u64 arg);
void g_yield(u64 n);
void g_kick_self(u64 n);
void g_hlt_masked(u64 arg);
void g_pv_storm(u64 n);

#define CPUS MAX_CPUS
#define STOP_VECTOR 0xf0
#define STORM_VECTOR 0xa1
#define ANSWER_VECTOR 0xa0

volatile u32 ipi_counts[CPUS][256];
static volatile u8 mode_of[CPUS];
static volatile u64 ready, stopped;
static volatile u32 eoi_flag[CPUS * 16] __attribute__((aligned(64))); /* one per line */
static volatile u8 pv_eoi_on[CPUS];
volatile u64 eois_written[CPUS];

static void reg_write(u32 reg, u32 value)
{
	if (mode_of[this_cpu()] == EOI_X2APIC)
		wrmsr(0x800 + reg / 16, value);
	else
		mmio_write32(XAPIC_BASE + reg, value);
}

/* Destination in bits 63:32, as in an x2APIC's ICR. An xAPIC's ICR2 is written only if it changes. */
static void icr(u64 value)
{
	static volatile u32 upper[CPUS];
	u32 cpu = this_cpu(), dest = value >> 32 << 24;

	if (mode_of[cpu] == EOI_X2APIC) {
		wrmsr(0x830, value);
		return;
	}
	if (upper[cpu] != dest) {
		upper[cpu] = dest;
		mmio_write32(XAPIC_BASE + 0x310, dest);
	}
	mmio_write32(XAPIC_BASE + 0x300, (u32)value);
}

static volatile u32 box[CPUS][CPUS], answer[CPUS][CPUS]; /* to and from; from and to */

/* Interrupts may merge; messages in the boxes do not. */
static void answer_all(u32 me)
{
	for (u32 from = 0; from < args[1]; from++) {
		if (answer[from][me] == box[me][from])
			continue;
		answer[from][me] = box[me][from];
		icr((u64)from << 32 | 0x4000 | ANSWER_VECTOR);
	}
}

static void on_irq(u64 vector)
{
	u32 cpu = this_cpu();

	ipi_counts[cpu][vector]++;
	if (vector < 32)
		return;
	if (vector == STORM_VECTOR)
		answer_all(cpu);
	if (pv_eoi_on[cpu] && pv_eoi(&eoi_flag[cpu * 16]))
		return;
	eois_written[cpu]++;
	reg_write(0xb0, 0);
}

struct steal {
	volatile u64 steal;
	volatile u32 version, flags;
	volatile u8 preempted, pad[47];
};

static volatile u64 clock_page[8] __attribute__((aligned(64)));
static struct steal steals[CPUS] __attribute__((aligned(64)));

static void pv_on(void)
{
	u32 cpu = this_cpu();

	wrmsr(0x4b564d01, (u64)clock_page | 1);
	wrmsr(0x4b564d03, (u64)&steals[cpu] | 1);
	wrmsr(0x4b564d04, (u64)&eoi_flag[cpu * 16] | 1);
	pv_eoi_on[cpu] = 1;
}

/* @setup: mode; bits 15:8: logical ID; bit 16: cluster model; bit 24: all PV features on. */
static void apic_start(u64 setup)
{
	u32 mode = setup & 0xff;

	irq_hook = on_irq;
	mode_of[this_cpu()] = mode;
	if (mode == EOI_X2APIC)
		wrmsr(0x1b, rdmsr(0x1b) | 0xc00);
	reg_write(0xf0, 0x1ff);
	if (mode == EOI_XAPIC) {
		reg_write(0xe0, setup >> 16 & 1 ? 0x0fffffff : 0xffffffff);
		reg_write(0xd0, (setup >> 8 & 0xff) << 24);
	}
	if (setup >> 24 & 1)
		pv_on();
}

static void add(volatile u64 *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

/* Waits for interrupts in HLT and counts them. */
void g_ipi_target(u64 setup)
{
	apic_start(setup);
	add(&ready);
	while (!ipi_counts[this_cpu()][STOP_VECTOR])
		sti_hlt_cli();
	add(&stopped);
}

static void wait_for(volatile u64 *counter, u64 n)
{
	while (*counter < n)
		pause();
}

static void stop_all(u64 others)
{
	icr(0xc4000 | STOP_VECTOR);
	wait_for(&stopped, others);
}

/* vCPUs in @mask have taken @vector n times, others not at all. */
static void expect_counts(u64 mask, u32 vector, u64 n)
{
	for (u64 cpu = 0; cpu < CPUS; cpu++)
		EXPECT_EQ(ipi_counts[cpu][vector], mask >> cpu & 1 ? n : 0);
}

static void wait_counts(u64 mask, u32 vector, u64 n)
{
	for (u64 cpu = 0; cpu < CPUS; cpu++)
		while (mask >> cpu & 1 && ipi_counts[cpu][vector] < n)
			pause();
}

/*
 * args: [0] setup, [1] others, [2] number of ICR writes per round (0: one
 * hypercall), [3] vector to count, [4] mask of receivers, [5...] ICR values, or
 * the hypercall's arguments. results[0]: the result of the last hypercall.
 */
void g_ipi_rounds(u64 n)
{
	u32 vector = args[3];

	apic_start(args[0]);
	wait_for(&ready, args[1]);
	hypercall(~0UL, 0, 0, 0, 0); /* determines the vendor, which takes exits */
	if (args[2])
		/* sets an xAPIC's ICR2 to its value at the end of a round; vector 0 is not delivered */
		icr(args[4 + args[2]] & ~0xcffffUL);
	sync_host(1);
	for (u64 i = 1; i <= n; i++) {
		expect_counts(args[4], vector, i - 1);
		if (!args[2])
			results[0] = hypercall(10, args[5], args[6], args[7], args[8]);
		for (u64 k = 0; k < args[2]; k++)
			icr(args[5 + k]);
		wait_counts(args[4], vector, i);
	}
	sync_host(2);
	stop_all(args[1]);
	expect_counts(args[4], vector, n);
}

/* The host sends; this vCPU waits until all have taken the vector n times. */
void g_ipi_watch(u64 n)
{
	apic_start(args[0]);
	wait_for(&ready, args[1]);
	for (u64 i = 1; i <= n; i++) {
		sync_host(i);
		wait_counts(args[4], args[3], i);
	}
	stop_all(args[1]);
	expect_counts(args[4], args[3], n);
}

/* ---- all to all ---- */

static void storm_send(u64 to, u32 turn)
{
	if (turn % 3 == 0) {
		long n = 0;

		for (u32 cpu = 0; cpu < args[1]; cpu++)
			n += to >> cpu & 1;
		EXPECT_EQ(hypercall(10, to, 0, 0, STORM_VECTOR), n);
	} else if (turn % 3 == 1) {
		icr(to << 32 | 0x4800 | STORM_VECTOR);
	} else {
		for (u32 cpu = 0; cpu < args[1]; cpu++)
			if (to >> cpu & 1)
				icr((u64)cpu << 32 | 0x4000 | STORM_VECTOR);
	}
}

static int all_answered(u32 me, u64 to, u32 turn)
{
	for (u32 cpu = 0; cpu < args[1]; cpu++)
		if (to >> cpu & 1 && answer[me][cpu] != turn)
			return 0;
	return 1;
}

/*
 * args[1] vCPUs (at most 16). Each sends requests to a changing set of others n
 * times, and sleeps or spins in turn until all have answered. After a lost
 * interrupt or wake-up a request has no answer.
 */
void g_ipi_storm(u64 n)
{
	u32 me = this_cpu();

	apic_start(EOI_X2APIC | (me & 1) << 24);
	add(&ready);
	wait_for(&ready, args[1]);
	for (u32 turn = 1; turn <= n; turn++) {
		u64 to = (turn * 0x9e3779b1U >> (me + 3) & ((1U << args[1]) - 1)) & ~(1U << me);

		for (u32 cpu = 0; cpu < args[1]; cpu++)
			if (to >> cpu & 1)
				box[cpu][me] = turn;
		storm_send(to, turn);
		while (!all_answered(me, to, turn)) {
			if (turn & 1) {
				sti_hlt_cli();
			} else {
				sti();
				pause();
				cli();
			}
		}
	}
	add(&stopped);
	icr(0xc4000 | STOP_VECTOR);
	while (stopped < args[1])
		sti_hlt_cli();
}

/* ---- the destination map changes while others send ---- */

static volatile u64 stop_flipping;

/* Changes the logical ID, the model and the APIC's enable bits repeatedly; some IDs collide with others. */
void g_ipi_flipper(u64 mode)
{
	u32 cpu = this_cpu(), turn = cpu;

	apic_start(EOI_XAPIC | 0x200);
	add(&ready);
	sti();
	while (!stop_flipping) {
		turn++;
		reg_write(0xd0, (turn * 37 & 0xff) << 24);
		reg_write(0xe0, turn & 1 ? 0xffffffff : 0x0fffffff);
		if (turn % 4 == 0) {
			reg_write(0xf0, 0xff);
			reg_write(0xf0, 0x1ff);
		}
		if (mode == EOI_X2APIC && turn % 8 == 0) {
			u64 base = rdmsr(0x1b) & ~0xc00UL;

			cli();
			wrmsr(0x1b, base | 0x800);
			wrmsr(0x1b, base | 0xc00);
			wrmsr(0x1b, base);
			wrmsr(0x1b, base | 0x800);
			mmio_write32(XAPIC_BASE + 0xf0, 0x1ff);
			sti();
		}
	}
	cli();
	add(&stopped);
}

/* n interrupts to vCPU 1, in each way in turn; args[0]: setup, args[1]: number of other vCPUs. */
void g_ipi_race(u64 n)
{
	u64 logical = args[0] & 0xff00 ? 0x02 : 0x00000002;

	apic_start(args[0]);
	wait_for(&ready, args[1]);
	for (u64 i = 1; i <= n; i++) {
		if (i % 3 == 0)
			EXPECT(hypercall(10, 2, 0, 0, 0x81) >= 1);
		else
			icr(i % 3 == 1 ? 1UL << 32 | 0x4081 : logical << 32 | 0x4881);
		wait_counts(2, 0x81, i);
		EXPECT_EQ(ipi_counts[1][0x81], i);
	}
	stop_flipping = 1;
	icr(1UL << 32 | 0x4000 | STOP_VECTOR);
	wait_for(&stopped, args[1]);
	EXPECT_EQ(ipi_counts[1][0x81], n);
}

/* ---- INIT while features are in use ---- */

static volatile u64 runs;

/* Enables all PV features, then takes interrupts until the next INIT. */
static void reset_target(void)
{
	u32 cpu = this_cpu();

	EXPECT_EQ(rdmsr(0x4b564d01), 0);
	EXPECT_EQ(rdmsr(0x4b564d03), 0);
	EXPECT_EQ(rdmsr(0x4b564d04), 0);
	if (args[0])
		EXPECT_EQ(rdmsr(0x4b564d05), 1);
	eoi_flag[cpu * 16] = 0;
	apic_start(EOI_X2APIC);
	EXPECT_EQ(rdmsr(0x823), 0); /* IRR is empty after INIT */
	wrmsr(0x4b564d05, 0);
	pv_on();
	add(&runs);
	for (;;)
		sti_hlt_cli();
}

void (*ap_function)(void) = reset_target;

void g_reset_boss(u64 n)
{
	u64 sent = 0;

	apic_start(EOI_X2APIC);
	for (u64 i = 1; i <= n; i++) {
		icr(1UL << 32 | 0xc500);
		icr(1UL << 32 | 0x600 | GPA_REAL >> 12);
		wait_for(&runs, i);
		for (u64 k = 0; k < i % 9; k++)
			EXPECT_EQ(hypercall(10, 2, 0, 0, 0x70 + k), 1);
	}
	/* After its last start the vCPU loses no interrupt. */
	for (u64 i = 0; i < 100; i++) {
		sent = ipi_counts[1][0x90];
		EXPECT_EQ(hypercall(10, 2, 0, 0, 0x90), 1);
		wait_counts(2, 0x90, sent + 1);
	}
	EXPECT_EQ(ipi_counts[1][0x90], 100);
	EXPECT_EQ(runs, n);
}

/* ---- hypercalls ---- */

/* args: number, a0 to a3; results[0]: the result */
void g_hypercall(u64 arg)
{
	(void)arg;
	results[0] = hypercall(args[0], args[1], args[2], args[3], args[4]);
}

static void user_call(void)
{
	results[0] = hypercall(args[0], args[1], args[2], args[3], args[4]);
	USER_END();
}

void g_hypercall_user(u64 arg)
{
	(void)arg;
	hypercall(~0UL, 0, 0, 0, 0); /* determines the vendor before CPL 3 */
	run_user(user_call);
}

/* ---- EOI without an exit ---- */

/* args: [0] setup, [1] with PV EOI */
void g_pv_eoi_storm(u64 n)
{
	u32 cpu = this_cpu();

	apic_start(args[0]);
	if (args[1])
		pv_on();
	icr(0x40000); /* to itself; vector 0 is not delivered */
	sync_host(1);
	sti();
	for (u64 i = 1; i <= n; i++) {
		icr(0x44000 | 0x78);
		while (ipi_counts[cpu][0x78] < i)
			pause();
	}
	cli();
	sync_host(2);
	EXPECT_EQ(ipi_counts[cpu][0x78], n);
	EXPECT_EQ(eoi_flag[cpu * 16] & 1, 0);
}

/* A lower vector waits for the EOI of the higher one, which must be written. args[0]: EOIs written per pair. */
void g_pv_eoi_pair(u64 n)
{
	apic_start(EOI_X2APIC);
	pv_on();
	for (u64 i = 1; i <= n; i++) {
		wrmsr(0x83f, 0x41);
		wrmsr(0x83f, 0x91);
		sti();
		while (ipi_counts[0][0x41] < i)
			pause();
		cli();
		EXPECT_EQ(ipi_counts[0][0x91], i);
		EXPECT_EQ(ipi_counts[0][0x41], i);
		EXPECT_EQ(eois_written[0], i * args[0]);
		EXPECT_EQ(rdmsr(0x814) | rdmsr(0x812), 0); /* none left in service */
	}
}

void g_pv_eoi_level(u64 arg)
{
	(void)arg;
	apic_start(EOI_X2APIC);
	pv_on();
	sync_host(1);
	sti();
	while (!ipi_counts[0][0x64])
		pause();
	cli();
	EXPECT_EQ(eois_written[0], 1);
}

/* ---- steal time, TLB flush, yield, kick ---- */

static struct steal *steal_on(void)
{
	struct steal *s = &steals[this_cpu()];

	wrmsr(0x4b564d03, (u64)s | 1);
	return s;
}

/* results[i]: steal time at point i, results[16 + i]: the preempted byte */
void g_steal_sync(u64 n)
{
	struct steal *s = steal_on();

	results[63] = (u64)s;
	for (u64 i = 0; i < n; i++) {
		EXPECT_EQ(s->version & 1, 0);
		results[i] = s->steal;
		results[16 + i] = s->preempted;
		sync_host(i + 1);
	}
}

static volatile u64 stop_spin;

void g_steal_spin(u64 arg)
{
	(void)arg;
	steal_on();
	add(&ready);
	while (!stop_spin)
		pause();
}

/* Requests n TLB flushes of vCPU 1 while it is preempted, like Linux. */
void g_flush_leaver(u64 n)
{
	volatile u8 *p = &steals[1].preempted;

	wait_for(&ready, 1);
	for (u64 i = 0; i < n;) {
		u8 preempted = 1;

		if (!__atomic_compare_exchange_n(p, &preempted, 3, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			continue;
		i++;
		while (*p)
			;
	}
	stop_spin = 1;
}

/* Spins without exits until told to stop. */
void g_spin(u64 arg)
{
	(void)arg;
	add(&ready);
	while (!stop_spin)
		;
}

/* args: [0] hypercall number, [1] target, [2] number of vCPUs to wait for; then n calls. */
void g_yield(u64 n)
{
	wait_for(&ready, args[2]);
	hypercall(~0UL, 0, 0, 0, 0);
	for (u64 i = 0; i < n; i++)
		EXPECT_EQ(args[0] == 5 ? hypercall(5, 0, args[1], 0, 0) : hypercall(11, args[1], 0, 0, 0), 0);
	stop_spin = 1;
}

/* A kick before the HLT ends the HLT. */
void g_kick_self(u64 n)
{
	apic_start(EOI_X2APIC);
	while (n--) {
		EXPECT_EQ(hypercall(5, 0, 0, 0, 0), 0);
		EXPECT_EQ(hypercall(5, 0, 0, 0, 0), 0);
		hlt();
	}
}

void g_hlt_masked(u64 arg)
{
	(void)arg;
	apic_start(EOI_X2APIC);
	add(&ready);
	hlt();
}

/* Self-IPIs while the host changes the PV MSRs and their memory. */
void g_pv_storm(u64 n)
{
	apic_start(EOI_X2APIC);
	sti();
	for (u64 i = 1; i <= n; i++) {
		wrmsr(0x83f, 0x78);
		while (ipi_counts[0][0x78] < i)
			pause();
		if (i % 8 == 0)
			sync_host(7);
	}
	cli();
	EXPECT_EQ(ipi_counts[0][0x78], n);
}
