// SPDX-License-Identifier: GPL-2.0-only
/* The host pages of one VM; see pin.h. */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "host_page.h"
#include "pin.h"

/* How long an unused chunk stays. Firmware re-adds RAM within one reconfiguration, well below this. */
#define PIN_IDLE_JIFFIES (HZ / 2)
/* How long an invalidated page stays pinned: longer than any attempt to move it takes. */
#define PIN_STALE_JIFFIES (HZ / 10)

static bool pin_pages_are_contiguous(const unsigned long *pages)
{
	unsigned long first = pages[0];
	unsigned int i;

	if (!(first & HOST_PAGE_VALID) || (host_page_pfn(first) & (PIN_CHUNK_PAGES - 1)))
		return false;
	for (i = 1; i < PIN_CHUNK_PAGES; i++) {
		if (host_page_pfn(pages[i]) != host_page_pfn(first) + i ||
		    ((pages[i] ^ first) & HOST_PAGE_ATTRIBUTES))
			return false;
	}
	return true;
}

static void pin_chunk_set(struct pin_cache *c, struct pin_chunk *chunk, unsigned int i, unsigned long page)
{
	unsigned long old = chunk->pages[i];

	*c->pinned_bytes += PAGE_SIZE * (!!(page & HOST_PAGE_PINNED) - !!(old & HOST_PAGE_PINNED));
	chunk->nvalid += !!(page & HOST_PAGE_VALID) - !!(old & HOST_PAGE_VALID);
	chunk->ninvalidated += !!(page & HOST_PAGE_INVALIDATED) - !!(old & HOST_PAGE_INVALIDATED);
	WRITE_ONCE(chunk->pages[i], page);
}

