/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pinned host memory of one VM, cached by host address.
 *
 * The unit is a chunk: one 2 MiB-aligned piece of the client's address space
 * with those of its pages that some slot needs. Slots share chunks; a chunk
 * that no slot uses any more stays pinned for a moment, because firmware makes
 * QEMU delete and re-add all RAM several times during boot.
 *
 * When the client maps other memory at an address (munmap, MADV_DONTNEED), an
 * mmu notifier marks the chunk stale: it is never handed out again, and if a
 * slot uses it, the owner is told (changed) and asks for a new one.
 */
#ifndef TAXCUT_PIN_H
#define TAXCUT_PIN_H

#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#define PIN_CHUNK_SHIFT 21
#define PIN_CHUNK_PAGES 512

struct pin_chunk {
	u64 hva; /* aligned to the chunk size */
	unsigned int refs; /* slots that use it; pin_cache->lock */
	unsigned int npinned;
	bool write;
	bool stale; /* set by the notifier, under pin_cache->index_lock */
	bool contiguous; /* all 512 pages are one aligned 2 MiB piece of RAM */
	struct list_head idle;
	struct page *pages[PIN_CHUNK_PAGES];
};

struct pin_cache {
	struct mm_struct *mm;
	struct mutex lock; /* pinning, unpinning, the idle list */
	spinlock_t index_lock; /* the index, against the notifier */
	struct xarray index[2]; /* by hva >> PIN_CHUNK_SHIFT: read-only, writable pins */
	struct list_head idle;
	struct delayed_work reaper;
	struct mmu_notifier notifier;
	void (*changed)(struct pin_cache *c); /* a chunk in use is stale; any context that may sleep, mmap_lock held */
	bool registered;
	u64 pinned_pages; /* lock */
};

int pin_cache_init(struct pin_cache *c, struct mm_struct *mm, void (*changed)(struct pin_cache *c));
/* Before what changed() needs goes away: it is not called any more. */
void pin_cache_stop(struct pin_cache *c);
/* Stopped, and no chunk is in use. Gives every page back. */
void pin_cache_destroy(struct pin_cache *c);

/*
 * The chunk at hva (aligned) with pages first..last pinned, one reference
 * taken. write: pinned for writing. May sleep; in the creator's address space.
 * ERR_PTR: -EFAULT (nothing mapped, or not writable), -ENOMEM (also: over the
 * memlock limit), -EINTR.
 */
struct pin_chunk *pin_get(struct pin_cache *c, u64 hva, unsigned int first, unsigned int last, bool write);
void pin_put(struct pin_cache *c, struct pin_chunk *chunk);
/* Does the client still have this memory mapped where it was pinned? */
bool pin_is_stale(struct pin_cache *c, const struct pin_chunk *chunk);

#endif /* TAXCUT_PIN_H */
