/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which faults of this CPU need something from a hypervisor, by what the CPU is
 * and what the host's kernel has chosen. docs/mitigations.md is the whole list;
 * what needs no decision of ours (the kernel patches its own sequences into our
 * entry code) is not here.
 */
#ifndef TAXCUT_MODEL_MITIGATION_H
#define TAXCUT_MODEL_MITIGATION_H

#include "port.h"

/* CPUID Fn8000_0021 EAX (AMD, "Speculative Return Stack Overflow"). */
#define CPUID_SRSO_NO BIT(29)
#define CPUID_BP_SPEC_REDUCE BIT(31) /* MSR C001_102E bit 4 keeps guests out of the host's predictions */

enum mitigation_l1d {
	L1D_KEEP,
	L1D_FLUSH_IF_USED, /* when the host's data may be in the L1 cache */
	L1D_FLUSH_ALWAYS, /* before every entry */
};

enum l1tf_choice { L1TF_OFF, L1TF_CONDITIONAL, L1TF_FULL };

/* unknown: the kernel this was built for has no name for it. */
enum kernel_choice { KERNEL_OFF, KERNEL_ON, KERNEL_UNKNOWN };

struct mitigation_facts {
	bool wanted; /* the module parameter */
	bool host_off; /* mitigations=off */
	/* AMD */
	u32 cpuid_80000021_eax;
	bool ibpb_on_exit; /* the kernel has predictors flushed at every exit */
	enum kernel_choice bp_spec_reduce;
	/* any vendor */
	bool ibpb; /* the kernel flushes predictors between tasks */
	/* Intel */
	bool l1tf, flush_l1d; /* the fault; the command against it */
	bool l1d_flush_not_needed; /* IA32_ARCH_CAPABILITIES bit 3: the hypervisor below this host flushes */
	enum l1tf_choice l1tf_choice;
	bool itlb_multihit;
};

struct mitigations {
	bool ibpb; /* when a CPU goes from one vCPU to another */
	bool bp_spec_reduce;
	enum mitigation_l1d l1d;
	bool l1d_lacks; /* a flush is due, and the CPU has no command for it */
	bool small_pages;
};

struct mitigations mitigations_needed(const struct mitigation_facts *f);

#endif /* TAXCUT_MODEL_MITIGATION_H */
