/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The second-level page table (AMD: nested page table, Intel: EPT): guest
 * physical to host physical.
 *
 * Locking. Entries are removed with vm->mem_sem held for writing: every vCPU is
 * out of the guest and flushes its TLB before it comes back. They are added,
 * and given more rights, with vm->mem_sem held for reading and the caller's
 * spin lock (pin_cache->page_lock), while vCPUs run. Tables come from a stock
 * that is filled beforehand, without these locks: whoever holds them must not
 * wait for memory, because reclaim calls the mmu notifier, which wants them.
 */
#ifndef TAXCUT_SLPT_H
#define TAXCUT_SLPT_H

#include <linux/types.h>

#define SLPT_MAX_LEVELS 5
#define SLPT_MAX_LEAF_LEVEL 3
/* Tables that one chunk of 2 MiB of guest memory can need: it may lie across a boundary. */
#define SLPT_STOCK (2 * (SLPT_MAX_LEVELS - 1))

/* What a leaf maps. */
#define SLPT_WRITE BIT(0)
#define SLPT_DEVICE BIT(1) /* the memory type is that of the owner's mapping, in the next two bits */
#define SLPT_PWT BIT(2)
#define SLPT_PCD BIT(3)
#define SLPT_GUEST_PAT BIT(4) /* RAM whose memory type the guest decides: a device reads it past the caches */

struct slpt {
	u64 *root;
	unsigned int levels;
	u64 *stock; /* chain of empty tables */
	unsigned int nstock;
	u64 *nleaf[SLPT_MAX_LEAF_LEVEL + 1]; /* statistics: leaves of each level */
};

int slpt_create(struct slpt *t);
void slpt_destroy(struct slpt *t);
u64 slpt_root_pa(const struct slpt *t);
/* First guest physical address that cannot be mapped. */
u64 slpt_limit(void);

/* A chain of empty tables to add to the stock; may sleep. NULL: no memory. */
u64 *slpt_alloc_stock(void);
/* Adds it, under the locks that adding a mapping needs, or gives back what is not wanted (returns the rest). */
u64 *slpt_add_stock(struct slpt *t, u64 *chain);
void slpt_free_stock(u64 *chain);

/*
 * Map one page of the level's size (1: 4K, 2: 2M, 3: 1G); gpa and pa are
 * aligned to it. 1: mapped, or given more rights; 0: there is already a mapping
 * that allows as much; -EEXIST: smaller pages are mapped there; -ENOMEM: the
 * stock is empty.
 */
int slpt_map(struct slpt *t, u64 gpa, u64 pa, unsigned int level, unsigned int flags);
/*
 * Remove all mappings in [gpa, gpa + size), also a large page that reaches out
 * of it; empty tables are freed. dirty: where pages that the CPU has written
 * are noted (bit 0: page `first`), if they are mapped with 4K, or NULL.
 */
void slpt_unmap(struct slpt *t, u64 gpa, u64 size, unsigned long *dirty, u64 first, bool may_block);
/* Has the CPU written through the 4K mapping of gpa since the last call? Clears the mark. */
bool slpt_test_and_clear_dirty(struct slpt *t, u64 gpa);
/* The largest level whose entry for gpa is empty, 0 when gpa is mapped. */
unsigned int slpt_empty_level(const struct slpt *t, u64 gpa);

static inline u64 slpt_level_size(unsigned int level)
{
	return 1ULL << (12 + 9 * (level - 1));
}

#endif /* TAXCUT_SLPT_H */
