// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting guest memory: host pages into the slots, slots into the second-level
 * page table.
 *
 * Fetching. struct fetch says which run of absent pages is wanted
 * (mem_fetch_begin()); host_page.c finds them, without a lock, and perhaps waits for
 * user space; mem_fetch_end() puts them into the chunk if neither the slot nor the
 * owner's mapping has changed in between, else all of it is done again.
 *
 * Mapping. mem_map_range() maps what is there of a range, with the largest pages that
 * fit. It holds vm->mem_sem for reading, so slots stay, pin_cache->page_lock, so
 * pages stay, and neither for longer than one chunk takes.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "base/backend.h"
#include "base/compat.h"
#include "page_fault.h"
#include "slot.h"

/* Retries after a lost race, for pages that no vCPU waits for. */
#define MEM_TRIES 3
#define MEM_CHUNKS_PER_LOOK 1024

struct fetch {
	u64 gpa, hva; /* of the first page wanted */
	unsigned int n; /* pages wanted; 0: all that were asked for are there */
	bool write; /* the slot can be written */
	bool needs_chunk; /* the slot has none there as yet */
	unsigned long seq;
	unsigned long pages[PIN_CHUNK_PAGES];
};

/* From the first absent page of [gpa, end) on, within its chunk and slot. page_lock, vm->mem_sem held. */
static void mem_fetch_choose(struct fetch *f, const struct mem_slot *s, u64 gpa, u64 end, bool write)
{
	u64 hva = s->hva + (gpa - s->gpa), stop;
	const struct pin_chunk *c = slot_chunk(s, hva);

	end = min3(end, s->gpa + slot_size(s), gpa + PIN_CHUNK_SIZE - (hva & (PIN_CHUNK_SIZE - 1)));
	while (c && gpa < end && host_page_allows(c->pages[chunk_index(s->hva + (gpa - s->gpa))], write))
		gpa += PAGE_SIZE;
	for (stop = c ? gpa : end; stop < end; stop += PAGE_SIZE) {
		if (host_page_allows(c->pages[chunk_index(s->hva + (stop - s->gpa))], write))
			break;
	}
	f->gpa = gpa;
	f->hva = s->hva + (gpa - s->gpa);
	f->n = (stop - gpa) >> PAGE_SHIFT;
	f->write = !(s->flags & KVM_MEM_READONLY);
}

/* The slot has use for the chunk, unless it has one: then the reference goes back. page_lock, vm->mem_sem held. */
static struct pin_chunk *mem_slot_take_chunk(struct mem_slot *s, u64 hva, struct pin_chunk *c)
{
	if (!c || slot_chunk(s, hva))
		return c;
	smp_store_release(slot_chunk_at(s, hva), c);
	return NULL;
}

/* The slot at gpa, if it has no chunk there as yet, and the host address. vm->mem_sem held. */
static struct mem_slot *mem_slot_without_chunk(struct vm *vm, u64 gpa, u64 *hva)
{
	struct mem_slot *s = mem_find(vm->mem, gpa);

	if (!s)
		return NULL;
	*hva = s->hva + (gpa - s->gpa);
	return slot_chunk(s, *hva) ? NULL : s;
}

/* Pages that another slot has, or had a moment ago, are used by this one, too. */
static void mem_fetch_adopt(struct vm *vm, u64 gpa)
{
	struct pin_cache *pins = &vm->mem->pins;
	struct pin_chunk *c = NULL;
	struct mem_slot *s;
	u64 hva, now;

	down_read(&vm->mem_sem);
	s = mem_slot_without_chunk(vm, gpa, &hva);
	up_read(&vm->mem_sem);
	if (s)
		c = pin_chunk_get(pins, hva, false);
	if (!c)
		return;
	down_read(&vm->mem_sem);
	s = mem_slot_without_chunk(vm, gpa, &now);
	if (s && now == hva) {
		spin_lock(&pins->page_lock);
		c = mem_slot_take_chunk(s, hva, c);
		spin_unlock(&pins->page_lock);
	}
	up_read(&vm->mem_sem);
	if (c)
		pin_chunk_put(pins, c);
}

