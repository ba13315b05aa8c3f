/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The second-level page table (AMD: nested page table, Intel: EPT): guest
 * physical to host physical.
 *
 * Locking. Entries are removed with vm->mem_sem held for writing: every vCPU is
 * out of the guest and flushes its TLB before it comes back. They are added,
 * and given more rights, with vm->mem_sem held for reading and the caller's
 * spin lock (pin_cache->page_lock), while vCPUs run. Tables come from a stock
 * that is filled beforehand, without these locks: their holder must not
 * wait for memory, because reclaim calls the mmu notifier, which wants them.
 */
#ifndef TAXCUT_MEM_TDP_H
#define TAXCUT_MEM_TDP_H

#include <linux/types.h>

#include "model/port.h"

#define TDP_MAX_LEVELS 5
#define TDP_MAX_LEAF_LEVEL 3
/* Tables that one chunk of 2 MiB of guest memory can need: it may lie across a boundary. */
#define TDP_STOCK (2 * (TDP_MAX_LEVELS - 1))

/* What a leaf maps. */
#define TDP_WRITE BIT(0)
#define TDP_DEVICE BIT(1) /* the memory type is that of the owner's mapping, in the next two bits */
#define TDP_PWT BIT(2)
#define TDP_PCD BIT(3)
#define TDP_GUEST_PAT BIT(4) /* RAM whose memory type the guest decides: a device reads it past the caches */

struct tdp {
	u64 *root;
	unsigned int levels;
	u64 *stock; /* chain of empty tables */
	unsigned int nstock;
	u64 *nleaf[TDP_MAX_LEAF_LEVEL + 1]; /* statistics: leaves of each level */
};

int tdp_create(struct tdp *t);
void tdp_destroy(struct tdp *t);
u64 tdp_root_pa(const struct tdp *t);
/* First guest physical address that cannot be mapped. */
u64 tdp_limit(void);

/* A chain of empty tables to add to the stock; may sleep. NULL: no memory. */
u64 *tdp_alloc_stock(void);
/* Adds it, under the locks that adding a mapping needs, or gives back what is not wanted (returns the rest). */
u64 *tdp_add_stock(struct tdp *t, u64 *chain);
void tdp_free_stock(u64 *chain);

/*
 * Map one page of the level's size (1: 4K, 2: 2M, 3: 1G); gpa and pa are
 * aligned to it. 1: mapped, or given more rights; 0: there is already a mapping
 * that allows as much; -EEXIST: smaller pages are mapped there; -ENOMEM: the
 * stock is empty.
 */
int tdp_map(struct tdp *t, u64 gpa, u64 pa, unsigned int level, unsigned int flags);
/*
 * Remove all mappings in [gpa, gpa + size), also a large page that reaches out
 * of it; empty tables are freed. dirty: where pages that the CPU has written
 * are noted (bit 0: page `first`), if they are mapped with 4K, or NULL.
 */
void tdp_unmap(struct tdp *t, u64 gpa, u64 size, unsigned long *dirty, u64 first, bool may_block);
/* Has the CPU written through the 4K mapping of gpa since the last call? Clears the mark. */
bool tdp_test_and_clear_dirty(struct tdp *t, u64 gpa);
/* The largest level whose entry for gpa is empty, 0 when gpa is mapped. */
unsigned int tdp_empty_level(const struct tdp *t, u64 gpa);

static inline u64 tdp_level_size(unsigned int level)
{
	return 1ULL << (12 + 9 * (level - 1));
}

#endif /* TAXCUT_MEM_TDP_H */
