// SPDX-License-Identifier: GPL-2.0-only
/* An owned core's traps: NMIs are kicks, interrupts are strays and counted, anything else is the core's end. */
#include "cpu.h"
#include "switch.h"
#include "trap.h"

struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};

#define GATE_INTERRUPT 0x8e
#define VECTOR_NMI 2
#define FIRST_INTERRUPT 32

struct idt_gate trap_idt[256];

void trap_fill_idt(const u8 *stubs)
{
	for (u32 i = 0; i < 256; i++) {
		u64 stub = (u64)stubs + i * TRAP_STUB_SIZE;

		trap_idt[i].offset_low = (u16)stub;
		trap_idt[i].offset_middle = (u16)(stub >> 16);
		trap_idt[i].selector = 8;
		trap_idt[i].type = GATE_INTERRUPT;
	}
}

static __attribute__((noreturn)) void trap_die(const struct trap_frame *frame)
{
	u64 cr2;

	asm volatile("mov %%cr2, %0" : "=r"(cr2));
	mailbox->trap_vector = frame->vector;
	mailbox->trap_error = frame->error;
	mailbox->trap_rip = frame->rip;
	mailbox->trap_rsp = frame->rsp;
	mailbox->trap_cr2 = cr2;
	__atomic_store_n(&mailbox->state, CORE_STATE_DEAD, __ATOMIC_RELEASE);
	if (mailbox->doorbell_icr)
		wrmsr(MSR_X2APIC_ICR, mailbox->doorbell_icr);
	for (;;)
		asm volatile("cli; hlt");
}

void trap_handle(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_NMI) {
		mailbox->nmis++;
		if (frame->rip >= (u64)switch_wait_begin && frame->rip < (u64)switch_wait_end)
			frame->rip = (u64)switch_wait_begin;
		return;
	}
	if (frame->vector < FIRST_INTERRUPT)
		trap_die(frame);
	mailbox->strays++;
	mailbox->stray_vector = (u32)frame->vector;
	wrmsr(MSR_X2APIC_EOI, 0);
}
