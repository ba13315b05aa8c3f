/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The second-level page table (AMD: nested page table, Intel: EPT): guest
 * physical to host physical. Built when memory is registered, never by faults.
 *
 * Callers hold vm->mem_sem for writing; every vCPU is out of the guest and
 * flushes its TLB before it comes back.
 */
#ifndef TAXCUT_SLPT_H
#define TAXCUT_SLPT_H

#include <linux/types.h>

struct slpt {
	u64 *root;
	unsigned int levels;
};

int slpt_create(struct slpt *t);
void slpt_destroy(struct slpt *t);
u64 slpt_root_pa(const struct slpt *t);
/* First guest physical address that cannot be mapped. */
u64 slpt_limit(void);

/* Map one page of the level's size (1: 4K, 2: 2M, 3: 1G); gpa and pa are aligned to it. 0, -ENOMEM. */
int slpt_map(struct slpt *t, u64 gpa, u64 pa, unsigned int level, bool write);
/* Remove all mappings in [gpa, gpa + size), which never cuts a large page in two; empty tables are freed. */
void slpt_unmap(struct slpt *t, u64 gpa, u64 size);
/* Has the CPU written through the 4K mapping of gpa since the last call? Clears the mark. */
bool slpt_test_and_clear_dirty(struct slpt *t, u64 gpa);

static inline u64 slpt_level_size(unsigned int level)
{
	return 1ULL << (12 + 9 * (level - 1));
}

#endif /* TAXCUT_SLPT_H */
