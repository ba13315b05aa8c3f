// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for irq.c and pv.c: timers, IPIs, interrupt controllers, KVM's PV interface. */
#include "lib.h"

void g_self_ipi(u64 mode);
void g_irq_no_gate(u64 mode);
void g_unknown_register(u64 halted);
void g_irq_off(u64 mode);
void g_timer_oneshot(u64 mode);
void g_timer_periodic(u64 mode);
void g_timer_deadline(u64 mode);
void g_timer_hlt(u64 n);
void g_timer_masked(u64 mode);
void g_x2apic_regs(u64 arg);
void g_xapic_regs(u64 arg);
void g_x2apic_faults(u64 arg);
void g_wait_irq(u64 vector);
void g_wait_irqs(u64 n);
void g_wait_hlt(u64 vector);
void g_error_irq(u64 vector);
void g_nested(u64 vector);
void g_ipi_sender(u64 n);
void g_ipi_receiver(u64 n);
void g_ap_starter(u64 mode);
void g_nmi_wait(u64 arg);
void g_nmi_self(u64 arg);
void g_pic_pit(u64 n);
void g_pic_wait(u64 vector);
void g_pit_ioapic(u64 n);
void g_ioapic_level(u64 n);
void g_ioapic_regs(u64 arg);
void g_user_irq(u64 n);
void g_irq_shadow(u64 arg);
void g_broadcast(u64 n);
void g_logical(u64 n);
void g_lowest(u64 n);
void g_priority(u64 arg);
void g_kvmclock(u64 n);
void g_clock_reader(u64 n);
void g_steal(u64 n);
void g_pv_eoi(u64 n);
void g_hypercalls(u64 arg);
void g_send_ipi(u64 n);
void g_kick_cpu(u64 n);
void g_kick_target(u64 arg);
void g_hlt_ready(u64 arg);
void g_poll_control(u64 arg);
void g_apic_disabled(u64 arg);
void g_apic_hole(u64 arg);
void g_ioapic_oneshot(u64 n);
void g_apic_page_x2apic(u64 arg);
void g_int_storm(u64 n);
void g_move_irq(u64 n);
void g_bus_clock(u64 arg);

#define SECOND 4000000000UL /* TSC cycles, more than a second on anything slower than 4 GHz */

void g_count_posted(u64 n);

/* Spins with interrupts on, without exits, until n interrupts have arrived. */
void g_count_posted(u64 n)
{
	apic_enable(EOI_X2APIC);
	sync_host(1);
	sti();
	while (irqs[0x66] < n)
		pause();
	cli();
}

static u32 own_id(void)
{
	return eoi_mode == EOI_X2APIC ? apic_read(0x20) : apic_read(0x20) >> 24;
}

/* An interrupt stays pending while interrupts are off, and is delivered when they are on. */
void g_irq_off(u64 mode)
{
	apic_enable(mode);
	for (u64 i = 1; i <= 40; i++) {
		apic_icr(own_id(), 0x4000 | 0x55);
		for (u64 from = rdtsc(); rdtsc() - from < 2000000;) {
			cli(); /* they are off already */
			EXPECT_EQ(irqs[0x55], i - 1);
		}
		EXPECT(wait_count(&irqs[0x55], i, SECOND));
	}
}

/* A read of an unknown register causes an error interrupt, while the guest runs or in HLT. */
void g_unknown_register(u64 halted)
{
	apic_enable(EOI_XAPIC);
	apic_write(0x370, 0x63);
	for (u64 i = 1; i <= 100; i++) {
		apic_write(0x280, 0);
		EXPECT_EQ(apic_read(0x3d0), 0);
		while (halted && irqs[0x63] < i)
			sti_hlt_cli();
		wait_count(&irqs[0x63], i, ~0UL);
	}
	apic_write(0x280, 0);
	EXPECT_EQ(apic_read(0x280), 0x80);
	EXPECT_EQ(irqs[0x63], 100);
}

/* The gate of an interrupt is not present: #NP; the interrupt is in service and needs an EOI. */
void g_irq_no_gate(u64 mode)
{
	volatile u32 *gate = (volatile u32 *)(GPA_IDT + 16 * 0x54);

	apic_enable(mode);
	for (u64 i = 1; i <= 20; i++) {
		apic_icr(own_id(), 0x4000 | 0x54);
		EXPECT(wait_count(&irqs[0x54], i, SECOND));
		gate[1] &= ~0x8000U;
		apic_icr(own_id(), 0x4000 | 0x54);
		/* The instruction after STI runs before the interrupt. */
		TRY("sti\n\tnop\n772:\n\tpause\n\tjmp 772b",, "a"(0));
		cli();
		gate[1] |= 0x8000;
		EXPECT_EQ(trap.vector, 11);
		EXPECT_EQ(trap.error | 1, 0x54 << 3 | 3); /* IDT, and external, which QEMU does not set */
		EXPECT_EQ(irqs[0x54], i);
		apic_write(0xb0, 0);
	}
}

