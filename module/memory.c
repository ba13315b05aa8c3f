// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory.
 *
 * A slot maps a range of guest physical addresses to a range of the client's
 * address space. Its memory is pinned and mapped into the second-level page
 * table when the slot is registered, with the largest pages that fit, so a
 * running guest takes no second-level fault on memory.
 *
 * Changing the map. mem->lock serialises writers. What sleeps long (pinning)
 * happens before the vCPUs are stopped. Then mem_write_lock(): raise
 * vm->mem_writers, kick every vCPU, take vm->mem_sem for writing. A vCPU looks
 * at mem_writers between publishing VCPU_IN_GUEST and entering, so it either
 * sees the writer or is seen by it; it then drops mem_sem and queues behind.
 * Changes that follow each other without a pause would leave the vCPUs no time
 * in the guest, so a change that would stop them again so soon waits first:
 * as long as the last one held them up, 1 ms at most.
 *
 * Memory that the client remaps under the guest (MADV_DONTNEED of a balloon, a
 * file mapped over it): the notifier raises MEM_STALE in vm->mem_writers and
 * waits until no vCPU is in the guest; none comes back before a vCPU's thread
 * has pinned and mapped what is there now (mem_resync()). Nothing of this
 * happens to an instance whose client leaves its memory alone.
 *
 * Dirty logging uses the dirty bits the CPU sets in the second-level table;
 * a slot that logs is mapped with 4K pages. Writes by the hypervisor itself
 * are noted in slot->dirty.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hv.h"
#include "memory.h"
#include "pin.h"
#include "slpt.h"

#define MEM_MAX_PAGES ((1UL << 31) - 1)
#define MEM_PAGES_PER_LOOK 4096
#define MEM_MAX_TURN_NS NSEC_PER_MSEC
#define MEM_STALE BIT(30) /* in vm->mem_writers, beside the count */
#define MEM_KNOWN_FLAGS (KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

struct mem_slot {
	u32 id;
	u32 flags;
	u64 gpa, hva, npages;
	u64 nchunks;
	struct pin_chunk **chunks;
	unsigned long *dirty; /* with KVM_MEM_LOG_DIRTY_PAGES: pages the hypervisor wrote */
};

struct mem {
	struct vm *vm;
	struct mutex lock; /* writers, one at a time */
	struct pin_cache pins;
	struct slpt slpt;
	struct mem_slot *slots[HV_MAX_SLOTS]; /* by id */
	struct mem_slot *sorted[HV_MAX_SLOTS]; /* by gpa */
	unsigned int nslots;
	unsigned int hint; /* index in sorted of the last hit: only a guess */
};

static void mem_client_changed(struct pin_cache *c)
{
	struct vm *vm = container_of(c, struct mem, pins)->vm;
	int i, n = smp_load_acquire(&vm->nr_vcpus);

	atomic_or(MEM_STALE, &vm->mem_writers);
	smp_mb__after_atomic();
	for (i = 0; i < n; i++)
		vcpu_kick(vm->vcpus[i]);
	for (i = 0; i < n; i++) {
		while (READ_ONCE(vm->vcpus[i]->mode) != VCPU_OUTSIDE)
			cpu_relax();
	}
}

int mem_create(struct vm *vm)
{
	struct mem *m = kvzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	int r;

	if (!m)
		return -ENOMEM;
	mutex_init(&m->lock);
	vm->mem = m;
	m->vm = vm;
	r = slpt_create(&m->slpt);
	if (r)
		return r;
	vm->slpt_root_pa = slpt_root_pa(&m->slpt);
	return pin_cache_init(&m->pins, vm->mm, mem_client_changed);
}

static void mem_free_slot(struct mem *m, struct mem_slot *s)
{
	u64 i;

	for (i = 0; i < s->nchunks; i++) {
		if (s->chunks[i])
			pin_put(&m->pins, s->chunks[i]);
		cond_resched();
	}
	kvfree(s->chunks);
	kvfree(s->dirty);
	kfree(s);
}

void mem_stop(struct vm *vm)
{
	if (vm->mem)
		pin_cache_stop(&vm->mem->pins);
}

