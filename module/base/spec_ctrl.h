/* SPDX-License-Identifier: GPL-2.0-only */
/* Speculation control around a stay in the guest, the same for every vendor; shared between C and assembly. */
#ifndef TAXCUT_BASE_SPEC_CTRL_H
#define TAXCUT_BASE_SPEC_CTRL_H

/* Bits of an entry's flags; a vendor's own begin at ENTRY_VENDOR. */
#define ENTRY_GUEST_SPEC 1 /* the guest's SPEC_CTRL differs from the host's: switch it */
#define ENTRY_READ_SPEC 2 /* the guest may write SPEC_CTRL itself: read it back */
#define ENTRY_VENDOR 4

#ifndef __ASSEMBLY__

#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>

#include "host_mitigations.h"

struct vcpu;

/*
 * When a CPU changes hands, also between vCPUs of one VM: a guest may keep its
 * own tasks apart with a barrier of its own, which works on the CPU it runs on.
 * CPUs whose barrier leaves return predictions have them overwritten at every
 * exit. last: whose the CPU was. Preemption off.
 */
static inline void spec_predictor_barrier(const struct vcpu **last, const struct vcpu *v)
{
	if (likely(*last == v))
		return;
	*last = v;
	if (mitigations.ibpb)
		wrmsrl(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}

/* Notes the host's SPEC_CTRL; returns ENTRY_*_SPEC. used: the guest writes the register without an exit. */
static inline u32 spec_ctrl_prepare(u32 guest, u32 *host, bool used)
{
	u64 value = 0;

	if (!boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL))
		return 0;
	rdmsrl(MSR_IA32_SPEC_CTRL, value);
	*host = value;
	if (used)
		return ENTRY_GUEST_SPEC | ENTRY_READ_SPEC;
	return guest == *host ? 0 : ENTRY_GUEST_SPEC;
}

#endif /* __ASSEMBLY__ */
#endif /* TAXCUT_BASE_SPEC_CTRL_H */