void g_self_ipi(u64 mode)
{
	apic_enable(mode);
	irqs[0x51] = irqs[0x52] = irqs[0x53] = 0;
	for (u64 i = 1; i <= 20; i++) {
		apic_icr(own_id(), 0x4000 | 0x51);
		EXPECT(wait_count(&irqs[0x51], i, SECOND));
		if (mode == EOI_X2APIC) {
			wrmsr(0x83f, 0x52);
			EXPECT(wait_count(&irqs[0x52], i, SECOND));
		}
		apic_icr(0, 0x44000 | 0x53); /* shorthand: self */
		EXPECT(wait_count(&irqs[0x53], i, SECOND));
	}
	EXPECT_EQ(irqs[0x51], 20);
	EXPECT_EQ(irqs[0x53], 20);
}

void g_timer_oneshot(u64 mode)
{
	apic_enable(mode);
	apic_write(0x3e0, 0xb); /* divide by 1 */
	for (u64 i = 1; i <= 10; i++) {
		apic_write(0x320, 0x60);
		apic_write(0x380, 1000000); /* 1 ms */
		EXPECT(apic_read(0x390) <= 1000000);
		EXPECT(wait_count(&irqs[0x60], i, SECOND * 5));
		EXPECT_EQ(apic_read(0x390), 0);
	}
	EXPECT_EQ(wait_count(&irqs[0x60], 11, 20000000), 0);
}

void g_timer_periodic(u64 mode)
{
	u64 n;

	apic_enable(mode);
	apic_write(0x3e0, 0xb);
	apic_write(0x320, 0x20000 | 0x61);
	apic_write(0x380, 2000000);
	EXPECT(wait_count(&irqs[0x61], 10, SECOND * 5));
	apic_write(0x380, 0);
	wait_count(&irqs[0x61], ~0UL, 10000000);
	n = irqs[0x61];
	EXPECT_EQ(wait_count(&irqs[0x61], n + 1, 50000000), 0);
}

void g_timer_deadline(u64 mode)
{
	apic_enable(mode);
	apic_write(0x320, 0x40000 | 0x62);
	for (u64 i = 1; i <= 10; i++) {
		u64 deadline = rdtsc() + 1000000;

		wrmsr(0x6e0, deadline);
		EXPECT(wait_count(&irqs[0x62], i, SECOND * 5));
		EXPECT(rdtsc() >= deadline);
		EXPECT_EQ(rdmsr(0x6e0), 0);
	}
	wrmsr(0x6e0, rdtsc() + 50000000);
	wrmsr(0x6e0, 0); /* disarmed */
	EXPECT_EQ(wait_count(&irqs[0x62], 11, 100000000), 0);
	wrmsr(0x6e0, 1); /* in the past: at once */
	EXPECT(wait_count(&irqs[0x62], 11, SECOND));
}

/* HLT, ended by the timer that was set before. */
void g_timer_hlt(u64 n)
{
	apic_enable(EOI_X2APIC);
	apic_write(0x320, 0x40000 | 0x62);
	irqs[0x62] = 0;
	for (u64 i = 1; i <= n; i++) {
		u64 deadline = rdtsc() + 3000000;

		wrmsr(0x6e0, deadline);
		while (irqs[0x62] < i)
			sti_hlt_cli();
		EXPECT(rdtsc() >= deadline);
		EXPECT_EQ(irqs[0x62], i);
	}
}

void g_timer_masked(u64 mode)
{
	apic_enable(mode);
	apic_write(0x3e0, 0xb);
	apic_write(0x320, 0x10000 | 0x63);
	apic_write(0x380, 100000);
	EXPECT_EQ(wait_count(&irqs[0x63], 1, 20000000), 0);
	EXPECT_EQ(apic_read(0x390), 0);
}

void g_x2apic_regs(u64 id)
{
	apic_enable(EOI_X2APIC);
	EXPECT_EQ(rdmsr(0x802), id);
	EXPECT_EQ(rdmsr(0x80d), (id >> 4) << 16 | 1UL << (id & 15));
	EXPECT_EQ(rdmsr(0x1b) & 0xd00, id ? 0xc00 : 0xd00);
	EXPECT_EQ(rdmsr(0x80f), 0x1ff);
	wrmsr(0x808, 0x20);
	EXPECT_EQ(rdmsr(0x808), 0x20);
	wrmsr(0x808, 0);
	for (u32 reg = 0x832; reg <= 0x837; reg++) {
		if (reg == 0x833 || reg == 0x834)
			continue;
		wrmsr(reg, 0x10042);
		EXPECT_EQ(rdmsr(reg), 0x10042);
	}
}