void mem_destroy(struct vm *vm)
{
	struct mem *m = vm->mem;
	unsigned int i;

	if (!m)
		return;
	slpt_destroy(&m->slpt);
	for (i = 0; i < m->nslots; i++)
		mem_free_slot(m, m->sorted[i]);
	pin_cache_destroy(&m->pins);
	kvfree(m);
	vm->mem = NULL;
}

/* At least half of the time belongs to the vCPUs. */
static void mem_give_vcpus_a_turn(struct vm *vm)
{
	u64 now = ktime_get_ns(), until = READ_ONCE(vm->mem_turn_until_ns);

	if (now < until)
		fsleep(DIV_ROUND_UP(until - now, NSEC_PER_USEC));
}

void mem_write_lock(struct vm *vm)
{
	int i, n = smp_load_acquire(&vm->nr_vcpus);

	mem_give_vcpus_a_turn(vm);
	atomic_inc(&vm->mem_writers);
	smp_mb__after_atomic();
	for (i = 0; i < n; i++)
		vcpu_kick(vm->vcpus[i]);
	down_write(&vm->mem_sem);
	vm->mem_locked_ns = ktime_get_ns();
}

void mem_write_unlock(struct vm *vm)
{
	u64 now = ktime_get_ns();

	if (READ_ONCE(vm->mem_held_up)) {
		WRITE_ONCE(vm->mem_held_up, false);
		WRITE_ONCE(vm->mem_turn_until_ns, now + min_t(u64, now - vm->mem_locked_ns, MEM_MAX_TURN_NS));
	}
	/* In this order: a vCPU that still sees a writer would not wait but spin. */
	atomic_dec(&vm->mem_writers);
	up_write(&vm->mem_sem);
}

static void mem_flush_all(struct vm *vm)
{
	int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_TLB_FLUSH);
	vm->stats.remote_tlb_flush++;
	vm->mem_generation++;
}

static bool slot_contains(const struct mem_slot *s, u64 gpa)
{
	return gpa - s->gpa < s->npages << PAGE_SHIFT;
}

static struct mem_slot *mem_find(struct mem *m, u64 gpa)
{
	unsigned int hint = READ_ONCE(m->hint);
	unsigned int lo = 0, hi = m->nslots;

	hint = array_index_nospec(hint, HV_MAX_SLOTS);
	if (likely(hint < m->nslots && slot_contains(m->sorted[hint], gpa)))
		return m->sorted[hint];
	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (gpa < m->sorted[mid]->gpa) {
			hi = mid;
		} else if (slot_contains(m->sorted[mid], gpa)) {
			WRITE_ONCE(m->hint, mid);
			return m->sorted[mid];
		} else {
			lo = mid + 1;
		}
	}
	return NULL;
}

void *gpa_ptr(struct vm *vm, u64 gpa, unsigned int len, bool write)
{
	struct mem_slot *s = mem_find(vm->mem, gpa);
	u64 page, hva;

	if (unlikely(!s) || offset_in_page(gpa) + len > PAGE_SIZE)
		return NULL;
	page = array_index_nospec((gpa - s->gpa) >> PAGE_SHIFT, s->npages);
	if (write) {
		if (s->flags & KVM_MEM_READONLY)
			return NULL;
		if (s->dirty)
			set_bit(page, s->dirty);
	}
	hva = s->hva + (page << PAGE_SHIFT);
	return page_address(s->chunks[(hva >> PIN_CHUNK_SHIFT) - (s->hva >> PIN_CHUNK_SHIFT)]
				    ->pages[(hva >> PAGE_SHIFT) & (PIN_CHUNK_PAGES - 1)]) +
	       offset_in_page(gpa);
}

static int gpa_copy(struct vm *vm, u64 gpa, void *buf, unsigned int len, bool write)
{
	while (len) {
		unsigned int n = min_t(unsigned int, len, PAGE_SIZE - offset_in_page(gpa));
		void *p = gpa_ptr(vm, gpa, n, write);

		if (!p)
			return -EFAULT;
		if (write)
			memcpy(p, buf, n);
		else
			memcpy(buf, p, n);
		gpa += n;
		buf += n;
		len -= n;
	}
	return 0;
}

