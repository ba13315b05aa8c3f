/* SPDX-License-Identifier: GPL-2.0-only */
/* The slots of a VM, and the look-up in them. Rules: mem/memslot.c. */
#ifndef TAXCUT_MEM_SLOT_H
#define TAXCUT_MEM_SLOT_H

#include <linux/mutex.h>
#include <linux/nospec.h>

#include "base/vcpu.h"
#include "host_page.h"
#include "pin.h"
#include "tdp.h"

struct mem_slot {
	u32 id;
	u32 flags;
	u64 serial; /* tells it from a later slot of the same number */
	u64 gpa, hva, npages;
	u64 nchunks;
	struct pin_chunk **chunks; /* NULL: no page of it has been found as yet; set once */
	unsigned long *dirty; /* with KVM_MEM_LOG_DIRTY_PAGES: written pages that are not marked in the second-level table */
};

struct mem {
	struct vm *vm;
	struct mutex lock; /* changes of the slots, one at a time */
	u64 last_serial; /* lock */
	struct pin_cache pins;
	struct tdp tdp;
	struct mem_slot *slots[HV_MAX_SLOTS]; /* by id */
	struct mem_slot *sorted[HV_MAX_SLOTS]; /* by gpa */
	unsigned int nslots;
	unsigned int hint; /* index in sorted of the last hit: only a guess */
};

/* The slot that holds gpa, or NULL. vm->mem_sem held. */
struct mem_slot *mem_find(struct mem *m, u64 gpa);
/* A slot covers gpa, and such an access goes to its memory (not: a write to a read-only slot). vm->mem_sem held. */
bool mem_is_ram(struct vm *vm, u64 gpa, bool write);

static inline u64 slot_size(const struct mem_slot *s)
{
	return s->npages << PAGE_SHIFT;
}

static inline struct pin_chunk **slot_chunk_at(const struct mem_slot *s, u64 hva)
{
	return &s->chunks[(hva >> PIN_CHUNK_SHIFT) - (s->hva >> PIN_CHUNK_SHIFT)];
}

static inline struct pin_chunk *slot_chunk(const struct mem_slot *s, u64 hva)
{
	return READ_ONCE(*slot_chunk_at(s, hva));
}

static inline unsigned int chunk_index(u64 hva)
{
	return (hva >> PAGE_SHIFT) & (PIN_CHUNK_PAGES - 1);
}

/* The host page of a page of the slot; page: its number, below npages. */
static inline unsigned long slot_page(const struct mem_slot *s, u64 page)
{
	u64 hva = s->hva + (array_index_nospec(page, s->npages) << PAGE_SHIFT);
	const struct pin_chunk *c = slot_chunk(s, hva);

	return likely(c) ? READ_ONCE(c->pages[chunk_index(hva)]) : 0;
}

#endif /* TAXCUT_MEM_SLOT_H */
