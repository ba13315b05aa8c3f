// SPDX-License-Identifier: GPL-2.0-only
/* The look-up of a slot by guest physical address. */
#include "slot.h"

static bool slot_contains(const struct mem_slot *s, u64 gpa)
{
	return gpa - s->gpa < s->npages << PAGE_SHIFT;
}

struct mem_slot *mem_find(struct mem *m, u64 gpa)
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

bool mem_is_ram(struct vm *vm, u64 gpa, bool write)
{
	struct mem_slot *s = mem_find(vm->mem, gpa);

	return s && !(write && (s->flags & KVM_MEM_READONLY));
}