void g_xapic_regs(u64 id)
{
	eoi_mode = EOI_XAPIC;
	EXPECT_EQ(apic_read(0x20) >> 24, id);
	EXPECT_EQ(apic_read(0x30) & 0xff, 0x14);
	EXPECT((apic_read(0x30) >> 16 & 0xff) >= 5);
	EXPECT_EQ(apic_read(0xf0), 0xff); /* software-disabled at reset, so LVTs are masked */
	apic_write(0x320, 0x40);
	EXPECT_EQ(apic_read(0x320), 0x10040);
	apic_write(0xf0, 0x1ff);
	apic_write(0x320, 0x40);
	EXPECT_EQ(apic_read(0x320), 0x40);
	apic_write(0xd0, 0xaa000000);
	EXPECT_EQ(apic_read(0xd0), 0xaa000000);
	EXPECT_EQ(apic_read(0xe0), 0xffffffff);
	apic_write(0xe0, 0x0fffffff);
	EXPECT_EQ(apic_read(0xe0), 0x0fffffff);
	/* An illegal vector in a self-IPI is an error, which ESR shows after a write to ESR. */
	apic_write(0x280, 0);
	EXPECT_EQ(apic_read(0x280), 0);
}

void g_x2apic_faults(u64 arg)
{
	u64 v;

	EXPECT(!try_rdmsr(0x802, &v)); /* not in x2APIC mode yet */
	apic_enable(EOI_X2APIC);
	EXPECT(!try_wrmsr(0x802, 5)); /* read-only */
	EXPECT(!try_rdmsr(0x80b, &v)); /* EOI is write-only */
	if (arg)
		EXPECT(!try_wrmsr(0x80b, 1)); /* EOI accepts 0 only */
	EXPECT(!try_rdmsr(0x831, &v)); /* ICR2 does not exist */
	EXPECT(!try_rdmsr(0x80e, &v)); /* DFR does not exist */
	EXPECT(!try_wrmsr(0x808, 1UL << 32));
	if (arg)
		EXPECT(!try_wrmsr(0x808, 0x100));
	EXPECT(!try_wrmsr(0x83f, 0x100)); /* the vector has eight bits */
	EXPECT(!try_wrmsr(0x1b, 0x400)); /* x2APIC bit without the enable bit */
	EXPECT(!try_wrmsr(0x1b, (rdmsr(0x1b) & ~0xc00UL) | 0x800)); /* x2APIC to xAPIC must go through disabled */
	EXPECT_EQ(rdmsr(0x1b) & 0xc00, 0xc00);
}

/* Enables the APIC, syncs with the host, then waits for one interrupt. */
void g_wait_irq(u64 vector)
{
	apic_enable(args[8] ? args[8] : EOI_X2APIC);
	sync_host(1);
	EXPECT(wait_count(&irqs[vector], 1, SECOND * 5));
	EXPECT_EQ(irqs[vector], 1);
}

void g_wait_irqs(u64 n)
{
	apic_enable(EOI_X2APIC);
	sync_host(1);
	for (u64 i = 1; i <= n; i++) {
		EXPECT(wait_count(&irqs[0x70], i, SECOND * 5));
		sync_host(1 + i);
	}
}

void g_wait_hlt(u64 vector)
{
	apic_enable(EOI_X2APIC);
	sync_host(1);
	while (!irqs[vector])
		sti_hlt_cli();
}

void g_error_irq(u64 vector)
{
	apic_enable(EOI_X2APIC);
	apic_write(0x370, vector);
	results[0] = 1;
	while (!irqs[vector])
		sti_hlt_cli();
	EXPECT_EQ(irqs[vector], 1);
}

static volatile u64 nested;

/* The first interrupt stays in service; its handler waits for another. */
static void nest(u64 vector)
{
	if (nested++)
		return;
	EXPECT_EQ(vector, args[0]);
	sync_host(2);
	sync_host(3);
	EXPECT_EQ(nested, 1);
	EXPECT(wait_count(&nested, 2, SECOND / 8));
}

void g_nested(u64 vector)
{
	apic_enable(EOI_X2APIC);
	args[0] = vector;
	irq_hook = nest;
	sync_host(1);
	EXPECT(wait_count(&nested, 2, SECOND));
}

