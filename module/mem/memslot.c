// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: the slots.
 *
 * A slot maps a range of guest physical addresses to a range of its owner's
 * address space (the process that created the VM).
 *
 * The rule. What the guest sees is what the owner has, or the guest stops with
 * EFAULT, and every write is logged. So:
 *   - Memory is pinned and mapped into the second-level page table when a slot
 *     is registered, with the largest pages that fit: in steady state a guest
 *     takes no second-level fault on memory. What the owner does not have then,
 *     or what userfaultfd watches, is fetched when it is wanted (page_fault.c).
 *   - When the owner's mapping changes, the mmu notifier (pin.c) has us take
 *     the range out of use before the change happens (mem_zap()). It is looked
 *     for again when it is wanted, by the guest or by the hypervisor (gpa.c).
 *   - A page is never written through where the owner could not write.
 *   - Whatever removes a mapping of a slot that logs keeps its dirty bits.
 *   - Memory is released with the address space, even if the VM's file stays open.
 *
 * Changing the map. mem->lock serialises changes of the slots. vm->mem_sem
 * protects slots and mappings. A vCPU holds it for reading all the time between
 * vcpu_load() and vcpu_unload(). To take something away, mem_write_lock():
 * raise vm->mem_writers, kick every vCPU, take vm->mem_sem for writing. A vCPU
 * looks at mem_writers between publishing VCPU_IN_GUEST and entering, so it
 * either sees the writer or is seen by it; it then drops mem_sem and queues
 * behind. Changes that follow each other without a pause would leave the vCPUs
 * no time in the guest, so a change that would stop them again so soon waits
 * first: as long as the last one held them up, 1 ms at most. To add something,
 * vm->mem_sem for reading and pin_cache->page_lock do, and the vCPUs run on.
 *
 * The notifier takes vm->mem_sem for writing, under mmap_lock, from reclaim,
 * anywhere. So a holder of vm->mem_sem, for reading or writing, must not take
 * mmap_lock, touch user memory, or allocate memory in a way that may wait.
 *
 * Dirty logging uses the dirty bits the CPU sets in the second-level table;
 * a slot that logs is mapped with 4K pages. slot->dirty holds what the
 * hypervisor itself has written, and the bits of mappings that are gone.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "memslot.h"
#include "page_fault.h"
#include "slot.h"
#include "write_lock.h"

#define MEM_MAX_PAGES ((1UL << 31) - 1)
#define MEM_PAGES_PER_LOOK 4096
#define MEM_KNOWN_FLAGS (KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

static void mem_flush_all(struct vm *vm)
{
	int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_TLB_FLUSH);
	vm->stats.remote_tlb_flush++;
	vm->mem_generation++;
}

/* ---- taking mappings away; vm->mem_sem held for writing ---- */

static void mem_slot_unmap(struct vm *vm, struct mem_slot *s, u64 offset, u64 size, bool may_block)
{
	tdp_unmap(&vm->mem->tdp, s->gpa + offset, size, s->dirty, s->gpa >> PAGE_SHIFT, may_block);
}

/* The owner's mapping of [start, end) is about to change: see pin.h. */
static void mem_zap(struct pin_cache *c, u64 start, u64 end, bool may_block)
{
	struct mem *m = container_of(c, struct mem, pins);
	struct vm *vm = m->vm;
	unsigned int i;

	if (may_block)
		mem_write_lock(vm);
	else
		mem_write_lock_spinning(vm);
	for (i = 0; i < m->nslots; i++) {
		struct mem_slot *s = m->sorted[i];
		u64 first = max(start, s->hva), last = min(end, s->hva + slot_size(s));

		if (first < last)
			mem_slot_unmap(vm, s, first - s->hva, last - first, may_block);
	}
	pin_invalidate(c, start, end, may_block);
	mem_flush_all(vm);
	mem_write_unlock(vm);
}

