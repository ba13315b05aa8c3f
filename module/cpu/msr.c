// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSRs of a vCPU: one table, sorted by index, of what exists, who may read
 * and write it, and what a write must look like. msr_exit.c has the filter and
 * the ioctls.
 *
 * Everything here is called by the holder of vcpu->mutex and, for the guest's
 * own accesses, with preemption off: nothing sleeps.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/mce.h>
#include <asm/msr-index.h>
#include <asm/msr.h>
#include <asm/mtrr.h>

#include "base/clock.h"
#include "base/compat.h"
#include "cpuid.h"
#include "irq/vlapic.h"
#include "irq/vlapic_timer.h"
#include "msr.h"
#include "msr_feature.h"
#include "msr_filter.h"
#include "pv.h"

#define MTRR_CAP (MSR_MTRR_VAR | BIT(8) | BIT(10)) /* fixed ranges, write-combining */
#define MTRR_DEF_VALID (0xffULL | BIT(10) | BIT(11))
#define HWCR_IGNORED (BIT_ULL(3) | BIT_ULL(6) | BIT_ULL(8)) /* TlbCacheDis, FFDis, IgnneEm */
#define HWCR_MC_STATUS_WR_EN BIT_ULL(18)
#define HWCR_TSC_FREQ_SEL BIT_ULL(24)
#define DEBUGCTL_TRACE (DEBUGCTLMSR_LBR | DEBUGCTLMSR_BTF)
#define DEBUGCTL_PINS 0x3cULL /* AMD: performance monitoring and breakpoint pins (APM vol. 2, 13.1.1.6) */
#define MISC_ENABLE_FIXED (MSR_IA32_MISC_ENABLE_BTS_UNAVAIL | MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL)
#define CMCI_VALID (MCI_CTL2_CMCI_THRESHOLD_MASK | BIT_ULL(30))

struct msr_row {
	u32 first, last;
	int (*get)(struct vcpu *v, u32 index, u64 *value, bool host); /* NULL: write-only */
	int (*set)(struct vcpu *v, u32 index, u64 value, bool host); /* NULL: read-only */
	u16 field; /* msr_get_field/msr_set_field: offset in struct vcpu_msrs; consts: the value */
	bool listed; /* in KVM_GET_MSR_INDEX_LIST */
	bool (*offered)(void); /* listed only when this says so; NULL: always */
};

static u64 *msr_field(struct vcpu *v, u32 index)
{
	const struct msr_row *row = v->msrs->row;

	return (u64 *)((u8 *)v->msrs + row->field) + array_index_nospec(index - row->first, row->last - row->first + 1);
}

static int msr_read_field(struct vcpu *v, u32 index, u64 *value, bool host)
{
	*value = *msr_field(v, index);
	return 0;
}

static int msr_write_field(struct vcpu *v, u32 index, u64 value, bool host)
{
	*msr_field(v, index) = value;
	return 0;
}

static int msr_set_field_host(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!host)
		return -EINVAL;
	return msr_write_field(v, index, value, host);
}

static int msr_get_zero(struct vcpu *v, u32 index, u64 *value, bool host)
{
	*value = 0;
	return 0;
}

static int msr_set_zero(struct vcpu *v, u32 index, u64 value, bool host)
{
	return value ? -EINVAL : 0;
}

/* Writes are taken, and change nothing. */
static int msr_set_nothing(struct vcpu *v, u32 index, u64 value, bool host)
{
	return 0;
}

/*
 * What drivers of old processors read, or write as a workaround, on models that
 * only the owner's choice of CPUID names: harmless answers, the same as KVM's.
 */
static int msr_get_legacy(struct vcpu *v, u32 index, u64 *value, bool host)
{
	switch (index) {
	case MSR_EBC_FREQUENCY_ID: /* Pentium 4: no scalable bus clock */
		*value = BIT(24);
		break;
	case MSR_FSB_FREQ: /* Core: 100 MHz */
		*value = 3;
		break;
	case MSR_IA32_BBL_CR_CTL3: /* Core 2: an L2 cache, enabled */
		*value = 0xbe702111;
		break;
	case MSR_IA32_PERF_STATUS: /* a present and a highest ratio; guests divide by them */
		*value = 1000 | 4ULL << 40;
		break;
	case MSR_K7_CLK_CTL: /* K7: the ramp-up count that needs no workaround */
		*value = 0x20000000;
		break;
	default:
		return -ENOENT;
	}
	return 0;
}

/* ---- time ---- */

