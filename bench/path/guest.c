// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest side of the path-length measurement: each function does one operation
 * many times and records the duration of each in TSC ticks. On an emulated
 * machine whose time is the number of executed instructions, a tick is an
 * instruction of guest or host.
 */
#include "lib.h"

#define SAMPLES 500
#define WARM_UP 20
/* Ticks from arming a timer to its deadline; they vary, so that it fires at varying points of the waiting loop. */
#define DELAY(i) (100000 + ((i) * 61 & 511))

void p_empty(u64 arg);
void p_cpuid(u64 arg);
void p_rdmsr(u64 arg);
void p_wrmsr(u64 arg);
void p_kernel_port(u64 arg);
void p_user_port(u64 arg);
void p_mmio_read(u64 arg);
void p_mmio_write(u64 arg);
void p_hypercall(u64 nr);
void p_self_ipi(u64 arg);
void p_hlt_wake(u64 arg);
void p_timer_arm(u64 arg);
void p_timer_fire(u64 arg);
void p_timer_fire_hlt(u64 arg);
void p_timer_taken(u64 arg);
void p_ipi(u64 arg);
void p_ipi_all(u64 arg);
void p_exchange(u64 arg);
void p_partner(u64 arg);
void p_partner_hlt(u64 arg);

volatile u64 samples[SAMPLES];
static volatile u32 partner_ready;

#define MEASURE(op)                                                                                \
	do {                                                                                       \
		for (long i_ = -WARM_UP; i_ < SAMPLES; i_++) {                                     \
			u64 t_ = rdtsc();                                                          \
			op;                                                                        \
			t_ = rdtsc() - t_;                                                         \
			if (i_ >= 0)                                                               \
				samples[i_] = t_;                                                  \
		}                                                                                  \
	} while (0)

static void with_apic(void)
{
	apic_enable(EOI_X2APIC);
	apic_write(0x320, 0x40000 | 0x62);
}

void p_empty(u64 arg)
{
	(void)arg;
	MEASURE();
}

void p_cpuid(u64 arg)
{
	(void)arg;
	MEASURE(cpuid(0, 0));
}

void p_rdmsr(u64 index)
{
	MEASURE(rdmsr(index));
}

void p_wrmsr(u64 index)
{
	MEASURE(wrmsr(index, 0));
}

void p_kernel_port(u64 port)
{
	MEASURE(in8(port));
}

void p_user_port(u64 port)
{
	MEASURE(out8(port, 1));
}

void p_mmio_read(u64 gpa)
{
	MEASURE(mmio_read32(gpa));
}

void p_mmio_write(u64 gpa)
{
	MEASURE(mmio_write32(gpa, 1));
}

void p_hypercall(u64 nr)
{
	hypercall(nr, 0, 0, 0, 0);
	MEASURE(hypercall(nr, 0, 0, 0, 0));
}

/* A self-IPI: sending, delivery and EOI. */
void p_self_ipi(u64 arg)
{
	(void)arg;
	with_apic();
	sti();
	MEASURE({
		u64 n = irqs[0x51];

		wrmsr(0x83f, 0x51);
		while (irqs[0x51] == n)
			;
	});
}

/* HLT with a pending interrupt: HLT, wake-up, handler and EOI. */
void p_hlt_wake(u64 arg)
{
	(void)arg;
	with_apic();
	for (long i = -WARM_UP; i < SAMPLES; i++) {
		u64 n = irqs[0x51], t;

		wrmsr(0x83f, 0x51);
		t = rdtsc();
		sti_hlt_cli();
		t = rdtsc() - t;
		EXPECT_EQ(irqs[0x51], n + 1);
		if (i >= 0)
			samples[i] = t;
	}
}

/* Arming a disarmed timer, so far ahead that it does not fire. */
void p_timer_arm(u64 arg)
{
	(void)arg;
	with_apic();
	for (long i = -WARM_UP; i < SAMPLES; i++) {
		u64 deadline = rdtsc() + 100000000, t;

		t = rdtsc();
		wrmsr(0x6e0, deadline);
		t = rdtsc() - t;
		wrmsr(0x6e0, 0);
		if (i >= 0)
			samples[i] = t;
	}
}

