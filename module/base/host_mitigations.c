// SPDX-License-Identifier: GPL-2.0-only
/* This CPU's faults and the kernel's choices, collected for model/mitigation.c. */

#include <linux/cpu.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/vmx.h>

#include "compat.h"
#include "host_mitigations.h"
#include "params.h"

struct mitigations mitigations;

/* Faults that only newer kernels have a name for. One that this kernel's headers lack is neither looked for nor dealt with. */
static const struct {
	bool known;
	const char *name;
} faults[] = {
	{ HV_KNOWS_DIV0, "DIV0" }, { HV_KNOWS_SRSO, "SRSO" }, { HV_KNOWS_GDS, "GDS" },
	{ HV_KNOWS_RFDS, "RFDS" }, { HV_KNOWS_BHI, "BHI" }, { HV_KNOWS_ITS, "ITS" },
	{ HV_KNOWS_TSA, "TSA" }, { HV_KNOWS_VMSCAPE, "VMSCAPE" },
};

static void mitigations_tell_of_unknown_faults(void)
{
	char names[64] = "";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (faults[i].known)
			continue;
		if (*names)
			strlcat(names, ", ", sizeof(names));
		strlcat(names, faults[i].name, sizeof(names));
	}
	if (*names)
		pr_warn("built for a kernel that does not know %s: a guest on a CPU that has it is not held off\n", names);
}

static enum l1tf_choice mitigations_l1tf_choice(void)
{
	switch (l1tf_mitigation) {
	case L1TF_MITIGATION_OFF:
		return L1TF_OFF;
	case L1TF_MITIGATION_FULL:
	case L1TF_MITIGATION_FULL_FORCE:
		return L1TF_FULL;
	default:
		return L1TF_CONDITIONAL;
	}
}

static void mitigations_collect_intel(struct mitigation_facts *f)
{
	u64 caps = 0;

	f->l1tf = boot_cpu_has_bug(X86_BUG_L1TF);
	f->flush_l1d = boot_cpu_has(X86_FEATURE_FLUSH_L1D);
	f->l1tf_choice = mitigations_l1tf_choice();
	f->itlb_multihit = boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT);
	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl(MSR_IA32_ARCH_CAPABILITIES, caps);
	f->l1d_flush_not_needed = caps & ARCH_CAP_SKIP_VMENTRY_L1DFLUSH;
}

void host_mitigations_init(void)
{
	struct mitigation_facts f = {
		.wanted = param_mitigations,
		.host_off = cpu_mitigations_off(),
		.ibpb = hv_host_switches_with_ibpb(),
		.ibpb_on_exit = hv_ibpb_on_exit(),
		.bp_spec_reduce = hv_bp_spec_reduce_choice(),
	};

	if (boot_cpu_data.extended_cpuid_level >= 0x80000021)
		f.cpuid_80000021_eax = cpuid_eax(0x80000021);
	mitigations_collect_intel(&f);
	mitigations = mitigations_needed(&f);
	mitigations_tell_of_unknown_faults();
}