/* One vCPU sends, the other answers, n times. */
static volatile u64 receiver_ready, pongs;

void g_ipi_sender(u64 n)
{
	int mode = args[8];

	apic_enable(mode);
	while (!receiver_ready)
		pause();
	for (u64 i = 1; i <= n; i++) {
		apic_icr(1, 0x4000 | 0x71);
		while (pongs < i)
			pause();
	}
	EXPECT_EQ(irqs[0x71], n);
}

/* args[9]: wait in HLT */
void g_ipi_receiver(u64 n)
{
	apic_enable(args[8]);
	receiver_ready = 1;
	for (u64 i = 1; i <= n; i++) {
		if (args[9]) {
			while (irqs[0x71] < i)
				sti_hlt_cli();
		} else {
			EXPECT(wait_count(&irqs[0x71], i, SECOND * 10));
		}
		pongs = i;
	}
}

/* INIT, SIPI, SIPI to vCPU 1; the 16-bit code there counts. */
void g_ap_starter(u64 mode)
{
	volatile u16 *counter = (volatile u16 *)GPA_REAL_DATA;

	apic_enable(mode);
	for (u16 i = 1; i <= 3; i++) {
		u64 start = rdtsc();

		apic_icr(1, 0xc500);
		apic_icr(1, 0x8500);
		apic_icr(1, 0x600 | GPA_REAL >> 12);
		apic_icr(1, 0x600 | GPA_REAL >> 12);
		while (*counter < i && rdtsc() - start < SECOND * 5)
			pause();
		EXPECT_EQ(*counter, i); /* the second SIPI finds it running */
		EXPECT_EQ(counter[2], GPA_REAL >> 4);
	}
}

void g_nmi_wait(u64 arg)
{
	(void)arg;
	apic_enable(EOI_X2APIC);
	sync_host(1);
	while (!irqs[2])
		hlt(); /* an NMI is delivered although IF is clear */
	EXPECT_EQ(irqs[2], 1);
}

/* Two NMIs to itself: each is taken once, and none inside the handler. */
void g_nmi_self(u64 arg)
{
	(void)arg;
	apic_enable(EOI_X2APIC);
	for (u64 i = 1; i <= 5; i++) {
		u64 start = rdtsc();

		apic_icr(apic_read(0x20), 0x4400);
		while (irqs[2] < i && rdtsc() - start < SECOND)
			pause();
		EXPECT_EQ(irqs[2], i);
	}
}

static void pic_setup(u8 master_mask, u8 slave_mask)
{
	out8(0x20, 0x11);
	out8(0x21, 0x20);
	out8(0x21, 4);
	out8(0x21, 1);
	out8(0xa0, 0x11);
	out8(0xa1, 0x28);
	out8(0xa1, 2);
	out8(0xa1, 1);
	out8(0x21, master_mask);
	out8(0xa1, slave_mask);
}

static void pit_periodic(u16 divisor)
{
	out8(0x43, 0x34);
	out8(0x40, divisor & 0xff);
	out8(0x40, divisor >> 8);
}

/* PIT interrupts through the PIC and the LAPIC's LINT0. */
void g_pic_pit(u64 n)
{
	eoi_mode = EOI_XAPIC;
	apic_write(0xf0, 0x1ff);
	apic_write(0x350, 0x700); /* LINT0: ExtINT */
	eoi_mode = EOI_PIC;
	pic_setup(0xfe, 0xff);
	EXPECT_EQ(in8(0x21), 0xfe);
	pit_periodic(11932); /* 100 Hz */
	EXPECT(wait_count(&irqs[0x20], n, SECOND * 10));
	out8(0x21, 0xff);
}

/* An interrupt line of the PIC, raised by user space. */
void g_pic_wait(u64 vector)
{
	eoi_mode = EOI_XAPIC;
	apic_write(0xf0, 0x1ff);
	apic_write(0x350, 0x700);
	eoi_mode = EOI_PIC;
	pic_setup(0, 0);
	sync_host(1);
	EXPECT(wait_count(&irqs[vector], 1, SECOND * 5));
}

#define IOAPIC 0xfec00000UL

static void ioapic_write(u32 reg, u32 value)
{
	mmio_write32(IOAPIC, reg);
	mmio_write32(IOAPIC + 0x10, value);
}

static u32 ioapic_read(u32 reg)
{
	mmio_write32(IOAPIC, reg);
	return mmio_read32(IOAPIC + 0x10);
}