int gpa_read(struct vm *vm, u64 gpa, void *buf, unsigned int len)
{
	return gpa_copy(vm, gpa, buf, len, false);
}

int gpa_write(struct vm *vm, u64 gpa, const void *buf, unsigned int len)
{
	return gpa_copy(vm, gpa, (void *)buf, len, true);
}

static struct pin_chunk *slot_chunk(const struct mem_slot *s, u64 hva)
{
	return s->chunks[(hva >> PIN_CHUNK_SHIFT) - (s->hva >> PIN_CHUNK_SHIFT)];
}

static u64 slot_pa(const struct mem_slot *s, u64 hva)
{
	return page_to_phys(slot_chunk(s, hva)->pages[(hva >> PAGE_SHIFT) & (PIN_CHUNK_PAGES - 1)]);
}

/* All of one 1 GiB piece is physically contiguous and aligned. */
static bool slot_fits_1g(const struct mem_slot *s, u64 hva)
{
	u64 pa, i;

	if (!slot_chunk(s, hva)->contiguous)
		return false;
	pa = slot_pa(s, hva);
	if (pa & (slpt_level_size(3) - 1))
		return false;
	for (i = 1; i < 512; i++) {
		u64 at = hva + (i << PIN_CHUNK_SHIFT);

		if (!slot_chunk(s, at)->contiguous || slot_pa(s, at) != pa + (i << PIN_CHUNK_SHIFT))
			return false;
	}
	return true;
}

static unsigned int slot_level_at(const struct mem_slot *s, u64 offset)
{
	u64 gpa = s->gpa + offset, hva = s->hva + offset;
	u64 left = (s->npages << PAGE_SHIFT) - offset;

	if ((s->flags & KVM_MEM_LOG_DIRTY_PAGES) || hv->slpt_max_level < 2)
		return 1;
	if ((gpa | hva) & (slpt_level_size(2) - 1) || left < slpt_level_size(2))
		return 1;
	if (!slot_chunk(s, hva)->contiguous)
		return 1;
	if (boot_cpu_has(X86_FEATURE_GBPAGES) && hv->slpt_max_level >= 3 && !((gpa | hva) & (slpt_level_size(3) - 1)) &&
	    left >= slpt_level_size(3) && slot_fits_1g(s, hva))
		return 3;
	return 2;
}

static void mem_count_pages(struct vm *vm, unsigned int level, s64 n)
{
	if (level == 3)
		vm->stats.pages_1g += n;
	else if (level == 2)
		vm->stats.pages_2m += n;
	else
		vm->stats.pages_4k += n;
}

static void mem_unmap_slot(struct vm *vm, struct mem_slot *s)
{
	u64 size = s->npages << PAGE_SHIFT;
	u64 offset = 0;

	while (offset < size) {
		unsigned int level = slot_level_at(s, offset);

		mem_count_pages(vm, level, -1);
		offset += slpt_level_size(level);
		cond_resched();
	}
	slpt_unmap(&vm->mem->slpt, s->gpa, size);
}

static int mem_map_slot(struct vm *vm, struct mem_slot *s)
{
	u64 size = s->npages << PAGE_SHIFT;
	u64 offset = 0;

	while (offset < size) {
		unsigned int level = slot_level_at(s, offset);
		int r = slpt_map(&vm->mem->slpt, s->gpa + offset, slot_pa(s, s->hva + offset), level,
				 !(s->flags & KVM_MEM_READONLY));

		if (r) {
			/* With the piece that failed: it may have left empty tables. */
			slpt_unmap(&vm->mem->slpt, s->gpa, offset + slpt_level_size(level));
			return r;
		}
		offset += slpt_level_size(level);
		cond_resched();
	}
	for (offset = 0; offset < size; offset += slpt_level_size(slot_level_at(s, offset)))
		mem_count_pages(vm, slot_level_at(s, offset), 1);
	return 0;
}

