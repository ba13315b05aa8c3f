// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's CPUID: the leaves user space gave a vCPU, found fast.
 *
 * v->cpuid is the list in user space's order (KVM_GET_CPUID2 returns it so).
 * Beside it lies an index sorted by leaf. Bits that follow the vCPU's state
 * are filled in when CPUID executes (OSXSAVE, OSPKE, APIC) or when the state
 * changes (the sizes in leaf 0xD). All of it belongs to the holder of
 * vcpu->mutex.
 */
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>
#include <asm/kvm_para.h>
#include <asm/processor-flags.h>

#include "base/host_cpu.h"
#include "cpuid.h"
#include "cpuid_supported.h"
#include "irq/vlapic.h"
#include "msr.h"

#define CPUID_MONITOR BIT(3) /* leaf 1 ECX */
#define CPUID_OSXSAVE BIT(27) /* leaf 1 ECX */
#define CPUID_APIC BIT(9) /* leaf 1 EDX */
#define CPUID_OSPKE BIT(4) /* leaf 7 ECX */

/* One entry of the sorted index. */
struct cpuid_key {
	u32 function, index;
	u16 pos; /* in v->cpuid */
	bool any_index;
};

struct cpuid_table {
	struct cpuid_key keys[HV_MAX_CPUID];
	u32 max_basic; /* highest basic leaf */
	bool zero_out_of_range; /* AMD: an unknown leaf reads as zero */
	struct kvm_cpuid_entry2 entries[];
};

static struct cpuid_table *cpuid_table(const struct vcpu *v)
{
	return container_of(v->cpuid, struct cpuid_table, entries[0]);
}

static struct kvm_cpuid_entry2 *cpuid_lookup(const struct vcpu *v, u32 function, u32 index)
{
	const struct cpuid_key *keys;
	u32 low = 0, high = v->ncpuid;

	if (unlikely(!v->cpuid))
		return NULL;
	keys = cpuid_table(v)->keys;
	while (low < high) {
		u32 mid = (low + high) / 2;

		if (keys[mid].function < function)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < v->ncpuid && keys[low].function == function; low++)
		if (keys[low].any_index || keys[low].index == index)
			return &v->cpuid[keys[low].pos];
	return NULL;
}

const struct kvm_cpuid_entry2 *cpuid_find(const struct vcpu *v, u32 function, u32 index)
{
	return cpuid_lookup(v, function, index);
}

static u32 *cpuid_entry_reg(struct kvm_cpuid_entry2 *e, unsigned int reg)
{
	switch (reg) {
	case CPUID_EAX:
		return &e->eax;
	case CPUID_EBX:
		return &e->ebx;
	case CPUID_ECX:
		return &e->ecx;
	default:
		return &e->edx;
	}
}

bool cpuid_has(const struct vcpu *v, u32 function, u32 index, unsigned int reg, unsigned int bit)
{
	struct kvm_cpuid_entry2 *e = cpuid_lookup(v, function, index);

	return e && (*cpuid_entry_reg(e, reg) & BIT(bit));
}

static bool cpuid_entry_is_amd(const struct kvm_cpuid_entry2 *e)
{
	/* "AuthenticAMD", "HygonGenuine", by their first four letters (EBX). */
	return e && (e->ebx == 0x68747541 || e->ebx == 0x6f677948);
}

bool cpuid_is_amd(const struct vcpu *v)
{
	return cpuid_entry_is_amd(cpuid_lookup(v, 0, 0));
}

/*
 * A leaf that the list lacks. Intel CPUs answer a leaf above the last one of
 * its class with the highest basic leaf, AMD CPUs with zeroes (SDM vol. 2,
 * CPUID; APM vol. 3, CPUID). A hole inside a class reads as zero on both.
 */
static const struct kvm_cpuid_entry2 *cpuid_out_of_range(const struct vcpu *v, u32 function, u32 index)
{
	const struct kvm_cpuid_entry2 *class = NULL;

	if (!v->cpuid || cpuid_table(v)->zero_out_of_range)
		return NULL;
	if (function >= 0x40000000 && function < 0x50000000)
		class = cpuid_lookup(v, function & 0xffffff00, 0);
	else if (function >= 0x80000000)
		class = cpuid_lookup(v, function & 0xffff0000, 0);
	else
		class = cpuid_lookup(v, 0, 0);
	if (class && function <= class->eax)
		return NULL;
	return cpuid_lookup(v, cpuid_table(v)->max_basic, index);
}