static int msr_get_tsc(struct vcpu *v, u32 index, u64 *value, bool host)
{
	*value = clock_guest_tsc(v);
	return 0;
}

static int msr_set_tsc(struct vcpu *v, u32 index, u64 value, bool host)
{
	u64 delta;

	if (host) {
		clock_write_tsc(v, value);
		return 0;
	}
	/* A write moves IA32_TSC_ADJUST by as much (SDM vol. 3, 18.17.3). */
	delta = value - clock_guest_tsc(v);
	v->msrs->tsc_adjust += delta;
	clock_move_tsc(v, delta);
	return 0;
}

static int msr_get_tsc_adjust(struct vcpu *v, u32 index, u64 *value, bool host)
{
	if (!host && !cpuid_has(v, 7, 0, CPUID_EBX, 1))
		return -ENOENT;
	*value = v->msrs->tsc_adjust;
	return 0;
}

static int msr_set_tsc_adjust(struct vcpu *v, u32 index, u64 value, bool host)
{
	u64 delta = value - v->msrs->tsc_adjust;

	if (!host && !cpuid_has(v, 7, 0, CPUID_EBX, 1))
		return -ENOENT;
	v->msrs->tsc_adjust = value;
	if (!host && delta)
		clock_move_tsc(v, delta);
	return 0;
}

static int msr_get_tsc_deadline(struct vcpu *v, u32 index, u64 *value, bool host)
{
	*value = v->vlapic ? vlapic_tsc_deadline_get(v) : 0;
	return 0;
}

static int msr_set_tsc_deadline(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (v->vlapic)
		vlapic_tsc_deadline_set(v, value);
	return 0;
}

/* ---- APIC ---- */

static int msr_get_apic_base(struct vcpu *v, u32 index, u64 *value, bool host)
{
	*value = vlapic_get_base(v);
	return 0;
}

static int msr_set_apic_base(struct vcpu *v, u32 index, u64 value, bool host)
{
	return vlapic_set_base(v, value, host);
}

static int msr_get_x2apic(struct vcpu *v, u32 index, u64 *value, bool host)
{
	return vlapic_msr_read(v, index, value);
}

static int msr_set_x2apic(struct vcpu *v, u32 index, u64 value, bool host)
{
	return vlapic_msr_write(v, index, value);
}

/* ---- MSRs in the backend ---- */

static int msr_get_backend(struct vcpu *v, u32 index, u64 *value, bool host)
{
	return hv->get_msr(v, index, value);
}

static int msr_set_backend(struct vcpu *v, u32 index, u64 value, bool host)
{
	return hv->set_msr(v, index, value, host);
}

static int msr_set_canonical(struct vcpu *v, u32 index, u64 value, bool host)
{
	unsigned int unused = 16;
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	/* User space may restore MSRs before CR4. */
	if ((p.cr4 & X86_CR4_LA57) ||
	    (host && boot_cpu_has(X86_FEATURE_LA57) && cpuid_has(v, 7, 0, CPUID_ECX, 16)))
		unused = 7;
	if ((u64)((s64)(value << unused) >> unused) != value)
		return -EINVAL;
	return hv->set_msr(v, index, value, host);
}

static int msr_set_pat(struct vcpu *v, u32 index, u64 value, bool host)
{
	unsigned int i;

	for (i = 0; i < 64; i += 8) {
		u8 type = value >> i;

		/* SDM vol. 3, table "Memory Types That Can Be Encoded With PAT" */
		if (type > 7 || type == 2 || type == 3)
			return -EINVAL;
	}
	return hv->set_msr(v, index, value, host);
}

static bool msr_has_tsc_aux(const struct vcpu *v)
{
	return cpuid_has(v, 0x80000001, 0, CPUID_EDX, 27) || cpuid_has(v, 7, 0, CPUID_ECX, 22);
}

static int msr_get_tsc_aux(struct vcpu *v, u32 index, u64 *value, bool host)
{
	if (!host && !msr_has_tsc_aux(v))
		return -ENOENT;
	return hv->get_msr(v, index, value);
}

static int msr_set_tsc_aux(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!host && !msr_has_tsc_aux(v))
		return -ENOENT;
	/* The upper half is reserved: Intel CPUs refuse it, AMD CPUs ignore it. */
	if (value >> 32 && !cpuid_is_amd(v))
		return -EINVAL;
	return hv->set_msr(v, index, (u32)value, host);
}

static bool msr_tsc_aux_supported(void)
{
	return boot_cpu_has(X86_FEATURE_RDTSCP) || boot_cpu_has(X86_FEATURE_RDPID);
}

