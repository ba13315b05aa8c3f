/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host's CPU has, as far as guests may use it. Set once, at module load. */
#ifndef TAXCUT_BASE_HOST_CPU_H
#define TAXCUT_BASE_HOST_CPU_H

#include <linux/types.h>
#include <asm/fpu/types.h>

#define XCR0_AVX512 (XFEATURE_MASK_OPMASK | XFEATURE_MASK_ZMM_Hi256 | XFEATURE_MASK_Hi16_ZMM)

extern u64 host_xcr0; /* the XSAVE features that guests may have */
extern u64 host_xss; /* the host's IA32_XSS, the same on every CPU */
extern u32 host_xstate_size; /* bytes of an XSAVE area for host_xcr0, standard format */
extern u32 host_mxcsr; /* bits of MXCSR */

void host_cpu_init(void);

/* Bytes of an XSAVE area that holds these features (SDM vol. 1, 13.4). */
u32 host_xsave_size(u64 features, bool compacted);

#endif /* TAXCUT_BASE_HOST_CPU_H */