void mem_remap_all(struct vm *vm)
{
	struct mem *m = vm->mem;
	unsigned int i;
	bool changed;

	mutex_lock(&m->lock);
	mem_write_lock(vm);
	for (i = 0; i < m->nslots; i++)
		mem_slot_unmap(vm, m->sorted[i], 0, slot_size(m->sorted[i]), true);
	mem_flush_all(vm);
	mem_write_unlock(vm);
	/* What cannot be mapped now is mapped when the guest goes there. */
	for (i = 0; i < m->nslots; i++)
		mem_map_range(vm, m->sorted[i]->gpa, m->sorted[i]->gpa + slot_size(m->sorted[i]), &changed);
	mutex_unlock(&m->lock);
}

/* ---- life ---- */

int mem_create(struct vm *vm)
{
	struct mem *m = kvzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	int r;

	if (!m)
		return -ENOMEM;
	mutex_init(&m->lock);
	vm->mem = m;
	m->vm = vm;
	m->tdp.nleaf[1] = &vm->stats.pages_4k;
	m->tdp.nleaf[2] = &vm->stats.pages_2m;
	m->tdp.nleaf[3] = &vm->stats.pages_1g;
	r = tdp_create(&m->tdp);
	if (r)
		return r;
	vm->tdp_root_pa = tdp_root_pa(&m->tdp);
	return pin_cache_init(&m->pins, vm->mm, &vm->stats.pinned_bytes, mem_zap);
}

static void mem_free_slot(struct mem *m, struct mem_slot *s)
{
	u64 i;

	for (i = 0; i < s->nchunks; i++) {
		if (s->chunks[i])
			pin_chunk_put(&m->pins, s->chunks[i]);
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
	tdp_destroy(&m->tdp);
	for (i = 0; i < m->nslots; i++)
		mem_free_slot(m, m->sorted[i]);
	pin_cache_destroy(&m->pins);
	kvfree(m);
	vm->mem = NULL;
}

/* ---- slots ---- */

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

static unsigned long *mem_alloc_dirty(u64 npages)
{
	return kvcalloc(BITS_TO_LONGS(npages), sizeof(long), GFP_KERNEL_ACCOUNT);
}

static struct mem_slot *mem_new_slot(struct mem *m, const struct kvm_userspace_memory_region *r)
{
	struct mem_slot *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	u64 last = r->userspace_addr + r->memory_size - 1;
	int err = 0;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->id = r->slot;
	s->flags = r->flags;
	s->serial = ++m->last_serial;
	s->gpa = r->guest_phys_addr;
	s->hva = r->userspace_addr;
	s->npages = r->memory_size >> PAGE_SHIFT;
	s->nchunks = (last >> PIN_CHUNK_SHIFT) - (s->hva >> PIN_CHUNK_SHIFT) + 1;
	s->chunks = kvcalloc(s->nchunks, sizeof(*s->chunks), GFP_KERNEL_ACCOUNT);
	if (s->flags & KVM_MEM_LOG_DIRTY_PAGES) {
		s->dirty = mem_alloc_dirty(s->npages);
		err = s->dirty ? 0 : -ENOMEM;
	}
	if (!s->chunks) {
		s->nchunks = 0;
		err = -ENOMEM;
	}
	if (err) {
		mem_free_slot(m, s);
		return ERR_PTR(err);
	}
	return s;
}

/* Put a slot in place of another (either may be NULL), with the vCPUs stopped. The new one is as yet unmapped. */
static void mem_swap_slot(struct vm *vm, struct mem_slot *old, struct mem_slot *new)
{
	struct mem *m = vm->mem;

	mem_write_lock(vm);
	if (old) {
		mem_slot_unmap(vm, old, 0, slot_size(old), true);
		mem_remove(m, old);
	}
	/* A slot that moves takes its log along. */
	if (old && new && old->dirty && new->dirty)
		swap(old->dirty, new->dirty);
	if (new)
		mem_insert(m, new);
	mem_flush_all(vm);
	mem_write_unlock(vm);
	if (old)
		mem_free_slot(m, old);
}

/* Only the dirty log can be switched on and off. What has been logged and not fetched is gone with it, as in KVM. */
static int mem_change_flags(struct vm *vm, struct mem_slot *s, u32 flags)
{
	unsigned long *dirty = NULL, *old = s->dirty;

	if (flags == s->flags)
		return 0;
	if (flags & KVM_MEM_LOG_DIRTY_PAGES) {
		dirty = mem_alloc_dirty(s->npages);
		if (!dirty)
			return -ENOMEM;
	}
	mem_write_lock(vm);
	mem_slot_unmap(vm, s, 0, slot_size(s), true);
	s->flags = flags;
	s->dirty = dirty;
	mem_flush_all(vm);
	mem_write_unlock(vm);
	kvfree(old);
	return 0;
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
	    r->guest_phys_addr + r->memory_size > tdp_limit())
		return -EINVAL;
	if (r->userspace_addr != untagged_addr(r->userspace_addr) ||
	    !access_ok((void __user *)(unsigned long)r->userspace_addr, r->memory_size))
		return -EINVAL;
	return 0;
}

