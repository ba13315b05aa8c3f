// SPDX-License-Identifier: GPL-2.0-only
/* Control registers and EFER: bits that the guest's CPUID lacks are #GP, like reserved bits. Guest side: guest/cr.c. */
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

/*
 * Each bit that CPUID does not announce is refused; the others can be set and cleared (on stock KVM, MCE is the
 * host's).
 */
TEST(cr_cr4_reserved)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_cr4_reserved", is_stock());
}

/* Bits that the host's CPU has and this guest lacks. */
TEST(cr_cr4_follows_cpuid)
{
	static const struct {
		u32 leaf, reg, bit, cr4;
	} cases[] = {
		/* SMEP SMAP FSGSBASE PKU UMIP */
		{ 7, 1, 7, 20 }, { 7, 1, 20, 21 }, { 7, 1, 0, 16 }, { 7, 2, 3, 22 }, { 7, 2, 2, 11 },
		{ 1, 2, 26, 18 }, { 1, 2, 17, 17 }, /* XSAVE PCID */
	};

	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vcpu *v = with_cpuid(cases[i].leaf, cases[i].reg, 1U << cases[i].bit);

		vcpu_call(v, "g_cr4_bit_refused", cases[i].cr4);
		vm_close(v->vm);
	}
}

/* The emulated CPU drops the upper half, and takes no exit for it. */
TEST(cr_cr0_illegal)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_cr0_illegal", !is_emulated_cpu());
}

/* Stock KVM offers SVM to guests. */
TEST(cr_efer_illegal)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);

	vcpu_call(v, "g_efer_illegal", !is_stock());
}

/*
 * The bits have their effect: write protection, global pages, LMSW; CR accesses with all register numbers keep the
 * flags.
 */
TEST(cr_effects)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_cr_effects", 0);
}

TEST(cr_not_in_user_mode)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_cr_user", 0);
}
