/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch of Intel VMX.
 *
 * void vmx_vmenter(u64 *regs, struct vmx_entry *entry, unsigned long rsp_field)
 *
 * Called with interrupts off and the vCPU's VMCS current. The VMCS carries
 * RSP, RIP, RFLAGS, the control and segment registers (SDM vol. 3, "VM
 * Entries", "VM Exits"); the other general registers are switched here.
 *
 * No RET and no indirect branch may run between the exit and the point where
 * the host's SPEC_CTRL and its return predictions are back.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>
#include "base/compat_asm.h"
#include "base/vmenter_macros.S"
#include "vmenter.h"

.section .noinstr.text, "ax"

SYM_FUNC_START(vmx_vmenter)
	HV_PUSH_HOST_REGS

	/* The host's stack is as deep now as it will be at the exit. */
	vmwrite %rsp, %rdx

	testl $ENTRY_GUEST_SPEC, VMX_ENTRY_FLAGS(%rsi)
	jz 1f
	mov VMX_ENTRY_GUEST_SPEC_CTRL(%rsi), %eax
	xor %edx, %edx
	mov $MSR_IA32_SPEC_CTRL, %ecx
	wrmsr
1:
	testl $VMX_ENTRY_LAUNCHED, VMX_ENTRY_FLAGS(%rsi)
	mov 0*8(%rdi), %rax
	HV_LOAD_GUEST_REGS
	jz 2f

	HV_VMX_CLEAR_CPU_BUFFERS
	vmresume
	jmp 3f
2:
	HV_VMX_CLEAR_CPU_BUFFERS
	vmlaunch
3:
	/* Still here: the instruction has failed, and says so in CF or ZF (SDM vol. 3, "VMX Instruction Reference"). */
	jbe 6f

SYM_INNER_LABEL(vmx_vmexit, SYM_L_GLOBAL)
	ENDBR
	push %rax
	mov 16(%rsp), %rax
	pop 0*8(%rax)
	HV_STORE_GUEST_REGS
	mov (%rsp), %rsi
4:
	HV_CLEAR_GUEST_REGS

	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, X86_FEATURE_RSB_VMEXIT_LITE

	testl $(ENTRY_GUEST_SPEC | ENTRY_READ_SPEC | VMX_ENTRY_HOST_SPEC), VMX_ENTRY_FLAGS(%rsi)
	jz 5f
	mov $MSR_IA32_SPEC_CTRL, %ecx
	testl $ENTRY_READ_SPEC, VMX_ENTRY_FLAGS(%rsi)
	jz 7f
	rdmsr
	mov %eax, VMX_ENTRY_GUEST_SPEC_CTRL(%rsi)
7:
	mov VMX_ENTRY_HOST_SPEC_CTRL(%rsi), %eax
	xor %edx, %edx
	wrmsr
5:
	/* For those that skipped the write: nothing below runs ahead with a wrong guess at it. */
	lfence
	HV_CLEAR_BRANCH_HISTORY
	xor %eax, %eax
	xor %ecx, %ecx
	xor %edx, %edx

	pop %rsi
	pop %rdi
	HV_POP_HOST_REGS
	RET

6:
	/* The registers hold the guest's values, and those in memory are still right. */
	mov (%rsp), %rsi
	orl $VMX_ENTRY_REFUSED, VMX_ENTRY_FLAGS(%rsi)
	jmp 4b
SYM_FUNC_END(vmx_vmenter)

/*
 * void vmx_call_interrupt(unsigned long handler)
 *
 * Run an entry of the host's IDT, interrupts off, on the frame that the CPU
 * would have built (SDM vol. 3, "64-Bit Mode Stack Frame"): its IRET returns
 * here, with RSP as it is in RBP.
 */
SYM_FUNC_START(vmx_call_interrupt)
	push %rbp
	mov %rsp, %rbp
	and $~15, %rsp
	push $__KERNEL_DS
	push %rbp
	pushf
	push $__KERNEL_CS
	CALL_NOSPEC rdi
	leave
	RET
SYM_FUNC_END(vmx_call_interrupt)

.section .note.GNU-stack, "", @progbits