/* Pages of the chunk in [start, end): first index, and one behind the last. */
static void pin_chunk_range(const struct pin_chunk *chunk, u64 start, u64 end, unsigned int *first, unsigned int *last)
{
	*first = (max(start, chunk->hva) - chunk->hva) >> PAGE_SHIFT;
	*last = (min(end, chunk->hva + PIN_CHUNK_SIZE) - chunk->hva + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* The next chunk that reaches into [start, end), at index *i or behind it; page_lock keeps it. */
static struct pin_chunk *pin_next_chunk(struct pin_cache *c, unsigned long *i, u64 end)
{
	return xa_find(&c->index, i, (end - 1) >> PIN_CHUNK_SHIFT, XA_PRESENT);
}

static bool pin_chunk_has_valid(const struct pin_chunk *chunk, u64 start, u64 end)
{
	unsigned int first, last;

	if (!chunk->nvalid)
		return false;
	for (pin_chunk_range(chunk, start, end, &first, &last); first < last; first++) {
		if (chunk->pages[first] & HOST_PAGE_VALID)
			return true;
	}
	return false;
}

/* ---- the notifier ---- */

bool pin_is_changing(const struct pin_cache *c, u64 start, u64 end)
{
	return c->changing && start < c->changing_end && c->changing_start < end;
}

bool pin_changed(const struct pin_cache *c, unsigned long seq, u64 start, u64 end)
{
	return c->seq != seq || pin_is_changing(c, start, end);
}

static bool pin_has_settled(struct pin_cache *c, u64 start, u64 end)
{
	bool changing;

	spin_lock(&c->page_lock);
	changing = pin_is_changing(c, start, end);
	spin_unlock(&c->page_lock);
	return !changing;
}

int pin_wait_settled(struct pin_cache *c, u64 start, u64 end)
{
	return wait_event_killable(c->settled, pin_has_settled(c, start, end)) ? -EINTR : 0;
}

/* A change begins. True: pages of it are in use. From here on, none comes into use that is not seen here. */
static bool pin_change_begins(struct pin_cache *c, u64 start, u64 end)
{
	unsigned long i = start >> PIN_CHUNK_SHIFT;
	struct pin_chunk *chunk;
	bool in_use = false;

	spin_lock(&c->page_lock);
	c->changing_start = c->changing ? min(c->changing_start, start) : start;
	c->changing_end = c->changing ? max(c->changing_end, end) : end;
	c->changing++;
	for (chunk = pin_next_chunk(c, &i, end); chunk && !in_use; i++, chunk = pin_next_chunk(c, &i, end))
		in_use = pin_chunk_has_valid(chunk, start, end);
	spin_unlock(&c->page_lock);
	return in_use;
}

static int pin_invalidate_start(struct mmu_notifier *n, const struct mmu_notifier_range *range)
{
	struct pin_cache *c = container_of(n, struct pin_cache, notifier);

	if (!pin_change_begins(c, range->start, range->end))
		return 0;
	/* Automatic NUMA balancing does this all the time: it takes no right away, and leaves pinned pages alone. */
	if (range->event == MMU_NOTIFY_PROTECTION_VMA && host_range_keeps_rights(c->mm, range->start, range->end))
		return 0;
	c->zap(c, range->start, range->end, mmu_notifier_range_blockable(range));
	return 0;
}

static void pin_invalidate_end(struct mmu_notifier *n, const struct mmu_notifier_range *range)
{
	struct pin_cache *c = container_of(n, struct pin_cache, notifier);
	bool settled;

	spin_lock(&c->page_lock);
	c->seq++;
	settled = !--c->changing;
	spin_unlock(&c->page_lock);
	if (settled)
		wake_up_all(&c->settled);
}

/*
 * What becomes of a page that is taken out of use. Pages of hugetlbfs are let go at once: the pool may hold no other for
 * the owner's next access, and nothing moves or merges them behind its back.
 */
static unsigned long pin_invalidated_page(struct pin_cache *c, unsigned long page)
{
	if (!(page & HOST_PAGE_PINNED))
		return 0;
	if (PageHuge(pfn_to_page(host_page_pfn(page)))) {
		host_page_put(c->mm, page);
		return 0;
	}
	return (page & ~HOST_PAGE_VALID) | HOST_PAGE_INVALIDATED;
}

static void pin_chunk_invalidate(struct pin_cache *c, struct pin_chunk *chunk, u64 start, u64 end)
{
	unsigned int i, last;

	for (pin_chunk_range(chunk, start, end, &i, &last); chunk->nvalid && i < last; i++) {
		unsigned long page = chunk->pages[i];

		if (!(page & HOST_PAGE_VALID))
			continue;
		pin_chunk_set(c, chunk, i, pin_invalidated_page(c, page));
		chunk->contiguous = false;
	}
}

void pin_invalidate(struct pin_cache *c, u64 start, u64 end, bool may_block)
{
	unsigned long i = start >> PIN_CHUNK_SHIFT;
	struct pin_chunk *chunk;

	spin_lock(&c->page_lock);
	for (chunk = pin_next_chunk(c, &i, end); chunk; i++, chunk = pin_next_chunk(c, &i, end)) {
		pin_chunk_invalidate(c, chunk, start, end);
		if (may_block)
			cond_resched_lock(&c->page_lock);
	}
	spin_unlock(&c->page_lock);
	mod_delayed_work(system_wq, &c->invalidated_work, PIN_STALE_JIFFIES);
}

/* page_lock held. */
static void pin_chunk_put_invalidated(struct pin_cache *c, struct pin_chunk *chunk)
{
	unsigned int i;

	for (i = 0; chunk->ninvalidated && i < PIN_CHUNK_PAGES; i++) {
		unsigned long page = chunk->pages[i];

		if (page & HOST_PAGE_INVALIDATED) {
			pin_chunk_set(c, chunk, i, 0);
			host_page_put(c->mm, page);
		}
	}
}

static void pin_put_stale(struct pin_cache *c)
{
	struct pin_chunk *chunk;
	unsigned long i = 0;

	spin_lock(&c->page_lock);
	for (chunk = pin_next_chunk(c, &i, ULONG_MAX); chunk; i++, chunk = pin_next_chunk(c, &i, ULONG_MAX)) {
		pin_chunk_put_invalidated(c, chunk);
		cond_resched_lock(&c->page_lock);
	}
	spin_unlock(&c->page_lock);
}

static void pin_stale_worker(struct work_struct *work)
{
	pin_put_stale(container_of(to_delayed_work(work), struct pin_cache, invalidated_work));
}

/* The address space goes: its pages are released, even if the VM's file stays open. */
static void pin_mm_release(struct mmu_notifier *n, struct mm_struct *mm)
{
	struct pin_cache *c = container_of(n, struct pin_cache, notifier);

	c->zap(c, 0, ULONG_MAX, true);
	pin_put_stale(c);
}

static const struct mmu_notifier_ops pin_notifier_ops = {
	.invalidate_range_start = pin_invalidate_start,
	.invalidate_range_end = pin_invalidate_end,
	.release = pin_mm_release,
};

/* ---- chunks ---- */

/* lock held, no references. */
static void pin_chunk_free(struct pin_cache *c, struct pin_chunk *chunk)
{
	unsigned int i;

	spin_lock(&c->page_lock);
	xa_erase(&c->index, chunk->hva >> PIN_CHUNK_SHIFT);
	for (i = 0; i < PIN_CHUNK_PAGES; i++) {
		unsigned long page = chunk->pages[i];

		pin_chunk_set(c, chunk, i, 0);
		host_page_put(c->mm, page);
	}
	spin_unlock(&c->page_lock);
	free_page((unsigned long)chunk->pages);
	kfree(chunk);
}

/* lock held. */
static void pin_reap_idle(struct pin_cache *c)
{
	struct pin_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &c->idle, idle) {
		list_del(&chunk->idle);
		pin_chunk_free(c, chunk);
		cond_resched();
	}
}

static void pin_idle_worker(struct work_struct *work)
{
	struct pin_cache *c = container_of(to_delayed_work(work), struct pin_cache, reaper);

	mutex_lock(&c->lock);
	pin_reap_idle(c);
	mutex_unlock(&c->lock);
}

void pin_reap(struct pin_cache *c)
{
	pin_put_stale(c);
	mutex_lock(&c->lock);
	pin_reap_idle(c);
	mutex_unlock(&c->lock);
}

static struct pin_chunk *pin_chunk_new(struct pin_cache *c, u64 hva)
{
	struct pin_chunk *chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);

	if (!chunk)
		return NULL;
	chunk->hva = hva;
	INIT_LIST_HEAD(&chunk->idle);
	chunk->pages = (unsigned long *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!chunk->pages || xa_err(xa_store(&c->index, hva >> PIN_CHUNK_SHIFT, chunk, GFP_KERNEL_ACCOUNT))) {
		free_page((unsigned long)chunk->pages);
		kfree(chunk);
		return NULL;
	}
	return chunk;
}

