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
#include "../compat_asm.h"
#include "vmx_entry.h"

.section .noinstr.text, "ax"

SYM_FUNC_START(vmx_vmenter)
	push %rbp
	push %r15
	push %r14
	push %r13
	push %r12
	push %rbx
	push %rdi
	push %rsi

	/* The host's stack is as deep now as it will be at the exit. */
	vmwrite %rsp, %rdx

	testl $VMX_ENTRY_GUEST_SPEC, VMX_ENTRY_FLAGS(%rsi)
	jz 1f
	mov VMX_ENTRY_GUEST_SPEC_CTRL(%rsi), %eax
	xor %edx, %edx
	mov $MSR_IA32_SPEC_CTRL, %ecx
	wrmsr
1:
	testl $VMX_ENTRY_LAUNCHED, VMX_ENTRY_FLAGS(%rsi)
	mov 0*8(%rdi), %rax
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
	mov (%rsp), %rsi
4:
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

	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, X86_FEATURE_RSB_VMEXIT_LITE

	testl $(VMX_ENTRY_GUEST_SPEC | VMX_ENTRY_READ_SPEC | VMX_ENTRY_HOST_SPEC), VMX_ENTRY_FLAGS(%rsi)
	jz 5f
	mov $MSR_IA32_SPEC_CTRL, %ecx
	testl $VMX_ENTRY_READ_SPEC, VMX_ENTRY_FLAGS(%rsi)
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
	pop %rbx
	pop %r12
	pop %r13
	pop %r14
	pop %r15
	pop %rbp
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
