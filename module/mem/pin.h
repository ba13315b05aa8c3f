/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host pages of one VM, by host address, kept true by an mmu notifier.
 *
 * The unit is a chunk: one 2 MiB-aligned piece of the owner's address space
 * with those of its pages that are in use. Slots share chunks; a chunk that no
 * slot uses any more stays for a moment, because firmware makes QEMU delete and
 * re-add all RAM several times during boot.
 *
 * When the owner's mapping changes (munmap, madvise, mprotect, userfaultfd,
 * fork, KSM, migration), the notifier has every use of the pages stopped
 * (zap()) and invalidates them: from then on they count as absent, and are
 * looked for again when the guest or the hypervisor wants them. An invalidated page
 * stays pinned for a moment, so that what fails on pinned pages (KSM, page
 * migration) fails and the page comes back as it was; then it is let go.
 *
 * The look-up of a page takes no lock. pin_seq() before and
 * pin_changed() after, the second under page_lock and together with the use of
 * what was found, say whether the mapping changed in between.
 *
 * Locks: lock (mutex: references, idle chunks; allocates) is outside of
 * page_lock (spin). chunk->pages[] changes under page_lock and vm->mem_sem held
 * for reading, or vm->mem_sem held for writing (zap); so a reader needs either.
 */
#ifndef TAXCUT_MEM_PIN_H
#define TAXCUT_MEM_PIN_H

#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#define PIN_CHUNK_SHIFT 21
#define PIN_CHUNK_SIZE (1ULL << PIN_CHUNK_SHIFT)
#define PIN_CHUNK_PAGES 512

struct pin_chunk {
	u64 hva; /* aligned to the chunk size */
	unsigned int refs; /* slots that use it; pin_cache->lock */
	unsigned int nvalid, ninvalidated; /* pages */
	bool contiguous; /* all 512 pages are valid, alike, and one aligned 2 MiB piece of memory */
	struct list_head idle;
	unsigned long *pages; /* host pages (host_page.h), 0: absent */
};

struct pin_cache {
	struct mm_struct *mm;
	struct mutex lock;
	spinlock_t page_lock;
	struct xarray index; /* chunks by hva >> PIN_CHUNK_SHIFT */
	struct list_head idle;
	struct delayed_work reaper; /* of idle chunks */
	struct delayed_work invalidated_work; /* of invalidated pages */
	struct mmu_notifier notifier;
	/*
	 * All use of pages of [start, end) ends before this returns, and pin_invalidate() was called.
	 * May sleep if may_block; mmap_lock and others of the memory manager are held.
	 */
	void (*zap)(struct pin_cache *c, u64 start, u64 end, bool may_block);
	bool registered;
	u64 *pinned_bytes;
	/* page_lock: changes under way, the smallest range that holds them, and how many there were. */
	unsigned int changing;
	u64 changing_start, changing_end;
	unsigned long seq;
	wait_queue_head_t settled;
};

/* pinned_bytes: a statistic that is kept, and outlives the cache. */
int pin_cache_init(struct pin_cache *c, struct mm_struct *mm, u64 *pinned_bytes,
		   void (*zap)(struct pin_cache *c, u64 start, u64 end, bool may_block));
/* Before what zap() needs goes away: all pages are let go, and zap() is not called any more. */
void pin_cache_stop(struct pin_cache *c);
/* Stopped, and no chunk is in use. */
void pin_cache_destroy(struct pin_cache *c);

/*
 * The chunk at hva, one reference taken; it may be without pages. May sleep. NULL: no memory, or (unless create) there
 * is none.
 */
struct pin_chunk *pin_chunk_get(struct pin_cache *c, u64 hva, bool create);
void pin_chunk_put(struct pin_cache *c, struct pin_chunk *chunk);

/* Let go of all that is pinned without need: idle chunks, invalidated pages. May sleep. */
void pin_reap(struct pin_cache *c);

/* page_lock held. */
bool pin_is_changing(const struct pin_cache *c, u64 start, u64 end);
bool pin_changed(const struct pin_cache *c, unsigned long seq, u64 start, u64 end);
/* Until [start, end) is not changing. 0, or -EINTR (fatal signal). No lock held. */
int pin_wait_settled(struct pin_cache *c, u64 start, u64 end);

/*
 * page_lock held, nothing changed. Put n host pages into the chunk at index
 * first on; pages[] holds afterwards what the caller must put (pages that were
 * there already or that were replaced), or 0.
 */
void pin_install(struct pin_cache *c, struct pin_chunk *chunk, unsigned int first, unsigned int n,
		 unsigned long *pages);

/* From zap(): pages of [start, end) are in no use. */
void pin_invalidate(struct pin_cache *c, u64 start, u64 end, bool may_block);

#endif /* TAXCUT_MEM_PIN_H */
