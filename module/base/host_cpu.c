// SPDX-License-Identifier: GPL-2.0-only
/* What the host's CPU has. */
#include <linux/kernel.h>
#include <asm/cpufeature.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "host_cpu.h"
#include "model/port.h"

#define XCR0_SUPPORTED (XFEATURE_MASK_FPSSE | XFEATURE_MASK_YMM | XCR0_AVX512 | XFEATURE_MASK_PKRU)

u64 host_xcr0;
u64 host_xss;
u32 host_xstate_size;
u32 host_mxcsr;

u32 host_xsave_size(u64 features, bool compacted)
{
	u32 size = 576, end, eax, ebx, ecx, edx;
	unsigned int i;

	for (i = 2; i < 63; i++) {
		if (!(features & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &eax, &ebx, &ecx, &edx);
		if (compacted)
			end = (ecx & 2 ? ALIGN(size, 64) : size) + eax;
		else
			end = ebx + eax;
		size = max(size, end);
	}
	return size;
}

static u32 host_cpu_mxcsr(void)
{
	struct fxregs_state fx __aligned(16) = {};

	asm volatile("fxsave64 %0" : "+m"(fx));
	return fx.mxcsr_mask ?: 0xffbf; /* SDM vol. 1, 11.6.6 */
}

void host_cpu_init(void)
{
	host_xcr0 = XFEATURE_MASK_FPSSE;
	if (boot_cpu_has(X86_FEATURE_XSAVE))
		host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK) & XCR0_SUPPORTED;
	if ((host_xcr0 & XCR0_AVX512) != XCR0_AVX512)
		host_xcr0 &= ~XCR0_AVX512;
	host_xstate_size = host_xsave_size(host_xcr0, false);
	host_mxcsr = host_cpu_mxcsr();
	if (boot_cpu_has(X86_FEATURE_XSAVES))
		rdmsrl(MSR_IA32_XSS, host_xss);
}
