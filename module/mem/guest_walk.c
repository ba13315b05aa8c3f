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

#include "gpa.h"
#include "guest_walk.h"

#define PTE_P BIT_ULL(0)
#define PTE_RW BIT_ULL(1)
#define PTE_US BIT_ULL(2)
#define PTE_A BIT_ULL(5)
#define PTE_D BIT_ULL(6)
#define PTE_PS BIT_ULL(7)
#define PTE_NX BIT_ULL(63)
#define PAE_PDPT_MASK GENMASK_ULL(31, 5)

#define PF_PRESENT 1
#define PF_WRITE 2
#define PF_USER 4
#define PF_RESERVED 8
#define PF_FETCH 16

struct walk {
	const struct hv_paging *p;
	struct vcpu *v;
	u64 lin;
	unsigned int access;
	bool user, write, fetch;
	bool pae; /* 8-byte entries */
	bool long_mode;
	bool nx; /* EFER.NXE: bit 63 has a meaning */
	u64 reserved; /* bits that must be 0 in an 8-byte entry */

	/* Where the walk is. */
	unsigned int level; /* of the table: 1 has the 4K pages */
	u64 table;
	u64 rights; /* PTE_RW, PTE_US: set in all entries so far */
	bool no_execute; /* set in one of them */
	u64 gpa; /* at the end */
	struct insn_fault *fault;
};

enum walk_step {
	WALK_DOWN, /* to the next table */
	WALK_FOUND,
	WALK_AGAIN, /* an entry changed underneath */
	WALK_FAULT,
};

static enum walk_step guest_walk_walk_fault(const struct walk *w, u32 extra)
{
	struct insn_fault *fault = w->fault;

	fault->vector = 14;
	fault->has_error = true;
	fault->cr2 = w->lin;
	fault->error = extra | (w->write ? PF_WRITE : 0) | (w->user ? PF_USER : 0);
	if (w->fetch && (w->nx || (w->p->cr4 & X86_CR4_SMEP)))
		fault->error |= PF_FETCH;
	return WALK_FAULT;
}

/* The four entries at the top in PAE paging: no rights, no accessed bit, not checked here. */
static bool guest_walk_at_pae_root(const struct walk *w)
{
	return w->pae && !w->long_mode && w->level == 3;
}

static unsigned int guest_walk_level_shift(const struct walk *w)
{
	return 12 + (w->pae ? 9 : 10) * (w->level - 1);
}

static u64 guest_walk_entry_address(const struct walk *w)
{
	u64 entries = guest_walk_at_pae_root(w) ? 4 : w->pae ? 512 : 1024;

	return w->table + (w->lin >> guest_walk_level_shift(w) & (entries - 1)) * (w->pae ? 8 : 4);
}

/* A table outside memory reads as all ones would on a bus: not usable. */
static bool guest_walk_read_entry(const struct walk *w, u64 at, u64 *pte)
{
	const void *where = gpa_ptr(w->v, at, w->pae ? 8 : 4, false);

	if (!where)
		return false;
	*pte = w->pae ? READ_ONCE(*(const u64 *)where) : READ_ONCE(*(const u32 *)where);
	return true;
}

/*
 * Set accessed (and dirty) bits the way the CPU does: only if the entry is
 * still the one we judged. In a read-only slot (tables in ROM) they stay as
 * they are, as with KVM: the access is good all the same.
 */
static bool guest_walk_mark_entry(const struct walk *w, u64 at, u64 pte, u64 bits)
{
	void *where;

	if ((pte & bits) == bits || (w->access & WALK_NO_SIDE_EFFECTS))
		return true;
	where = gpa_ptr(w->v, at, w->pae ? 8 : 4, true);
	if (!where)
		return true;
	if (w->pae)
		return cmpxchg((u64 *)where, pte, pte | bits) == pte;
	return cmpxchg((u32 *)where, (u32)pte, (u32)(pte | bits)) == (u32)pte;
}

/* SMAP (SDM vol. 3, 5.6.1): EFLAGS.AC lifts it for what instructions access, not for what the CPU does by itself. */
static bool guest_walk_smap_forbids(const struct walk *w)
{
	return (w->p->cr4 & X86_CR4_SMAP) && ((w->access & WALK_IMPLICIT) || !(w->p->rflags & X86_EFLAGS_AC));
}

static bool guest_walk_access_allowed(const struct walk *w)
{
	bool user_page = w->rights & PTE_US;

	if (w->user && !user_page)
		return false;
	if (w->fetch)
		return !w->no_execute && !(user_page && !w->user && (w->p->cr4 & X86_CR4_SMEP));
	if (user_page && !w->user && guest_walk_smap_forbids(w))
		return false;
	if (w->write && !(w->rights & PTE_RW))
		return !w->user && !(w->p->cr0 & X86_CR0_WP);
	return true;
}

static bool guest_walk_is_leaf(const struct walk *w, u64 pte)
{
	if (w->level == 1)
		return true;
	return (pte & PTE_PS) && w->level <= 3 && !guest_walk_at_pae_root(w) && (w->pae || (w->p->cr4 & X86_CR4_PSE));
}