/* From a timer's deadline until the guest continues after the handler; it waits in a loop, or in HLT. */
static void timer_fire(int halt)
{
	with_apic();
	for (long i = -WARM_UP; i < SAMPLES; i++) {
		u64 n = irqs[0x62], start = rdtsc();

		wrmsr(0x6e0, start + DELAY(i));
		if (halt) {
			while (irqs[0x62] == n)
				sti_hlt_cli();
		} else {
			sti();
			while (irqs[0x62] == n)
				;
			cli();
		}
		if (i >= 0)
			samples[i] = rdtsc() - start - DELAY(i);
	}
}

void p_timer_fire(u64 arg)
{
	(void)arg;
	timer_fire(0);
}

void p_timer_fire_hlt(u64 arg)
{
	(void)arg;
	timer_fire(1);
}

/*
 * The time that a timer takes from a busy guest: the time, from before arming to
 * well after its end, in which the guest's loop did not run. The loop reads the
 * clock; a longer interval between two readings than an iteration takes means
 * that it was interrupted.
 */
void p_timer_taken(u64 arg)
{
	(void)arg;
	with_apic();
	sti();
	for (long i = -WARM_UP; i < SAMPLES; i++) {
		u64 start = rdtsc(), last = start, now, taken = 0;

		wrmsr(0x6e0, start + DELAY(i) / 4);
		do {
			now = rdtsc();
			if (now - last > 100)
				taken += now - last;
			last = now;
		} while (now - start < DELAY(0) / 2);
		if (i >= 0)
			samples[i] = taken;
	}
	cli();
}

static void wait_for_partner(void)
{
	with_apic();
	while (!partner_ready)
		pause();
}

static void await_reply(u64 n)
{
	while (irqs[0x53] == n)
		sti_hlt_cli();
}

/* An IPI to a running vCPU, until the sender continues. */
void p_ipi(u64 arg)
{
	(void)arg;
	wait_for_partner();
	for (long i = -WARM_UP; i < SAMPLES; i++) {
		u64 n = irqs[0x53], t = rdtsc();

		apic_icr(1, 0x4052);
		t = rdtsc() - t;
		await_reply(n);
		if (i >= 0)
			samples[i] = t;
	}
}

/* An IPI to a vCPU in HLT, and one back to this vCPU in HLT. */
void p_exchange(u64 arg)
{
	(void)arg;
	wait_for_partner();
	MEASURE({
		u64 n = irqs[0x53];

		apic_icr(1, 0x4052);
		await_reply(n);
	});
}

/* Each vector once: sending one that is pending already is cheaper. */
#define FIRST_VECTOR 0x30
#define NEW_SAMPLES 160

#define MEASURE_VECTORS(op)                                                                        \
	do {                                                                                       \
		for (long i_ = -WARM_UP; i_ < NEW_SAMPLES; i_++) {                                 \
			u64 vector_ = FIRST_VECTOR + WARM_UP + i_, t_ = rdtsc();                   \
			op(vector_);                                                               \
			t_ = rdtsc() - t_;                                                         \
			if (i_ >= 0)                                                               \
				samples[i_] = t_;                                                  \
		}                                                                                  \
		for (long i_ = NEW_SAMPLES; i_ < SAMPLES; i_++)                                    \
			samples[i_] = samples[i_ - NEW_SAMPLES];                                   \
	} while (0)

#define SEND_ALL(vector) apic_icr(0, 0xc4000 | (vector))

/* An IPI to all others, by shorthand. */
void p_ipi_all(u64 arg)
{
	(void)arg;
	with_apic();
	MEASURE_VECTORS(SEND_ALL);
}

/* Answers each IPI; waits in a loop, or in HLT. */
static void partner(int halt)
{
	u64 n = 0;

	with_apic();
	partner_ready = 1;
	while (n < SAMPLES + WARM_UP) {
		if (halt) {
			while (irqs[0x52] == n)
				sti_hlt_cli();
		} else {
			sti();
			while (irqs[0x52] == n)
				;
			cli();
		}
		n++;
		apic_icr(0, 0x4053);
	}
}

void p_partner(u64 arg)
{
	(void)arg;
	partner(0);
}

void p_partner_hlt(u64 arg)
{
	(void)arg;
	partner(1);
}
