/* SPDX-License-Identifier: GPL-2.0-only */
/* Sleep, and the world switch, of an owned core. */
#include "base/vmenter_macros.S"

	.section .text, "ax"

/*
 * void switch_wait(const u32 *turn): sleeps until *turn is TURN_CORE. An NMI ends
 * HLT; one that comes between the look and HLT makes trap_handle() look again: it
 * moves RIP from within [switch_wait_begin, switch_wait_end) to switch_wait_begin.
 */
	.globl switch_wait, switch_wait_begin, switch_wait_end
switch_wait:
switch_wait_begin:
	cmpl $1, (%rdi)
	je switch_wait_end
	hlt
	jmp switch_wait_begin
switch_wait_end:
	ret

/*
 * void switch_svm_enter(u64 *regs, u64 vmcb_pa): one stay in the guest. GIF is clear.
 * RAX and RSP are VMRUN's. No memory but the guest's and this core's is mapped
 * here, so nothing is flushed for speculation's sake.
 */
	.globl switch_svm_enter
switch_svm_enter:
	HV_PUSH_HOST_REGS
	mov %rsi, %rax
	HV_LOAD_GUEST_REGS
	/* With V_INTR_MASKING the core's IF decides whether an interrupt ends the stay (APM vol. 2, 15.21.1). */
	sti
	vmrun %rax
	cli
	mov 8(%rsp), %rax
	HV_STORE_GUEST_REGS
	add $16, %rsp
	HV_POP_HOST_REGS
	ret

	.section .note.GNU-stack, "", @progbits
