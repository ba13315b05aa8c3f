/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The general registers around a world switch, the same for every vendor;
 * included by svm/vmenter.S, vmx/vmenter.S and core/image/switch.S. A guest's are in vcpu->regs, in
 * the order of the instruction encoding (enum vcpu_reg). RSP is the CPU's to
 * switch, RAX the vendor's.
 */

/* What a C function must keep, and the two arguments, which end up on top: RSI, then RDI. */
.macro HV_PUSH_HOST_REGS
	push %rbp
	push %r15
	push %r14
	push %r13
	push %r12
	push %rbx
	push %rdi
	push %rsi
.endm

/* The arguments are off the stack already. */
.macro HV_POP_HOST_REGS
	pop %rbx
	pop %r12
	pop %r13
	pop %r14
	pop %r15
	pop %rbp
.endm

/* From regs at RDI, which is the last to go; flags stay. */
.macro HV_LOAD_GUEST_REGS
	mov 1*8(%rdi), %rcx
	mov 2*8(%rdi), %rdx
	mov 3*8(%rdi), %rbx
	mov 5*8(%rdi), %rbp
	mov 6*8(%rdi), %rsi
	mov 8*8(%rdi), %r8
	mov 9*8(%rdi), %r9
	mov 10*8(%rdi), %r10
	mov 11*8(%rdi), %r11
	mov 12*8(%rdi), %r12
	mov 13*8(%rdi), %r13
	mov 14*8(%rdi), %r14
	mov 15*8(%rdi), %r15
	mov 7*8(%rdi), %rdi
.endm

/* To regs at RAX. */
.macro HV_STORE_GUEST_REGS
	mov %rcx, 1*8(%rax)
	mov %rdx, 2*8(%rax)
	mov %rbx, 3*8(%rax)
	mov %rbp, 5*8(%rax)
	mov %rsi, 6*8(%rax)
	mov %rdi, 7*8(%rax)
	mov %r8, 8*8(%rax)
	mov %r9, 9*8(%rax)
	mov %r10, 10*8(%rax)
	mov %r11, 11*8(%rax)
	mov %r12, 12*8(%rax)
	mov %r13, 13*8(%rax)
	mov %r14, 14*8(%rax)
	mov %r15, 15*8(%rax)
.endm

/* No guest value stays in a register the host might speculate with; RAX, RCX, RDX, RSI are overwritten soon. */
.macro HV_CLEAR_GUEST_REGS
	xor %ebx, %ebx
	xor %ebp, %ebp
	xor %edi, %edi
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
	xor %r12d, %r12d
	xor %r13d, %r13d
	xor %r14d, %r14d
	xor %r15d, %r15d
.endm
