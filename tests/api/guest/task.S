/* SPDX-License-Identifier: GPL-2.0-only */
/* 32-bit tasks: instructions that switch tasks, and reports to the test. The selectors are task.c's. */
#include "layout.h"

#define SEL_A 0x18
#define SEL_B 0x20
#define SEL_GATE 0x28

	.text
	.code32

/* Task A. After a return to it, it reports A's EAX. */
	.globl task_jmp, task_jmp_next
task_jmp:
	ljmp $SEL_B, $0
task_jmp_next:
	outl %eax, $PORT_SYNC
	jmp .

	.globl task_call, task_call_next
task_call:
	lcall $SEL_B, $0
task_call_next:
	outl %eax, $PORT_SYNC
	lcall $SEL_B, $0
	outl %eax, $PORT_SYNC
	jmp .

	.globl task_jmp_gate, task_jmp_gate_next
task_jmp_gate:
	ljmp $SEL_GATE, $0
task_jmp_gate_next:
	outl %eax, $PORT_SYNC
	jmp .

	.globl task_int, task_int_next
task_int:
	int $0x50
task_int_next:
	outl %eax, $PORT_SYNC
	jmp .

	.globl task_int3, task_int3_next
task_int3:
	int3
task_int3_next:
	outl %eax, $PORT_SYNC
	jmp .

	.globl task_ud
task_ud:
	ud2
	outl %eax, $PORT_SYNC
	jmp .

/* #GP with an error code, which task B must pop. */
	.globl task_gp
task_gp:
	movw $0x1008, %bx
	movw %bx, %ds
	outl %eax, $PORT_SYNC
	jmp .

	.globl task_wait
task_wait:
	outl %eax, $PORT_SYNC
	sti
1:	jmp 1b

/* Task B: reports, returns, in a loop. */
	.globl task_b, task_b_next, task_b_end
task_b:
	outl %eax, $PORT_SYNC
	iret
task_b_next:
	outl %eax, $PORT_SYNC
	iret
	jmp task_b
task_b_end:

	.globl task_b_jmp, task_b_jmp_next
task_b_jmp:
	outl %eax, $PORT_SYNC
	ljmp $SEL_A, $0
task_b_jmp_next:
	outl %eax, $PORT_SYNC
	jmp .

	.globl task_b_pop
task_b_pop:
	popl %ecx
	outl %eax, $PORT_SYNC
	iret

	.globl task_v86, task_v86_end
	.code16
task_v86:
	outl %eax, $PORT_SYNC
	jmp .
task_v86_end:
	.code32

/* Exceptions of a task: EAX is 0xe0000000 + vector. 16 bytes each. */
	.globl task_traps
	.balign 16
task_traps:
	.set vector, 0
	.rept 32
	.balign 16
	movl $(0xe0000000 + vector), %eax
	outl %eax, $PORT_SYNC
	jmp .
	.set vector, vector + 1
	.endr
	.section .note.GNU-stack, "", @progbits
