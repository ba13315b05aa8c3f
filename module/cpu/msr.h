/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model-specific registers: one table says what exists, who may write what,
 * and where the value lives. See msr.c.
 */
#ifndef TAXCUT_CPU_MSR_H
#define TAXCUT_CPU_MSR_H

#include "base/vcpu.h"

#define MSR_MCE_BANKS 32
#define MSR_MTRR_VAR 8
#define MSR_MTRR_FIXED 11

struct msr_row;

struct vcpu_msrs {
	const struct msr_row *row; /* of the last access: its get() and set() find their field by it */
	u64 tsc_adjust;
	u64 misc_enable;
	u64 ucode_rev;
	u64 platform_info;
	u64 misc_features;
	u64 feat_ctl;
	u64 arch_capabilities;
	u64 smi_count;
	u64 power_ctl;
	u64 hwcr;
	u64 mtrr_def_type;
	u64 mtrr_fixed[MSR_MTRR_FIXED];
	u64 mtrr_var[2 * MSR_MTRR_VAR];
	u64 mcg_cap, mcg_status, mcg_ctl;
	u64 mc_ctl2[MSR_MCE_BANKS];
	u64 mc_banks[MSR_MCE_BANKS * 4]; /* CTL, STATUS, ADDR, MISC of each */
};

int msr_vcpu_create(struct vcpu *v);
void msr_vcpu_destroy(struct vcpu *v);
void msr_vcpu_reset(struct vcpu *v, bool init_event);
/* Which MSRs user space saves and restores. count of rows; listed indexes in order. */
unsigned int msr_listed(u32 *indices, unsigned int max);

/*
 * MSRs of the physical CPU that a VM reads without an exit once it has asked for
 * that (KVM_CAP_X86_DISABLE_EXITS); no guest ever writes one.
 */
#define MSR_HOST_READS 6
extern const u32 msr_host_reads[MSR_HOST_READS];
/* Does this VM read msr_host_reads[i] from the CPU? Its filter has been asked as well. */
bool msr_host_read_allowed(const struct vm *vm, unsigned int i);
/* Module load: find out which of them this CPU has. */
void msr_probe_host_reads(void);

/* 0, or -EINVAL (inject #GP), or -ENOENT for an unknown MSR. host: user space asks, checks are looser. */
int msr_get(struct vcpu *v, u32 index, u64 *value, bool host);
int msr_set(struct vcpu *v, u32 index, u64 value, bool host);

#endif /* TAXCUT_CPU_MSR_H */
