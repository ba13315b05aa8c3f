// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walking the guest's page tables in software: for the emulator and for
 * KVM_TRANSLATE. SDM vol. 3, chapter 5 "Paging"; APM vol. 2, chapter 5.
 *
 * Protection keys are not checked: an instruction gets here after the CPU has
 * walked the same tables and found nothing wrong with its keys.
 */
#include <asm/processor-flags.h>
#include <asm/msr-index.h>

#include "memory.h"
#include "mmu.h"

#define PTE_P BIT_ULL(0)
#define PTE_RW BIT_ULL(1)
#define PTE_US BIT_ULL(2)
#define PTE_A BIT_ULL(5)
#define PTE_D BIT_ULL(6)
#define PTE_PS BIT_ULL(7)
#define PTE_NX BIT_ULL(63)
#define PTE_PA_MASK GENMASK_ULL(51, 12)
#define PAE_PDPT_MASK GENMASK_ULL(31, 5)

#define PF_PRESENT 1
#define PF_WRITE 2
#define PF_USER 4
#define PF_RESERVED 8
#define PF_FETCH 16

struct walk {
	const struct hv_paging *p;
	struct vcpu *v;
	unsigned int access;
	bool user, write, fetch;
	bool pae; /* 8-byte entries */
	bool nx; /* EFER.NXE: bit 63 has a meaning */
	u64 reserved; /* bits that must be 0 in an 8-byte entry */
};

static int walk_fault(const struct walk *w, u64 lin, u32 extra, struct insn_fault *fault)
{
	fault->vector = 14;
	fault->has_error = true;
	fault->cr2 = lin;
	fault->error = extra | (w->write ? PF_WRITE : 0) | (w->user ? PF_USER : 0);
	if (w->fetch && (w->nx || (w->p->cr4 & X86_CR4_SMEP)))
		fault->error |= PF_FETCH;
	return -EFAULT;
}

/* Read one entry and note where it stands. A table outside memory reads as all ones would on a bus: not usable. */
static bool walk_read(const struct walk *w, u64 gpa, u64 *pte, void **where)
{
	*where = gpa_ptr(w->v->vm, gpa, w->pae ? 8 : 4, false);
	if (!*where)
		return false;
	*pte = w->pae ? READ_ONCE(*(u64 *)*where) : READ_ONCE(*(u32 *)*where);
	return true;
}

/* Set accessed (and dirty) bits the way the CPU does: only if the entry is still the one we judged. */
static bool walk_mark(const struct walk *w, u64 gpa, u64 pte, u64 bits)
{
	void *where;

	if ((pte & bits) == bits || (w->access & MMU_NO_SIDE_EFFECTS))
		return true;
	where = gpa_ptr(w->v->vm, gpa, w->pae ? 8 : 4, true);
	if (!where)
		return true; /* page tables in read-only memory: the CPU could not set them either */
	if (w->pae)
		return cmpxchg((u64 *)where, pte, pte | bits) == pte;
	return cmpxchg((u32 *)where, (u32)pte, (u32)(pte | bits)) == (u32)pte;
}

static bool walk_allowed(const struct walk *w, u64 rights, bool nx)
{
	u64 cr0 = w->p->cr0, cr4 = w->p->cr4;
	bool user_page = rights & PTE_US;

	if (w->user && !user_page)
		return false;
	if (w->fetch)
		return !nx && !(user_page && !w->user && (cr4 & X86_CR4_SMEP));
	if (user_page && !w->user && (cr4 & X86_CR4_SMAP) && !(w->p->rflags & X86_EFLAGS_AC))
		return false;
	if (w->write && !(rights & PTE_RW))
		return !w->user && !(cr0 & X86_CR0_WP);
	return true;
}

static u64 walk_reserved_bits(const struct walk *w, u64 pte, unsigned int level, bool leaf)
{
	u64 bits = w->reserved;

	if (!w->pae)
		return 0;
	if (!w->nx)
		bits |= PTE_NX;
	if (level > 3 || (level == 3 && !(w->p->efer & EFER_LMA)))
		bits |= level > 3 ? PTE_PS : 0;
	if (leaf && level > 1)
		bits |= GENMASK_ULL(12 + 9 * (level - 1) - 1, 13);
	return pte & bits;
}