static void mem_insert(struct mem *m, struct mem_slot *s)
{
	unsigned int i = m->nslots;

	for (; i > 0 && m->sorted[i - 1]->gpa > s->gpa; i--)
		m->sorted[i] = m->sorted[i - 1];
	m->sorted[i] = s;
	m->nslots++;
	m->slots[s->id] = s;
}

static void mem_remove(struct mem *m, struct mem_slot *s)
{
	unsigned int i = 0;

	while (m->sorted[i] != s)
		i++;
	m->nslots--;
	for (; i < m->nslots; i++)
		m->sorted[i] = m->sorted[i + 1];
	m->sorted[m->nslots] = NULL;
	m->slots[s->id] = NULL;
}

static int mem_pin_slot(struct mem *m, struct mem_slot *s)
{
	u64 end = s->hva + (s->npages << PAGE_SHIFT);
	u64 base = s->hva & ~((1ULL << PIN_CHUNK_SHIFT) - 1);
	bool write = true;
	u64 i;

	for (i = 0; i < s->nchunks; i++) {
		u64 hva = base + (i << PIN_CHUNK_SHIFT);
		unsigned int first = (max(hva, s->hva) - hva) >> PAGE_SHIFT;
		unsigned int last = ((min(hva + (1ULL << PIN_CHUNK_SHIFT), end) - hva) >> PAGE_SHIFT) - 1;
		struct pin_chunk *c = pin_get(&m->pins, hva, first, last, write);

		/* Memory the client itself may not write is good enough for a read-only slot. */
		if (c == ERR_PTR(-EFAULT) && (s->flags & KVM_MEM_READONLY))
			c = pin_get(&m->pins, hva, first, last, false);
		if (IS_ERR(c))
			return PTR_ERR(c);
		s->chunks[i] = c;
		cond_resched();
	}
	return 0;
}

/* Pin anew what is stale in a slot; the vCPUs are stopped. What the client has unmapped stays as it was. */
static void mem_repin_slot(struct vm *vm, struct mem_slot *s)
{
	struct mem *m = vm->mem;
	u64 end = s->hva + (s->npages << PAGE_SHIFT);
	u64 i;

	for (i = 0; i < s->nchunks; i++) {
		struct pin_chunk *old = s->chunks[i], *new;
		unsigned int first, last;

		if (!pin_is_stale(&m->pins, old))
			continue;
		first = (max(old->hva, s->hva) - old->hva) >> PAGE_SHIFT;
		last = ((min(old->hva + (1ULL << PIN_CHUNK_SHIFT), end) - old->hva) >> PAGE_SHIFT) - 1;
		new = pin_get(&m->pins, old->hva, first, last, old->write);
		if (IS_ERR(new))
			continue;
		s->chunks[i] = new;
		pin_put(&m->pins, old);
	}
}

static bool mem_slot_is_stale(struct mem *m, const struct mem_slot *s)
{
	u64 i;

	for (i = 0; i < s->nchunks; i++) {
		if (pin_is_stale(&m->pins, s->chunks[i]))
			return true;
	}
	return false;
}

bool mem_is_stale(struct vm *vm)
{
	return atomic_read(&vm->mem_writers) & MEM_STALE;
}

/* A vCPU's thread, not loaded. Others wait here until the first is done. 0, -EINTR, -EIO. */
int mem_resync(struct vm *vm)
{
	struct mem *m = vm->mem;
	unsigned int i;

	if (mutex_lock_killable(&m->lock))
		return -EINTR;
	if (!mem_is_stale(vm))
		goto out;
	mem_write_lock(vm);
	/* From here on a change that we do not see raises it again. */
	atomic_andnot(MEM_STALE, &vm->mem_writers);
	smp_mb__after_atomic();
	for (i = 0; i < m->nslots; i++) {
		struct mem_slot *s = m->sorted[i];

		if (!mem_slot_is_stale(m, s))
			continue;
		mem_unmap_slot(vm, s);
		mem_repin_slot(vm, s);
		if (mem_map_slot(vm, s))
			vm->dead = true;
	}
	mem_flush_all(vm);
	mem_write_unlock(vm);
out:
	mutex_unlock(&m->lock);
	return vm->dead ? -EIO : 0;
}