/* Topology leaves answer any sub-leaf: the level is echoed, EDX stays the x2APIC ID (SDM vol. 2, CPUID leaf 0BH). */
static bool cpuid_topology_hole(const struct vcpu *v, u32 function, u32 index, u64 *ecx, u64 *edx)
{
	const struct kvm_cpuid_entry2 *e;

	if (function != 0xb && function != 0x1f)
		return false;
	e = cpuid_lookup(v, function, 1);
	if (!e)
		return false;
	*ecx = index & 0xff;
	*edx = e->edx;
	return true;
}

static u64 cpuid_cr4(struct vcpu *v)
{
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	return p.cr4;
}

/* MONITOR follows IA32_MISC_ENABLE where user space asked for the architectural behaviour. */
static void cpuid_apply_mwait(struct vcpu *v)
{
	if (v->msrs->misc_enable & MSR_IA32_MISC_ENABLE_MWAIT)
		v->regs[GPR_RCX] |= CPUID_MONITOR;
	else
		v->regs[GPR_RCX] &= ~(u64)CPUID_MONITOR;
}

static noinline bool cpuid_in_user_mode(struct vcpu *v)
{
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	return p.cpl > 0;
}

/* CPUID faulting (SDM vol. 2, CPUID): the guest's kernel keeps its programs from the instruction. */
bool cpuid_faults(struct vcpu *v)
{
	return unlikely(v->msrs->misc_features & MSR_MISC_FEATURES_ENABLES_CPUID_FAULT) && cpuid_in_user_mode(v);
}

void cpuid_emulate(struct vcpu *v)
{
	u32 function = v->regs[GPR_RAX], index = v->regs[GPR_RCX];
	const struct kvm_cpuid_entry2 *e = cpuid_lookup(v, function, index);
	u64 *r = v->regs;

	if (unlikely(!e)) {
		r[GPR_RAX] = 0;
		r[GPR_RBX] = 0;
		r[GPR_RCX] = 0;
		r[GPR_RDX] = 0;
		if (cpuid_topology_hole(v, function, index, &r[GPR_RCX], &r[GPR_RDX]))
			return;
		e = cpuid_out_of_range(v, function, index);
		if (!e)
			return;
		function = e->function;
	}
	r[GPR_RAX] = e->eax;
	r[GPR_RBX] = e->ebx;
	r[GPR_RCX] = e->ecx;
	r[GPR_RDX] = e->edx;
	if (function == 1) {
		r[GPR_RCX] &= ~CPUID_OSXSAVE;
		if (cpuid_cr4(v) & X86_CR4_OSXSAVE)
			r[GPR_RCX] |= CPUID_OSXSAVE;
		if (v->vlapic && !(vlapic_get_base(v) & MSR_IA32_APICBASE_ENABLE))
			r[GPR_RDX] &= ~(u64)CPUID_APIC;
		if (v->vm->disabled_quirks & KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT)
			cpuid_apply_mwait(v);
	} else if (function == 7 && !index) {
		r[GPR_RCX] &= ~CPUID_OSPKE;
		if (cpuid_cr4(v) & X86_CR4_PKE)
			r[GPR_RCX] |= CPUID_OSPKE;
	}
}

/* ---- what follows from a guest's CPUID ---- */

void cpuid_xcr0_changed(struct vcpu *v)
{
	struct kvm_cpuid_entry2 *e = cpuid_lookup(v, 0xd, 0);

	if (e)
		e->ebx = host_xsave_size(v->xcr0, false);
	e = cpuid_lookup(v, 0xd, 1);
	if (e && (e->eax & (BIT(1) | BIT(3))))
		e->ebx = host_xsave_size(v->xcr0, true);
}

/* KVM's leaves may lie at any multiple of 0x100 (behind another hypervisor's). */
static struct kvm_cpuid_entry2 *cpuid_pv_features(struct vcpu *v)
{
	u32 base;

	for (base = 0x40000000; base < 0x40010000; base += 0x100) {
		struct kvm_cpuid_entry2 *e = cpuid_lookup(v, base, 0);

		/* "KVMK" "VMKV" "M\0\0\0" */
		if (e && e->ebx == 0x4b4d564b && e->ecx == 0x564b4d56 && e->edx == 0x4d)
			return cpuid_lookup(v, base | KVM_CPUID_FEATURES, 0);
	}
	return NULL;
}

/* CR4 bits that come with a CPUID feature. */
static const struct {
	u64 cr4;
	u8 reg, bit, leaf;
} cpuid_cr4_bits[] = {
	{ X86_CR4_OSXSAVE, CPUID_ECX, 26, 1 }, { X86_CR4_PCIDE, CPUID_ECX, 17, 1 },
	{ X86_CR4_FSGSBASE, CPUID_EBX, 0, 7 }, { X86_CR4_SMEP, CPUID_EBX, 7, 7 },
	{ X86_CR4_SMAP, CPUID_EBX, 20, 7 },    { X86_CR4_UMIP, CPUID_ECX, 2, 7 },
	{ X86_CR4_PKE, CPUID_ECX, 3, 7 },      { X86_CR4_LA57, CPUID_ECX, 16, 7 },
};

