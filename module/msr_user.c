// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs between the guest and user space: the filter, exits for MSRs that user
 * space wants to answer, and the ioctls.
 *
 * The filter is published with RCU: it changes under vm->lock, with every vCPU
 * out of the guest; each takes it over before it enters again, and reads it
 * without a lock.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/mce.h>
#include <asm/msr-index.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "clock.h"
#include "memory.h"
#include "msr.h"

#define MSR_IOCTL_MAX 256 /* entries in one KVM_GET_MSRS or KVM_SET_MSRS */
#define MSR_LIST_MAX 192
#define MSR_RANGE_FLAGS (KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE)
#define MSR_X2APIC_FIRST 0x800
#define MSR_X2APIC_LAST 0x8ff

struct msr_filter_range {
	u32 flags, base, count;
	unsigned long *bitmap; /* set bit: allowed */
};

struct msr_filter {
	struct rcu_head rcu;
	bool default_allow;
	unsigned int nr;
	struct msr_filter_range ranges[KVM_MSR_FILTER_MAX_RANGES];
};

static void msr_filter_free(struct msr_filter *f)
{
	unsigned int i;

	if (!f)
		return;
	for (i = 0; i < f->nr; i++)
		kfree(f->ranges[i].bitmap);
	kfree(f);
}

static bool msr_filter_check(const struct msr_filter *f, u32 index, u32 access)
{
	unsigned int i;

	for (i = 0; i < f->nr; i++) {
		const struct msr_filter_range *r = &f->ranges[i];
		u32 bit = index - r->base;

		if ((r->flags & access) && bit < r->count)
			return test_bit(array_index_nospec(bit, r->count), r->bitmap);
	}
	return f->default_allow;
}

bool msr_filter_allows(const struct vm *vm, u32 index, bool write)
{
	const struct msr_filter *f;
	bool allowed = true;

	/* x2APIC registers are the LAPIC's, not MSRs to filter (KVM API, 4.97). */
	if (index >= MSR_X2APIC_FIRST && index <= MSR_X2APIC_LAST)
		return true;
	rcu_read_lock();
	f = rcu_dereference(vm->msr_filter);
	if (f)
		allowed = msr_filter_check(f, index, write ? KVM_MSR_FILTER_WRITE : KVM_MSR_FILTER_READ);
	rcu_read_unlock();
	return allowed;
}

static int msr_filter_add(struct msr_filter *f, const struct kvm_msr_filter_range *in)
{
	struct msr_filter_range *r = &f->ranges[f->nr];
	size_t size = BITS_TO_LONGS((u64)in->nmsrs) * sizeof(long);

	if (!in->nmsrs)
		return 0;
	if (!in->flags || (in->flags & ~MSR_RANGE_FLAGS))
		return -EINVAL;
	if (size > KVM_MSR_FILTER_MAX_BITMAP_SIZE)
		return -EINVAL;
	r->bitmap = memdup_user((void __user *)in->bitmap, size);
	if (IS_ERR(r->bitmap))
		return PTR_ERR(r->bitmap);
	r->flags = in->flags;
	r->base = in->base;
	r->count = in->nmsrs;
	f->nr++;
	return 0;
}

static int msr_filter_build(struct msr_filter *f, const struct kvm_msr_filter *in)
{
	unsigned int i;
	int r;

	if (in->flags & ~(u32)KVM_MSR_FILTER_DEFAULT_DENY)
		return -EINVAL;
	f->default_allow = !(in->flags & KVM_MSR_FILTER_DEFAULT_DENY);
	for (i = 0; i < ARRAY_SIZE(in->ranges); i++) {
		r = msr_filter_add(f, &in->ranges[i]);
		if (r)
			return r;
	}
	/* Nothing allowed at all is a mistake. */
	return !f->nr && !f->default_allow ? -EINVAL : 0;
}

int msr_set_filter(struct vm *vm, const struct kvm_msr_filter __user *arg)
{
	struct kvm_msr_filter *in = memdup_user(arg, sizeof(*in));
	struct msr_filter *f, *old;
	int i, r = -ENOMEM;

	if (IS_ERR(in))
		return PTR_ERR(in);
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (f)
		r = msr_filter_build(f, in);
	kfree(in);
	if (r) {
		msr_filter_free(f);
		return r;
	}
	mem_write_lock(vm);
	old = rcu_replace_pointer(vm->msr_filter, f, lockdep_is_held(&vm->lock));
	/* The backend's state belongs to the vCPU's thread. */
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_INTERCEPTS);
	mem_write_unlock(vm);
	synchronize_rcu();
	msr_filter_free(old);
	return 0;
}

void msr_vm_destroy(struct vm *vm)
{
	msr_filter_free(rcu_dereference_protected(vm->msr_filter, true));
	RCU_INIT_POINTER(vm->msr_filter, NULL);
}

int msr_set_user_mask(struct vm *vm, u64 mask)
{
	if (mask & ~(u64)(KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER))
		return -EINVAL;
	WRITE_ONCE(vm->user_msr_mask, mask);
	return 0;
}

int msr_set_platform_info_visible(struct vm *vm, bool visible)
{
	clock_set_platform_info_visible(vm, visible);
	return 0;
}

/* An access failed, for that reason: does user space want to answer it? */
static enum msr_result msr_failed(struct vcpu *v, u32 reason, bool write, u32 index, u64 value)
{
	struct kvm_run *run = v->run;

	if (!(READ_ONCE(v->vm->user_msr_mask) & reason))
		return MSR_FAULT;
	run->exit_reason = write ? KVM_EXIT_X86_WRMSR : KVM_EXIT_X86_RDMSR;
	memset(&run->msr, 0, sizeof(run->msr));
	run->msr.reason = reason;
	run->msr.index = index;
	run->msr.data = write ? value : 0;
	v->completion = write ? COMPLETE_MSR_WRITE : COMPLETE_MSR_READ;
	return MSR_USER;
}