/* 0, with *serial of the slot whose memory is to be made present (0: there is none), or -errno. created: it is new. */
static int mem_set_region_locked(struct vm *vm, const struct kvm_userspace_memory_region *r, u64 *serial, bool *created)
{
	struct mem *m = vm->mem;
	struct mem_slot *old = m->slots[array_index_nospec(r->slot, HV_MAX_SLOTS)];
	struct mem_slot *new;

	if (!r->memory_size) {
		if (!old)
			return -EINVAL;
		mem_swap_slot(vm, old, NULL);
		return 0;
	}
	if (mem_overlaps(m, r, old))
		return -EEXIST;
	if (old) {
		if (r->userspace_addr != old->hva || r->memory_size >> PAGE_SHIFT != old->npages ||
		    ((r->flags ^ old->flags) & KVM_MEM_READONLY))
			return -EINVAL;
		*serial = old->serial;
		if (r->guest_phys_addr == old->gpa)
			return mem_change_flags(vm, old, r->flags);
	}
	new = mem_new_slot(m, r);
	if (IS_ERR(new))
		return PTR_ERR(new);
	mem_swap_slot(vm, old, new);
	*serial = new->serial;
	*created = !old;
	return 0;
}

/* A slot whose memory could not be made present is not registered after all. */
static void mem_undo_slot(struct vm *vm, u32 id, u64 serial)
{
	struct mem *m = vm->mem;
	struct mem_slot *s;

	mutex_lock(&m->lock);
	s = m->slots[array_index_nospec(id, HV_MAX_SLOTS)];
	if (s && s->serial == serial)
		mem_swap_slot(vm, s, NULL);
	mutex_unlock(&m->lock);
}

/*
 * KVM_SET_USER_MEMORY_REGION. -EINVAL, -EEXIST (overlap), -ENOMEM (also: memlock limit), -EINTR. That the owner has
 * no memory there is no error: the guest's access is.
 */
int mem_set_region(struct vm *vm, const struct kvm_userspace_memory_region *region)
{
	bool created = false;
	u64 serial = 0;
	int r = mem_check_region(region);

	if (r)
		return r;
	mutex_lock(&vm->mem->lock);
	r = mem_set_region_locked(vm, region, &serial, &created);
	mutex_unlock(&vm->mem->lock);
	if (r || !serial)
		return r;
	/* Without the lock: this may take page faults that user space serves, with other calls to us. */
	r = mem_populate(vm, region->guest_phys_addr, region->memory_size >> PAGE_SHIFT);
	if (!created || (r != -ENOMEM && r != -EINTR))
		return 0;
	mem_undo_slot(vm, region->slot, serial);
	return r;
}

/* ---- the dirty log ---- */

/* Move the dirty marks of pages [first, first + n) into bits (from bit 0), clearing them. */
static void mem_collect_dirty(struct vm *vm, struct mem_slot *s, u64 first, u64 n, unsigned long *bits)
{
	u64 i;

	for (i = 0; i < n; i++) {
		u64 page = first + i;
		bool dirty = test_and_clear_bit(page, s->dirty);

		if (tdp_test_and_clear_dirty(&vm->mem->tdp, s->gpa + (page << PAGE_SHIFT)))
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
