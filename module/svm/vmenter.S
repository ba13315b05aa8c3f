/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch of AMD SVM.
 *
 * void svm_vmenter(u64 *regs, struct svm_entry *entry)
 *
 * Called with GIF clear and interrupts off. VMRUN itself switches RAX, RSP,
 * RIP, RFLAGS, the control registers and CS, SS, DS, ES (APM vol. 2, 15.5.1);
 * VMLOAD and VMSAVE switch FS, GS, TR, LDTR and the system-call MSRs; the
 * other general registers are switched here. Host interrupts are intercepted
 * only while the host's IF is set (V_INTR_MASKING, APM vol. 2, 15.21.1), hence
 * STI: with GIF clear nothing is taken before VMRUN.
 *
 * No RET and no indirect branch may run between #VMEXIT and the point where
 * the host's SPEC_CTRL and its return predictions are back.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include "../compat_asm.h"
#include "svm_entry.h"

.section .noinstr.text, "ax"

SYM_FUNC_START(svm_vmenter)
	push %rbp
	push %r15
	push %r14
	push %r13
	push %r12
	push %rbx
	push %rdi
	push %rsi

	testl $SVM_ENTRY_GUEST_SPEC, SVM_ENTRY_FLAGS(%rsi)
	jz 1f
	mov SVM_ENTRY_GUEST_SPEC_CTRL(%rsi), %eax
	xor %edx, %edx
	mov $MSR_IA32_SPEC_CTRL, %ecx
	wrmsr
1:
	mov SVM_ENTRY_VMCB(%rsi), %rax
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

	HV_CLEAR_CPU_BUFFERS
	sti
	vmload %rax
	vmrun %rax
	vmsave %rax
	cli

	/* RAX is the VMCB's address again: the host's value came back. */
	mov 8(%rsp), %rax
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

	/* No guest value stays in a register the host might speculate with. */
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

	pop %rsi
	pop %rdi
	mov SVM_ENTRY_HOST_SAVE(%rsi), %rax
	vmload %rax

	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT

	testl $(SVM_ENTRY_GUEST_SPEC | SVM_ENTRY_READ_SPEC), SVM_ENTRY_FLAGS(%rsi)
	jz 2f
	mov $MSR_IA32_SPEC_CTRL, %ecx
	testl $SVM_ENTRY_READ_SPEC, SVM_ENTRY_FLAGS(%rsi)
	jz 3f
	rdmsr
	mov %eax, SVM_ENTRY_GUEST_SPEC_CTRL(%rsi)
3:
	mov SVM_ENTRY_HOST_SPEC_CTRL(%rsi), %eax
	xor %edx, %edx
	wrmsr
2:
	xor %ecx, %ecx
	xor %edx, %edx
	HV_UNTRAIN_RET

	pop %rbx
	pop %r12
	pop %r13
	pop %r14
	pop %r15
	pop %rbp
	RET
SYM_FUNC_END(svm_vmenter)

.section .note.GNU-stack, "", @progbits