#define CR4_ALWAYS                                                                                 \
	(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE | X86_CR4_PAE |        \
	 X86_CR4_MCE | X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

static u32 cpuid_host_reg(u32 leaf, u32 index, unsigned int reg)
{
	struct kvm_cpuid_entry2 e = {};

	cpuid_supported_entry(leaf, index, &e);
	return *cpuid_entry_reg(&e, reg);
}

u64 cpuid_host_cr4_reserved(void)
{
	u64 valid = CR4_ALWAYS;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpuid_cr4_bits); i++)
		if (cpuid_host_reg(cpuid_cr4_bits[i].leaf, 0, cpuid_cr4_bits[i].reg) & BIT(cpuid_cr4_bits[i].bit))
			valid |= cpuid_cr4_bits[i].cr4;
	return ~valid;
}

static u64 cpuid_efer_valid(u32 ext_edx, u32 ext21_eax)
{
	u64 valid = EFER_SCE;

	if (ext_edx & BIT(29))
		valid |= EFER_LME | EFER_LMA;
	if (ext_edx & BIT(20))
		valid |= EFER_NX;
	if (ext_edx & BIT(25))
		valid |= EFER_FFXSR;
	if (ext21_eax & BIT(8))
		valid |= BIT_ULL(21); /* automatic IBRS */
	return valid;
}

u64 cpuid_host_efer_reserved(void)
{
	return ~cpuid_efer_valid(cpuid_host_reg(0x80000001, 0, CPUID_EDX),
				 cpuid_host_reg(0x80000021, 0, CPUID_EAX));
}

static void cpuid_update_limits(struct vcpu *v)
{
	const struct kvm_cpuid_entry2 *ext = cpuid_lookup(v, 0x80000001, 0);
	const struct kvm_cpuid_entry2 *ext21 = cpuid_lookup(v, 0x80000021, 0);
	const struct kvm_cpuid_entry2 *size = cpuid_lookup(v, 0x80000008, 0);
	const struct kvm_cpuid_entry2 *xsave = cpuid_lookup(v, 0xd, 0);
	u64 cr4 = CR4_ALWAYS;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpuid_cr4_bits); i++)
		if (cpuid_has(v, cpuid_cr4_bits[i].leaf, 0, cpuid_cr4_bits[i].reg, cpuid_cr4_bits[i].bit))
			cr4 |= cpuid_cr4_bits[i].cr4;
	v->cr4_reserved = ~cr4 | cpuid_host_cr4_reserved();
	v->efer_reserved = ~cpuid_efer_valid(ext ? ext->edx : 0, ext21 ? ext21->eax : 0) | cpuid_host_efer_reserved();
	v->maxphyaddr = size ? clamp_t(u8, size->eax & 0xff, 32, 52) : 36;
	v->xcr0_supported = xsave ? (xsave->eax | (u64)xsave->edx << 32) & host_xcr0 : 0;
}

void cpuid_update_pv(struct vcpu *v)
{
	struct kvm_cpuid_entry2 *e = cpuid_pv_features(v);

	v->pv_features = 0;
	if (!e)
		return;
	/* A vCPU that never leaves HLT cannot be kicked out of it. */
	if (v->vm->disabled_exits & KVM_X86_DISABLE_EXITS_HLT)
		e->eax &= ~BIT(KVM_FEATURE_PV_UNHALT);
	v->pv_features = e->eax;
}

/* ---- taking a list over ---- */

static int cpuid_compare(const void *a, const void *b)
{
	const struct cpuid_key *x = a, *y = b;

	if (x->function != y->function)
		return x->function < y->function ? -1 : 1;
	/* Of two entries for the same leaf the first one counts, as in a search from the start. */
	return x->pos < y->pos ? -1 : 1;
}

static void cpuid_index(struct cpuid_table *t, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		const struct kvm_cpuid_entry2 *e = &t->entries[i];

		t->keys[i] = (struct cpuid_key){
			.function = e->function,
			.index = e->index,
			.pos = i,
			.any_index = !(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX),
		};
		if (!e->function) {
			t->max_basic = e->eax;
			t->zero_out_of_range = cpuid_entry_is_amd(e);
		}
	}
	sort(t->keys, n, sizeof(t->keys[0]), cpuid_compare, NULL);
}

