/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a core starts.
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
	mov $trap_stubs, %edi
	pushq $core_main
	lretq

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
	.quad trap_idt

	.section .note.GNU-stack, "", @progbits
