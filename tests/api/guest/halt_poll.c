// SPDX-License-Identifier: GPL-2.0-only
/* Halt polling in the host. Host side: halt_poll.c. */
#include "lib.h"

void g_poll_halts(u64 n);
void g_poll_waker(u64 n);

#define VECTOR 0x91
#define POLL_CONTROL 0x4b564d05

/* Waits for n interrupts in HLT; args[0]: first switches host polling off (1) or on (2). */
void g_poll_halts(u64 n)
{
	u64 before = irqs[VECTOR];

	apic_enable(EOI_X2APIC);
	if (args[0])
		wrmsr(POLL_CONTROL, args[0] - 1);
	for (u64 i = 1; i <= n; i++) {
		while (irqs[VECTOR] < before + i)
			sti_hlt_cli();
	}
	EXPECT_EQ(irqs[VECTOR], before + n);
}

/* Sends n IPIs to vCPU 0, each after a sync with the host. */
void g_poll_waker(u64 n)
{
	apic_enable(EOI_X2APIC);
	for (u64 i = 1; i <= n; i++) {
		sync_host(i);
		apic_icr(0, 0x4000 | VECTOR);
	}
}