void g_pit_ioapic(u64 n)
{
	apic_enable(EOI_X2APIC);
	pic_setup(0xff, 0xff);
	ioapic_write(0x11, 0);
	ioapic_write(0x10, 0x72); /* pin 0, as in the default routes: edge, fixed, physical 0 */
	pit_periodic(11932);
	EXPECT(wait_count(&irqs[0x72], n, SECOND * 10));
	ioapic_write(0x10, 0x10072);
}

/* A level interrupt repeats until the line is deasserted; remote IRR is set in between. */
void g_ioapic_level(u64 n)
{
	apic_enable(EOI_X2APIC);
	ioapic_write(0x10 + 10 * 2 + 1, 0);
	ioapic_write(0x10 + 10 * 2, 0x8073); /* pin 10: level */
	sync_host(1);
	for (u64 i = 1; i <= n; i++) {
		EXPECT(wait_count(&irqs[0x73], i, SECOND * 5));
		sync_host(1 + i);
	}
	/* The line is deasserted now. At most one more interrupt may have been pending. */
	wait_count(&irqs[0x73], ~0UL, 10000000);
	n = irqs[0x73];
	EXPECT_EQ(wait_count(&irqs[0x73], n + 1, 30000000), 0);
}

static void mask_and_end(u64 vector)
{
	irqs[vector]++;
	ioapic_write(0x10 + 10 * 2, 0x18073);
	apic_write(0xb0, 0);
}

/*
 * Like a kernel with a threaded handler: the handler masks the pin, which is unmasked after the device is handled.
 * args[n]: number of interrupts expected after the first unmask of round n.
 */
void g_ioapic_oneshot(u64 n)
{
	u64 expected = 1;

	apic_enable(EOI_X2APIC);
	irq_hook = mask_and_end;
	ioapic_write(0x10 + 10 * 2 + 1, 0);
	ioapic_write(0x10 + 10 * 2, 0x8073);
	sync_host(1);
	for (u64 i = 0; i < n; i++) {
		EXPECT(wait_count(&irqs[0x73], expected, SECOND * 5));
		sync_host(2);
		ioapic_write(0x10 + 10 * 2, 0x8073);
		sync_host(3);
		expected += args[i];
		if (args[i])
			EXPECT(wait_count(&irqs[0x73], expected, SECOND * 5));
		EXPECT_EQ(wait_count(&irqs[0x73], expected + 1, 30000000), 0);
		ioapic_write(0x10 + 10 * 2, 0x8073);
		expected++;
		sync_host(4);
	}
}

void g_ioapic_regs(u64 arg)
{
	(void)arg;
	EXPECT_EQ(ioapic_read(1) >> 16 & 0xff, 23);
	ioapic_write(0, 0x07000000);
	EXPECT_EQ(ioapic_read(0) >> 24 & 0xf, 7);
	EXPECT_EQ(ioapic_read(0x10 + 5 * 2) & 0x10000, 0x10000); /* masked at reset */
	ioapic_write(0x10 + 5 * 2, 0x1a955);
	EXPECT_EQ(ioapic_read(0x10 + 5 * 2), 0x1a955 & ~0x5000U); /* delivery status and remote IRR are read-only */
	ioapic_write(0x10 + 5 * 2 + 1, 0xab000000);
	EXPECT_EQ(ioapic_read(0x10 + 5 * 2 + 1), 0xab000000);
}

/* No in-kernel APIC: user space injects. */
void g_user_irq(u64 n)
{
	sync_host(1);
	EXPECT(wait_count(&irqs[0x31], n, SECOND * 20));
	EXPECT_EQ(irqs[0x31], n);
}

/* Interrupts off for a while, then STI and one instruction of shadow. */
void g_irq_shadow(u64 arg)
{
	(void)arg;
	apic_enable(EOI_X2APIC);
	for (u64 i = 1; i <= 50; i++) {
		u64 seen;

		wrmsr(0x83f, 0x74);
		EXPECT_EQ(irqs[0x74], i - 1);
		asm volatile("sti\n\tmovq irqs+0x74*8, %0\n\tnop\n\tcli" : "=r"(seen)::"memory");
		EXPECT_EQ(seen, i - 1); /* the instruction after STI runs before the interrupt */
		EXPECT_EQ(irqs[0x74], i);
	}
}

/* To all but itself by shorthand, then to all by the broadcast ID; n others wait. */
void g_broadcast(u64 n)
{
	apic_enable(args[8]);
	while (receiver_ready < n)
		pause();
	apic_icr(0, 0xc4000 | 0x75);
	while (irqs[0x75] < n)
		pause();
	EXPECT_EQ(irqs[0x75], n);
	apic_icr(args[8] == EOI_X2APIC ? 0xffffffff : 0xff, 0x4000 | 0x76);
	EXPECT(wait_count(&irqs[0x76], n + 1, SECOND * 5));
	EXPECT_EQ(irqs[0x76], n + 1);
}

