/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model-specific registers: one table says what exists, who may write what,
 * and where the value lives. msr_get()/msr_set() are declared in hv.h.
 */
#ifndef TAXCUT_MSR_H
#define TAXCUT_MSR_H

#include "hv.h"

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
/* Frees vm->msr_filter; no vCPU is left. */
void msr_vm_destroy(struct vm *vm);

enum msr_result {
	MSR_DONE, /* registers are right: move RIP past the instruction */
	MSR_FAULT, /* inject #GP(0) */
	MSR_USER, /* KVM_EXIT_X86_RDMSR/WRMSR: vcpu->run and vcpu->completion are set, RIP stays */
};

/*
 * The guest's RDMSR/WRMSR: index in RCX, value in EDX:EAX. Applies the VM's
 * MSR filter and KVM_CAP_X86_USER_SPACE_MSR. The vCPU's own thread.
 */
enum msr_result msr_emulate(struct vcpu *v, bool write);
/* Back from MSR_USER (COMPLETE_MSR_READ/WRITE): MSR_DONE or MSR_FAULT. */
enum msr_result msr_complete_user(struct vcpu *v);

/* KVM_X86_SET_MSR_FILTER, KVM_CAP_X86_USER_SPACE_MSR's mask, KVM_CAP_MSR_PLATFORM_INFO: VM level, vm->lock held. */
int msr_set_filter(struct vm *vm, const struct kvm_msr_filter __user *arg);
int msr_set_user_mask(struct vm *vm, u64 mask);
int msr_set_platform_info_visible(struct vm *vm, bool visible);

/* What the VM's filter says about an MSR; a backend must intercept what it denies (update_intercepts() is called then). */
bool msr_filter_allows(const struct vm *vm, u32 index, bool write);

/* The table (msr.c), for msr_user.c: which MSRs user space saves and restores. count of rows; listed indexes in order. */
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

/* System ioctls: KVM_GET_MSR_INDEX_LIST, KVM_GET_MSR_FEATURE_INDEX_LIST, KVM_GET_MSRS, KVM_X86_GET_MCE_CAP_SUPPORTED. */
int msr_index_list(struct kvm_msr_list __user *arg);
int msr_feature_index_list(struct kvm_msr_list __user *arg);
int msr_system_get(struct kvm_msrs __user *arg);
u64 msr_mce_cap_supported(void);
/* A feature MSR as KVM_GET_MSRS on the system fd shows it; -EINVAL for others. */
int msr_feature_get(u32 index, u64 *value);

/* vCPU ioctls: KVM_GET_MSRS, KVM_SET_MSRS (return the count done), KVM_X86_SETUP_MCE, KVM_X86_SET_MCE. */
int msr_get_user(struct vcpu *v, struct kvm_msrs __user *arg);
int msr_set_user(struct vcpu *v, struct kvm_msrs __user *arg);
int msr_setup_mce(struct vcpu *v, u64 mcg_cap);
int msr_set_mce(struct vcpu *v, const struct kvm_x86_mce *mce);

#endif /* TAXCUT_MSR_H */
