// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for nmi.c: NMIs from another vCPU during IRETs, interrupt shadows and single steps. */
#include "lib.h"

void g_nmi_storm(u64 n);
void g_nmi_storm_bad_iret(u64 n);
void g_nmi_storm_stepped(u64 n);
void g_nmi_sender(u64 arg);
void g_nmi_masked(u64 arg);
void g_stepped_loop(u64 n);
void nmi_stub(void);
void nmi_bad_stub(void);
void nmi_gp_stub(void);
void step_stub(void);

volatile u64 nmi_taken, nmi_at_iret, nmi_with_tf, nmi_faults, steps;
static volatile u64 storm_over, storm_on, rounds;

static void set_gate(u32 vector, void (*handler)(void))
{
	volatile u32 *gate = (volatile u32 *)(GPA_IDT + vector * 16UL);
	u32 at = (u32)(u64)handler;

	gate[0] = (gate[0] & 0xffff0000) | (at & 0xffff);
	gate[1] = (gate[1] & 0xffff) | (at & 0xffff0000);
}

/* Sends NMIs to vCPU 0 continuously, or in pairs while it is outside its handlers, so that they nest at most once. */
void g_nmi_sender(u64 in_pairs)
{
	u64 seen = 0;

	apic_enable(EOI_X2APIC);
	while (!storm_on)
		pause();
	while (!storm_over) {
		if (in_pairs && rounds == seen)
			continue;
		seen = rounds;
		apic_icr(0, 0x4400);
		apic_icr(0, 0x4400);
	}
}

/* Interrupt shadows, exits, and reads of the flags. */
static void mixed_work(void)
{
	u64 flags;

	asm volatile("sti\n\tnop\n\tcli\n\tsti\n\tcli\n\tmovl %%ss, %%eax\n\tmovl %%eax, %%ss\n\tpushfq\n\tpopq %0"
		     : "=r"(flags)::"rax", "memory");
	if (args[0])
		EXPECT_EQ(flags & 0x100, 0);
	cpuid(0, 0);
	asm volatile("pushfq\n\tpopq %0" : "=r"(flags)::"memory");
	if (args[0])
		EXPECT_EQ(flags & 0x100, 0);
}

static void storm(u64 n, void (*handler)(void))
{
	apic_enable(EOI_X2APIC);
	set_gate(2, handler);
	storm_on = 1;
	while (nmi_taken < n) {
		rounds++;
		mixed_work();
	}
	storm_over = 1;
	results[0] = nmi_taken;
	results[1] = nmi_at_iret;
	EXPECT_EQ(nmi_at_iret, 0);
	if (args[0])
		EXPECT_EQ(nmi_with_tf, 0);
	EXPECT_EQ(trap.count, 0);
}

void g_nmi_storm(u64 n)
{
	storm(n, nmi_stub);
}

void g_nmi_storm_bad_iret(u64 n)
{
	set_gate(13, nmi_gp_stub);
	storm(n, nmi_bad_stub);
	EXPECT(nmi_faults >= n);
}

/* Each instruction takes one single step, also with NMIs in between. */
void g_nmi_storm_stepped(u64 n)
{
	apic_enable(EOI_X2APIC);
	set_gate(1, step_stub);
	set_gate(2, nmi_stub);
	storm_on = 1;
	for (u64 i = 0; nmi_taken < n; i++) {
		steps = 0;
		g_stepped_loop(20);
		/* Six per round, and three to clear the trap flag. */
		EXPECT_EQ(steps, 20 * 6 + 3);
	}
	storm_over = 1;
	EXPECT_EQ(nmi_at_iret, 0);
	results[0] = nmi_taken;
}

static void iret_to_next(void)
{
	asm volatile("movq %%rsp, %%rax\n\t"
		     "pushq %0\n\tpushq %%rax\n\tpushq $2\n\tpushq %1\n\tpushq $1f\n\tiretq\n1:"
		     ::"i"(SEL_DATA), "i"(SEL_CODE64) : "rax", "memory");
}

/* Stops where the host reads the NMI's state. */
void g_nmi_masked(u64 arg)
{
	(void)arg;
	iret_to_next();
	sync_host(1);
	sync_host(2);
	for (int i = 0; i < 100; i++)
		pause();
	sync_host(3);
	iret_to_next();
	sync_host(4);
}
