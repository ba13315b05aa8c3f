/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pinned host memory of one VM, cached by host address.
 *
 * The unit is a chunk: one 2 MiB-aligned piece of the client's address space
 * with those of its pages that some slot needs. Slots share chunks; a chunk
 * that no slot uses any more stays pinned for a moment, because firmware makes
 * QEMU delete and re-add all RAM several times during boot.
 *
 * An idle chunk must not come back to life when the client has mapped other
 * memory at that address meanwhile: an mmu notifier marks every chunk whose
 * range changed as stale, and a stale chunk is never handed out again.
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
	bool registered;
	u64 pinned_pages; /* lock */
};

int pin_cache_init(struct pin_cache *c, struct mm_struct *mm);
/* No chunk is in use any more. Gives every page back. */
void pin_cache_destroy(struct pin_cache *c);

/*
 * The chunk at hva (aligned) with pages first..last pinned, one reference
 * taken. write: pinned for writing. May sleep; in the creator's address space.
 * ERR_PTR: -EFAULT (nothing mapped, or not writable), -ENOMEM (also: over the
 * memlock limit), -EINTR.
 */
struct pin_chunk *pin_get(struct pin_cache *c, u64 hva, unsigned int first, unsigned int last, bool write);
void pin_put(struct pin_cache *c, struct pin_chunk *chunk);

#endif /* TAXCUT_PIN_H */
