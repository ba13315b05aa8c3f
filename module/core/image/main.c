// SPDX-License-Identifier: GPL-2.0-only
/*
 * An owned core: waits for its turn, runs the guest, hands over. It has its own
 * page tables and IDT, and no interrupt of Linux's is sent here. Interrupts are
 * off but for the moment in which a stray one is taken and counted.
 */
#include "core.h"

struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};

#define GATE_INTERRUPT 0x8e
#define STUB_SIZE 16
#define VECTOR_NMI 2
#define FIRST_INTERRUPT 32

struct idt_gate core_idt[256] = { { 0 } };

struct trap_frame {
	u64 vector, error, rip, cs, rflags, rsp, ss;
};

/* entry.S has no prototypes to see. */
void core_trap(struct trap_frame *frame);
__attribute__((noreturn)) void core_main(void);

static void fill_idt(void)
{
	for (u32 i = 0; i < 256; i++) {
		u64 stub = (u64)core_trap_stubs + i * STUB_SIZE;

		core_idt[i].offset_low = (u16)stub;
		core_idt[i].offset_middle = (u16)(stub >> 16);
		core_idt[i].selector = 8;
		core_idt[i].type = GATE_INTERRUPT;
	}
}

static __attribute__((noreturn)) void die(const struct trap_frame *frame)
{
	u64 cr2;

	asm volatile("mov %%cr2, %0" : "=r"(cr2));
	mailbox->trap_vector = frame->vector;
	mailbox->trap_error = frame->error;
	mailbox->trap_rip = frame->rip;
	mailbox->trap_rsp = frame->rsp;
	mailbox->trap_cr2 = cr2;
	__atomic_store_n(&mailbox->state, CORE_STATE_DEAD, __ATOMIC_RELEASE);
	if (mailbox->x2apic && mailbox->doorbell_icr)
		wrmsr(MSR_X2APIC_ICR, mailbox->doorbell_icr);
	for (;;)
		asm volatile("cli; hlt");
}

void core_trap(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_NMI) {
		mailbox->nmis++;
		if (frame->rip >= (u64)core_wait_begin && frame->rip < (u64)core_wait_end)
			frame->rip = (u64)core_wait_begin;
		return;
	}
	if (frame->vector < FIRST_INTERRUPT)
		die(frame);
	mailbox->strays++;
	mailbox->stray_vector = (u32)frame->vector;
	wrmsr(MSR_X2APIC_EOI, 0);
}

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

void core_main(void)
{
	fill_idt();
	asm volatile("mov %0, %%cr4" ::"r"(mailbox->cr4) : "memory");
	wrmsr(MSR_PAT, mailbox->pat);
	wrmsr(MSR_X2APIC_SVR, 0x1ff);
	svm_start();
	__atomic_store_n(&mailbox->state, CORE_STATE_WAITING, __ATOMIC_RELEASE);
	for (;;) {
		core_wait(&mailbox->turn);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		take_turn();
	}
}