static void msr_result_to_regs(struct vcpu *v, u64 value)
{
	v->regs[REG_RAX] = (u32)value;
	v->regs[REG_RDX] = value >> 32;
}

enum msr_result msr_emulate(struct vcpu *v, bool write)
{
	u32 index = v->regs[REG_RCX];
	u64 value = (u32)v->regs[REG_RAX] | v->regs[REG_RDX] << 32;
	int r;

	if (unlikely(rcu_access_pointer(v->vm->msr_filter)) && !msr_filter_allows(v->vm, index, write))
		return msr_failed(v, KVM_MSR_EXIT_REASON_FILTER, write, index, value);
	if (write) {
		r = msr_set(v, index, value, false);
	} else {
		r = msr_get(v, index, &value, false);
		if (!r)
			msr_result_to_regs(v, value);
	}
	if (!r)
		return MSR_DONE;
	return msr_failed(v, r == -ENOENT ? KVM_MSR_EXIT_REASON_UNKNOWN : KVM_MSR_EXIT_REASON_INVAL, write, index,
			  value);
}

enum msr_result msr_complete_user(struct vcpu *v)
{
	bool read = v->completion == COMPLETE_MSR_READ;

	v->completion = COMPLETE_NONE;
	if (READ_ONCE(v->run->msr.error))
		return MSR_FAULT;
	if (read)
		msr_result_to_regs(v, READ_ONCE(v->run->msr.data));
	return MSR_DONE;
}

/* ---- system ioctls ---- */

static int msr_copy_list(struct kvm_msr_list __user *arg, const u32 *indices, u32 count)
{
	u32 room;

	if (get_user(room, &arg->nmsrs) || put_user(count, &arg->nmsrs))
		return -EFAULT;
	if (room < count)
		return -E2BIG;
	return copy_to_user(arg->indices, indices, count * sizeof(u32)) ? -EFAULT : 0;
}

int msr_index_list(struct kvm_msr_list __user *arg)
{
	u32 *indices = kmalloc_array(MSR_LIST_MAX, sizeof(*indices), GFP_KERNEL);
	int r;

	if (!indices)
		return -ENOMEM;
	r = msr_copy_list(arg, indices, msr_listed(indices, MSR_LIST_MAX));
	kfree(indices);
	return r;
}

static const u32 msr_features[] = { MSR_IA32_UCODE_REV, MSR_IA32_ARCH_CAPABILITIES, MSR_AMD64_DE_CFG };

static bool msr_feature_exists(u32 index)
{
	return index != MSR_AMD64_DE_CFG || boot_cpu_has(X86_FEATURE_LFENCE_RDTSC);
}

/* Immunities the host's CPU reports that stay true inside a guest. */
#define ARCH_CAP_OFFERED                                                                           \
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
static bool gds_mitigated(u64 arch_capabilities)
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
	value = host & ARCH_CAP_OFFERED;
	for (i = 0; i < ARRAY_SIZE(arch_cap_bugs); i++)
		if (!boot_cpu_has_bug(arch_cap_bugs[i].bug))
			value |= arch_cap_bugs[i].no;
	if (gds_mitigated(host))
		value |= ARCH_CAP_GDS_NO;
	/* With 4K pages only, no guest can set the erratum off. */
	if (hv->slpt_max_level == 1)
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

int msr_feature_index_list(struct kvm_msr_list __user *arg)
{
	u32 indices[ARRAY_SIZE(msr_features)];
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(msr_features); i++)
		if (msr_feature_exists(msr_features[i]))
			indices[n++] = msr_features[i];
	return msr_copy_list(arg, indices, n);
}

u64 msr_mce_cap_supported(void)
{
	return MCG_CTL_P | MCG_SER_P;
}

/* ---- KVM_GET_MSRS, KVM_SET_MSRS ---- */

/* One entry of the list: 0, or an error that ends the list there. v is NULL on the system fd. */
typedef int (*msr_entry_fn)(struct vcpu *v, struct kvm_msr_entry *e);

static int msr_entry_get(struct vcpu *v, struct kvm_msr_entry *e)
{
	return msr_get(v, e->index, &e->data, true);
}

static int msr_entry_set(struct vcpu *v, struct kvm_msr_entry *e)
{
	return msr_set(v, e->index, e->data, true);
}

static int msr_entry_feature(struct vcpu *v, struct kvm_msr_entry *e)
{
	return msr_feature_get(e->index, &e->data);
}

static int msr_user_list(struct vcpu *v, struct kvm_msrs __user *arg, msr_entry_fn fn, bool copy_back)
{
	struct kvm_msr_entry *entries;
	struct kvm_msrs head;
	u32 n;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.nmsrs >= MSR_IOCTL_MAX)
		return -E2BIG;
	entries = memdup_user(arg->entries, head.nmsrs * sizeof(*entries));
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	for (n = 0; n < head.nmsrs; n++)
		if (fn(v, &entries[n]))
			break;
	if (copy_back && copy_to_user(arg->entries, entries, head.nmsrs * sizeof(*entries)))
		n = -EFAULT;
	kfree(entries);
	return n;
}

int msr_get_user(struct vcpu *v, struct kvm_msrs __user *arg)
{
	return msr_user_list(v, arg, msr_entry_get, true);
}

int msr_set_user(struct vcpu *v, struct kvm_msrs __user *arg)
{
	return msr_user_list(v, arg, msr_entry_set, false);
}

int msr_system_get(struct kvm_msrs __user *arg)
{
	return msr_user_list(NULL, arg, msr_entry_feature, true);
}

/* ---- machine check ---- */

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