static int msr_get_efer(struct vcpu *v, u32 index, u64 *value, bool host)
{
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	*value = p.efer & ~(u64)EFER_SVME; /* the backend's own need, not the guest's */
	return 0;
}

static int msr_set_efer(struct vcpu *v, u32 index, u64 value, bool host)
{
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	if (value & (host ? cpuid_host_efer_reserved() : v->efer_reserved))
		return -EINVAL;
	/* LME cannot change while paging is on (SDM vol. 3, 10.8.5). */
	if (!host && (p.cr0 & X86_CR0_PG) && ((value ^ p.efer) & EFER_LME))
		return -EINVAL;
	hv->set_efer(v, (value & ~(u64)EFER_LMA) | (p.efer & EFER_LMA));
	return 0;
}

/* Neither last branches nor single steps on branches: their bits can be written, and stay 0. */
static int msr_set_debugctl(struct vcpu *v, u32 index, u64 value, bool host)
{
	u64 valid = DEBUGCTL_TRACE | (cpuid_is_amd(v) ? DEBUGCTL_PINS : 0);

	return value & ~valid ? -EINVAL : 0;
}

/* ---- speculation control ---- */

static bool msr_has_spec_ctrl(const struct vcpu *v)
{
	return cpuid_has(v, 7, 0, CPUID_EDX, 26) || cpuid_has(v, 7, 0, CPUID_EDX, 27) ||
	       cpuid_has(v, 7, 0, CPUID_EDX, 31) || cpuid_has(v, 0x80000008, 0, CPUID_EBX, 14) ||
	       cpuid_has(v, 0x80000008, 0, CPUID_EBX, 15) || cpuid_has(v, 0x80000008, 0, CPUID_EBX, 24);
}

static bool msr_spec_ctrl_supported(void)
{
	return boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL);
}

static int msr_get_spec_ctrl(struct vcpu *v, u32 index, u64 *value, bool host)
{
	if (!msr_spec_ctrl_supported() || (!host && !msr_has_spec_ctrl(v)))
		return -ENOENT;
	return hv->get_msr(v, index, value);
}

/* The value goes into the CPU as it is, so it must have only bits that this CPU knows. */
static u64 msr_spec_ctrl_valid(void)
{
	u64 valid = 0;

	if (boot_cpu_has(X86_FEATURE_IBRS))
		valid |= SPEC_CTRL_IBRS;
	if (boot_cpu_has(X86_FEATURE_STIBP))
		valid |= SPEC_CTRL_STIBP;
	if (boot_cpu_has(X86_FEATURE_SPEC_CTRL_SSBD) || boot_cpu_has(X86_FEATURE_AMD_SSBD))
		valid |= SPEC_CTRL_SSBD;
	return valid;
}

static int msr_set_spec_ctrl(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!msr_spec_ctrl_supported() || (!host && !msr_has_spec_ctrl(v)))
		return -ENOENT;
	if (value & ~msr_spec_ctrl_valid())
		return -EINVAL;
	return hv->set_msr(v, index, value, host);
}

static int msr_set_pred_cmd(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!boot_cpu_has(X86_FEATURE_IBPB))
		return -ENOENT;
	if (!host && !cpuid_has(v, 7, 0, CPUID_EDX, 26) && !cpuid_has(v, 0x80000008, 0, CPUID_EBX, 12))
		return -ENOENT;
	if (value & ~(u64)PRED_CMD_IBPB)
		return -EINVAL;
	if (value && !host)
		wrmsrl(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
	return 0;
}

static int msr_set_flush_cmd(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!boot_cpu_has(X86_FEATURE_FLUSH_L1D))
		return -ENOENT;
	if (!host && !cpuid_has(v, 7, 0, CPUID_EDX, 28))
		return -ENOENT;
	if (value & ~(u64)L1D_FLUSH)
		return -EINVAL;
	if (value && !host)
		wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
	return 0;
}

static int msr_get_arch_capabilities(struct vcpu *v, u32 index, u64 *value, bool host)
{
	if (!host && !cpuid_has(v, 7, 0, CPUID_EDX, 29))
		return -ENOENT;
	*value = v->msrs->arch_capabilities;
	return 0;
}

static int msr_set_arch_capabilities(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!host)
		return -EINVAL;
	v->msrs->arch_capabilities = value;
	return 0;
}

/* ---- identification and platform ---- */

/* The guest writes 0 here and runs CPUID to have the revision filled in (SDM vol. 3, 11.11.7.1): it always is. */
static int msr_set_ucode_rev(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (host)
		v->msrs->ucode_rev = value;
	return 0;
}