/* 0, -ENOENT (no slot), -EINTR (fatal signal). */
static int mem_fetch_begin(struct vm *vm, struct fetch *f, u64 gpa, u64 end, bool write)
{
	struct pin_cache *pins = &vm->mem->pins;
	struct mem_slot *s;
	bool changing;

	mem_fetch_adopt(vm, gpa);
	for (;;) {
		down_read(&vm->mem_sem);
		s = mem_find(vm->mem, gpa);
		if (!s || (write && (s->flags & KVM_MEM_READONLY))) {
			up_read(&vm->mem_sem);
			return -ENOENT;
		}
		spin_lock(&pins->page_lock);
		mem_fetch_choose(f, s, gpa, end, write);
		f->needs_chunk = f->n && !slot_chunk(s, f->hva);
		f->seq = pins->seq;
		changing = f->n && pin_is_changing(pins, f->hva, f->hva + ((u64)f->n << PAGE_SHIFT));
		spin_unlock(&pins->page_lock);
		up_read(&vm->mem_sem);
		if (!changing)
			return 0;
		if (pin_wait_settled(pins, f->hva, f->hva + ((u64)f->n << PAGE_SHIFT)))
			return -EINTR;
	}
}

/* Put the first n pages into use. -EAGAIN: something has changed, nothing was. -ENOMEM. */
static int mem_fetch_end(struct vm *vm, struct fetch *f, unsigned int n)
{
	struct pin_cache *pins = &vm->mem->pins;
	struct pin_chunk *c = NULL;
	struct mem_slot *s;
	int r = -EAGAIN;

	if (!memchr_inv(f->pages, 0, n * sizeof(f->pages[0])))
		return 0;
	if (f->needs_chunk) {
		c = pin_chunk_get(pins, f->hva, true);
		if (!c) {
			host_pages_put(vm->mm, f->pages, n);
			return -ENOMEM;
		}
	}
	down_read(&vm->mem_sem);
	s = mem_find(vm->mem, f->gpa);
	spin_lock(&pins->page_lock);
	if (s && s->hva + (f->gpa - s->gpa) == f->hva && s->gpa + slot_size(s) - f->gpa >= (u64)n << PAGE_SHIFT &&
	    (c || slot_chunk(s, f->hva)) && !pin_changed(pins, f->seq, f->hva, f->hva + ((u64)n << PAGE_SHIFT))) {
		c = mem_slot_take_chunk(s, f->hva, c);
		pin_install(pins, slot_chunk(s, f->hva), chunk_index(f->hva), n, f->pages);
		r = 0;
	}
	spin_unlock(&pins->page_lock);
	up_read(&vm->mem_sem);
	host_pages_put(vm->mm, f->pages, n);
	if (c)
		pin_chunk_put(pins, c);
	return r;
}

/* ---- one page, on demand ---- */

/*
 * The page, and what lies behind it and needs no fault. The page may be there
 * already for the owner: then no fault is taken for it, either.
 */
static int mem_fetch_page(struct vm *vm, struct fetch *f, bool write, bool interruptible)
{
	unsigned int n;
	int r;

	n = host_pages_peek(vm->mm, f->hva, f->n, write || f->write, f->pages);
	if (!n) {
		r = host_page_fault_in(vm->mm, f->hva, write, interruptible, &f->pages[0]);
		if (r)
			return r;
		n = 1;
		if (f->n > 1)
			n += host_pages_peek(vm->mm, f->hva + PAGE_SIZE, f->n - 1, f->write, &f->pages[1]);
	}
	return mem_fetch_end(vm, f, n);
}

/* The pages before it in its chunk, if they need no fault. Best effort. */
static void mem_fetch_before(struct vm *vm, struct fetch *f, u64 gpa)
{
	u64 start = gpa - min(gpa, (f->hva & (PIN_CHUNK_SIZE - 1)));
	unsigned int n;

	if (start == gpa || mem_fetch_begin(vm, f, start, gpa, false) || !f->n)
		return;
	n = host_pages_peek(vm->mm, f->hva, f->n, f->write, f->pages);
	if (n)
		mem_fetch_end(vm, f, n);
}