void g_hlt_ready(u64 arg)
{
	(void)arg;
	apic_enable(args[8]);
	__atomic_add_fetch(&receiver_ready, 1, __ATOMIC_SEQ_CST);
	while (!irqs[args[10]])
		sti_hlt_cli();
}

/* Logical destinations, flat or x2APIC cluster: vCPUs 1 and 2, not 3. */
void g_logical(u64 n)
{
	apic_enable(args[8]);
	if (args[8] == EOI_XAPIC)
		apic_write(0xd0, 1 << 24);
	while (receiver_ready < n)
		pause();
	apic_icr(6, 0x4800 | 0x77);
	EXPECT(wait_count(&irqs[0x77], 2, SECOND * 5));
	EXPECT_EQ(wait_count(&irqs[0x77], 3, 20000000), 0);
	apic_icr(0xf, 0x4800 | 0x76); /* ends all receivers */
	EXPECT(wait_count(&irqs[0x76], n + 1, SECOND * 5));
}

/* xAPIC flat: the receiver's logical ID is 1 << its ID. */
void g_lowest(u64 id)
{
	apic_enable(args[8]);
	if (args[8] == EOI_XAPIC)
		apic_write(0xd0, 1u << (24 + id));
	__atomic_add_fetch(&receiver_ready, 1, __ATOMIC_SEQ_CST);
	while (!irqs[0x76])
		sti_hlt_cli();
}

/* Two pending interrupts: the higher vector is delivered first, the lower one after its EOI. */
void g_priority(u64 arg)
{
	(void)arg;
	apic_enable(EOI_X2APIC);
	eoi_mode = EOI_NONE;
	wrmsr(0x83f, 0x41);
	wrmsr(0x83f, 0x91);
	EXPECT_EQ(wait_count(&irqs[0x91], 1, SECOND), 1);
	EXPECT_EQ(irqs[0x41], 0);
	EXPECT_EQ(rdmsr(0x80a), 0x90); /* PPR */
	EXPECT_EQ(rdmsr(0x814) >> 17 & 1, 1); /* ISR: 0x91 */
	EXPECT_EQ(rdmsr(0x822) >> 1 & 1, 1); /* IRR: 0x41 */
	wrmsr(0x80b, 0);
	EXPECT_EQ(wait_count(&irqs[0x41], 1, SECOND), 1);
	wrmsr(0x80b, 0);
	EXPECT_EQ(rdmsr(0x80a), 0);
	EXPECT_EQ(rdmsr(0x822), 0);
}

/* The APIC is disabled by its MSR: its page is ordinary address space, and CPUID shows no APIC. */
void g_apic_disabled(u64 arg)
{
	(void)arg;
	EXPECT_EQ(cpuid(1, 0).edx >> 9 & 1, 1);
	wrmsr(0x1b, rdmsr(0x1b) & ~0x800UL);
	EXPECT_EQ(cpuid(1, 0).edx >> 9 & 1, 0);
	EXPECT_EQ(mmio_read32(XAPIC_BASE + 0x30), 0x11223344); /* user space answers */
	wrmsr(0x1b, rdmsr(0x1b) | 0x800);
	EXPECT_EQ(cpuid(1, 0).edx >> 9 & 1, 1);
	EXPECT_EQ(mmio_read32(XAPIC_BASE + 0x30) & 0xff, 0x14);
}

static void expect_hole(void)
{
	volatile u8 *page = (volatile u8 *)XAPIC_BASE;

	EXPECT_EQ(mmio_read32(XAPIC_BASE + 0x20), 0xffffffff);
	EXPECT_EQ(mmio_read32(XAPIC_BASE + 0xffc), 0xffffffff);
	EXPECT_EQ(page[0x31], 0xff);
	EXPECT_EQ(*(volatile u16 *)(page + 0x80), 0xffff);
	EXPECT_EQ(*(volatile u64 *)(page + 0x300), ~0UL);
	mmio_write32(XAPIC_BASE + 0x80, 0x50); /* TPR */
	mmio_write32(XAPIC_BASE + 0x310, 0);
	mmio_write32(XAPIC_BASE + 0x300, 0x4066); /* ICR: an IPI to itself */
	page[0xb0] = 0;
}