static int msr_get_platform_info(struct vcpu *v, u32 index, u64 *value, bool host)
{
	if (!host && !clock_platform_info_visible(v->vm))
		return -EINVAL;
	*value = v->msrs->platform_info;
	return 0;
}

/* CPUID faulting (SDM vol. 2, CPUID): cpuid_faults() acts on it. */
static int msr_set_misc_features(struct vcpu *v, u32 index, u64 value, bool host)
{
	u64 valid = v->msrs->platform_info & MSR_PLATFORM_INFO_CPUID_FAULT ? MSR_MISC_FEATURES_ENABLES_CPUID_FAULT : 0;

	if (value & ~valid)
		return -EINVAL;
	v->msrs->misc_features = value;
	return 0;
}

static int msr_set_misc_enable(struct vcpu *v, u32 index, u64 value, bool host)
{
	u64 *now = &v->msrs->misc_enable;

	if (!host) {
		/* There is no BTS and no PEBS, and no performance monitoring (SDM vol. 4, IA32_MISC_ENABLE). */
		if ((value ^ *now) & MISC_ENABLE_FIXED)
			return -EINVAL;
		value = (value & ~MSR_IA32_MISC_ENABLE_EMON) | (*now & MSR_IA32_MISC_ENABLE_EMON);
	}
	*now = value;
	return 0;
}

/* No VMX, no SGX: all that can be set is the lock. */
static int msr_get_feat_ctl(struct vcpu *v, u32 index, u64 *value, bool host)
{
	if (!host && cpuid_is_amd(v))
		return -ENOENT;
	*value = v->msrs->feat_ctl;
	return 0;
}

static int msr_set_feat_ctl(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!host && cpuid_is_amd(v))
		return -ENOENT;
	if ((value & ~FEAT_CTL_LOCKED) || (!host && (v->msrs->feat_ctl & FEAT_CTL_LOCKED)))
		return -EINVAL;
	v->msrs->feat_ctl = value;
	return 0;
}

static bool msr_has_xsaves(const struct vcpu *v)
{
	return cpuid_has(v, 0xd, 1, CPUID_EAX, 3);
}

static int msr_get_xss(struct vcpu *v, u32 index, u64 *value, bool host)
{
	*value = 0;
	return host || msr_has_xsaves(v) ? 0 : -ENOENT;
}

static int msr_set_xss(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!host && !msr_has_xsaves(v))
		return -ENOENT;
	return value ? -EINVAL : 0;
}

static int msr_set_hwcr(struct vcpu *v, u32 index, u64 value, bool host)
{
	value &= ~HWCR_IGNORED;
	if (value & ~(HWCR_MC_STATUS_WR_EN | HWCR_TSC_FREQ_SEL))
		return -EINVAL;
	v->msrs->hwcr = value;
	return 0;
}

/* ---- MTRRs: kept for the guest, without effect (nested paging decides memory types) ---- */

static bool msr_mtrr_type_valid(u8 type)
{
	return type < 8 && (BIT(type) & (BIT(0) | BIT(1) | BIT(4) | BIT(5) | BIT(6)));
}

static int msr_get_mtrr_cap(struct vcpu *v, u32 index, u64 *value, bool host)
{
	*value = MTRR_CAP;
	return 0;
}

static int msr_set_mtrr_def_type(struct vcpu *v, u32 index, u64 value, bool host)
{
	if ((value & ~MTRR_DEF_VALID) || !msr_mtrr_type_valid(value & 0xff))
		return -EINVAL;
	v->msrs->mtrr_def_type = value;
	return 0;
}

static int msr_set_mtrr_var(struct vcpu *v, u32 index, u64 value, bool host)
{
	u64 reserved = ~0ULL << v->maxphyaddr;

	if (index & 1)
		reserved |= 0x7ff; /* mask: only the valid bit below the address */
	else if (!msr_mtrr_type_valid(value & 0xff))
		return -EINVAL;
	else
		reserved |= 0xf00;
	if (value & reserved)
		return -EINVAL;
	return msr_write_field(v, index, value, host);
}

/* The fixed ranges' MSRs are not contiguous: 250, 258, 259, 268-26f. */
static u64 *msr_mtrr_fixed(struct vcpu *v, u32 index)
{
	unsigned int i = index == 0x250 ? 0 : index < 0x260 ? index - 0x258 + 1 : index - 0x268 + 3;

	return &v->msrs->mtrr_fixed[array_index_nospec(i, MSR_MTRR_FIXED)];
}

