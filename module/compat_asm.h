/* SPDX-License-Identifier: GPL-2.0-only */
/* compat.h's counterpart for assembly: mitigation macros that not every kernel names alike. */
#ifndef TAXCUT_COMPAT_ASM_H
#define TAXCUT_COMPAT_ASM_H

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

#endif /* TAXCUT_COMPAT_ASM_H */
