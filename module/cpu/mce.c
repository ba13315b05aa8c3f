// SPDX-License-Identifier: GPL-2.0-only
/* Machine checks that user space injects. */
#include <linux/nospec.h>
#include <asm/mce.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "base/backend.h"
#include "event.h"
#include "mce.h"
#include "msr.h"

u64 msr_mce_cap_supported(void)
{
	return MCG_CTL_P | MCG_SER_P;
}

int msr_setup_mce(struct vcpu *v, u64 mcg_cap)
{
	struct vcpu_msrs *m = v->msrs;
	unsigned int banks = mcg_cap & MCG_BANKCNT_MASK, i;

	if (!banks || banks > MSR_MCE_BANKS)
		return -EINVAL;
	/* Bits 23:16: the number of extended state registers, which are none of ours. */
	if (mcg_cap & ~(msr_mce_cap_supported() | MCG_BANKCNT_MASK | 0xff0000))
		return -EINVAL;
	m->mcg_cap = mcg_cap;
	if (mcg_cap & MCG_CTL_P)
		m->mcg_ctl = ~0ULL;
	for (i = 0; i < banks; i++)
		m->mc_banks[i * 4] = ~0ULL;
	return 0;
}

static int msr_uncorrected_mce(struct vcpu *v, u64 *bank, u64 status, const struct kvm_x86_mce *mce)
{
	struct hv_paging p;

	/* Reporting is off for all banks, or for this one. */
	if ((v->msrs->mcg_cap & MCG_CTL_P) && ~v->msrs->mcg_ctl)
		return 0;
	if (~bank[0])
		return 0;
	hv_call(get_paging)(v, &p);
	if ((v->msrs->mcg_status & MCG_STATUS_MCIP) || !(p.cr4 & X86_CR4_MCE)) {
		vcpu_request(v, REQ_TRIPLE_FAULT);
		return 0;
	}
	if (bank[1] & MCI_STATUS_VAL)
		status |= MCI_STATUS_OVER;
	bank[1] = status;
	bank[2] = mce->addr;
	bank[3] = mce->misc;
	v->msrs->mcg_status = mce->mcg_status;
	event_queue_exception(v, X86_TRAP_MC, false, 0);
	return 0;
}

int msr_set_mce(struct vcpu *v, const struct kvm_x86_mce *mce)
{
	unsigned int banks = v->msrs->mcg_cap & MCG_BANKCNT_MASK;
	u64 status = mce->status;
	u64 *bank;

	if (mce->bank >= banks || !(status & MCI_STATUS_VAL))
		return -EINVAL;
	bank = &v->msrs->mc_banks[array_index_nospec(mce->bank, MSR_MCE_BANKS) * 4];
	if (status & MCI_STATUS_UC)
		return msr_uncorrected_mce(v, bank, status, mce);
	/* A corrected error never overwrites an uncorrected one. */
	if ((bank[1] & MCI_STATUS_VAL) && (bank[1] & MCI_STATUS_UC)) {
		bank[1] |= MCI_STATUS_OVER;
		return 0;
	}
	if (bank[1] & MCI_STATUS_VAL)
		status |= MCI_STATUS_OVER;
	bank[1] = status;
	bank[2] = mce->addr;
	bank[3] = mce->misc;
	return 0;
}