static int msr_get_mtrr_fixed(struct vcpu *v, u32 index, u64 *value, bool host)
{
	*value = *msr_mtrr_fixed(v, index);
	return 0;
}

static int msr_set_mtrr_fixed(struct vcpu *v, u32 index, u64 value, bool host)
{
	unsigned int i;

	for (i = 0; i < 64; i += 8)
		if (!msr_mtrr_type_valid(value >> i))
			return -EINVAL;
	*msr_mtrr_fixed(v, index) = value;
	return 0;
}

/* ---- machine check (SDM vol. 3, chapter "Machine-Check Architecture") ---- */

static unsigned int msr_mce_banks(const struct vcpu *v)
{
	return v->msrs->mcg_cap & MCG_BANKCNT_MASK;
}

static int msr_set_mcg_ctl(struct vcpu *v, u32 index, u64 value, bool host)
{
	if (!(v->msrs->mcg_cap & MCG_CTL_P) && (value || !host))
		return -EINVAL;
	if (value && ~value)
		return -EINVAL;
	v->msrs->mcg_ctl = value;
	return 0;
}

static int msr_get_mcg_ctl(struct vcpu *v, u32 index, u64 *value, bool host)
{
	if (!(v->msrs->mcg_cap & MCG_CTL_P) && !host)
		return -EINVAL;
	*value = v->msrs->mcg_ctl;
	return 0;
}

static int msr_get_mc_ctl2(struct vcpu *v, u32 index, u64 *value, bool host)
{
	u32 bank = index - MSR_IA32_MC0_CTL2;

	if (bank >= msr_mce_banks(v) || (!(v->msrs->mcg_cap & MCG_CMCI_P) && !host))
		return -ENOENT;
	*value = v->msrs->mc_ctl2[array_index_nospec(bank, MSR_MCE_BANKS)];
	return 0;
}

static int msr_set_mc_ctl2(struct vcpu *v, u32 index, u64 value, bool host)
{
	u32 bank = index - MSR_IA32_MC0_CTL2;

	if (bank >= msr_mce_banks(v))
		return -ENOENT;
	if (!(v->msrs->mcg_cap & MCG_CMCI_P) && (value || !host))
		return -EINVAL;
	if (value & ~CMCI_VALID)
		return -EINVAL;
	v->msrs->mc_ctl2[array_index_nospec(bank, MSR_MCE_BANKS)] = value;
	return 0;
}

static int msr_get_mc_bank(struct vcpu *v, u32 index, u64 *value, bool host)
{
	u32 n = index - MSR_IA32_MC0_CTL;

	if (n >= msr_mce_banks(v) * 4)
		return -ENOENT;
	*value = v->msrs->mc_banks[array_index_nospec(n, MSR_MCE_BANKS * 4)];
	return 0;
}

static int msr_set_mc_bank(struct vcpu *v, u32 index, u64 value, bool host)
{
	u32 n = index - MSR_IA32_MC0_CTL;

	if (n >= msr_mce_banks(v) * 4)
		return -ENOENT;
	/* CTL is all zeroes or all ones, but Linux leaves out bit 0 or bit 10 on some models. */
	if (n % 4 == 0 && value && ~(value | BIT(10) | BIT(0)))
		return -EINVAL;
	/* STATUS can be cleared; writing an error in needs McStatusWrEn (APM vol. 2, 9.3.2.4). */
	if (n % 4 == 1 && value && !host && !(cpuid_is_amd(v) && (v->msrs->hwcr & HWCR_MC_STATUS_WR_EN)))
		return -EINVAL;
	v->msrs->mc_banks[array_index_nospec(n, MSR_MCE_BANKS * 4)] = value;
	return 0;
}

/* ---- KVM's own ---- */

static int msr_get_pv(struct vcpu *v, u32 index, u64 *value, bool host)
{
	return pv_msr_get(v, index, value, host);
}

static int msr_set_pv(struct vcpu *v, u32 index, u64 value, bool host)
{
	return pv_msr_set(v, index, value, host);
}

#define FIELD(name) .field = offsetof(struct vcpu_msrs, name)
#define ONE(index) .first = (index), .last = (index)
#define RANGE(a, b) .first = (a), .last = (b)

