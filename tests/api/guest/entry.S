/* SPDX-License-Identifier: GPL-2.0-only */
/* Exception and interrupt entries, switches to CPL 3 and back, and code for other modes. */
#include "layout.h"

	.text
	.code64

	.globl trap_stubs
	.balign 16
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	/* Vectors with an error code (SDM vol. 3, table "Protected-Mode Exceptions and Interrupts"). */
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	.set vector, vector + 1
	.endr

trap_common:
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	cld
	movq %rsp, %rdi
	/* Align the stack for C. */
	movq %rsp, %rbp
	andq $-16, %rsp
	call trap_entry
	movq %rbp, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	addq $16, %rsp
	iretq

/* The return address of a test's guest function. */
	.globl guest_return
guest_return:
	xorl %eax, %eax
	outl %eax, $PORT_DONE
	jmp guest_return

/* Reports RSP without using the stack. */
	.globl g_rsp
g_rsp:
	movq %rsp, results
	jmp guest_return

/* run_user(fn): the callee-saved registers stay on the stack until int $0x80. */
	.globl run_user
run_user:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, user_return_rsp
	leaq -0x1000(%rsp), %rax
	andq $-16, %rax
	subq $8, %rax
	pushq $(SEL_USER_DATA | 3)
	pushq %rax
	pushq $2
	pushq $(SEL_USER_CODE64 | 3)
	pushq %rdi
	iretq

	.globl user_return
user_return:
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	.bss
	.globl user_return_rsp
user_return_rsp:
	.quad 0

/*
 * 16-bit code. The test copies it to GPA_REAL and starts it with CS = GPA_REAL >> 4,
 * DS = 0. It counts, reads a port, and reports the results.
 */
	.section .rodata
	.globl real_start, real_end
	.code16
real_start:
	xorw %ax, %ax
	movw %ax, %ds
	movw $100, %cx
1:	addw $3, GPA_REAL_DATA
	loop 1b
	inb $0x71, %al
	movb %al, GPA_REAL_DATA + 2
	movw $0x1234, %ax
	outw %ax, $PORT_SYNC
	hlt
	jmp 1b
real_end:

/* Started by a SIPI: marks its start and stays. */
	.globl sipi_start, sipi_end
sipi_start:
	movw $0, %ax
	movw %ax, %ds
	movw %cs, GPA_REAL_DATA + 4
	lock incw GPA_REAL_DATA
1:	hlt
	jmp 1b
sipi_end:

/* 32-bit code without paging: reports the sum of a table. */
	.globl prot_start, prot_end
	.code32
prot_start:
	movl $0x12340000, %eax
	addl $0x5678, %eax
	movl %eax, GPA_REAL_DATA
	movl %cr0, %eax
	outl %eax, $PORT_SYNC
1:	hlt
	jmp 1b
prot_end:
	.code64
	.section .note.GNU-stack, "", @progbits
