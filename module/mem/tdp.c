// SPDX-License-Identifier: GPL-2.0-only
/* The second-level page table; see tdp.h for who may call. */
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "base/backend.h"
#include "base/vcpu.h"
#include "tdp.h"

#define TDP_ENTRIES 512
#define TDP_PA_MASK GENMASK_ULL(51, 12)

static unsigned int tdp_index(u64 gpa, unsigned int level)
{
	return (gpa >> (12 + 9 * (level - 1))) & (TDP_ENTRIES - 1);
}

static u64 *tdp_alloc_table(void)
{
	return (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

static bool tdp_is_leaf(u64 entry, unsigned int level)
{
	return level == 1 || (entry & hv->tdp_large_bit);
}

static u64 *tdp_next(u64 entry)
{
	return __va(entry & TDP_PA_MASK);
}

/* ---- the stock: empty tables, chained through their first word ---- */

void tdp_free_stock(u64 *chain)
{
	while (chain) {
		u64 *next = (u64 *)(unsigned long)*chain;

		free_page((unsigned long)chain);
		chain = next;
	}
}

u64 *tdp_alloc_stock(void)
{
	u64 *chain = NULL;
	unsigned int i;

	for (i = 0; i < TDP_STOCK; i++) {
		u64 *table = tdp_alloc_table();

		if (!table) {
			tdp_free_stock(chain);
			return NULL;
		}
		*table = (unsigned long)chain;
		chain = table;
	}
	return chain;
}

u64 *tdp_add_stock(struct tdp *t, u64 *chain)
{
	while (chain && t->nstock < TDP_STOCK) {
		u64 *table = chain;

		chain = (u64 *)(unsigned long)*table;
		*table = (unsigned long)t->stock;
		t->stock = table;
		t->nstock++;
	}
	return chain;
}

static u64 *tdp_take_table(struct tdp *t)
{
	u64 *table = t->stock;

	if (table) {
		t->stock = (u64 *)(unsigned long)*table;
		t->nstock--;
		*table = 0;
	}
	return table;
}

/* ---- the table ---- */

int tdp_create(struct tdp *t)
{
	t->levels = hv->tdp_levels();
	t->root = tdp_alloc_table();
	return t->root ? 0 : -ENOMEM;
}

static void tdp_free_table(u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level > 1 && i < TDP_ENTRIES; i++) {
		if (table[i] && !tdp_is_leaf(table[i], level))
			tdp_free_table(tdp_next(table[i]), level - 1);
		if (level > 2)
			cond_resched();
	}
	free_page((unsigned long)table);
}

void tdp_destroy(struct tdp *t)
{
	if (t->root)
		tdp_free_table(t->root, t->levels);
	t->root = NULL;
	tdp_free_stock(t->stock);
	t->stock = NULL;
	t->nstock = 0;
}

u64 tdp_root_pa(const struct tdp *t)
{
	return __pa(t->root);
}

u64 tdp_limit(void)
{
	unsigned int bits = min_t(unsigned int, boot_cpu_data.x86_phys_bits, 12 + 9 * hv->tdp_levels());

	return 1ULL << bits;
}

static bool tdp_grants(u64 entry, u64 leaf)
{
	return !(leaf & ~entry & hv->tdp_write_bit);
}

/* Vcpus may be using the entry: its accessed and dirty bits change under us. */
static void tdp_grant_write(u64 *entry)
{
	u64 old = READ_ONCE(*entry);

	while (!try_cmpxchg(entry, &old, old | hv->tdp_write_bit))
		;
}

static int tdp_set_leaf(struct tdp *t, u64 *entry, u64 leaf, unsigned int level)
{
	if (!*entry) {
		WRITE_ONCE(*entry, leaf);
		++*t->nleaf[level];
		return 1;
	}
	if (!tdp_is_leaf(*entry, level))
		return -EEXIST;
	if (tdp_grants(*entry, leaf))
		return 0;
	tdp_grant_write(entry);
	return 1;
}

int tdp_map(struct tdp *t, u64 gpa, u64 pa, unsigned int level, unsigned int flags)
{
	u64 leaf = hv->tdp_leaf(pa, level, flags);
	unsigned int at = t->levels;
	u64 *table = t->root;

	for (; at > level; at--) {
		u64 *entry = &table[tdp_index(gpa, at)];

		if (*entry && tdp_is_leaf(*entry, at)) {
			if (tdp_grants(*entry, leaf))
				return 0;
			/* What runs on with the old, smaller rights comes to the same memory, and faults where they do not do. */
			WRITE_ONCE(*entry, 0);
			--*t->nleaf[at];
		}
		if (!*entry) {
			u64 *next = tdp_take_table(t);

			if (!next)
				return -ENOMEM;
			WRITE_ONCE(*entry, __pa(next) | hv->tdp_table_bits);
		}
		table = tdp_next(*entry);
	}
	return tdp_set_leaf(t, &table[tdp_index(gpa, level)], leaf, level);
}

static bool tdp_table_empty(const u64 *table)
{
	return !memchr_inv(table, 0, PAGE_SIZE);
}

struct tdp_removal {
	struct tdp *t;
	unsigned long *dirty;
	u64 first;
	bool may_block;
};

static void tdp_remove_leaf(const struct tdp_removal *r, u64 *entry, unsigned int level, u64 gpa)
{
	if (r->dirty && level == 1 && (*entry & hv->tdp_dirty_bit))
		set_bit((gpa >> PAGE_SHIFT) - r->first, r->dirty);
	*entry = 0;
	--*r->t->nleaf[level];
}

/* Depth is bounded by the number of levels (5). */
static void tdp_unmap_table(const struct tdp_removal *r, u64 *table, unsigned int level, u64 gpa, u64 end)
{
	u64 size = tdp_level_size(level);

	while (gpa < end) {
		u64 *entry = &table[tdp_index(gpa, level)];
		u64 next = min((gpa & ~(size - 1)) + size, end);

		if (*entry && tdp_is_leaf(*entry, level)) {
			tdp_remove_leaf(r, entry, level, gpa);
		} else if (*entry) {
			u64 *below = tdp_next(*entry);

			tdp_unmap_table(r, below, level - 1, gpa, next);
			if (level > 2 && r->may_block)
				cond_resched();
			if (tdp_table_empty(below)) {
				*entry = 0;
				free_page((unsigned long)below);
			}
		}
		gpa = next;
	}
}

void tdp_unmap(struct tdp *t, u64 gpa, u64 size, unsigned long *dirty, u64 first, bool may_block)
{
	struct tdp_removal r = { .t = t, .dirty = dirty, .first = first, .may_block = may_block };

	tdp_unmap_table(&r, t->root, t->levels, gpa, gpa + size);
}

/* The entry that maps gpa, or the empty one that would; its level. */
static u64 *tdp_find(const struct tdp *t, u64 gpa, unsigned int *level)
{
	unsigned int at = t->levels;
	u64 *table = t->root;

	for (;; at--) {
		u64 *entry = &table[tdp_index(gpa, at)];

		if (!*entry || tdp_is_leaf(*entry, at)) {
			*level = at;
			return entry;
		}
		table = tdp_next(*entry);
	}
}

bool tdp_test_and_clear_dirty(struct tdp *t, u64 gpa)
{
	unsigned int level;
	u64 *entry = tdp_find(t, gpa, &level);

	if (!(*entry & hv->tdp_dirty_bit))
		return false;
	*entry &= ~hv->tdp_dirty_bit;
	return true;
}

unsigned int tdp_empty_level(const struct tdp *t, u64 gpa)
{
	unsigned int level;

	return *tdp_find(t, gpa, &level) ? 0 : level;
}
