// SPDX-License-Identifier: GPL-2.0-only
/* The second-level page table; see slpt.h for who may call. */
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "hv.h"
#include "slpt.h"

#define SLPT_ENTRIES 512
#define SLPT_PA_MASK GENMASK_ULL(51, 12)

static unsigned int slpt_index(u64 gpa, unsigned int level)
{
	return (gpa >> (12 + 9 * (level - 1))) & (SLPT_ENTRIES - 1);
}

static u64 *slpt_alloc_table(void)
{
	return (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

static bool slpt_is_leaf(u64 entry, unsigned int level)
{
	return level == 1 || (entry & hv->slpt_large_bit);
}

static u64 *slpt_next(u64 entry)
{
	return __va(entry & SLPT_PA_MASK);
}

/* ---- the stock: empty tables, chained through their first word ---- */

void slpt_free_stock(u64 *chain)
{
	while (chain) {
		u64 *next = (u64 *)(unsigned long)*chain;

		free_page((unsigned long)chain);
		chain = next;
	}
}

u64 *slpt_alloc_stock(void)
{
	u64 *chain = NULL;
	unsigned int i;

	for (i = 0; i < SLPT_STOCK; i++) {
		u64 *table = slpt_alloc_table();

		if (!table) {
			slpt_free_stock(chain);
			return NULL;
		}
		*table = (unsigned long)chain;
		chain = table;
	}
	return chain;
}

u64 *slpt_add_stock(struct slpt *t, u64 *chain)
{
	while (chain && t->nstock < SLPT_STOCK) {
		u64 *table = chain;

		chain = (u64 *)(unsigned long)*table;
		*table = (unsigned long)t->stock;
		t->stock = table;
		t->nstock++;
	}
	return chain;
}

static u64 *slpt_take_table(struct slpt *t)
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

int slpt_create(struct slpt *t)
{
	t->levels = hv->slpt_levels();
	t->root = slpt_alloc_table();
	return t->root ? 0 : -ENOMEM;
}

static void slpt_free_table(u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level > 1 && i < SLPT_ENTRIES; i++) {
		if (table[i] && !slpt_is_leaf(table[i], level))
			slpt_free_table(slpt_next(table[i]), level - 1);
		if (level > 2)
			cond_resched();
	}
	free_page((unsigned long)table);
}

void slpt_destroy(struct slpt *t)
{
	if (t->root)
		slpt_free_table(t->root, t->levels);
	t->root = NULL;
	slpt_free_stock(t->stock);
	t->stock = NULL;
	t->nstock = 0;
}

u64 slpt_root_pa(const struct slpt *t)
{
	return __pa(t->root);
}

u64 slpt_limit(void)
{
	unsigned int bits = min_t(unsigned int, boot_cpu_data.x86_phys_bits, 12 + 9 * hv->slpt_levels());

	return 1ULL << bits;
}

static bool slpt_grants(u64 entry, u64 leaf)
{
	return !(leaf & ~entry & hv->slpt_write_bit);
}

/* Vcpus may be using the entry: its accessed and dirty bits change under us. */
static void slpt_grant_write(u64 *entry)
{
	u64 old = READ_ONCE(*entry);

	while (!try_cmpxchg(entry, &old, old | hv->slpt_write_bit))
		;
}

static int slpt_set_leaf(struct slpt *t, u64 *entry, u64 leaf, unsigned int level)
{
	if (!*entry) {
		WRITE_ONCE(*entry, leaf);
		++*t->nleaf[level];
		return 1;
	}
	if (!slpt_is_leaf(*entry, level))
		return -EEXIST;
	if (slpt_grants(*entry, leaf))
		return 0;
	slpt_grant_write(entry);
	return 1;
}

int slpt_map(struct slpt *t, u64 gpa, u64 pa, unsigned int level, unsigned int flags)
{
	u64 leaf = hv->slpt_leaf(pa, level, flags);
	unsigned int at = t->levels;
	u64 *table = t->root;

	for (; at > level; at--) {
		u64 *entry = &table[slpt_index(gpa, at)];

		if (*entry && slpt_is_leaf(*entry, at)) {
			if (slpt_grants(*entry, leaf))
				return 0;
			/* What runs on with the old, smaller rights comes to the same memory, and faults where they do not do. */
			WRITE_ONCE(*entry, 0);
			--*t->nleaf[at];
		}
		if (!*entry) {
			u64 *next = slpt_take_table(t);

			if (!next)
				return -ENOMEM;
			WRITE_ONCE(*entry, __pa(next) | hv->slpt_table_bits);
		}
		table = slpt_next(*entry);
	}
	return slpt_set_leaf(t, &table[slpt_index(gpa, level)], leaf, level);
}

static bool slpt_table_empty(const u64 *table)
{
	return !memchr_inv(table, 0, PAGE_SIZE);
}

struct slpt_removal {
	struct slpt *t;
	unsigned long *dirty;
	u64 first;
	bool may_block;
};

static void slpt_remove_leaf(const struct slpt_removal *r, u64 *entry, unsigned int level, u64 gpa)
{
	if (r->dirty && level == 1 && (*entry & hv->slpt_dirty_bit))
		set_bit((gpa >> PAGE_SHIFT) - r->first, r->dirty);
	*entry = 0;
	--*r->t->nleaf[level];
}

/* Depth is bounded by the number of levels (5). */
static void slpt_unmap_table(const struct slpt_removal *r, u64 *table, unsigned int level, u64 gpa, u64 end)
{
	u64 size = slpt_level_size(level);

	while (gpa < end) {
		u64 *entry = &table[slpt_index(gpa, level)];
		u64 next = min((gpa & ~(size - 1)) + size, end);

		if (*entry && slpt_is_leaf(*entry, level)) {
			slpt_remove_leaf(r, entry, level, gpa);
		} else if (*entry) {
			u64 *below = slpt_next(*entry);

			slpt_unmap_table(r, below, level - 1, gpa, next);
			if (level > 2 && r->may_block)
				cond_resched();
			if (slpt_table_empty(below)) {
				*entry = 0;
				free_page((unsigned long)below);
			}
		}
		gpa = next;
	}
}

void slpt_unmap(struct slpt *t, u64 gpa, u64 size, unsigned long *dirty, u64 first, bool may_block)
{
	struct slpt_removal r = { .t = t, .dirty = dirty, .first = first, .may_block = may_block };

	slpt_unmap_table(&r, t->root, t->levels, gpa, gpa + size);
}

/* The entry that maps gpa, or the empty one that would; its level. */
static u64 *slpt_find(const struct slpt *t, u64 gpa, unsigned int *level)
{
	unsigned int at = t->levels;
	u64 *table = t->root;

	for (;; at--) {
		u64 *entry = &table[slpt_index(gpa, at)];

		if (!*entry || slpt_is_leaf(*entry, at)) {
			*level = at;
			return entry;
		}
		table = slpt_next(*entry);
	}
}

bool slpt_test_and_clear_dirty(struct slpt *t, u64 gpa)
{
	unsigned int level;
	u64 *entry = slpt_find(t, gpa, &level);

	if (!(*entry & hv->slpt_dirty_bit))
		return false;
	*entry &= ~hv->slpt_dirty_bit;
	return true;
}

unsigned int slpt_empty_level(const struct slpt *t, u64 gpa)
{
	unsigned int level;

	return *slpt_find(t, gpa, &level) ? 0 : level;
}
