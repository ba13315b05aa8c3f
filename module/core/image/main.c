// SPDX-License-Identifier: GPL-2.0-only
/*
 * An owned core: waits for its turn, runs the guest, hands over. It has its own
 * page tables and IDT, and Linux sends no interrupt here. Interrupts are off but
 * while the guest runs and for the moment in which a stray one is taken.
 */
#include "cpu.h"
#include "main.h"
#include "svm.h"
#include "switch.h"
#include "trap.h"

/* What the thread has changed while the core slept counts: page tables, too. */
static void take_turn(void)
{
	u64 start = rdtsc();

	asm volatile("mov %0, %%cr3" ::"r"(mailbox->cr3) : "memory");
	svm_turn();
	mailbox->guest_cycles += rdtsc() - start;
	mailbox->hand_overs++;
	__atomic_store_n(&mailbox->turn, TURN_THREAD, __ATOMIC_RELEASE);
	/* WRMSR to the ICR does not wait for stores (APM vol. 2, 16.11.2; SDM vol. 3, "MSR Access in x2APIC Mode"). */
	asm volatile("mfence; lfence" ::: "memory");
	wrmsr(MSR_X2APIC_ICR, mailbox->doorbell_icr);
}

void core_main(const u8 *stubs)
{
	trap_fill_idt(stubs);
	asm volatile("mov %0, %%cr4" ::"r"(mailbox->cr4) : "memory");
	wrmsr(MSR_PAT, mailbox->pat);
	wrmsr(MSR_X2APIC_SVR, 0x1ff);
	svm_start();
	__atomic_store_n(&mailbox->state, CORE_STATE_WAITING, __ATOMIC_RELEASE);
	for (;;) {
		switch_wait(&mailbox->turn);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		take_turn();
	}
}
