/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot sector of the emulated Intel host: enters the kernel that Bochs has
 * loaded into memory (see intel-image), at its 64-bit entry point.
 *
 * Bochs backs guest memory in blocks of 8 MiB, each with the next free piece
 * of host memory when it is first touched; it loads a file into the piece
 * that backs the file's address, and beyond.  So the blocks of the kernel's
 * image must be touched in ascending order, to place the rest of the image
 * correctly.  The BIOS touches only the first and the last block, which have
 * their own files (see boot-intel).
 */
#define PARAMS		0x800000
#define ENTRY		(PARAMS + 0x2000)
#define END		(PARAMS + 0x2008)
#define PAGE_TABLES	(PARAMS + 0x3000)
#define IMAGE		0x1000000
#define BLOCK		0x800000

	.code16
	.globl	_start
_start:
	ljmp	$0, $1f
1:	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al			/* PE */
	movl	%eax, %cr0
	ljmpl	$8, $protected

	.code32
protected:
	movw	$0x18, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$IMAGE, %esi
touch:
	movl	(%esi), %eax
	addl	$BLOCK, %esi
	cmpl	END, %esi
	jb	touch

	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$PAGE_TABLES, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER */
	rdmsr
	orl	$0x100, %eax		/* LME */
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax	/* PG */
	movl	%eax, %cr0
	ljmpl	$0x10, $long_mode

	.code64
long_mode:
	movl	$PARAMS, %esi
	jmpq	*ENTRY

	.balign	8
gdt:					/* the kernel expects the selectors 0x10 and 0x18 */
	.quad	0
	.quad	0x00cf9b000000ffff	/* 32-bit code */
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf93000000ffff	/* data */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt

	.org	510
	.word	0xaa55
