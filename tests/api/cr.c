// SPDX-License-Identifier: GPL-2.0-only
/* Control registers and EFER: what the guest's CPUID does not have is #GP, as what no CPU has. Guest side: guest/cr.c. */
#include "harness.h"

static struct vcpu *with_cpuid(u32 leaf, int reg, u32 clear)
{
	struct vcpu *v = vcpu_create_bare(vm_create(CHIP_SPLIT), 0);
	struct kvm_cpuid2 *c = offered_cpuid();

	for (u32 i = 0; i < c->nent; i++)
		if (c->entries[i].function == leaf && !c->entries[i].index)
			(&c->entries[i].eax)[reg] &= ~clear;
	OK(ioctl(v->fd, KVM_SET_CPUID2, c));
	return v;
}

/* All bits that no CPUID has announced, one by one; and the others can be set and cleared (MCE is the host's on stock KVM). */
TEST(cr_cr4_reserved)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_cr4_reserved", is_stock());
}

/* Bits that the host's CPU has, and this guest does not. */
TEST(cr_cr4_follows_cpuid)
{
	static const struct {
		u32 leaf, reg, bit, cr4;
	} cases[] = {
		{ 7, 1, 7, 20 }, { 7, 1, 20, 21 }, { 7, 1, 0, 16 }, { 7, 2, 3, 22 }, { 7, 2, 2, 11 }, /* SMEP SMAP FSGSBASE PKU UMIP */
		{ 1, 2, 26, 18 }, { 1, 2, 17, 17 }, /* XSAVE PCID */
	};

	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vcpu *v = with_cpuid(cases[i].leaf, cases[i].reg, 1U << cases[i].bit);

		vcpu_call(v, "g_cr4_bit_refused", cases[i].cr4);
		vm_close(v->vm);
	}
}

/* The emulated CPU drops the upper half, and no exit tells of it. */
TEST(cr_cr0_illegal)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_cr0_illegal", !is_emulated_cpu());
}

/* Stock KVM has SVM in guests, too. */
TEST(cr_efer_illegal)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);

	vcpu_call(v, "g_efer_illegal", !is_stock());
}

/* What they do, they still do: write protection, global pages, LMSW, and the flags of all register numbers. */
TEST(cr_effects)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_cr_effects", 0);
}

TEST(cr_not_in_user_mode)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_cr_user", 0);
}
