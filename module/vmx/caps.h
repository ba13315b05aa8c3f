/* SPDX-License-Identifier: GPL-2.0-only */
/* What this CPU's VMX can do. */
#ifndef TAXCUT_VMX_CAPS_H
#define TAXCUT_VMX_CAPS_H

#include "vmx.h"

struct vmx_features {
	u32 revision;
	u32 pin, proc, proc2, exit, entry; /* what every VMCS starts with */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	bool vpid, tsc_scale, ept_1g, ept_5level, encls;
	bool rdtscp;
	bool posting; /* APICv and posted interrupts, all of it */
	bool perf; /* the host's perf drives a PMU */
	bool perf_switch; /* entry and exit can load IA32_PERF_GLOBAL_CTRL */
};

DECLARE_PER_CPU(struct vmx_cpu, vmx_cpus);
extern struct vmx_features vmx_features;
extern char vmx_missing_features[]; /* the useful things it lacks, comma separated */

bool vmx_caps_ok(void); /* false: the log says what is missing */

#endif /* TAXCUT_VMX_CAPS_H */
