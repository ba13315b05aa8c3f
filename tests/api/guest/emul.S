/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code for the instruction emulator. A compiler could choose instructions that
 * the emulators do not support.
 */
#include "layout.h"

#define MMIO 0xd0000000 /* GPA_MMIO */

	.text
	.globl rom_all_kinds

/* rom_all_kinds(cr3, out): loads CR3, executes instructions of all kinds, stores 32 results, restores CR3. */
rom_all_kinds:
	pushq %rbx
	pushq %rbp
	pushq %r12
	movq %cr3, %r12
	movq %rsi, %r10
	movq %rdi, %cr3

	/* Arithmetic, branches. */
	movabsq $0x123456789abcdef0, %rax
	movl $7, %ecx
	xorl %edx, %edx
1:	addq %rax, %rdx
	rolq $5, %rdx
	leaq 3(%rdx, %rcx, 4), %rdx
	loop 1b
	imulq $37, %rdx, %rbx
	bswapq %rbx
	movq %rbx, (%r10)
	movl $9, %ecx
2:	decl %ecx
	jnz 2b
	jmp 3f
	ud2
3:	bsfq %rdx, %rax
	bsrq %rdx, %rcx
	addq %rcx, %rax
	movq %rax, 8(%r10)
	stc
	setc %al
	movzbl %al, %eax
	cmc
	adcl $0, %eax
	cmovzq %rdx, %rax
	cltq
	cqto

	/* The stack. */
	pushq %rax
	pushq $5
	popq %rcx
	addq %rcx, (%rsp)
	popq 16(%r10)
	call 4f
	jmp 5f
4:	movq %rbx, 24(%r10)
	lock xaddq %rax, 24(%r10)
	ret
5:	enter $16, $0
	leave
	xorl %eax, %eax
	cmpl $1, %eax
	lahf
	movq %rax, 32(%r10)
	sahf
	pushfq
	popq %rax
	andl $0x8d5, %eax
	movq %rax, 40(%r10)
	pushq %rax
	popfq

	/* Instructions that have exits of their own. */
	movl $0xc0000080, %ecx
	rdmsr
	wrmsr
	movl %eax, 48(%r10)
	movl $0x40000000, %eax
	cpuid
	movl %ebx, 52(%r10)
	movq %cr0, %rax
	movq %rax, %cr0
	movq %rax, 56(%r10)
	movq %cr4, %rax
	movq %rax, %cr4
	movq %rax, 64(%r10)
	movq %dr7, %rax
	movq %rax, %dr7
	movq %rax, 72(%r10)
	movl $17, %eax
	outl %eax, $PORT_SYNC
	/*
	 * Not at the page offset of the table entry: stock KVM mistakes an operand there for the entry, whose address the
	 * exit reports.
	 */
	movl $MMIO, %r11d
	movl 0x48(%r11), %eax
	movl %eax, 80(%r10)
	movl %ebx, 0x4c(%r11)
	rdtsc
	wbinvd

	/* Segments and tables. */
	movl %ds, %eax
	movl %eax, %ds
	movl %ss, %eax
	movl %eax, %ss
	movq %rax, 88(%r10)
	sgdt 96(%r10)
	lgdt 96(%r10)
	sidt 112(%r10)
	lidt 112(%r10)
	str %eax
	movl %eax, 128(%r10)
	movl $SEL_CODE64, %eax
	pushq %rax
	leaq 6f(%rip), %rax
	pushq %rax
	lretq
6:	clts
	invlpg (%rsp)
	sti
	cli

	/* Strings. */
	cld
	leaq 136(%r10), %rdi
	movl $4, %ecx
	movl $0x5a5a, %eax
	rep stosw
	movq %r10, %rsi
	movl $9, %ecx
	rep movsb
	nop

	movq %r12, %cr3
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* 32-bit code: stack instructions with ESP = EBX, results at EDI, in a loop. */
	.section .rodata
	.globl stack32_start, stack32_end
	.code32
stack32_start:
	movl %ebx, %esp
	movl $0x11111111, %eax
	movl $0x22222222, %ecx
	movl $0x33333333, %edx
	movl $0x55555555, %ebp
	movl $0x66666666, %esi
	pushal
	xorl %ecx, %ecx
	xorl %ebp, %ebp
	popal
	movl %ecx, (%edi)
	movl %ebp, 4(%edi)
	pushw %ds
	popw %fs
	pushl %ds
	popl %gs
	movw %gs, 8(%edi)
	pushl $SEL_DATA
	pushl $0x1234
	lesl (%esp), %eax
	movl %eax, 12(%edi)
	addl $8, %esp
	pushl %cs
	call 1f
1:	popl %eax
	addl $2f - 1b, %eax
	pushl %eax
	lretl
2:	pushl %cs
	call 3f
3:	popl %eax
	addl $5f - 3b, %eax
	pushl %eax
	lcalll *(%esp)
	movl %eax, 16(%edi)
	addl $8, %esp
	jmp 4f
5:	incl %eax
	lretl
4:	pushfl
	popfl
	enterl $8, $0
	leavel
	movl %esp, 20(%edi)
	subl %ebx, 20(%edi)
	outl %eax, $PORT_SYNC
	jmp stack32_start
stack32_end:

/* 16-bit code: the same with SS:SP from the test, results at DS:DI. */
	.globl stack16_start, stack16_end
	.code16
stack16_start:
	movw %bx, %sp
	movw $0x1111, %ax
	movw $0x2222, %cx
	movw $0x5555, %bp
	pushaw
	xorw %cx, %cx
	xorw %bp, %bp
	popaw
	movw %cx, (%di)
	movw %bp, 2(%di)
	pushw %ds
	popw %es
	movw %es, 4(%di)
	pushw %cs
	call 1f
1:	popw %ax
	addw $2f - 1b, %ax
	pushw %ax
	lretw
2:	pushfw
	pushw %cs
	call 3f
3:	popw %ax
	addw $4f - 3b, %ax
	pushw %ax
	iretw
4:	movw %ax, 6(%di)
	movw %sp, 8(%di)
	outl %eax, $PORT_SYNC
	jmp stack16_start
stack16_end:
	.section .note.GNU-stack, "", @progbits
