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
#include "base/compat_asm.h"
#include "base/vmenter_macros.S"
#include "vmenter.h"

.section .noinstr.text, "ax"

SYM_FUNC_START(svm_vmenter)
	HV_PUSH_HOST_REGS

	testl $ENTRY_GUEST_SPEC, SVM_ENTRY_FLAGS(%rsi)
	jz 1f
	mov SVM_ENTRY_GUEST_SPEC_CTRL(%rsi), %eax
	xor %edx, %edx
	mov $MSR_IA32_SPEC_CTRL, %ecx
	wrmsr
1:
	mov SVM_ENTRY_VMCB(%rsi), %rax
	HV_LOAD_GUEST_REGS

	HV_CLEAR_CPU_BUFFERS
	sti
	vmload %rax
	vmrun %rax
	vmsave %rax
	cli

	/* RAX is the VMCB's address again: the host's value came back. */
	mov 8(%rsp), %rax
	HV_STORE_GUEST_REGS

	HV_CLEAR_GUEST_REGS

	pop %rsi
	pop %rdi
	mov SVM_ENTRY_HOST_SAVE(%rsi), %rax
	vmload %rax

	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT

	testl $(ENTRY_GUEST_SPEC | ENTRY_READ_SPEC), SVM_ENTRY_FLAGS(%rsi)
	jz 2f
	mov $MSR_IA32_SPEC_CTRL, %ecx
	testl $ENTRY_READ_SPEC, SVM_ENTRY_FLAGS(%rsi)
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
	HV_FLUSH_PREDICTORS

	HV_POP_HOST_REGS
	RET
SYM_FUNC_END(svm_vmenter)

.section .note.GNU-stack, "", @progbits