/* Sorted by index: msr_find() searches it. */
static const struct msr_row msr_table[] = {
	{ RANGE(MSR_IA32_P5_MC_ADDR, MSR_IA32_P5_MC_TYPE), msr_get_zero },
	{ ONE(MSR_IA32_TSC), msr_get_tsc, msr_set_tsc, .listed = true },
	{ RANGE(MSR_KVM_WALL_CLOCK, MSR_KVM_SYSTEM_TIME), msr_get_pv, msr_set_pv, .listed = true },
	{ ONE(MSR_IA32_PLATFORM_ID), msr_get_zero },
	{ ONE(MSR_IA32_APICBASE), msr_get_apic_base, msr_set_apic_base, .listed = true },
	{ ONE(MSR_IA32_EBL_CR_POWERON), msr_get_zero },
	{ ONE(MSR_EBC_FREQUENCY_ID), msr_get_legacy },
	{ ONE(MSR_SMI_COUNT), msr_read_field, msr_set_field_host, FIELD(smi_count), .listed = true },
	{ ONE(MSR_IA32_FEAT_CTL), msr_get_feat_ctl, msr_set_feat_ctl },
	{ ONE(MSR_IA32_TSC_ADJUST), msr_get_tsc_adjust, msr_set_tsc_adjust, .listed = true },
	{ ONE(MSR_IA32_SPEC_CTRL), msr_get_spec_ctrl, msr_set_spec_ctrl, .listed = true, .offered = msr_spec_ctrl_supported },
	{ ONE(MSR_IA32_PRED_CMD), NULL, msr_set_pred_cmd },
	{ ONE(MSR_IA32_UCODE_WRITE), NULL, msr_set_nothing },
	{ ONE(MSR_IA32_UCODE_REV), msr_read_field, msr_set_ucode_rev, FIELD(ucode_rev), .listed = true },
	{ RANGE(MSR_P6_PERFCTR0, MSR_P6_PERFCTR1), msr_get_zero, msr_set_nothing },
	{ ONE(MSR_FSB_FREQ), msr_get_legacy },
	{ ONE(MSR_PLATFORM_INFO), msr_get_platform_info, msr_set_field_host, FIELD(platform_info), .listed = true },
	{ ONE(MSR_MTRRcap), msr_get_mtrr_cap },
	{ ONE(MSR_IA32_ARCH_CAPABILITIES), msr_get_arch_capabilities, msr_set_arch_capabilities, .listed = true },
	{ ONE(MSR_IA32_FLUSH_CMD), NULL, msr_set_flush_cmd },
	{ ONE(MSR_IA32_BBL_CR_CTL3), msr_get_legacy, msr_set_nothing },
	{ ONE(MSR_MISC_FEATURES_ENABLES), msr_read_field, msr_set_misc_features, FIELD(misc_features), .listed = true },
	{ ONE(MSR_IA32_SYSENTER_CS), msr_get_backend, msr_set_backend, .listed = true },
	{ RANGE(MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP), msr_get_backend, msr_set_canonical, .listed = true },
	{ ONE(MSR_IA32_MCG_CAP), msr_read_field, NULL, FIELD(mcg_cap) },
	{ ONE(MSR_IA32_MCG_STATUS), msr_read_field, msr_write_field, FIELD(mcg_status), .listed = true },
	{ ONE(MSR_IA32_MCG_CTL), msr_get_mcg_ctl, msr_set_mcg_ctl, .listed = true },
	{ RANGE(MSR_P6_EVNTSEL0, MSR_P6_EVNTSEL1), msr_get_zero, msr_set_nothing },
	{ ONE(MSR_IA32_PERF_STATUS), msr_get_legacy },
	{ ONE(MSR_IA32_PERF_CTL), msr_get_zero },
	{ ONE(MSR_IA32_MISC_ENABLE), msr_read_field, msr_set_misc_enable, FIELD(misc_enable), .listed = true },
	{ ONE(MSR_IA32_DEBUGCTLMSR), msr_get_zero, msr_set_debugctl },
	{ RANGE(MSR_IA32_LASTBRANCHFROMIP, MSR_IA32_LASTINTTOIP), msr_get_zero },
	{ ONE(MSR_IA32_POWER_CTL), msr_read_field, msr_write_field, FIELD(power_ctl), .listed = true },
	{ RANGE(MTRRphysBase_MSR(0), MTRRphysMask_MSR(MSR_MTRR_VAR - 1)), msr_read_field, msr_set_mtrr_var,
	  FIELD(mtrr_var), .listed = true },
	{ ONE(MSR_MTRRfix64K_00000), msr_get_mtrr_fixed, msr_set_mtrr_fixed, .listed = true },
	{ RANGE(MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000), msr_get_mtrr_fixed, msr_set_mtrr_fixed, .listed = true },
	{ RANGE(MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_F8000), msr_get_mtrr_fixed, msr_set_mtrr_fixed, .listed = true },
	{ ONE(MSR_IA32_CR_PAT), msr_get_backend, msr_set_pat, .listed = true },
	{ RANGE(MSR_IA32_MC0_CTL2, MSR_IA32_MC0_CTL2 + MSR_MCE_BANKS - 1), msr_get_mc_ctl2, msr_set_mc_ctl2 },
	{ ONE(MSR_MTRRdefType), msr_read_field, msr_set_mtrr_def_type, FIELD(mtrr_def_type), .listed = true },
	{ RANGE(MSR_IA32_MC0_CTL, MSR_IA32_MC0_CTL + MSR_MCE_BANKS * 4 - 1), msr_get_mc_bank, msr_set_mc_bank },
	{ ONE(MSR_RAPL_POWER_UNIT), msr_get_zero },
	{ ONE(MSR_PKG_ENERGY_STATUS), msr_get_zero },
	{ ONE(MSR_DRAM_ENERGY_STATUS), msr_get_zero },
	{ ONE(MSR_PP0_ENERGY_STATUS), msr_get_zero },
	{ ONE(MSR_PP1_ENERGY_STATUS), msr_get_zero },
	{ ONE(MSR_IA32_TSC_DEADLINE), msr_get_tsc_deadline, msr_set_tsc_deadline, .listed = true },
	{ RANGE(APIC_BASE_MSR, APIC_BASE_MSR + 0xff), msr_get_x2apic, msr_set_x2apic },
	{ ONE(MSR_IA32_XSS), msr_get_xss, msr_set_xss, .listed = true },
	{ RANGE(MSR_KVM_WALL_CLOCK_NEW, MSR_KVM_SYSTEM_TIME_NEW), msr_get_pv, msr_set_pv, .listed = true },
	{ RANGE(MSR_KVM_STEAL_TIME, MSR_KVM_POLL_CONTROL), msr_get_pv, msr_set_pv, .listed = true },
	{ ONE(MSR_EFER), msr_get_efer, msr_set_efer, .listed = true },
	{ ONE(MSR_STAR), msr_get_backend, msr_set_backend, .listed = true },
	{ RANGE(MSR_LSTAR, MSR_CSTAR), msr_get_backend, msr_set_canonical, .listed = true },
	{ ONE(MSR_SYSCALL_MASK), msr_get_backend, msr_set_backend, .listed = true },
	{ RANGE(MSR_FS_BASE, MSR_KERNEL_GS_BASE), msr_get_backend, msr_set_canonical, .listed = true },
	{ ONE(MSR_TSC_AUX), msr_get_tsc_aux, msr_set_tsc_aux, .listed = true, .offered = msr_tsc_aux_supported },
	{ RANGE(MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3), msr_get_zero, msr_set_nothing },
	{ ONE(MSR_AMD64_SYSCFG), msr_get_zero },
	{ ONE(MSR_K7_HWCR), msr_read_field, msr_set_hwcr, FIELD(hwcr), .listed = true },
	{ ONE(MSR_K7_CLK_CTL), msr_get_legacy, msr_set_nothing },
	{ ONE(MSR_AMD64_NB_CFG), msr_get_zero, msr_set_nothing },
	{ ONE(MSR_AMD64_PATCH_LOADER), NULL, msr_set_nothing },
	{ ONE(MSR_K8_INT_PENDING_MSG), msr_get_zero },
	{ ONE(MSR_FAM10H_MMIO_CONF_BASE), msr_get_zero, msr_set_zero },
	{ RANGE(MSR_K8_TSEG_ADDR, MSR_K8_TSEG_MASK), msr_get_zero },
	{ ONE(MSR_VM_CR), msr_get_backend, msr_set_backend },
	{ ONE(MSR_VM_IGNNE), NULL, msr_set_backend },
	{ ONE(MSR_F15H_IC_CFG), msr_get_backend },
	{ RANGE(MSR_AMD64_DC_CFG, MSR_AMD64_TW_CFG), msr_get_zero, msr_set_nothing },
	{ ONE(MSR_AMD64_DE_CFG), msr_get_backend, msr_set_backend },
	{ ONE(MSR_AMD64_BU_CFG2), msr_get_zero, msr_set_nothing },
	{ ONE(MSR_F15H_EX_CFG), msr_get_zero, msr_set_nothing },
};

