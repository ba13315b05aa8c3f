// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPUID that guests are offered (KVM_GET_SUPPORTED_CPUID): a table of what
 * passes from the host's CPUID and what is always there because we supply it.
 *
 * A dedicated host lends the guest all of its CPU: whatever works inside a
 * guest without our help passes. What is missing, and why:
 *   SVM, VMX, SMX, SGX, TDX, SEV, SMM: no nesting, no enclaves, no SMM.
 *   MONITOR: only sensible with MWAIT exits off; user space adds it then.
 *   Leaf 0xA, PerfMon, IBS, LBR, PT: no virtual PMU.
 *   HLE, RTM, MPX, AMX, CET, XSAVES, LAM: state or controls we do not switch.
 *   OSXSAVE, OSPKE: follow CR4 when the guest executes CPUID.
 *   Leaves 0xB, 0x1F, 0x8000001E: the host's topology is not the guest's.
 */
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/fpu/types.h>
#include <asm/kvm_para.h>
#include <asm/processor.h>

#include "base/backend.h"
#include "base/host_cpu.h"
#include "cpuid.h"
#include "cpuid_supported.h"
#include "pv.h"

#define SUPPORTED_MAX_BASIC 0x1f
#define SUPPORTED_MAX_EXTENDED 0x80000021
#define SUPPORTED_MAX_SUBLEAVES 32

/* Bits of one register: those that pass from the host, those that are always set; both need that state in XCR0. */
struct supported_bits {
	u32 function;
	u8 index, reg;
	u32 host, always;
	u64 xcr0;
};

#define ALL(leaf, idx)                                                                             \
	{ leaf, idx, CPUID_EAX, ~0u }, { leaf, idx, CPUID_EBX, ~0u }, { leaf, idx, CPUID_ECX, ~0u }, \
		{ leaf, idx, CPUID_EDX, ~0u }

