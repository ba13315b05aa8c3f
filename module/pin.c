// SPDX-License-Identifier: GPL-2.0-only
/* Pinning guest memory; see pin.h. */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "pin.h"

/* How long an unused chunk stays pinned. Firmware re-adds RAM within one reconfiguration, well below this. */
#define PIN_IDLE_JIFFIES (HZ / 2)
/* Breaking copy-on-write while pinning fires the notifier for our own fault: try again that often. */
#define PIN_TRIES 3

/* Does [start, end) hold a page that is pinned? Pages come and go under the cache's mutex; here a guess will do. */
static bool pin_covers(const struct pin_chunk *chunk, u64 start, u64 end)
{
	u64 at = max(start, chunk->hva), stop = min(end, chunk->hva + (1ULL << PIN_CHUNK_SHIFT));

	for (; at < stop; at += PAGE_SIZE) {
		if (READ_ONCE(chunk->pages[(at - chunk->hva) >> PAGE_SHIFT]))
			return true;
	}
	return false;
}

/* Marks what lies in the range; true when some of it is in use. */
static bool pin_invalidate(struct pin_cache *c, u64 start, u64 end)
{
	unsigned long first = start >> PIN_CHUNK_SHIFT;
	unsigned long last = (end - 1) >> PIN_CHUNK_SHIFT;
	struct pin_chunk *chunk;
	bool in_use = false;
	unsigned long i;
	int write;

	spin_lock(&c->index_lock);
	for (write = 0; write < 2; write++)
		xa_for_each_range(&c->index[write], i, chunk, first, last) {
			if (!pin_covers(chunk, start, end))
				continue;
			chunk->stale = true;
			in_use |= READ_ONCE(chunk->refs) != 0;
		}
	spin_unlock(&c->index_lock);
	return in_use;
}

static void pin_range_changes(struct mmu_notifier *n, const struct mmu_notifier_range *range)
{
	struct pin_cache *c = container_of(n, struct pin_cache, notifier);

	/* Other rights to the same pages, as automatic NUMA balancing gives them all the time: the pin stands. */
	if (range->event == MMU_NOTIFY_PROTECTION_VMA || range->event == MMU_NOTIFY_PROTECTION_PAGE ||
	    range->event == MMU_NOTIFY_SOFT_DIRTY)
		return;
	if (pin_invalidate(c, range->start, range->end))
		c->changed(c);
}

static int pin_invalidate_start(struct mmu_notifier *n, const struct mmu_notifier_range *range)
{
	pin_range_changes(n, range);
	return 0;
}

/* Between start and end a page that is about to go may have been pinned once more. */
static void pin_invalidate_end(struct mmu_notifier *n, const struct mmu_notifier_range *range)
{
	pin_range_changes(n, range);
}

static void pin_mm_release(struct mmu_notifier *n, struct mm_struct *mm)
{
	pin_invalidate(container_of(n, struct pin_cache, notifier), 0, ULONG_MAX);
}

static const struct mmu_notifier_ops pin_notifier_ops = {
	.invalidate_range_start = pin_invalidate_start,
	.invalidate_range_end = pin_invalidate_end,
	.release = pin_mm_release,
};

static void pin_forget(struct pin_cache *c, struct pin_chunk *chunk)
{
	struct xarray *xa = &c->index[chunk->write];
	unsigned long i = chunk->hva >> PIN_CHUNK_SHIFT;

	spin_lock(&c->index_lock);
	if (xa_load(xa, i) == chunk)
		xa_erase(xa, i);
	spin_unlock(&c->index_lock);
}

static void pin_unpin_pages(struct pin_cache *c, struct pin_chunk *chunk)
{
	unsigned int i;

	for (i = 0; i < PIN_CHUNK_PAGES; i++) {
		if (chunk->pages[i])
			unpin_user_pages_dirty_lock(&chunk->pages[i], 1, chunk->write);
		chunk->pages[i] = NULL;
	}
	account_locked_vm(c->mm, chunk->npinned, false);
	c->pinned_pages -= chunk->npinned;
	chunk->npinned = 0;
}

static void pin_free(struct pin_cache *c, struct pin_chunk *chunk)
{
	pin_forget(c, chunk);
	pin_unpin_pages(c, chunk);
	kvfree(chunk);
}

static void pin_reap(struct pin_cache *c)
{
	struct pin_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &c->idle, idle) {
		list_del(&chunk->idle);
		pin_free(c, chunk);
		cond_resched();
	}
}

static void pin_reaper(struct work_struct *work)
{
	struct pin_cache *c = container_of(to_delayed_work(work), struct pin_cache, reaper);

	mutex_lock(&c->lock);
	pin_reap(c);
	mutex_unlock(&c->lock);
}

int pin_cache_init(struct pin_cache *c, struct mm_struct *mm, void (*changed)(struct pin_cache *c))
{
	int r;

	mutex_init(&c->lock);
	spin_lock_init(&c->index_lock);
	xa_init_flags(&c->index[0], XA_FLAGS_ACCOUNT);
	xa_init_flags(&c->index[1], XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&c->idle);
	INIT_DELAYED_WORK(&c->reaper, pin_reaper);
	c->mm = mm;
	c->changed = changed;
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
	mutex_lock(&c->lock);
	pin_reap(c);
	mutex_unlock(&c->lock);
	WARN_ON_ONCE(c->pinned_pages || !xa_empty(&c->index[0]) || !xa_empty(&c->index[1]));
}

