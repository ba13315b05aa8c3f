/* SPDX-License-Identifier: GPL-2.0-only */
/* compat.h's counterpart for assembly: mitigation macros that not every kernel names alike. */
#ifndef TAXCUT_COMPAT_ASM_H
#define TAXCUT_COMPAT_ASM_H

#include <linux/version.h>

#ifdef UNTRAIN_RET_VM
#define HV_UNTRAIN_RET UNTRAIN_RET_VM
#else
#define HV_UNTRAIN_RET UNTRAIN_RET
#endif

#ifdef VM_CLEAR_CPU_BUFFERS
#define HV_CLEAR_CPU_BUFFERS VM_CLEAR_CPU_BUFFERS
#else
#define HV_CLEAR_CPU_BUFFERS
#endif

/* The same on Intel, where until 6.18 one feature bit stood for the way to user space and the way to a guest. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define HV_VMX_CLEAR_CPU_BUFFERS VM_CLEAR_CPU_BUFFERS
#elif defined(CLEAR_CPU_BUFFERS)
#define HV_VMX_CLEAR_CPU_BUFFERS CLEAR_CPU_BUFFERS
#else
#define HV_VMX_CLEAR_CPU_BUFFERS
#endif

/* Branch history injection; later kernels keep the routine to KVM, and rely on the CPU's own control where it has one. */
#ifdef X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT
#define HV_CLEAR_BRANCH_HISTORY CLEAR_BRANCH_HISTORY_VMEXIT
#else
#define HV_CLEAR_BRANCH_HISTORY
#endif

#endif /* TAXCUT_COMPAT_ASM_H */