static const struct supported_bits supported_table[] = {
	{ 0, 0, CPUID_EBX, ~0u },
	{ 0, 0, CPUID_ECX, ~0u },
	{ 0, 0, CPUID_EDX, ~0u },
	{ 1, 0, CPUID_EAX, ~0u },
	{ 1, 0, CPUID_EBX, 0x0000ff00 }, /* CLFLUSH line size */
	/* SSE3 PCLMUL SSSE3 CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES RDRAND; x2APIC, TSC deadline, hypervisor are ours */
	{ 1, 0, CPUID_ECX, 0x42da2203, BIT(21) | BIT(24) | BIT(31) },
	{ 1, 0, CPUID_ECX, BIT(26), 0, XFEATURE_MASK_FPSSE }, /* XSAVE */
	{ 1, 0, CPUID_ECX, BIT(12) | BIT(28) | BIT(29), 0, XFEATURE_MASK_YMM }, /* FMA AVX F16C */
	/* all but DS, ACPI, HTT, TM, PBE and reserved bits; APIC is ours */
	{ 1, 0, CPUID_EDX, 0x0f8bfbff, BIT(9) },
	ALL(2, 0),
	{ 6, 0, CPUID_EAX, 0, BIT(2) }, /* the APIC timer never stops */
	/* FSGSBASE BMI1 FDP SMEP BMI2 ERMS INVPCID FCS RDSEED ADX SMAP CLFLUSHOPT CLWB SHA; TSC_ADJUST is ours */
	{ 7, 0, CPUID_EBX, 0x219c27c9, BIT(1) },
	{ 7, 0, CPUID_EBX, BIT(5), 0, XFEATURE_MASK_YMM }, /* AVX2 */
	/* AVX512 F DQ IFMA PF ER CD BW VL */
	{ 7, 0, CPUID_EBX, 0xdc230000, 0, XCR0_AVX512 },
	/* UMIP GFNI LA57 RDPID CLDEMOTE MOVDIRI MOVDIR64B */
	{ 7, 0, CPUID_ECX, BIT(2) | BIT(8) | BIT(16) | BIT(22) | BIT(25) | BIT(27) | BIT(28) },
	{ 7, 0, CPUID_ECX, BIT(3), 0, XFEATURE_MASK_PKRU },
	{ 7, 0, CPUID_ECX, BIT(9) | BIT(10), 0, XFEATURE_MASK_YMM }, /* VAES VPCLMULQDQ */
	/* AVX512 VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
	{ 7, 0, CPUID_ECX, BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14), 0, XCR0_AVX512 },
	/* FSRM MD_CLEAR SERIALIZE SPEC_CTRL STIBP FLUSH_L1D SSBD; ARCH_CAPABILITIES is ours */
	{ 7, 0, CPUID_EDX, BIT(4) | BIT(10) | BIT(14) | BIT(26) | BIT(27) | BIT(28) | BIT(31), BIT(29) },
	/* AVX512 4VNNIW 4FMAPS VP2INTERSECT FP16 */
	{ 7, 0, CPUID_EDX, BIT(2) | BIT(3) | BIT(8) | BIT(23), 0, XCR0_AVX512 },
	/* CMPCCXADD FZRM FSRS FSRC */
	{ 7, 1, CPUID_EAX, BIT(7) | BIT(10) | BIT(11) | BIT(12) },
	/* SHA512 SM3 SM4 AVX_VNNI AVX_IFMA */
	{ 7, 1, CPUID_EAX, BIT(0) | BIT(1) | BIT(2) | BIT(4) | BIT(23), 0, XFEATURE_MASK_YMM },
	{ 7, 1, CPUID_EAX, BIT(5), 0, XCR0_AVX512 }, /* BF16 */
	{ 7, 1, CPUID_EDX, BIT(14) }, /* PREFETCHITI */
	/* AVX_VNNI_INT8 NE_CONVERT VNNI_INT16 */
	{ 7, 1, CPUID_EDX, BIT(4) | BIT(5) | BIT(10), 0, XFEATURE_MASK_YMM },
	{ 7, 2, CPUID_EDX, BIT(5) }, /* MCDT_NO */
	{ 0xd, 1, CPUID_EAX, BIT(0) | BIT(1) | BIT(2), 0, XFEATURE_MASK_FPSSE }, /* XSAVEOPT XSAVEC XGETBV1 */
	{ 0x80000000, 0, CPUID_EBX, ~0u },
	{ 0x80000000, 0, CPUID_ECX, ~0u },
	{ 0x80000000, 0, CPUID_EDX, ~0u },
	{ 0x80000001, 0, CPUID_EAX, ~0u },
	{ 0x80000001, 0, CPUID_EBX, ~0u },
	/* LAHF CMP_LEGACY CR8 ABM SSE4A MISALIGNSSE 3DNOWPREFETCH TBM TOPOEXT */
	{ 0x80000001, 0, CPUID_ECX, BIT(0) | BIT(1) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(21) | BIT(22) },
	{ 0x80000001, 0, CPUID_ECX, BIT(11) | BIT(16), 0, XFEATURE_MASK_YMM }, /* XOP FMA4 */
	/* as leaf 1, and SYSCALL NX MMXEXT FXSR_OPT 1G pages RDTSCP LM 3DNOW(EXT) */
	{ 0x80000001, 0, CPUID_EDX, 0xefd3fbff },
	ALL(0x80000002, 0),
	ALL(0x80000003, 0),
	ALL(0x80000004, 0),
	ALL(0x80000005, 0),
	ALL(0x80000006, 0),
	{ 0x80000007, 0, CPUID_EDX, BIT(8) }, /* invariant TSC */
	{ 0x80000008, 0, CPUID_EAX, 0x0000ffff },
	/* CLZERO XSAVEERPTR WBNOINVD IBPB IBRS STIBP STIBP_ALWAYS SSBD SSB_NO PSFD BTC_NO */
	{ 0x80000008, 0, CPUID_EBX, BIT(0) | BIT(2) | BIT(9) | BIT(12) | BIT(14) | BIT(15) | BIT(17) | BIT(24) |
				    BIT(26) | BIT(29) },
	ALL(0x80000019, 0),
	ALL(0x8000001a, 0),
	/* NO_NESTED_DATA_BP LFENCE_RDTSC NULL_SEL_CLR_BASE AUTOIBRS SRSO_NO */
	{ 0x80000021, 0, CPUID_EAX, BIT(0) | BIT(2) | BIT(6) | BIT(8) | BIT(29) },
};

