/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls from 16-bit and 32-bit code, and the start of an AP from SIPI to 64-bit code. */
#include "layout.h"

/* The test sets the registers; the code writes EAX to the port. */
	.section .rodata
	.globl call16_start, call16_end
	.code16
call16_start:
	vmmcall
	outl %eax, $PORT_SYNC
	jmp call16_start
call16_end:

	.globl call32_start, call32_end
	.code32
call32_start:
	vmmcall
	outl %eax, $PORT_SYNC
	jmp call32_start
call32_end:

/* Copied to GPA_REAL, the address of the SIPI: enters 64-bit mode, sets its stack, calls ap_function(). */
#define HERE(label) (label - ap_start + GPA_REAL)
	.globl ap_start, ap_end
	.code16
ap_start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl HERE(ap_gdt)
	movl %cr4, %eax
	orl $0x620, %eax
	movl %eax, %cr4
	movl $GPA_PML4, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	movl $0x900, %eax
	xorl %edx, %edx
	wrmsr
	movl $0x80050033, %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE64, $HERE(ap_64)

	.code64
ap_64:
	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	lidt HERE(ap_idt)
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	leal 1(%rbx), %eax
	imull $STACK_SIZE, %eax, %eax
	leal GPA_STACKS(%rax), %esp
	movq $guest_return, %rax
	pushq %rax
	jmp *ap_function
	.balign 8
ap_gdt:
	.word 0xff
	.long GPA_GDT
	.balign 8
ap_idt:
	.word 0xfff
	.quad GPA_IDT
ap_end:
	.section .note.GNU-stack, "", @progbits