static bool guest_walk_has_reserved_bits(const struct walk *w, u64 pte, bool leaf)
{
	u64 bits = w->reserved;

	if (!w->pae || guest_walk_at_pae_root(w))
		return false;
	if (!w->nx)
		bits |= PTE_NX;
	if (w->level > 3)
		bits |= PTE_PS;
	if (leaf && w->level > 1)
		bits |= GENMASK_ULL(guest_walk_level_shift(w) - 1, 13);
	return pte & bits;
}

static u64 guest_walk_table_address(const struct walk *w, u64 pte)
{
	return pte & (w->pae ? X86_PTE_PA_MASK : GENMASK_ULL(31, 12));
}

static u64 guest_walk_leaf_address(const struct walk *w, u64 pte)
{
	u64 offset = w->lin & (BIT_ULL(guest_walk_level_shift(w)) - 1);

	if (w->pae || w->level == 1)
		return (guest_walk_table_address(w, pte) & ~(BIT_ULL(guest_walk_level_shift(w)) - 1)) | offset;
	/* PSE-36: bits 13-20 of a 4 MiB entry are address bits 32-39. */
	return (pte & 0xffc00000) | ((pte >> 13) & 0xff) << 32 | offset;
}

static enum walk_step guest_walk_walk_table(struct walk *w, u64 at, u64 pte)
{
	if (!guest_walk_at_pae_root(w) && !guest_walk_mark_entry(w, at, pte, PTE_A))
		return WALK_AGAIN;
	w->table = guest_walk_table_address(w, pte);
	w->level--;
	return WALK_DOWN;
}

static enum walk_step guest_walk_walk_leaf(struct walk *w, u64 at, u64 pte)
{
	if (!guest_walk_access_allowed(w))
		return guest_walk_walk_fault(w, PF_PRESENT);
	if (!guest_walk_mark_entry(w, at, pte, PTE_A | (w->write ? PTE_D : 0)))
		return WALK_AGAIN;
	w->gpa = guest_walk_leaf_address(w, pte);
	return WALK_FOUND;
}

static enum walk_step guest_walk_walk_entry(struct walk *w)
{
	u64 at = guest_walk_entry_address(w), pte;
	bool leaf;

	if (!guest_walk_read_entry(w, at, &pte) || !(pte & PTE_P))
		return guest_walk_walk_fault(w, 0);
	leaf = guest_walk_is_leaf(w, pte);
	if (guest_walk_has_reserved_bits(w, pte, leaf))
		return guest_walk_walk_fault(w, PF_PRESENT | PF_RESERVED);
	if (!guest_walk_at_pae_root(w)) {
		w->rights &= pte;
		w->no_execute |= w->nx && (pte & PTE_NX);
	}
	return leaf ? guest_walk_walk_leaf(w, at, pte) : guest_walk_walk_table(w, at, pte);
}

static enum walk_step guest_walk_walk_from_root(struct walk *w)
{
	enum walk_step step;

	w->rights = PTE_RW | PTE_US;
	w->no_execute = false;
	if (w->long_mode) {
		w->level = w->p->cr4 & X86_CR4_LA57 ? 5 : 4;
		w->table = w->p->cr3 & X86_PTE_PA_MASK;
	} else {
		w->level = w->pae ? 3 : 2;
		w->table = w->p->cr3 & (w->pae ? PAE_PDPT_MASK : GENMASK_ULL(31, 12));
	}
	do {
		step = guest_walk_walk_entry(w);
	} while (step == WALK_DOWN);
	return step;
}

int guest_walk(struct vcpu *v, const struct hv_paging *p, u64 lin, unsigned int access, u64 *gpa,
	     struct insn_fault *fault)
{
	struct walk w = {
		.p = p,
		.v = v,
		.lin = lin,
		.access = access,
		.user = access & WALK_USER,
		.write = access & WALK_WRITE,
		.fetch = access & WALK_FETCH,
		.pae = p->cr4 & X86_CR4_PAE,
		.long_mode = p->efer & EFER_LMA,
		.nx = (p->efer & EFER_NX) && (p->cr4 & X86_CR4_PAE),
		.reserved = v->maxphyaddr < 52 ? GENMASK_ULL(51, v->maxphyaddr) : 0,
		.fault = fault,
	};
	enum walk_step step = WALK_AGAIN;
	unsigned int tries;

	if (!(p->cr0 & X86_CR0_PG)) {
		*gpa = lin & 0xffffffff;
		return 0;
	}
	/* Another vCPU that rewrites the entry forever does not hold us: after some tries the page counts as absent. */
	for (tries = 0; step == WALK_AGAIN && tries < 16; tries++)
		step = guest_walk_walk_from_root(&w);
	if (step == WALK_AGAIN)
		guest_walk_walk_fault(&w, 0);
	*gpa = w.gpa;
	return step == WALK_FOUND ? 0 : -EFAULT;
}

int guest_walk_now(struct vcpu *v, u64 lin, unsigned int access, u64 *gpa, struct insn_fault *fault)
{
	struct hv_paging p;

	hv_call(get_paging)(v, &p);
	return guest_walk(v, &p, lin, access, gpa, fault);
}
