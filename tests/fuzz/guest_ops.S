/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * See guest_ops.h. R13: the operation, R14: the stack, R15: the address to
 * continue at after it, or after an exception.
 */
#include "guest_ops.h"

	.section .rodata
	.code64
	.balign 16
	.globl guest_ops_start, guest_ops_end, guest_ops_exception, guest_ops_nmi, guest_ops_interrupt

guest_ops_start:
	mov %rdi, %r13
	mov %rsp, %r14
next:
	mov %r14, %rsp
	lea advance(%rip), %r15
	mov (%r13), %rax
	cmp $NR_OPS, %rax
	jae end
	lea table(%rip), %rdx
	movslq (%rdx,%rax,4), %rax
	add %rdx, %rax
	jmp *%rax
advance:
	add $OP_SIZE, %r13
	jmp next

end:
	mov $0xf4, %edx
	out %al, %dx
	cli
	hlt
	jmp end

	.balign 4
table:
	.long end - table
	.long op_rdmsr - table
	.long op_wrmsr - table
	.long op_in - table
	.long op_out - table
	.long op_vmmcall - table
	.long op_load - table
	.long op_store - table
	.long op_open - table
	.long op_hlt - table
	.long op_cr0 - table
	.long op_cr3 - table
	.long op_cr4 - table
	.long op_cr8 - table
	.long op_lidt - table
	.long op_lgdt - table
	.long op_xsetbv - table
	.long op_dr7 - table
	.long op_int - table
	.long op_ltr - table
	.long op_stack - table
	.long op_jump - table

op_rdmsr:
	mov 8(%r13), %ecx
	rdmsr
	jmp advance

op_wrmsr:
	mov 8(%r13), %ecx
	mov 16(%r13), %eax
	mov 20(%r13), %edx
	wrmsr
	jmp advance

op_in:
	mov 8(%r13), %edx
	mov 16(%r13), %ecx
	cmp $2, %ecx
	je 2f
	ja 4f
	in %dx, %al
	jmp advance
2:	in %dx, %ax
	jmp advance
4:	in %dx, %eax
	jmp advance

op_out:
	mov 8(%r13), %edx
	mov 16(%r13), %ecx
	mov 24(%r13), %eax
	cmp $2, %ecx
	je 2f
	ja 4f
	out %al, %dx
	jmp advance
2:	out %ax, %dx
	jmp advance
4:	out %eax, %dx
	jmp advance

op_vmmcall:
	mov 8(%r13), %rax
	mov 16(%r13), %rbx
	mov 24(%r13), %rcx
	mov 32(%r13), %rdx
	mov 40(%r13), %rsi
	vmmcall
	jmp advance

op_load:
	mov 8(%r13), %rdx
	mov 16(%r13), %ecx
	cmp $2, %ecx
	jb 1f
	je 2f
	cmp $4, %ecx
	je 4f
	mov (%rdx), %rax
	jmp advance
1:	mov (%rdx), %al
	jmp advance
2:	mov (%rdx), %ax
	jmp advance
4:	mov (%rdx), %eax
	jmp advance

op_store:
	mov 8(%r13), %rdx
	mov 16(%r13), %ecx
	mov 24(%r13), %rax
	cmp $2, %ecx
	jb 1f
	je 2f
	cmp $4, %ecx
	je 4f
	mov %rax, (%rdx)
	jmp advance
1:	mov %al, (%rdx)
	jmp advance
2:	mov %ax, (%rdx)
	jmp advance
4:	mov %eax, (%rdx)
	jmp advance

op_open:
	sti
	nop
	nop
	cli
	jmp advance

op_hlt:
	sti
	hlt
	cli
	jmp advance

op_cr0:
	mov 8(%r13), %rax
	mov %rax, %cr0
	jmp advance

op_cr3:
	mov 8(%r13), %rax
	mov %rax, %cr3
	jmp advance

op_cr4:
	mov 8(%r13), %rax
	mov %rax, %cr4
	jmp advance

op_cr8:
	mov 8(%r13), %rax
	mov %rax, %cr8
	mov %cr8, %rax
	jmp advance

op_lidt:
	lidt 8(%r13)
	jmp advance

op_lgdt:
	lgdt 8(%r13)
	mov $16, %eax
	mov %eax, %ds
	jmp advance

op_xsetbv:
	mov 8(%r13), %ecx
	mov 16(%r13), %eax
	mov 20(%r13), %edx
	xsetbv
	jmp advance

op_dr7:
	mov 8(%r13), %rax
	mov %rax, %dr0
	mov %eax, %eax
	mov %rax, %dr7
	mov %dr7, %rax
	mov %dr6, %rax
	jmp advance

op_int:
	int $32
	lea 1f(%rip), %r15
	int3
1:	lea advance(%rip), %r15
	ud2

op_ltr:
	mov 8(%r13), %eax
	ltr %ax
	jmp advance

op_stack:
	mov 16(%r13), %rcx
	mov 8(%r13), %rsp
	push %rcx
	pushf
	popf
	jmp advance

op_jump:
	mov 16(%r13), %rax
	mov 24(%r13), %rcx
	mov 32(%r13), %rdx
	mov 40(%r13), %rsi
	mov 48(%r13), %rdi
	mov 56(%r13), %rbp
	jmp *8(%r13)

guest_ops_exception:
	mov %r14, %rsp
	jmp *%r15

guest_ops_nmi:
	iretq

guest_ops_interrupt:
	push %rax
	mov $0xfee000b0, %eax
	movl $0, (%rax)
	pop %rax
	iretq
guest_ops_end:

	.section .note.GNU-stack, "", @progbits