static u32 supported_reg(const struct kvm_cpuid_entry2 *e, unsigned int reg)
{
	const u32 regs[] = { e->eax, e->ebx, e->ecx, e->edx };

	return regs[reg];
}

static void supported_reg_or(struct kvm_cpuid_entry2 *e, unsigned int reg, u32 bits)
{
	switch (reg) {
	case CPUID_EAX:
		e->eax |= bits;
		break;
	case CPUID_EBX:
		e->ebx |= bits;
		break;
	case CPUID_ECX:
		e->ecx |= bits;
		break;
	default:
		e->edx |= bits;
	}
}

/* The host's own answer; zero for a leaf that it does not have. */
static struct kvm_cpuid_entry2 supported_host(u32 function, u32 index)
{
	struct kvm_cpuid_entry2 e = {};

	if (cpuid_eax(function & 0x80000000) >= function)
		cpuid_count(function, index, &e.eax, &e.ebx, &e.ecx, &e.edx);
	return e;
}

static void supported_xsave(struct kvm_cpuid_entry2 *e, const struct kvm_cpuid_entry2 *host)
{
	switch (e->index) {
	case 0:
		e->eax = host_xcr0;
		e->edx = host_xcr0 >> 32;
		e->ebx = host_xsave_size(host_xcr0, false);
		e->ecx = e->ebx;
		return;
	case 1:
		if (e->eax & BIT(1))
			e->ebx = host_xsave_size(host_xcr0, true);
		return;
	default:
		if (e->index < 63 && (host_xcr0 & BIT_ULL(e->index))) {
			e->eax = host->eax;
			e->ebx = host->ebx;
			e->ecx = host->ecx & BIT(1); /* alignment in the compacted form */
		}
	}
}

/* What is not a matter of bits. */
static void supported_special(struct kvm_cpuid_entry2 *e, const struct kvm_cpuid_entry2 *host)
{
	switch (e->function) {
	case 0:
		e->eax = min_t(u32, host->eax, SUPPORTED_MAX_BASIC);
		break;
	case 4:
	case 0x8000001d:
		e->eax = host->eax;
		e->ebx = host->ebx;
		e->ecx = host->ecx;
		e->edx = host->edx;
		break;
	case 7:
		if (!e->index)
			e->eax = min(host->eax, 2U);
		break;
	case 0xd:
		supported_xsave(e, host);
		break;
	case KVM_CPUID_SIGNATURE:
		e->eax = KVM_CPUID_FEATURES;
		memcpy(&e->ebx, "KVMK", 4);
		memcpy(&e->ecx, "VMKV", 4);
		memcpy(&e->edx, "M\0\0", 4);
		break;
	case KVM_CPUID_FEATURES:
		e->eax = PV_FEATURES_SUPPORTED;
		if (!sched_info_on())
			e->eax &= ~(BIT(KVM_FEATURE_STEAL_TIME) | BIT(KVM_FEATURE_PV_TLB_FLUSH));
		break;
	case 0x80000000:
		e->eax = min_t(u32, host->eax, SUPPORTED_MAX_EXTENDED);
		break;
	case 0x80000008:
		/* Four levels of nested page table reach 48 bits; bits 23:16 tell the guest (APM vol. 3, E.4.7). */
		if ((host->eax & 0xff) > 48 && hv->tdp_levels() == 4)
			e->eax |= 48 << 16;
		break;
	}
}