void g_apic_hole(u64 arg)
{
	(void)arg;
	wrmsr(0x1b, rdmsr(0x1b) & ~0x800UL);
	expect_hole();
	wrmsr(0x1b, rdmsr(0x1b) | 0x800);
	apic_enable(EOI_XAPIC);
	EXPECT_EQ(mmio_read32(XAPIC_BASE + 0x80), 0);
	apic_enable(EOI_X2APIC);
	expect_hole();
	EXPECT_EQ(apic_read(0x80), 0);
	sti();
	for (int i = 0; i < 100; i++)
		pause();
	cli();
	EXPECT_EQ(irqs[0x66], 0);
}

void g_apic_page_x2apic(u64 arg)
{
	(void)arg;
	apic_enable(EOI_X2APIC);
	EXPECT_EQ(mmio_read32(XAPIC_BASE + 0x20), 0x11223344);
	mmio_write32(XAPIC_BASE + 0x40, 0x55);
}

/* n self-IPIs, with an NMI after every 16th; each vector is taken. */
void g_int_storm(u64 n)
{
	apic_enable(EOI_X2APIC);
	sti();
	for (u64 i = 0; i < n; i++) {
		wrmsr(0x83f, 0x90 + i % 100);
		if (i % 16 == 0)
			apic_icr(apic_read(0x20), 0x4400);
	}
	cli();
	for (u64 i = 0; i < n && i < 100; i++)
		EXPECT(irqs[0x90 + i] > 0);
}

/* ---- KVM's PV interface ---- */

struct pvclock {
	volatile u32 version, pad;
	volatile u64 tsc, ns;
	volatile u32 mul;
	volatile signed char shift;
	volatile u8 flags, pad2[2];
};

struct wall_clock {
	volatile u32 version, sec, nsec;
};

static struct pvclock clocks[64] __attribute__((aligned(64)));
static struct wall_clock wall;

static u64 read_clock(const struct pvclock *c)
{
	u32 version;
	u64 ns, delta;

	do {
		version = c->version & ~1U;
		asm volatile("" ::: "memory");
		delta = rdtsc() - c->tsc;
		delta = c->shift >= 0 ? delta << c->shift : delta >> -c->shift;
		ns = c->ns + (u64)((unsigned __int128)delta * c->mul >> 32);
		asm volatile("" ::: "memory");
	} while (version != c->version);
	return ns;
}

/* results[0]: boot time in s, [1]: clock in ns, [2]: flags */
void g_kvmclock(u64 n)
{
	u64 last;

	wrmsr(0x4b564d01, (u64)&clocks[0] | 1);
	wrmsr(0x4b564d00, (u64)&wall);
	cpuid(0, 0);
	EXPECT(clocks[0].version != 0);
	EXPECT_EQ(clocks[0].version & 1, 0);
	EXPECT(wall.version != 0);
	EXPECT_EQ(wall.version & 1, 0);
	EXPECT(wall.nsec < 1000000000);
	last = read_clock(&clocks[0]);
	for (u64 i = 0; i < n; i++) {
		u64 now = read_clock(&clocks[0]);

		EXPECT(now >= last);
		last = now;
		if (i % 64 == 0)
			cpuid(0, 0);
	}
	results[0] = wall.sec;
	results[1] = read_clock(&clocks[0]);
	results[2] = clocks[0].flags;
	/* The old MSR number works, too. */
	EXPECT_EQ(rdmsr(0x4b564d01), (u64)&clocks[0] | 1);
	wrmsr(0x12, (u64)&clocks[1] | 1);
	cpuid(0, 0);
	EXPECT(clocks[1].version != 0);
	wrmsr(0x4b564d01, 0);
}

/* Two vCPUs at once: the clock is never behind the value that the other vCPU has read. */
static volatile u64 latest;