static int mem_fetch_wanted(struct vm *vm, struct fetch *f, u64 gpa, bool write, bool interruptible)
{
	bool fetched = false, reaped = false;
	int r;

	gpa &= PAGE_MASK;
	for (;;) {
		if (fatal_signal_pending(current))
			return -EINTR;
		/* Up to the chunk's end: neighbours that are there come along. */
		r = mem_fetch_begin(vm, f, gpa, ULLONG_MAX, write);
		if (r || f->gpa != gpa || !f->n)
			break;
		r = mem_fetch_page(vm, f, write, interruptible);
		fetched |= !r;
		if (r == -ENOMEM && !reaped) {
			/* What is pinned without need must not stand in the way. */
			pin_reap(&vm->mem->pins);
			reaped = true;
		} else if (r && r != -EAGAIN) {
			break;
		}
		cond_resched();
	}
	if (!r && fetched)
		mem_fetch_before(vm, f, gpa);
	return r;
}

static int mem_page_in_slot(struct vm *vm, u64 gpa, bool write, bool interruptible)
{
	struct fetch *f = kmalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	int r;

	if (!f)
		return -ENOMEM;
	r = mem_fetch_wanted(vm, f, gpa, write, interruptible);
	kfree(f);
	return r;
}

int mem_page_in(struct vm *vm, u64 gpa, bool write)
{
	return mem_page_in_slot(vm, gpa, write, false);
}

/* ---- the second-level table ---- */

/* All of one 1 GiB piece is one aligned piece of memory, and alike. */
static bool mem_slot_fits_1g(const struct mem_slot *s, u64 hva)
{
	unsigned long first = slot_page(s, (hva - s->hva) >> PAGE_SHIFT);
	u64 i;

	if (host_page_pa(first) & (tdp_level_size(3) - 1))
		return false;
	for (i = 0; i < 512; i++) {
		const struct pin_chunk *c = slot_chunk(s, hva + (i << PIN_CHUNK_SHIFT));

		if (!c || !c->contiguous || host_page_pfn(c->pages[0]) != host_page_pfn(first) + i * PIN_CHUNK_PAGES ||
		    ((c->pages[0] ^ first) & HOST_PAGE_ATTRIBUTES))
			return false;
	}
	return true;
}

static unsigned int mem_slot_level_at(const struct mem_slot *s, u64 offset)
{
	u64 gpa = s->gpa + offset, hva = s->hva + offset, left = slot_size(s) - offset;
	const struct pin_chunk *c = slot_chunk(s, hva);

	if ((s->flags & KVM_MEM_LOG_DIRTY_PAGES) || hv->tdp_max_level < 2)
		return 1;
	if ((gpa | hva) & (tdp_level_size(2) - 1) || left < tdp_level_size(2) || !c || !c->contiguous)
		return 1;
	if (boot_cpu_has(X86_FEATURE_GBPAGES) && hv->tdp_max_level >= 3 && !((gpa | hva) & (tdp_level_size(3) - 1)) &&
	    left >= tdp_level_size(3) && mem_slot_fits_1g(s, hva))
		return 3;
	return 2;
}

static unsigned int mem_leaf_flags(const struct vm *vm, const struct mem_slot *s, unsigned long page)
{
	unsigned int flags = 0;

	if ((page & HOST_PAGE_WRITE) && !(s->flags & KVM_MEM_READONLY))
		flags |= TDP_WRITE;
	if (page & (HOST_PAGE_PWT | HOST_PAGE_PCD)) {
		flags |= TDP_DEVICE;
		flags |= page & HOST_PAGE_PWT ? TDP_PWT : 0;
		flags |= page & HOST_PAGE_PCD ? TDP_PCD : 0;
	} else if (vm_honors_guest_pat(vm)) {
		flags |= TDP_GUEST_PAT;
	}
	return flags;
}

/* Map [offset, end) of a slot, which lies in one chunk or is more if a larger page fits. Returns how far it came, or -errno. */
static s64 mem_slot_map(struct vm *vm, struct mem_slot *s, u64 offset, u64 end, bool *changed)
{
	while (offset < end) {
		unsigned long page = slot_page(s, offset >> PAGE_SHIFT);
		unsigned int level, flags;
		int r;

		if (!(page & HOST_PAGE_VALID)) {
			offset += PAGE_SIZE;
			continue;
		}
		level = mem_slot_level_at(s, offset);
		flags = mem_leaf_flags(vm, s, page);
		if (flags & TDP_DEVICE)
			WRITE_ONCE(vm->host_mmio, true);
		do {
			r = tdp_map(&vm->mem->tdp, s->gpa + offset, host_page_pa(page), level, flags);
		} while (r == -EEXIST && --level);
		if (r < 0)
			return r;
		*changed |= r;
		offset += tdp_level_size(level);
	}
	return offset;
}

