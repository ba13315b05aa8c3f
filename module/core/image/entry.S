/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a core starts, its traps, and its world switch.
 *
 * The SIPI starts the boot code in real mode, in a page below 1 MiB to which
 * the module has copied it, with the parameters filled in. It goes to 64-bit
 * mode at once and jumps to core_start, in the core's own address space.
 */
#include "core/mailbox.h"

#define CODE_SELECTOR 8
#define DATA_SELECTOR 16
#define MSR_EFER 0xc0000080
/* PE, MP, ET, NE, WP, AM, PG */
#define CORE_CR0 0x80050033

	.section .head, "a"
	.quad 0x31305245524f4354
	.quad core_start
	.quad boot_start - core_image
	.quad boot_end - boot_start
	.quad boot_gdt - boot_start
	.quad boot_params - boot_start
	.globl core_image
	.set core_image, CORE_VA_IMAGE

	.section .boot, "ax"
	.balign 16
	.code16
boot_start:
	cli
	mov %cs, %ax
	mov %ax, %ds
	lgdtl boot_params - boot_start + 18
	mov boot_params - boot_start, %eax
	mov %eax, %cr4
	mov boot_params - boot_start + 4, %eax
	mov %eax, %cr3
	mov boot_params - boot_start + 8, %eax
	xor %edx, %edx
	mov $MSR_EFER, %ecx
	wrmsr
	/* PE and PG at once: from real mode to compatibility mode (APM vol. 2, 14.6.2). */
	mov $CORE_CR0, %eax
	mov %eax, %cr0
	ljmpl *(boot_params - boot_start + 12)

	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 64-bit code */
	.quad 0x00cf93000000ffff /* data */
boot_params: /* struct core_boot_params */
	.fill 24
boot_end:

	.code64
	.section .text, "ax"
	.globl core_start
core_start:
	lgdt core_gdtr
	lidt core_idtr
	mov $DATA_SELECTOR, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $CORE_VA_STACK_TOP, %rsp
	pushq $CODE_SELECTOR
	pushq $core_main
	lretq

	/* A vector each: those that push no error code push 0. */
	.balign 16
	.globl core_trap_stubs
core_trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	.set vector, vector + 1
	.endr

trap_common:
	push %rax
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	lea 72(%rsp), %rdi
	cld
	call core_trap
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq

/*
 * void core_wait(const u32 *turn): sleeps until *turn is TURN_CORE. An NMI ends
 * HLT; one that comes between the look and HLT makes core_trap() look again: it
 * moves RIP from within [core_wait_begin, core_wait_end) to core_wait_begin.
 */
	.globl core_wait, core_wait_begin, core_wait_end
core_wait:
core_wait_begin:
	cmpl $1, (%rdi)
	je core_wait_end
	hlt
	jmp core_wait_begin
core_wait_end:
	ret

/*
 * void core_svm_enter(u64 *regs, u64 vmcb_pa): one stay in the guest. GIF is clear.
 * RAX and RSP are VMRUN's. No memory but the guest's and this core's is mapped
 * here, so nothing is flushed for speculation's sake.
 */
	.globl core_svm_enter
core_svm_enter:
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

	.section .data, "aw"
	.balign 8
core_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
core_gdtr:
	.word core_gdtr - core_gdt - 1
	.quad core_gdt
	.balign 8
core_idtr:
	.word 256 * 16 - 1
	.quad core_idt

	.section .note.GNU-stack, "", @progbits
