// SPDX-License-Identifier: GPL-2.0-only
/* The second-level page table; see slpt.h for who may call. */
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

int slpt_map(struct slpt *t, u64 gpa, u64 pa, unsigned int level, bool write)
{
	unsigned int at = t->levels;
	u64 *table = t->root;

	for (; at > level; at--) {
		u64 *entry = &table[slpt_index(gpa, at)];

		if (!*entry) {
			u64 *next = slpt_alloc_table();

			if (!next)
				return -ENOMEM;
			*entry = __pa(next) | hv->slpt_table_bits;
		} else if (WARN_ON_ONCE(slpt_is_leaf(*entry, at))) {
			return -EEXIST;
		}
		table = slpt_next(*entry);
	}
	table[slpt_index(gpa, level)] = hv->slpt_leaf(pa, level, write);
	return 0;
}

static bool slpt_table_empty(const u64 *table)
{
	return !memchr_inv(table, 0, PAGE_SIZE);
}

/* Depth is bounded by the number of levels (5). */
static void slpt_unmap_table(u64 *table, unsigned int level, u64 gpa, u64 end)
{
	u64 size = slpt_level_size(level);

	while (gpa < end) {
		u64 *entry = &table[slpt_index(gpa, level)];
		u64 next = min((gpa & ~(size - 1)) + size, end);

		if (*entry && slpt_is_leaf(*entry, level)) {
			*entry = 0;
		} else if (*entry) {
			u64 *below = slpt_next(*entry);

			slpt_unmap_table(below, level - 1, gpa, next);
			if (level > 2)
				cond_resched();
			if (slpt_table_empty(below)) {
				*entry = 0;
				free_page((unsigned long)below);
			}
		}
		gpa = next;
	}
}

void slpt_unmap(struct slpt *t, u64 gpa, u64 size)
{
	slpt_unmap_table(t->root, t->levels, gpa, gpa + size);
}

bool slpt_test_and_clear_dirty(struct slpt *t, u64 gpa)
{
	unsigned int at = t->levels;
	u64 *table = t->root;
	u64 *entry = NULL;

	for (; at >= 1; at--) {
		entry = &table[slpt_index(gpa, at)];
		if (!*entry)
			return false;
		if (slpt_is_leaf(*entry, at))
			break;
		table = slpt_next(*entry);
	}
	if (!(*entry & hv->slpt_dirty_bit))
		return false;
	*entry &= ~hv->slpt_dirty_bit;
	return true;
}