static const struct msr_row *msr_find(u32 index)
{
	unsigned int low = 0, high = ARRAY_SIZE(msr_table);

	while (low < high) {
		unsigned int mid = (low + high) / 2;
		const struct msr_row *row = &msr_table[mid];

		if (index < row->first)
			high = mid;
		else if (index > row->last)
			low = mid + 1;
		else
			return row;
	}
	return NULL;
}

/* Often the MSR of the last access. */
static const struct msr_row *msr_find_again(const struct vcpu *v, u32 index)
{
	const struct msr_row *row = v->msrs->row;

	return row && index - row->first <= row->last - row->first ? row : msr_find(index);
}

int msr_get(struct vcpu *v, u32 index, u64 *value, bool host)
{
	const struct msr_row *row;

	if (index == MSR_IA32_TSC_DEADLINE)
		return msr_get_tsc_deadline(v, index, value, host);
	row = msr_find_again(v, index);
	if (!row)
		return -ENOENT;
	if (!row->get)
		return -EINVAL;
	v->msrs->row = row;
	return row->get(v, index, value, host);
}

int msr_set(struct vcpu *v, u32 index, u64 value, bool host)
{
	const struct msr_row *row;

	/* The two MSRs that guests write most. */
	if (index == MSR_IA32_TSC_DEADLINE)
		return msr_set_tsc_deadline(v, index, value, host);
	if (index - APIC_BASE_MSR < 0x100)
		return vlapic_msr_write(v, index, value);
	row = msr_find_again(v, index);
	if (!row)
		return -ENOENT;
	if (!row->set)
		return -EINVAL; /* read-only */
	v->msrs->row = row;
	return row->set(v, index, value, host);
}

