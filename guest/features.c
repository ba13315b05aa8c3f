// SPDX-License-Identifier: GPL-2.0-only
/* Says which paravirtual features the hypervisor offers: `TC: pv.NAME=0|1`. */
#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#include <asm/kvm_para.h>

#include "work.h"

static const struct {
	const char *name;
	unsigned int bit;
} features[] = {
	{ "clocksource", KVM_FEATURE_CLOCKSOURCE2 },
	{ "steal_time", KVM_FEATURE_STEAL_TIME },
	{ "eoi", KVM_FEATURE_PV_EOI },
	{ "unhalt", KVM_FEATURE_PV_UNHALT },
	{ "tlb_flush", KVM_FEATURE_PV_TLB_FLUSH },
	{ "send_ipi", KVM_FEATURE_PV_SEND_IPI },
	{ "poll_control", KVM_FEATURE_POLL_CONTROL },
	{ "sched_yield", KVM_FEATURE_PV_SCHED_YIELD },
};

int main(void)
{
	unsigned int max, sig[3], eax, ebx, ecx, edx;

	__cpuid(KVM_CPUID_SIGNATURE, max, sig[0], sig[1], sig[2]);
	if (memcmp(sig, KVM_SIGNATURE, sizeof(sig)) || max < KVM_CPUID_FEATURES) {
		puts("no KVM-compatible hypervisor");
		return 1;
	}
	__cpuid(KVM_CPUID_FEATURES, eax, ebx, ecx, edx);
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		work_report("pv", features[i].name, eax >> features[i].bit & 1);
	work_report("pv", "hint_dedicated", edx >> KVM_HINTS_REALTIME & 1);
	return 0;
}
