/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h's counterpart for assembly: mitigation macros that not every kernel
 * names alike. What a kernel knows under no name that stands here does not
 * build; what it does not know at all is empty, and the module says so when it
 * is loaded (host_mitigations.c).
 */
#ifndef TAXCUT_BASE_COMPAT_ASM_H
#define TAXCUT_BASE_COMPAT_ASM_H

#include <linux/version.h>
#include <asm/cpufeatures.h>

/* Before 6.6 the flush at every exit (srso=ibpb-vmexit) was KVM's own to add. */
#ifdef UNTRAIN_RET_VM
#define HV_UNTRAIN_RET UNTRAIN_RET_VM
#define HV_FLUSH_PREDICTORS
#else
#define HV_UNTRAIN_RET UNTRAIN_RET
#ifdef X86_FEATURE_IBPB_ON_VMEXIT
#define HV_FLUSH_PREDICTORS ALTERNATIVE "", "call entry_ibpb", X86_FEATURE_IBPB_ON_VMEXIT
#else
#define HV_FLUSH_PREDICTORS
#endif
#endif

/* The macro went into KVM with 6.19, the feature stayed. */
#ifdef VM_CLEAR_CPU_BUFFERS
#define HV_CLEAR_CPU_BUFFERS VM_CLEAR_CPU_BUFFERS
#elif defined(X86_FEATURE_CLEAR_CPU_BUF_VM)
#define HV_CLEAR_CPU_BUFFERS ALTERNATIVE "", __CLEAR_CPU_BUFFERS, X86_FEATURE_CLEAR_CPU_BUF_VM
#elif defined(X86_BUG_TSA)
#error "this kernel knows TSA and names its mitigation otherwise"
#else
#define HV_CLEAR_CPU_BUFFERS
#endif

/* The same on Intel, where until 6.18 one feature bit stood for the way to user space and the way to a guest. */
#ifdef X86_FEATURE_CLEAR_CPU_BUF_VM_MMIO
#define HV_VMX_CLEAR_CPU_BUFFERS                                                                   \
	ALTERNATIVE_2 "", __CLEAR_CPU_BUFFERS, X86_FEATURE_CLEAR_CPU_BUF_VM, __CLEAR_CPU_BUFFERS,  \
		X86_FEATURE_CLEAR_CPU_BUF_VM_MMIO
#elif defined(CLEAR_CPU_BUFFERS)
#define HV_VMX_CLEAR_CPU_BUFFERS CLEAR_CPU_BUFFERS
#elif defined(X86_BUG_RFDS)
#error "this kernel knows RFDS and names its mitigation otherwise"
#else
#define HV_VMX_CLEAR_CPU_BUFFERS
#endif

/* Branch history injection. Newer kernels keep the routine to KVM: there the module does not link. */
#if defined(X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT) || defined(X86_FEATURE_CLEAR_BHB_VMEXIT)
#define HV_CLEAR_BRANCH_HISTORY CLEAR_BRANCH_HISTORY_VMEXIT
#elif defined(X86_FEATURE_CLEAR_BHB_LOOP)
#define HV_CLEAR_BRANCH_HISTORY CLEAR_BRANCH_HISTORY
#elif defined(X86_BUG_BHI)
#error "this kernel knows BHI and names its mitigation otherwise"
#else
#define HV_CLEAR_BRANCH_HISTORY
#endif

#endif /* TAXCUT_BASE_COMPAT_ASM_H */