static u64 walk_table_pa(const struct walk *w, u64 pte)
{
	return w->pae ? pte & PTE_PA_MASK : pte & GENMASK_ULL(31, 12);
}

static u64 walk_leaf_gpa(const struct walk *w, u64 pte, u64 lin, unsigned int level)
{
	unsigned int shift = w->pae ? 12 + 9 * (level - 1) : 12 + 10 * (level - 1);
	u64 offset = lin & ((1ULL << shift) - 1);

	if (w->pae || level == 1)
		return (walk_table_pa(w, pte) & ~((1ULL << shift) - 1)) | offset;
	/* PSE-36: bits 13-20 of a 4 MiB entry are address bits 32-39. */
	return (pte & 0xffc00000) | ((pte >> 13) & 0xff) << 32 | offset;
}

/* 1: found, 0: start again (an entry changed underneath), -EFAULT. */
static int walk_once(const struct walk *w, u64 lin, u64 *gpa, struct insn_fault *fault)
{
	bool long_mode = w->p->efer & EFER_LMA;
	unsigned int level = long_mode ? (w->p->cr4 & X86_CR4_LA57 ? 5 : 4) : w->pae ? 3 : 2;
	unsigned int bits = w->pae ? 9 : 10;
	u64 table = w->p->cr3 & (long_mode ? PTE_PA_MASK : w->pae ? PAE_PDPT_MASK : GENMASK_ULL(31, 12));
	u64 rights = PTE_RW | PTE_US;
	bool nx = false;

	for (;; level--) {
		u64 index = (lin >> (12 + bits * (level - 1))) & ((1 << bits) - 1);
		bool pae_root = !long_mode && w->pae && level == 3;
		u64 at, pte;
		void *where;
		bool leaf;

		if (pae_root)
			index &= 3;
		at = table + index * (w->pae ? 8 : 4);
		if (!walk_read(w, at, &pte, &where))
			return walk_fault(w, lin, 0, fault);
		if (!(pte & PTE_P))
			return walk_fault(w, lin, 0, fault);
		leaf = level == 1 || ((pte & PTE_PS) && !pae_root && level <= 3 &&
				      (w->pae || (w->p->cr4 & X86_CR4_PSE)));
		if (!pae_root) {
			if (walk_reserved_bits(w, pte, level, leaf))
				return walk_fault(w, lin, PF_PRESENT | PF_RESERVED, fault);
			rights &= pte;
			nx |= w->nx && (pte & PTE_NX);
		}
		if (!leaf) {
			if (!pae_root && !walk_mark(w, at, pte, PTE_A))
				return 0;
			table = walk_table_pa(w, pte);
			continue;
		}
		if (!walk_allowed(w, rights, nx))
			return walk_fault(w, lin, PF_PRESENT, fault);
		if (!walk_mark(w, at, pte, PTE_A | (w->write ? PTE_D : 0)))
			return 0;
		*gpa = walk_leaf_gpa(w, pte, lin, level);
		return 1;
	}
}

int mmu_walk(struct vcpu *v, const struct hv_paging *p, u64 lin, unsigned int access, u64 *gpa,
	     struct insn_fault *fault)
{
	struct walk w = {
		.p = p,
		.v = v,
		.access = access,
		.user = access & MMU_USER,
		.write = access & MMU_WRITE,
		.fetch = access & MMU_FETCH,
		.pae = p->cr4 & X86_CR4_PAE,
		.nx = (p->efer & EFER_NX) && (p->cr4 & X86_CR4_PAE),
		.reserved = v->maxphyaddr < 52 ? GENMASK_ULL(51, v->maxphyaddr) : 0,
	};
	unsigned int tries;
	int r = 0;

	if (!(p->cr0 & X86_CR0_PG)) {
		*gpa = lin & 0xffffffff;
		return 0;
	}
	/* Another vCPU that rewrites the entry forever does not hold us: after some tries the page counts as absent. */
	for (tries = 0; !r && tries < 16; tries++)
		r = walk_once(&w, lin, gpa, fault);
	if (r > 0)
		return 0;
	return r ?: walk_fault(&w, lin, 0, fault);
}

int mmu_translate(struct vcpu *v, u64 lin, unsigned int access, u64 *gpa, struct insn_fault *fault)
{
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	return mmu_walk(v, &p, lin, access, gpa, fault);
}