void cpuid_supported_entry(u32 function, u32 index, struct kvm_cpuid_entry2 *e)
{
	struct kvm_cpuid_entry2 host = supported_host(function, index);
	unsigned int i;

	*e = (struct kvm_cpuid_entry2){ .function = function, .index = index };
	for (i = 0; i < ARRAY_SIZE(supported_table); i++) {
		const struct supported_bits *b = &supported_table[i];

		if (b->function == function && b->index == index && (host_xcr0 & b->xcr0) == b->xcr0)
			supported_reg_or(e, b->reg, (supported_reg(&host, b->reg) & b->host) | b->always);
	}
	supported_special(e, &host);
}

struct offer_list {
	struct kvm_cpuid_entry2 *entries;
	u32 n;
};

/* Adds one entry and returns it; the list has room for HV_MAX_CPUID. */
static const struct kvm_cpuid_entry2 *supported_add(struct offer_list *l, u32 function, u32 index, bool has_index)
{
	struct kvm_cpuid_entry2 *e = &l->entries[min_t(u32, l->n, HV_MAX_CPUID - 1)];

	cpuid_supported_entry(function, index, e);
	if (has_index)
		e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	if (l->n < HV_MAX_CPUID)
		l->n++;
	return e;
}

/* Caches, up to and including the sub-leaf that says there is none. */
static void supported_add_caches(struct offer_list *l, u32 function)
{
	u32 i;

	for (i = 0; i < SUPPORTED_MAX_SUBLEAVES; i++)
		if (!(supported_add(l, function, i, true)->eax & 0x1f))
			return;
}

static void supported_add_leaf(struct offer_list *l, u32 function)
{
	u32 i, last;

	switch (function) {
	case 4:
	case 0x8000001d:
		supported_add_caches(l, function);
		return;
	case 7:
		last = supported_add(l, function, 0, true)->eax;
		for (i = 1; i <= last; i++)
			supported_add(l, function, i, true);
		return;
	case 0xb:
	case 0x1f: /* no topology: user space knows the guest's, and each vCPU's x2APIC ID */
		supported_add(l, function, 0, true);
		return;
	case 0xd:
		supported_add(l, function, 0, true);
		supported_add(l, function, 1, true);
		for (i = 2; i < 63; i++)
			if (host_xcr0 & BIT_ULL(i))
				supported_add(l, function, i, true);
		return;
	default:
		supported_add(l, function, 0, false);
	}
}

static void supported_build(struct offer_list *l)
{
	struct kvm_cpuid_entry2 first;
	u32 f;

	cpuid_supported_entry(0, 0, &first);
	for (f = 0; f <= first.eax; f++)
		supported_add_leaf(l, f);
	supported_add_leaf(l, KVM_CPUID_SIGNATURE);
	supported_add_leaf(l, KVM_CPUID_FEATURES);
	cpuid_supported_entry(0x80000000, 0, &first);
	for (f = 0x80000000; f <= first.eax; f++)
		supported_add_leaf(l, f);
}

int cpuid_get_supported(struct kvm_cpuid2 __user *arg)
{
	struct offer_list l = {};
	u32 room;
	int r = 0;

	if (get_user(room, &arg->nent))
		return -EFAULT;
	l.entries = kcalloc(HV_MAX_CPUID, sizeof(*l.entries), GFP_KERNEL);
	if (!l.entries)
		return -ENOMEM;
	supported_build(&l);
	if (room < l.n)
		r = -E2BIG;
	else if (put_user(l.n, &arg->nent) || copy_to_user(arg->entries, l.entries, l.n * sizeof(*l.entries)))
		r = -EFAULT;
	kfree(l.entries);
	return r;
}

/* Nothing that the CPU lacks is emulated. */
int cpuid_get_emulated(struct kvm_cpuid2 __user *arg)
{
	return put_user(0U, &arg->nent) ? -EFAULT : 0;
}