static int mem_alloc_dirty(struct mem_slot *s)
{
	s->dirty = kvcalloc(BITS_TO_LONGS(s->npages), sizeof(long), GFP_KERNEL_ACCOUNT);
	return s->dirty ? 0 : -ENOMEM;
}

static struct mem_slot *mem_new_slot(struct mem *m, const struct kvm_userspace_memory_region *r)
{
	struct mem_slot *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	u64 last = r->userspace_addr + r->memory_size - 1;
	int err;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->id = r->slot;
	s->flags = r->flags;
	s->gpa = r->guest_phys_addr;
	s->hva = r->userspace_addr;
	s->npages = r->memory_size >> PAGE_SHIFT;
	s->nchunks = (last >> PIN_CHUNK_SHIFT) - (s->hva >> PIN_CHUNK_SHIFT) + 1;
	s->chunks = kvcalloc(s->nchunks, sizeof(*s->chunks), GFP_KERNEL_ACCOUNT);
	err = s->chunks ? 0 : -ENOMEM;
	if (!s->chunks)
		s->nchunks = 0;
	if (!err && (s->flags & KVM_MEM_LOG_DIRTY_PAGES))
		err = mem_alloc_dirty(s);
	if (!err)
		err = mem_pin_slot(m, s);
	if (err) {
		mem_free_slot(m, s);
		return ERR_PTR(err);
	}
	return s;
}

/* Put a slot in place of another (either may be NULL), with the vCPUs stopped. */
static int mem_swap_slot(struct vm *vm, struct mem_slot *old, struct mem_slot *new)
{
	struct mem *m = vm->mem;
	int r = 0;

	mem_write_lock(vm);
	if (old) {
		mem_unmap_slot(vm, old);
		mem_remove(m, old);
	}
	if (new) {
		r = mem_map_slot(vm, new);
		if (!r)
			mem_insert(m, new);
	}
	if (r && old) {
		/* Its tables were just freed, so this cannot need more memory than there was; if it does, the slot is lost. */
		if (!mem_map_slot(vm, old))
			mem_insert(m, old);
		else
			vm->dead = true;
	}
	mem_flush_all(vm);
	vm->stats.pinned_bytes = m->pins.pinned_pages << PAGE_SHIFT;
	mem_write_unlock(vm);
	return r;
}

static int mem_change_flags(struct vm *vm, struct mem_slot *s, u32 flags)
{
	bool log = flags & KVM_MEM_LOG_DIRTY_PAGES;
	unsigned long *old = s->dirty;
	int r = 0;

	if (flags == s->flags)
		return 0;
	mem_write_lock(vm);
	mem_unmap_slot(vm, s);
	s->flags = flags;
	s->dirty = NULL;
	if (log)
		r = mem_alloc_dirty(s);
	if (r)
		s->flags &= ~KVM_MEM_LOG_DIRTY_PAGES;
	if (mem_map_slot(vm, s)) {
		r = -ENOMEM;
		vm->dead = true;
	}
	mem_flush_all(vm);
	mem_write_unlock(vm);
	kvfree(old);
	return r;
}

static bool mem_overlaps(struct mem *m, const struct kvm_userspace_memory_region *r, const struct mem_slot *except)
{
	u64 end = r->guest_phys_addr + r->memory_size;
	unsigned int i;

	for (i = 0; i < m->nslots; i++) {
		const struct mem_slot *s = m->sorted[i];

		if (s != except && s->gpa < end && r->guest_phys_addr < s->gpa + (s->npages << PAGE_SHIFT))
			return true;
	}
	return false;
}

static int mem_check_region(const struct kvm_userspace_memory_region *r)
{
	if (r->slot >= HV_MAX_SLOTS || (r->flags & ~MEM_KNOWN_FLAGS))
		return -EINVAL;
	if ((r->memory_size | r->guest_phys_addr | r->userspace_addr) & ~PAGE_MASK)
		return -EINVAL;
	if (r->memory_size >> PAGE_SHIFT > MEM_MAX_PAGES)
		return -EINVAL;
	if (r->guest_phys_addr + r->memory_size < r->guest_phys_addr ||
	    r->guest_phys_addr + r->memory_size > slpt_limit())
		return -EINVAL;
	if (r->userspace_addr != untagged_addr(r->userspace_addr) ||
	    !access_ok((void __user *)(unsigned long)r->userspace_addr, r->memory_size))
		return -EINVAL;
	return 0;
}

