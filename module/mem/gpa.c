// SPDX-License-Identifier: GPL-2.0-only
/* Access to guest memory by guest physical address; see memslot.h. */
#include <linux/irqflags.h>
#include <linux/mm.h>

#include "base/runner.h"
#include "gpa.h"
#include "page_fault.h"
#include "slot.h"

enum gpa_state { GPA_NONE, GPA_ABSENT, GPA_HERE };

static enum gpa_state gpa_look_up(struct vm *vm, u64 gpa, unsigned int len, bool write, void **where)
{
	struct mem_slot *s = mem_find(vm->mem, gpa);
	unsigned long page;
	u64 n;

	if (unlikely(!s) || offset_in_page(gpa) + len > PAGE_SIZE || (write && (s->flags & KVM_MEM_READONLY)))
		return GPA_NONE;
	n = (gpa - s->gpa) >> PAGE_SHIFT;
	page = slot_page(s, n);
	if (unlikely(!host_page_allows(page, write)))
		return GPA_ABSENT;
	if (unlikely(!(page & HOST_PAGE_RAM)))
		return GPA_NONE;
	if (write && s->dirty)
		set_bit(array_index_nospec(n, s->npages), s->dirty);
	*where = __va(host_page_pa(page)) + offset_in_page(gpa);
	return GPA_HERE;
}

void *gpa_ptr_present(struct vm *vm, u64 gpa, unsigned int len, bool write)
{
	void *where;

	return gpa_look_up(vm, gpa, len, write, &where) == GPA_HERE ? where : NULL;
}

static int gpa_page_in(struct vcpu *v, u64 gpa, bool write)
{
	bool loaded = v->loaded;
	int r;

	if (WARN_ON_ONCE(irqs_disabled()))
		return -EFAULT;
	if (loaded)
		v->runner->pause(v);
	else
		up_read(&v->vm->mem_sem);
	r = mem_page_in(v->vm, gpa, write);
	if (loaded)
		v->runner->resume(v);
	else
		down_read(&v->vm->mem_sem);
	return r;
}

/* The page was absent. Fetch it; by the time we are back it may have gone again, or the slot. */
static noinline void *gpa_ptr_slow(struct vcpu *v, u64 gpa, unsigned int len, bool write)
{
	enum gpa_state state;
	void *where;
	int r;

	for (;;) {
		r = gpa_page_in(v, gpa, write);
		if (r && r != -ENOENT)
			break;
		state = gpa_look_up(v->vm, gpa, len, write, &where);
		if (state != GPA_ABSENT)
			return state == GPA_HERE ? where : NULL;
	}
	if (v->loaded) {
		v->mem_error = r;
		vcpu_request(v, REQ_MEMORY_ERROR);
	}
	return NULL;
}

void *gpa_ptr(struct vcpu *v, u64 gpa, unsigned int len, bool write)
{
	void *where = NULL;

	switch (gpa_look_up(v->vm, gpa, len, write, &where)) {
	case GPA_HERE:
		return where;
	case GPA_ABSENT:
		return gpa_ptr_slow(v, gpa, len, write);
	default:
		return NULL;
	}
}

void gpa_forget_error(struct vcpu *v)
{
	if (unlikely(v->mem_error)) {
		v->mem_error = 0;
		clear_bit(REQ_MEMORY_ERROR, &v->requests);
	}
}

static int gpa_copy(struct vcpu *v, u64 gpa, void *buf, unsigned int len, bool write)
{
	while (len) {
		unsigned int n = min_t(unsigned int, len, PAGE_SIZE - offset_in_page(gpa));
		void *p = gpa_ptr(v, gpa, n, write);

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

int gpa_read(struct vcpu *v, u64 gpa, void *buf, unsigned int len)
{
	return gpa_copy(v, gpa, buf, len, false);
}

int gpa_write(struct vcpu *v, u64 gpa, const void *buf, unsigned int len)
{
	return gpa_copy(v, gpa, (void *)buf, len, true);
}
