/* SPDX-License-Identifier: GPL-2.0-only */
/* Handlers that inspect the instruction that an NMI or a single step has interrupted, with no other code up to IRET. */
	.text
	.code64

/* Counts NMIs; also counts those at the IRET of an NMI handler, and those that interrupt code with the trap flag set. */
	.globl nmi_stub
nmi_stub:
	pushq %rax
	incq nmi_taken
	cmpq $nmi_iret, 8(%rsp)
	jne 1f
	incq nmi_at_iret
1:	testl $0x100, 24(%rsp)
	je 2f
	incq nmi_with_tf
2:	popq %rax
nmi_iret:
	iretq

/* The same, with an IRET that faults before the one that works: its code segment is invalid. */
	.globl nmi_bad_stub
nmi_bad_stub:
	incq nmi_taken
	testl $0x100, 16(%rsp)
	je 1f
	incq nmi_with_tf
1:	pushq $0x10
	pushq %rsp
	pushq $2
	pushq $0x1000
	pushq $0
nmi_bad_iret:
	iretq
nmi_after_bad:
	addq $40, %rsp
	iretq

/* #GP of that IRET: continues after it. */
	.globl nmi_gp_stub
nmi_gp_stub:
	incq nmi_faults
	testl $0x100, 24(%rsp)
	je 1f
	incq nmi_with_tf
1:	addq $8, %rsp
	movq $nmi_after_bad, (%rsp)
	iretq

	.globl step_stub
step_stub:
	incq steps
	iretq

/* n times 6 instructions under the trap flag. */
	.globl g_stepped_loop
g_stepped_loop:
	movq %rdi, %rcx
	pushfq
	orl $0x100, (%rsp)
	popfq
1:	nop
	movq %rcx, %rax
	movw %ss, %dx
	addq %rax, %rdx
	decq %rcx
	jnz 1b
	pushfq
	andl $~0x100, (%rsp)
	popfq
	ret
	.section .note.GNU-stack, "", @progbits