/* Moves *gpa over chunks of which no page was ever found, some at a time. Returns where the chunk ends that it comes to. */
static u64 mem_slot_skip_empty(const struct mem_slot *s, u64 *gpa, u64 stop, u64 end)
{
	unsigned int i;

	end = min(end, s->gpa + slot_size(s));
	for (i = 0; i < MEM_CHUNKS_PER_LOOK && stop < end && !slot_chunk(s, s->hva + (*gpa - s->gpa)); i++) {
		*gpa = stop;
		stop = min(end, stop + PIN_CHUNK_SIZE);
	}
	return stop;
}

/* One step of mem_map_range(): at most a chunk, or one large page. Moves *gpa on. -ENOENT where there is no slot. */
static int mem_map_step(struct vm *vm, u64 *gpa, u64 end, bool *changed)
{
	struct pin_cache *pins = &vm->mem->pins;
	u64 *stock = NULL, hva, stop;
	struct mem_slot *s;
	s64 r = -ENOENT;

	for (;;) {
		down_read(&vm->mem_sem);
		s = mem_find(vm->mem, *gpa);
		spin_lock(&pins->page_lock);
		stock = tdp_add_stock(&vm->mem->tdp, stock);
		if (s) {
			hva = s->hva + (*gpa - s->gpa);
			stop = min3(end, s->gpa + slot_size(s), *gpa + PIN_CHUNK_SIZE - (hva & (PIN_CHUNK_SIZE - 1)));
			stop = mem_slot_skip_empty(s, gpa, stop, end);
			r = mem_slot_map(vm, s, *gpa - s->gpa, stop - s->gpa, changed);
			if (r >= 0)
				*gpa = s->gpa + r;
		}
		spin_unlock(&pins->page_lock);
		up_read(&vm->mem_sem);
		tdp_free_stock(stock);
		stock = NULL;
		if (r != -ENOMEM)
			return r < 0 ? r : 0;
		stock = tdp_alloc_stock();
		if (!stock)
			return -ENOMEM;
	}
}

int mem_map_range(struct vm *vm, u64 gpa, u64 end, bool *changed)
{
	int r = 0;

	while (!r && gpa < end) {
		r = mem_map_step(vm, &gpa, end, changed);
		cond_resched();
	}
	return r;
}

/* What to map together with gpa: all that is missing around it, as a change may have taken a large page away. */
static void mem_hole_around(struct vm *vm, u64 gpa, u64 *start, u64 *end)
{
	struct mem_slot *s;
	unsigned int level;
	u64 size;

	down_read(&vm->mem_sem);
	spin_lock(&vm->mem->pins.page_lock);
	level = clamp_t(unsigned int, tdp_empty_level(&vm->mem->tdp, gpa), 2, TDP_MAX_LEAF_LEVEL);
	s = mem_find(vm->mem, gpa);
	size = tdp_level_size(level);
	*start = gpa & ~(size - 1);
	*end = *start + size;
	if (s) {
		*start = max(*start, s->gpa);
		*end = min(*end, s->gpa + slot_size(s));
	}
	spin_unlock(&vm->mem->pins.page_lock);
	up_read(&vm->mem_sem);
}

/* A page of broken memory: the owner's thread is told as if it had touched the page, and may tell its guest. */
static void mem_send_hwpoison(struct vm *vm, u64 gpa)
{
	const struct mem_slot *s;
	u64 hva = 0;

	down_read(&vm->mem_sem);
	s = mem_find(vm->mem, gpa);
	if (s)
		hva = s->hva + (gpa - s->gpa);
	up_read(&vm->mem_sem);
	if (hva)
		send_sig_mceerr(BUS_MCEERR_AR, (void __user *)(unsigned long)(hva & PAGE_MASK), PAGE_SHIFT, current);
}