static int cpuid_check(const struct kvm_cpuid_entry2 *entries, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		u8 bits = entries[i].eax >> 8;

		/* The width of linear addresses follows from 4- or 5-level paging. */
		if (entries[i].function == 0x80000008 && bits && bits != 48 && bits != 57)
			return -EINVAL;
	}
	return 0;
}

/* The vCPU has run: only what it already has is accepted, as its state depends on it. */
static int cpuid_check_same(const struct vcpu *v, const struct cpuid_table *new, u32 n)
{
	u32 i;

	if (n != v->ncpuid)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		const struct kvm_cpuid_entry2 *a = &v->cpuid[i], *b = &new->entries[i];

		if (a->function != b->function || a->index != b->index || a->flags != b->flags ||
		    a->eax != b->eax || a->ebx != b->ebx || a->ecx != b->ecx || a->edx != b->edx)
			return -EINVAL;
	}
	return 0;
}

/* What depends on the vCPU's state inside the list itself. */
static void cpuid_update_list(struct vcpu *v)
{
	cpuid_update_pv(v);
	cpuid_xcr0_changed(v);
}

static int cpuid_replace(struct vcpu *v, struct cpuid_table *new, u32 n)
{
	struct kvm_cpuid_entry2 *old = v->cpuid;
	u32 old_n = v->ncpuid, old_pv = v->pv_features;

	cpuid_index(new, n);
	v->cpuid = new->entries;
	v->ncpuid = n;
	cpuid_update_list(v);
	if (v->has_run) {
		int r;

		v->cpuid = old;
		v->ncpuid = old_n;
		v->pv_features = old_pv;
		r = old ? cpuid_check_same(v, new, n) : -EINVAL;
		kfree(new);
		return r;
	}
	if (old)
		kfree(container_of(old, struct cpuid_table, entries[0]));
	cpuid_update_limits(v);
	vlapic_set_features(v, cpuid_has(v, 1, 0, CPUID_ECX, 21), cpuid_has(v, 1, 0, CPUID_ECX, 24));
	hv->update_intercepts(v);
	return 0;
}

static struct cpuid_table *cpuid_alloc(u32 n)
{
	return kzalloc(struct_size((struct cpuid_table *)NULL, entries, n), GFP_KERNEL_ACCOUNT);
}

int cpuid_set2(struct vcpu *v, struct kvm_cpuid2 __user *arg)
{
	struct cpuid_table *t;
	u32 n;
	int r;

	if (get_user(n, &arg->nent))
		return -EFAULT;
	if (n > HV_MAX_CPUID)
		return -E2BIG;
	t = cpuid_alloc(n);
	if (!t)
		return -ENOMEM;
	r = copy_from_user(t->entries, arg->entries, n * sizeof(t->entries[0])) ? -EFAULT : cpuid_check(t->entries, n);
	if (r) {
		kfree(t);
		return r;
	}
	return cpuid_replace(v, t, n);
}

int cpuid_set(struct vcpu *v, struct kvm_cpuid __user *arg)
{
	struct kvm_cpuid_entry *old;
	struct cpuid_table *t;
	u32 n, i;
	int r;

	if (get_user(n, &arg->nent))
		return -EFAULT;
	if (n > HV_MAX_CPUID)
		return -E2BIG;
	old = memdup_user(arg->entries, n * sizeof(*old));
	if (IS_ERR(old))
		return PTR_ERR(old);
	t = cpuid_alloc(n);
	for (i = 0; t && i < n; i++) {
		t->entries[i].function = old[i].function;
		t->entries[i].eax = old[i].eax;
		t->entries[i].ebx = old[i].ebx;
		t->entries[i].ecx = old[i].ecx;
		t->entries[i].edx = old[i].edx;
	}
	kfree(old);
	if (!t)
		return -ENOMEM;
	r = cpuid_check(t->entries, n);
	if (r) {
		kfree(t);
		return r;
	}
	return cpuid_replace(v, t, n);
}

int cpuid_get2(struct vcpu *v, struct kvm_cpuid2 __user *arg)
{
	u32 room;

	if (get_user(room, &arg->nent))
		return -EFAULT;
	if (room < v->ncpuid)
		return -E2BIG;
	if (put_user(v->ncpuid, &arg->nent))
		return -EFAULT;
	if (v->ncpuid && copy_to_user(arg->entries, v->cpuid, v->ncpuid * sizeof(v->cpuid[0])))
		return -EFAULT;
	return 0;
}

void cpuid_vcpu_destroy(struct vcpu *v)
{
	if (v->cpuid)
		kfree(cpuid_table(v));
	v->cpuid = NULL;
	v->ncpuid = 0;
}
