// SPDX-License-Identifier: GPL-2.0-only
#include "mitigation.h"

/* The kernel's own choice, where it knows of it; else what it would choose as it comes, had it known. */
static bool wants_bp_spec_reduce(const struct mitigation_facts *f)
{
	if (f->bp_spec_reduce != KERNEL_UNKNOWN)
		return f->bp_spec_reduce == KERNEL_ON;
	return !f->host_off && !f->ibpb_on_exit && (f->cpuid_80000021_eax & CPUID_BP_SPEC_REDUCE) &&
	       !(f->cpuid_80000021_eax & CPUID_SRSO_NO);
}

static enum mitigation_l1d l1d_flush(const struct mitigation_facts *f)
{
	if (!f->l1tf || f->l1d_flush_not_needed || f->l1tf_choice == L1TF_OFF)
		return L1D_KEEP;
	return f->l1tf_choice == L1TF_FULL ? L1D_FLUSH_ALWAYS : L1D_FLUSH_IF_USED;
}

struct mitigations mitigations_needed(const struct mitigation_facts *f)
{
	struct mitigations m = {};

	if (!f->wanted)
		return m;
	/* Flushed at every exit, they are when another vCPU comes. */
	m.ibpb = f->ibpb && !f->ibpb_on_exit;
	m.bp_spec_reduce = wants_bp_spec_reduce(f);
	m.l1d = l1d_flush(f);
	if (m.l1d != L1D_KEEP && !f->flush_l1d) {
		m.l1d_lacks = true;
		m.l1d = L1D_KEEP;
	}
	m.small_pages = f->itlb_multihit && !f->host_off;
	return m;
}