static int mem_set_region_locked(struct vm *vm, const struct kvm_userspace_memory_region *r)
{
	struct mem *m = vm->mem;
	struct mem_slot *old = m->slots[array_index_nospec(r->slot, HV_MAX_SLOTS)];
	struct mem_slot *new;
	int err;

	if (!r->memory_size) {
		if (!old)
			return -EINVAL;
		err = mem_swap_slot(vm, old, NULL);
		mem_free_slot(m, old);
		return err;
	}
	if (mem_overlaps(m, r, old))
		return -EEXIST;
	if (old) {
		if (r->userspace_addr != old->hva || r->memory_size >> PAGE_SHIFT != old->npages ||
		    ((r->flags ^ old->flags) & KVM_MEM_READONLY))
			return -EINVAL;
		if (r->guest_phys_addr == old->gpa)
			return mem_change_flags(vm, old, r->flags);
	}
	new = mem_new_slot(m, r);
	if (IS_ERR(new))
		return PTR_ERR(new);
	err = mem_swap_slot(vm, old, new);
	if (err)
		mem_free_slot(m, new);
	else if (old)
		mem_free_slot(m, old);
	return err;
}

/* KVM_SET_USER_MEMORY_REGION. -EINVAL, -EEXIST (overlap), -EFAULT (nothing there), -ENOMEM (also: memlock limit), -EINTR. */
int mem_set_region(struct vm *vm, const struct kvm_userspace_memory_region *region)
{
	int r = mem_check_region(region);

	if (r)
		return r;
	mutex_lock(&vm->mem->lock);
	r = mem_set_region_locked(vm, region);
	mutex_unlock(&vm->mem->lock);
	return r;
}

/* Move the dirty marks of pages [first, first + n) into bits (from bit 0), clearing them. */
static void mem_collect_dirty(struct vm *vm, struct mem_slot *s, u64 first, u64 n, unsigned long *bits)
{
	u64 i;

	for (i = 0; i < n; i++) {
		u64 page = first + i;
		bool dirty = test_and_clear_bit(page, s->dirty);

		if (slpt_test_and_clear_dirty(&vm->mem->slpt, s->gpa + (page << PAGE_SHIFT)))
			dirty = true;
		if (dirty && bits)
			__set_bit(i, bits);
		if (!(i % MEM_PAGES_PER_LOOK))
			cond_resched();
	}
}

static struct mem_slot *mem_logging_slot(struct mem *m, u32 id)
{
	struct mem_slot *s;

	if (id >= HV_MAX_SLOTS)
		return NULL;
	s = m->slots[array_index_nospec(id, HV_MAX_SLOTS)];
	return s && s->dirty ? s : NULL;
}

/* KVM_GET_DIRTY_LOG: the pages written since the last call. -ENOENT when the slot does not log. */
int mem_get_dirty_log(struct vm *vm, const struct kvm_dirty_log *log)
{
	struct mem *m = vm->mem;
	unsigned long *bits;
	struct mem_slot *s;
	int r = -ENOENT;
	u64 n;

	if (log->slot >= HV_MAX_SLOTS)
		return -EINVAL;
	mutex_lock(&m->lock);
	s = mem_logging_slot(m, log->slot);
	if (!s)
		goto out;
	n = BITS_TO_LONGS(s->npages) * sizeof(long);
	bits = kvzalloc(n, GFP_KERNEL_ACCOUNT);
	r = -ENOMEM;
	if (!bits)
		goto out;
	mem_write_lock(vm);
	mem_collect_dirty(vm, s, 0, s->npages, bits);
	mem_flush_all(vm);
	mem_write_unlock(vm);
	r = copy_to_user(log->dirty_bitmap, bits, n) ? -EFAULT : 0;
	kvfree(bits);
out:
	mutex_unlock(&m->lock);
	return r;
}