unsigned int msr_listed(u32 *indices, unsigned int max)
{
	unsigned int n = 0, i;

	for (i = 0; i < ARRAY_SIZE(msr_table); i++) {
		const struct msr_row *row = &msr_table[i];
		u32 index;

		if (!row->listed || (row->offered && !row->offered()))
			continue;
		for (index = row->first; index <= row->last && n < max; index++)
			indices[n++] = index;
	}
	return n;
}

/* C-state residency counters, APERF and MPERF. */
const u32 msr_host_reads[MSR_HOST_READS] = {
	MSR_CORE_C1_RES, MSR_CORE_C3_RESIDENCY, MSR_CORE_C6_RESIDENCY, MSR_CORE_C7_RESIDENCY,
	MSR_IA32_APERF, MSR_IA32_MPERF,
};

static unsigned long msr_host_reads_there;

/* CPUID does not enumerate them; AMD CPUs lack the residency counters. */
void msr_probe_host_reads(void)
{
	unsigned int i;
	u64 unused;

	for (i = 0; i < MSR_HOST_READS; i++)
		if (!rdmsrl_safe(msr_host_reads[i], &unused))
			__set_bit(i, &msr_host_reads_there);
}

bool msr_host_read_allowed(const struct vm *vm, unsigned int i)
{
	u32 index = msr_host_reads[i];
	bool clocks = index == MSR_IA32_APERF || index == MSR_IA32_MPERF;
	u64 exits = clocks ? HV_DISABLE_EXITS_APERFMPERF : KVM_X86_DISABLE_EXITS_CSTATE;

	return (vm->disabled_exits & exits) && test_bit(i, &msr_host_reads_there) &&
	       msr_filter_allows(vm, index, false);
}

int msr_vcpu_create(struct vcpu *v)
{
	struct vcpu_msrs *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);

	if (!m)
		return -ENOMEM;
	v->msrs = m;
	m->mcg_cap = MSR_MCE_BANKS;
	m->platform_info = MSR_PLATFORM_INFO_CPUID_FAULT;
	msr_feature_get(MSR_IA32_UCODE_REV, &m->ucode_rev);
	msr_feature_get(MSR_IA32_ARCH_CAPABILITIES, &m->arch_capabilities);
	return 0;
}

void msr_vcpu_destroy(struct vcpu *v)
{
	kfree(v->msrs);
	v->msrs = NULL;
}

/* INIT leaves all of these alone (SDM vol. 3, table 10-1). */
void msr_vcpu_reset(struct vcpu *v, bool init_event)
{
	struct vcpu_msrs *m = v->msrs;

	if (init_event)
		return;
	m->misc_enable = MSR_IA32_MISC_ENABLE_FAST_STRING | MISC_ENABLE_FIXED;
	m->misc_features = 0;
	m->feat_ctl = 0;
	m->hwcr = 0;
	m->power_ctl = 0;
	m->mtrr_def_type = 0;
	memset(m->mtrr_fixed, 0, sizeof(m->mtrr_fixed));
	memset(m->mtrr_var, 0, sizeof(m->mtrr_var));
}