void g_clock_reader(u64 n)
{
	u32 id = cpuid(1, 0).ebx >> 24;

	wrmsr(0x4b564d01, (u64)&clocks[id] | 1);
	cpuid(0, 0);
	while (n--) {
		u64 before = latest, now = read_clock(&clocks[id]), seen = latest;

		EXPECT(now >= before);
		while (now > seen && !__atomic_compare_exchange_n(&latest, &seen, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
}

struct steal {
	volatile u64 steal;
	volatile u32 version, flags;
	volatile u8 preempted, pad[47];
};

static struct steal steal __attribute__((aligned(64)));

void g_steal(u64 n)
{
	EXPECT(!try_wrmsr(0x4b564d03, (u64)&steal | 3)); /* reserved bits */
	EXPECT_EQ(trap.vector, 13);
	wrmsr(0x4b564d03, (u64)&steal | 1);
	sync_host(1);
	EXPECT_EQ(steal.version & 1, 0);
	EXPECT(steal.version > 0);
	EXPECT_EQ(steal.preempted, 0);
	results[0] = steal.steal;
	while (n--)
		cpuid(0, 0);
	sync_host(2);
	results[1] = steal.steal;
	EXPECT(results[1] >= results[0]);
}

/* With PV EOI the handler clears a bit in memory instead of writing EOI. */
static volatile u32 pv_eoi_flag __attribute__((aligned(4)));

void g_pv_eoi(u64 n)
{
	u64 skipped = 0;

	apic_enable(EOI_X2APIC);
	wrmsr(0x4b564d04, (u64)&pv_eoi_flag | 1);
	eoi_mode = EOI_NONE;
	for (u64 i = 1; i <= n; i++) {
		wrmsr(0x83f, 0x78);
		EXPECT(wait_count(&irqs[0x78], i, SECOND));
		if (pv_eoi_flag & 1) {
			pv_eoi_flag = 0;
			skipped++;
		} else {
			wrmsr(0x80b, 0);
		}
	}
	EXPECT_EQ(irqs[0x78], n);
	cpuid(0, 0);
	EXPECT_EQ(rdmsr(0x813), 0); /* ISR: empty */
	results[0] = skipped;
	wrmsr(0x4b564d04, 0);
}

static void user_hypercall(void)
{
	results[5] = hypercall(5, 0, 0, 0, 0);
	USER_END();
}

void g_hypercalls(u64 arg)
{
	(void)arg;
	EXPECT_EQ(hypercall(0x7777, 0, 0, 0, 0), -1000L);
	EXPECT_EQ(hypercall(~0UL, 0, 0, 0, 0), -1000L);
	hypercall(0x7778, 0, 0, 0, 0); /* determines the vendor before CPL 3 */
	run_user(user_hypercall);
	EXPECT_EQ(results[5], -1L); /* EPERM */
}

/* One hypercall, many receivers; an ID without a vCPU is ignored. */
void g_send_ipi(u64 n)
{
	long r;

	apic_enable(args[8]);
	while (receiver_ready < n)
		pause();
	r = hypercall(10, ~0UL, ~0UL, args[11], 0x79);
	results[0] = r;
	while (irqs[0x79] < args[12])
		pause();
	EXPECT_EQ(hypercall(10, 1, 0, 100000, 0x79), 0);
	hypercall(10, 1, 0, ~0UL, 0x79);
}

void g_kick_target(u64 arg)
{
	(void)arg;
	apic_enable(EOI_X2APIC);
	receiver_ready = 1;
	cli();
	hlt(); /* interrupts are off: only a kick ends it */
	results[1] = 0x1c1c;
}

void g_kick_cpu(u64 target)
{
	u64 start = rdtsc();

	while (!receiver_ready)
		pause();
	while (rdtsc() - start < 100000000)
		pause();
	EXPECT_EQ(results[1], 0);
	EXPECT_EQ(hypercall(5, 0, target, 0, 0), 0);
	start = rdtsc();
	while (results[1] != 0x1c1c && rdtsc() - start < SECOND * 5)
		pause();
	EXPECT_EQ(results[1], 0x1c1c);
	EXPECT_EQ(hypercall(5, 0, 12345, 0, 0), 0);
}

void g_poll_control(u64 arg)
{
	(void)arg;
	EXPECT_EQ(rdmsr(0x4b564d05), 1);
	wrmsr(0x4b564d05, 0);
	EXPECT_EQ(rdmsr(0x4b564d05), 0);
	EXPECT(!try_wrmsr(0x4b564d05, 2));
}

/* At each point where the host may move the guest, an interrupt is pending and a timer is armed. */
void g_move_irq(u64 n)
{
	apic_enable(EOI_X2APIC);
	apic_write(0x320, 0x40000 | 0x62);
	for (u64 i = 1; i <= n; i++) {
		wrmsr(0x83f, 0x7a);
		wrmsr(0x6e0, rdtsc() + 20000000);
		sync_host(i);
		EXPECT(wait_count(&irqs[0x7a], i, SECOND));
		EXPECT(wait_count(&irqs[0x62], i, SECOND * 5));
	}
}

/* results[0]: ns per tick of the APIC timer; args[0]: TSC in kHz */
void g_bus_clock(u64 arg)
{
	u64 start, ticks;
	u32 first;

	(void)arg;
	apic_enable(EOI_X2APIC);
	apic_write(0x3e0, 0xb);
	apic_write(0x320, 0x10060);
	apic_write(0x380, 0xffffffff);
	first = apic_read(0x390);
	start = rdtsc();
	while (rdtsc() - start < args[0] * 50) /* 50 ms */
		pause();
	ticks = first - apic_read(0x390);
	results[0] = (rdtsc() - start) * 1000000 / args[0] / ticks;
}