struct pin_chunk *pin_chunk_get(struct pin_cache *c, u64 hva, bool create)
{
	struct pin_chunk *chunk;

	mutex_lock(&c->lock);
	chunk = xa_load(&c->index, hva >> PIN_CHUNK_SHIFT);
	if (!chunk && create)
		chunk = pin_chunk_new(c, hva & ~(PIN_CHUNK_SIZE - 1));
	if (chunk) {
		list_del_init(&chunk->idle);
		chunk->refs++;
	}
	mutex_unlock(&c->lock);
	return chunk;
}

void pin_chunk_put(struct pin_cache *c, struct pin_chunk *chunk)
{
	mutex_lock(&c->lock);
	if (!--chunk->refs) {
		list_add_tail(&chunk->idle, &c->idle);
		mod_delayed_work(system_wq, &c->reaper, PIN_IDLE_JIFFIES);
	}
	mutex_unlock(&c->lock);
}

void pin_install(struct pin_cache *c, struct pin_chunk *chunk, unsigned int first, unsigned int n, unsigned long *pages)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		unsigned long old = chunk->pages[first + i], page = pages[i];

		if (!page)
			continue;
		/* A valid page is what the owner has, so this is the same one; perhaps it may now be written. */
		if (host_page_allows(old, page & HOST_PAGE_WRITE))
			continue;
		WARN_ON_ONCE((old & HOST_PAGE_VALID) && host_page_pfn(old) != host_page_pfn(page));
		pin_chunk_set(c, chunk, first + i, page);
		pages[i] = old;
	}
	chunk->contiguous = chunk->nvalid == PIN_CHUNK_PAGES && pin_pages_are_contiguous(chunk->pages);
}

/* ---- the cache ---- */

int pin_cache_init(struct pin_cache *c, struct mm_struct *mm, u64 *pinned_bytes,
		   void (*zap)(struct pin_cache *c, u64 start, u64 end, bool may_block))
{
	int r;

	mutex_init(&c->lock);
	spin_lock_init(&c->page_lock);
	xa_init_flags(&c->index, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&c->idle);
	INIT_DELAYED_WORK(&c->reaper, pin_idle_worker);
	INIT_DELAYED_WORK(&c->invalidated_work, pin_stale_worker);
	init_waitqueue_head(&c->settled);
	c->mm = mm;
	c->pinned_bytes = pinned_bytes;
	c->zap = zap;
	c->notifier.ops = &pin_notifier_ops;
	r = mmu_notifier_register(&c->notifier, mm);
	c->registered = !r;
	return r;
}

void pin_cache_stop(struct pin_cache *c)
{
	if (c->registered)
		mmu_notifier_unregister(&c->notifier, c->mm);
}

void pin_cache_destroy(struct pin_cache *c)
{
	if (!c->registered)
		return;
	cancel_delayed_work_sync(&c->reaper);
	cancel_delayed_work_sync(&c->invalidated_work);
	pin_reap(c);
	WARN_ON_ONCE(!xa_empty(&c->index));
}
