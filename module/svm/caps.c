// SPDX-License-Identifier: GPL-2.0-only
/* What this CPU's SVM can do. */
#include <linux/mem_encrypt.h>
#include <asm/msr.h>

#include "base/compat.h"
#include "caps.h"

/* CPUID Fn8000_000A EDX (APM vol. 3, appendix E.4.9) */
#define SVM_CPUID_NP BIT(0)
#define SVM_CPUID_NRIPS BIT(3)
#define SVM_CPUID_TSC_RATE BIT(4)
#define SVM_CPUID_FLUSH_BY_ASID BIT(6)
#define SVM_CPUID_V_SPEC_CTRL BIT(20)

DEFINE_PER_CPU(struct svm_cpu, svm_cpus);
struct svm_features svm_features;
struct page *svm_iopm;

bool svm_supported(const char **why_not)
{
	u64 vm_cr;

	if (!boot_cpu_has(X86_FEATURE_SVM)) {
		*why_not = "the CPU has no SVM";
		return false;
	}
	if (sme_me_mask) {
		*why_not = "its memory is encrypted by the kernel (SME), which nested page tables here do not know; boot with mem_encrypt=off (encryption by the firmware, TSME, is fine)";
		return false;
	}
	if (!(cpuid_edx(SVM_CPUID_FUNC) & SVM_CPUID_NP)) {
		*why_not = "the CPU has no nested paging";
		return false;
	}
	if (!rdmsrl_safe(MSR_VM_CR, &vm_cr) && (vm_cr & SVM_VM_CR_SVM_DIS_MASK)) {
		*why_not = "the firmware has switched SVM off";
		return false;
	}
	return true;
}

bool svm_caps_read(void)
{
	u32 edx = cpuid_edx(SVM_CPUID_FUNC);

	svm_features.nr_asids = cpuid_ebx(SVM_CPUID_FUNC);
	if (svm_features.nr_asids < 2)
		return false;
	svm_features.nrips = edx & SVM_CPUID_NRIPS;
	svm_features.flush_by_asid = edx & SVM_CPUID_FLUSH_BY_ASID;
	svm_features.tsc_scale = edx & SVM_CPUID_TSC_RATE;
	svm_features.v_spec_ctrl = edx & SVM_CPUID_V_SPEC_CTRL;
	svm_features.rdtscp = boot_cpu_has(X86_FEATURE_RDTSCP) || boot_cpu_has(X86_FEATURE_RDPID);
	return true;
}