int mem_fault(struct vcpu *v, u64 gpa, bool write)
{
	struct vm *vm = v->vm;
	bool changed = false;
	u64 start, end;
	int r;

	v->stats.pf_taken++;
	r = mem_page_in_slot(vm, gpa, write, true);
	if (!r) {
		mem_hole_around(vm, gpa, &start, &end);
		r = mem_map_range(vm, start, end, &changed);
	}
	/* Another vCPU was faster, or this CPU went by what was before: let it look again. */
	if (!changed)
		vcpu_request(v, REQ_TLB_FLUSH);
	if (unlikely(r == -EHWPOISON)) {
		mem_send_hwpoison(vm, gpa);
		return 0;
	}
	return r == -ENOENT ? 0 : r;
}

/* ---- memory that is fetched ahead ---- */

/* There is nothing from f->hva on for as long as f goes: moves *gpa behind the hole. */
static bool mem_skip_hole(struct vm *vm, const struct fetch *f, u64 *gpa)
{
	u64 hole;

	if (!f->needs_chunk)
		return false;
	hole = host_next_mapped(vm->mm, f->hva) - f->hva;
	if (hole < (u64)f->n << PAGE_SHIFT)
		return false;
	*gpa = f->gpa + min(hole, 1ULL << 52); /* beyond any guest's memory: there is nothing more */
	return true;
}

static int mem_populate_chunk(struct vm *vm, struct fetch *f, u64 *gpa, u64 end)
{
	unsigned int tries, n;
	int r;

	for (tries = 0;; tries++) {
		r = mem_fetch_begin(vm, f, *gpa, end, false);
		if (r)
			return r;
		if (mem_skip_hole(vm, f, gpa))
			return 0;
		n = f->n;
		if (n)
			r = host_pages_populate(vm->mm, f->hva, n, f->write, f->pages);
		if (!r && n)
			r = mem_fetch_end(vm, f, n);
		if (r == -EAGAIN && tries < MEM_TRIES)
			continue;
		*gpa = max(f->gpa + ((u64)n << PAGE_SHIFT), *gpa + PAGE_SIZE);
		return r == -EAGAIN ? 0 : r;
	}
}

/* Make memory of [at, end) present as far as that works without user space. */
static int mem_populate_range(struct vm *vm, struct fetch *f, u64 at, u64 end)
{
	u64 failed = ~0ULL;
	int r = 0;

	while (!r && at < end) {
		u64 here = at;

		r = mem_populate_chunk(vm, f, &at, end);
		if (r == -ENOMEM && failed != here) {
			pin_reap(&vm->mem->pins);
			failed = at = here;
			r = 0;
		}
		cond_resched();
	}
	return r;
}

int mem_populate(struct vm *vm, u64 gpa, u64 npages)
{
	struct fetch *f = kmalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	u64 end = gpa + (npages << PAGE_SHIFT);
	bool changed;
	int r;

	if (!f)
		return -ENOMEM;
	r = mem_populate_range(vm, f, gpa, end);
	kfree(f);
	return r ?: mem_map_range(vm, gpa, end, &changed);
}

/* All of [range->gpa, end), and map it. Moves range on as far as it comes. */
static int mem_pre_fault_chunk(struct vm *vm, struct fetch *f, struct kvm_pre_fault_memory *range, u64 end)
{
	u64 start = range->gpa;
	bool changed;
	int r;

	r = mem_populate_range(vm, f, start, end);
	if (r == -ENOENT)
		r = 0; /* the slot ends before: as far as it goes */
	while (!r && range->gpa < end) {
		r = mem_fetch_wanted(vm, f, range->gpa, false, true);
		if (!r) {
			range->gpa += PAGE_SIZE;
			range->size -= PAGE_SIZE;
		}
	}
	if (range->gpa > start)
		mem_map_range(vm, start, range->gpa, &changed);
	return r;
}

int mem_pre_fault(struct vm *vm, struct kvm_pre_fault_memory *range)
{
	struct fetch *f;
	u64 size = range->size;
	int r = 0;

	if (range->flags || !PAGE_ALIGNED(range->gpa) || !PAGE_ALIGNED(size) || range->gpa + size <= range->gpa)
		return -EINVAL;
	f = kmalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	while (range->size && !r) {
		u64 n = min(range->size, PIN_CHUNK_SIZE - (range->gpa & (PIN_CHUNK_SIZE - 1)));

		r = signal_pending(current) ? -EINTR : mem_pre_fault_chunk(vm, f, range, range->gpa + n);
	}
	kfree(f);
	return range->size < size ? 0 : r;
}
