/* SPDX-License-Identifier: GPL-2.0-only */
/* Sleep, and the world switch, of an owned core. */
#include "core/mailbox.h"

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
	push %rbp
	push %r15
	push %r14
	push %r13
	push %r12
	push %rbx
	push %rdi
	mov %rsi, %rax
	mov 8(%rdi), %rcx
	mov 16(%rdi), %rdx
	mov 24(%rdi), %rbx
	mov 40(%rdi), %rbp
	mov 48(%rdi), %rsi
	mov 64(%rdi), %r8
	mov 72(%rdi), %r9
	mov 80(%rdi), %r10
	mov 88(%rdi), %r11
	mov 96(%rdi), %r12
	mov 104(%rdi), %r13
	mov 112(%rdi), %r14
	mov 120(%rdi), %r15
	mov 56(%rdi), %rdi
	/* With V_INTR_MASKING the core's IF decides whether an interrupt ends the stay (APM vol. 2, 15.21.1). */
	sti
	vmrun %rax
	cli
	mov (%rsp), %rax
	mov %rcx, 8(%rax)
	mov %rdx, 16(%rax)
	mov %rbx, 24(%rax)
	mov %rbp, 40(%rax)
	mov %rsi, 48(%rax)
	mov %rdi, 56(%rax)
	mov %r8, 64(%rax)
	mov %r9, 72(%rax)
	mov %r10, 80(%rax)
	mov %r11, 88(%rax)
	mov %r12, 96(%rax)
	mov %r13, 104(%rax)
	mov %r14, 112(%rax)
	mov %r15, 120(%rax)
	pop %rdi
	pop %rbx
	pop %r12
	pop %r13
	pop %r14
	pop %r15
	pop %rbp
	ret

	.section .note.GNU-stack, "", @progbits
