// SPDX-License-Identifier: GPL-2.0-only
/* Feature MSRs. */
#include <asm/cpufeature.h>
#include <asm/msr-index.h>
#include <asm/msr.h>

#include "base/backend.h"
#include "msr_feature.h"

static const u32 msr_features[] = { MSR_IA32_UCODE_REV, MSR_IA32_ARCH_CAPABILITIES, MSR_AMD64_DE_CFG };

static bool msr_feature_exists(u32 index)
{
	return index != MSR_AMD64_DE_CFG || boot_cpu_has(X86_FEATURE_LFENCE_RDTSC);
}

/* Immunities the host's CPU reports that stay true inside a guest. */
#define ARCH_CAP_SUPPORTED                                                                           \
	(ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_RSBA | ARCH_CAP_SKIP_VMENTRY_L1DFLUSH |   \
	 ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO | ARCH_CAP_PSCHANGE_MC_NO | ARCH_CAP_SBDR_SSDP_NO |     \
	 ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO | ARCH_CAP_FB_CLEAR | ARCH_CAP_RRSBA |               \
	 ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO | ARCH_CAP_RFDS_NO |                \
	 ARCH_CAP_RFDS_CLEAR | ARCH_CAP_ITS_NO)

/* The same, where the kernel knows from the model what the MSR does not say. TAA takes TSX, which is not offered. */
static const struct {
	u16 bug;
	u64 no;
} arch_cap_bugs[] = {
	{ X86_BUG_CPU_MELTDOWN, ARCH_CAP_RDCL_NO }, { X86_BUG_SPEC_STORE_BYPASS, ARCH_CAP_SSB_NO },
	{ X86_BUG_MDS, ARCH_CAP_MDS_NO },	    { X86_BUG_ITLB_MULTIHIT, ARCH_CAP_PSCHANGE_MC_NO },
	{ X86_BUG_GDS, ARCH_CAP_GDS_NO },	    { X86_BUG_RFDS, ARCH_CAP_RFDS_NO },
	{ X86_BUG_ITS, ARCH_CAP_ITS_NO },
};

/* Microcode keeps gathers from leaking, and is not told to let them (SDM vol. 4, IA32_MCU_OPT_CTRL). */
static bool msr_gds_mitigated(u64 arch_capabilities)
{
	u64 ctl;

	return (arch_capabilities & ARCH_CAP_GDS_CTRL) && !rdmsrl_safe(MSR_IA32_MCU_OPT_CTRL, &ctl) &&
	       !(ctl & GDS_MITG_DIS);
}

static u64 msr_arch_capabilities(void)
{
	u64 host = 0, value;
	unsigned int i;

	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES) && rdmsrl_safe(MSR_IA32_ARCH_CAPABILITIES, &host))
		host = 0;
	value = host & ARCH_CAP_SUPPORTED;
	for (i = 0; i < ARRAY_SIZE(arch_cap_bugs); i++)
		if (!boot_cpu_has_bug(arch_cap_bugs[i].bug))
			value |= arch_cap_bugs[i].no;
	if (msr_gds_mitigated(host))
		value |= ARCH_CAP_GDS_NO;
	/* With 4K pages only, no guest can set the erratum off. */
	if (hv->tdp_max_level == 1)
		value |= ARCH_CAP_PSCHANGE_MC_NO;
	return value;
}

int msr_feature_get(u32 index, u64 *value)
{
	if (!msr_feature_exists(index))
		return -EINVAL;
	switch (index) {
	case MSR_IA32_UCODE_REV:
		if (rdmsrl_safe(MSR_IA32_UCODE_REV, value))
			*value = 0;
		return 0;
	case MSR_IA32_ARCH_CAPABILITIES:
		*value = msr_arch_capabilities();
		return 0;
	case MSR_AMD64_DE_CFG:
		*value = BIT_ULL(1); /* LFENCE is dispatch serialising */
		return 0;
	default:
		return -EINVAL;
	}
}

unsigned int msr_feature_list(u32 *indices, unsigned int max)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(msr_features) && n < max; i++)
		if (msr_feature_exists(msr_features[i]))
			indices[n++] = msr_features[i];
	return n;
}