static bool pin_is_contiguous(const struct pin_chunk *chunk)
{
	unsigned long pfn;
	unsigned int i;

	if (chunk->npinned != PIN_CHUNK_PAGES)
		return false;
	pfn = page_to_pfn(chunk->pages[0]);
	if (pfn & (PIN_CHUNK_PAGES - 1))
		return false;
	for (i = 1; i < PIN_CHUNK_PAGES; i++) {
		if (page_to_pfn(chunk->pages[i]) != pfn + i)
			return false;
	}
	return true;
}

/* Pin the run [first, last], none of which is pinned yet. */
static int pin_run(struct pin_cache *c, struct pin_chunk *chunk, unsigned int first, unsigned int last)
{
	unsigned int flags = FOLL_LONGTERM | (chunk->write ? FOLL_WRITE : 0);
	unsigned int want = last - first + 1;
	unsigned int got = 0;
	int r;

	r = account_locked_vm(c->mm, want, true);
	if (r)
		return r;
	while (got < want) {
		r = pin_user_pages_fast(chunk->hva + ((u64)(first + got) << PAGE_SHIFT), want - got, flags,
					&chunk->pages[first + got]);
		if (r <= 0)
			break;
		got += r;
	}
	chunk->npinned += got;
	c->pinned_pages += got;
	if (got == want)
		return 0;
	account_locked_vm(c->mm, want - got, false);
	return r < 0 ? r : -EFAULT;
}

static int pin_missing(struct pin_cache *c, struct pin_chunk *chunk, unsigned int first, unsigned int last)
{
	unsigned int i = first;
	int r = 0;

	while (!r && i <= last) {
		unsigned int end = i;

		if (chunk->pages[i]) {
			i++;
			continue;
		}
		while (end < last && !chunk->pages[end + 1])
			end++;
		r = pin_run(c, chunk, i, end);
		i = end + 1;
	}
	chunk->contiguous = pin_is_contiguous(chunk);
	return r;
}

static struct pin_chunk *pin_new(struct pin_cache *c, u64 hva, bool write)
{
	struct pin_chunk *chunk = kvzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);
	unsigned long i = hva >> PIN_CHUNK_SHIFT;
	void *old;

	if (!chunk)
		return NULL;
	chunk->hva = hva;
	chunk->write = write;
	INIT_LIST_HEAD(&chunk->idle);
	/* Store may allocate, so reserve outside the spinlock; a stale chunk of the same address loses its place. */
	old = xa_store(&c->index[write], i, chunk, GFP_KERNEL_ACCOUNT);
	if (xa_is_err(old)) {
		kvfree(chunk);
		return NULL;
	}
	return chunk;
}

static struct pin_chunk *pin_find(struct pin_cache *c, u64 hva, bool write)
{
	struct pin_chunk *chunk;

	spin_lock(&c->index_lock);
	chunk = xa_load(&c->index[write], hva >> PIN_CHUNK_SHIFT);
	if (chunk && chunk->stale)
		chunk = NULL;
	spin_unlock(&c->index_lock);
	return chunk;
}

bool pin_is_stale(struct pin_cache *c, const struct pin_chunk *chunk)
{
	bool stale;

	spin_lock(&c->index_lock);
	stale = chunk->stale;
	spin_unlock(&c->index_lock);
	return stale;
}

static bool pin_take_stale(struct pin_cache *c, struct pin_chunk *chunk)
{
	bool stale;

	spin_lock(&c->index_lock);
	stale = chunk->stale;
	chunk->stale = false;
	spin_unlock(&c->index_lock);
	return stale;
}

/* A chunk nobody else uses yet: pin until nothing changed underneath. */
static int pin_fresh(struct pin_cache *c, struct pin_chunk *chunk, unsigned int first, unsigned int last)
{
	unsigned int tries;
	int r;

	for (tries = 0;; tries++) {
		r = pin_missing(c, chunk, first, last);
		if (r || !pin_take_stale(c, chunk) || tries == PIN_TRIES)
			return r;
		pin_unpin_pages(c, chunk);
	}
}

struct pin_chunk *pin_get(struct pin_cache *c, u64 hva, unsigned int first, unsigned int last, bool write)
{
	struct pin_chunk *chunk;
	bool fresh;
	int r;

	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);
	mutex_lock(&c->lock);
again:
	chunk = pin_find(c, hva, write);
	fresh = !chunk;
	if (fresh)
		chunk = pin_new(c, hva, write);
	if (!chunk) {
		mutex_unlock(&c->lock);
		return ERR_PTR(-ENOMEM);
	}
	r = fresh ? pin_fresh(c, chunk, first, last) : pin_missing(c, chunk, first, last);
	if (r == -ENOMEM && !list_empty(&c->idle)) {
		/* What only waits to be used again must not stand in the way. */
		if (fresh)
			pin_free(c, chunk);
		pin_reap(c);
		goto again;
	}
	if (r) {
		if (fresh)
			pin_free(c, chunk);
		chunk = ERR_PTR(r);
	} else {
		list_del_init(&chunk->idle);
		chunk->refs++;
	}
	mutex_unlock(&c->lock);
	return chunk;
}

void pin_put(struct pin_cache *c, struct pin_chunk *chunk)
{
	mutex_lock(&c->lock);
	if (!--chunk->refs) {
		if (pin_find(c, chunk->hva, chunk->write) == chunk) {
			list_add_tail(&chunk->idle, &c->idle);
			mod_delayed_work(system_wq, &c->reaper, PIN_IDLE_JIFFIES);
		} else {
			pin_free(c, chunk);
		}
	}
	mutex_unlock(&c->lock);
}
