// SPDX-License-Identifier: GPL-2.0-only
/* Pages of the owner's address space; see host_page.h. */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>

#include "base/compat.h"
#include "host_page.h"

enum host_kind {
	HOST_NONE, /* no memory, or none that may be read */
	HOST_RAM,
	HOST_WATCHED, /* RAM, and userfaultfd is told of faults */
	HOST_DEVICE, /* page frames without a struct page to pin */
};

struct host_vma {
	enum host_kind kind;
	bool writable;
	u64 end; /* all below is the same */
};

static int host_vma_at(struct mm_struct *mm, u64 hva, struct host_vma *v)
{
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma = find_vma(mm, hva);
	v->writable = false;
	if (!vma || vma->vm_start > hva) {
		v->kind = HOST_NONE;
		v->end = vma ? vma->vm_start : ULONG_MAX & PAGE_MASK;
	} else {
		v->end = vma->vm_end;
		v->writable = vma->vm_flags & VM_WRITE;
		if (!(vma->vm_flags & VM_READ))
			v->kind = HOST_NONE;
		else if (vma->vm_flags & (VM_IO | VM_PFNMAP))
			v->kind = HOST_DEVICE;
		else
			v->kind = userfaultfd_armed(vma) ? HOST_WATCHED : HOST_RAM;
	}
	mmap_read_unlock(mm);
	return 0;
}

u64 host_next_mapped(struct mm_struct *mm, u64 hva)
{
	struct host_vma v;

	return host_vma_at(mm, hva, &v) || v.kind != HOST_NONE ? hva : v.end;
}

/* ---- pinned pages ---- */

static int host_page_account(struct mm_struct *mm, unsigned int n)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_add_return(n, &mm->pinned_vm) <= limit || capable(CAP_IPC_LOCK))
		return 0;
	atomic64_sub(n, &mm->pinned_vm);
	return -ENOMEM;
}

static void host_page_unaccount(struct mm_struct *mm, unsigned int n)
{
	atomic64_sub(n, &mm->pinned_vm);
}

static unsigned long host_page_pack(const struct page *page, unsigned long flags)
{
	return page_to_pfn(page) << HOST_PAGE_PFN_SHIFT | HOST_PAGE_VALID | HOST_PAGE_RAM | flags;
}

/* Pin pages from hva on, with FOLL_* flags. The number pinned, at least 1, or -errno. */
static long host_pin(struct mm_struct *mm, u64 hva, unsigned int n, unsigned int flags, unsigned long *pages)
{
	unsigned long bits = HOST_PAGE_PINNED | (flags & FOLL_WRITE ? HOST_PAGE_WRITE : 0);
	struct page **found = (struct page **)pages; /* converted in place: both are one word */
	long i, got;
	int r;

	BUILD_BUG_ON(sizeof(*pages) != sizeof(*found));
	r = host_page_account(mm, n);
	if (r)
		return r;
	if (flags & FOLL_HWPOISON) /* the fast variant does not know it */
		got = pin_user_pages_unlocked(hva, n, found, flags | FOLL_LONGTERM);
	else
		got = pin_user_pages_fast(hva, n, flags | FOLL_LONGTERM, found);
	if (got < (long)n)
		host_page_unaccount(mm, n - max(got, 0L));
	for (i = 0; i < got; i++)
		pages[i] = host_page_pack(found[i], bits);
	return got ?: -EFAULT;
}

void host_page_put(struct mm_struct *mm, unsigned long page)
{
	if (!(page & HOST_PAGE_PINNED))
		return;
	/* Anonymous memory, shmem and hugetlbfs, all that can be pinned for writing, need no more than the flag. */
	if (page & HOST_PAGE_WRITE)
		SetPageDirty(pfn_to_page(host_page_pfn(page)));
	unpin_user_page(pfn_to_page(host_page_pfn(page)));
	host_page_unaccount(mm, 1);
}

void host_pages_put(struct mm_struct *mm, unsigned long *pages, unsigned int n)
{
	while (n--) {
		host_page_put(mm, *pages);
		*pages++ = 0;
	}
}

/* ---- pages that must not be pinned for long ---- */

/* Memory of a file system that forbids long pins: the mmu notifier says when a page goes. The number found, or -errno. */
static long host_look_up(u64 hva, unsigned int n, unsigned int flags, unsigned long *pages)
{
	unsigned long bits = flags & FOLL_WRITE ? HOST_PAGE_WRITE : 0;
	struct page **found = (struct page **)pages;
	long i, got;

	got = get_user_pages_unlocked(hva, n, found, flags);
	for (i = 0; i < got; i++) {
		struct page *page = found[i];

		pages[i] = host_page_pack(page, bits);
		put_page(page);
	}
	return got ?: -EFAULT;
}

static bool host_page_is_final(long r)
{
	return r == -ENOMEM || r == -EINTR || r == -ERESTARTSYS || r == -EHWPOISON;
}

static long host_pin_or_look_up(struct mm_struct *mm, u64 hva, unsigned int n, unsigned int flags,
				unsigned long *pages)
{
	long r = host_pin(mm, hva, n, flags, pages);

	return r > 0 || host_page_is_final(r) ? r : host_look_up(hva, n, flags, pages);
}

/* ---- devices' memory ---- */

/* mmap_lock held. The page that the owner's page table has at hva; 0 when there is none. */
static unsigned long host_device_page(struct vm_area_struct *vma, u64 hva)
{
	unsigned long pfn, page;
	pgprot_t prot;
	bool writable;

	if (hv_follow_pfn(vma, hva, &pfn, &writable, &prot))
		return 0;
	page = pfn << HOST_PAGE_PFN_SHIFT | HOST_PAGE_VALID;
	if (writable && (vma->vm_flags & VM_WRITE))
		page |= HOST_PAGE_WRITE;
	if (pgprot_val(prot) & _PAGE_PWT)
		page |= HOST_PAGE_PWT;
	if (pgprot_val(prot) & _PAGE_PCD)
		page |= HOST_PAGE_PCD;
	if (!(page & (HOST_PAGE_PWT | HOST_PAGE_PCD)) && pfn_valid(pfn))
		page |= HOST_PAGE_RAM;
	return page;
}

/* Pages from hva on that are in the owner's page table now. */
static unsigned int host_device_peek(struct mm_struct *mm, u64 hva, unsigned int n, bool write, unsigned long *pages)
{
	struct vm_area_struct *vma;
	unsigned int i = 0;

	if (mmap_read_lock_killable(mm))
		return 0;
	vma = vma_lookup(mm, hva);
	if (vma && (vma->vm_flags & (VM_IO | VM_PFNMAP))) {
		for (; i < n && hva < vma->vm_end; i++, hva += PAGE_SIZE) {
			pages[i] = host_device_page(vma, hva);
			if (!host_page_allows(pages[i], write))
				break;
		}
	}
	mmap_read_unlock(mm);
	return i;
}

static int host_device_fault_in(struct mm_struct *mm, u64 hva, bool write, unsigned long *page)
{
	bool unlocked = false;
	int r;

	if (host_device_peek(mm, hva, 1, write, page))
		return 0;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	r = fixup_user_fault(mm, hva, write ? FAULT_FLAG_WRITE : 0, &unlocked);
	mmap_read_unlock(mm);
	if (r)
		return fatal_signal_pending(current) ? -EINTR : r;
	/* It may have gone again: then the caller's next try faults once more. */
	return host_device_peek(mm, hva, 1, write, page) ? 0 : -EAGAIN;
}

/* ---- the three ways to find pages ---- */

/* A read of writable memory must not count as a write where userfaultfd reports writes. */
static int host_watched_read(struct mm_struct *mm, u64 hva, unsigned int flags, unsigned long *page)
{
	unsigned long writable;
	long r = host_pin_or_look_up(mm, hva, 1, flags, page);

	if (r < 0)
		return r;
	if (host_pin(mm, hva, 1, FOLL_WRITE | FOLL_NOFAULT, &writable) > 0) {
		host_page_put(mm, *page);
		*page = writable;
	}
	return 0;
}

int host_page_fault_in(struct mm_struct *mm, u64 hva, bool write, bool interruptible, unsigned long *page)
{
	unsigned int flags = FOLL_HWPOISON | (interruptible ? HV_FOLL_INTERRUPTIBLE : 0);
	struct host_vma vma;
	long r;

	r = host_vma_at(mm, hva, &vma);
	if (r)
		return r;
	if (vma.kind == HOST_NONE || (write && !vma.writable))
		return -EFAULT;
	if (vma.kind == HOST_DEVICE)
		return host_device_fault_in(mm, hva, write, page);
	if (vma.kind == HOST_WATCHED && !write)
		return host_watched_read(mm, hva, flags, page);
	r = host_pin_or_look_up(mm, hva, 1, flags | (vma.writable ? FOLL_WRITE : 0), page);
	if (r < 0 && !host_page_is_final(r) && !write && vma.writable)
		r = host_pin_or_look_up(mm, hva, 1, flags, page);
	return r > 0 ? 0 : r;
}

unsigned int host_pages_peek(struct mm_struct *mm, u64 hva, unsigned int n, bool write, unsigned long *pages)
{
	unsigned int found;
	long r;

	r = host_pin(mm, hva, n, FOLL_NOFAULT | FOLL_WRITE, pages);
	if (r > 0)
		return r;
	if (!write) {
		r = host_pin(mm, hva, n, FOLL_NOFAULT, pages);
		if (r > 0)
			return r;
	}
	found = host_device_peek(mm, hva, n, write, pages);
	memset(pages + found, 0, (n - found) * sizeof(*pages));
	return found;
}

static int host_populate_ram(struct mm_struct *mm, u64 hva, unsigned int n, bool write, unsigned long *pages)
{
	unsigned int done = 0;

	while (done < n) {
		long r = host_pin_or_look_up(mm, hva + ((u64)done << PAGE_SHIFT), n - done, write ? FOLL_WRITE : 0,
					     pages + done);

		if (host_page_is_final(r)) {
			host_pages_put(mm, pages, done);
			return r == -EHWPOISON ? 0 : r;
		}
		/* The rest is left to faults: there is none beyond the end of a file. */
		if (r < 0)
			break;
		done += r;
	}
	memset(pages + done, 0, (n - done) * sizeof(*pages));
	return 0;
}

/* As peek, but going on behind what is missing. */
static void host_populate_present(struct mm_struct *mm, u64 hva, unsigned int n, unsigned long *pages)
{
	unsigned int i = 0;

	while (i < n) {
		unsigned int found = host_pages_peek(mm, hva + ((u64)i << PAGE_SHIFT), n - i, false, pages + i);

		i += found;
		if (i < n && !found)
			pages[i++] = 0;
	}
}

int host_pages_populate(struct mm_struct *mm, u64 hva, unsigned int n, bool write, unsigned long *pages)
{
	unsigned int done = 0, run;
	struct host_vma vma;
	int r = 0;

	while (!r && done < n) {
		u64 at = hva + ((u64)done << PAGE_SHIFT);

		r = fatal_signal_pending(current) ? -EINTR : host_vma_at(mm, at, &vma);
		if (r)
			break;
		run = min_t(u64, n - done, (vma.end - at) >> PAGE_SHIFT);
		if (vma.kind == HOST_NONE)
			memset(pages + done, 0, run * sizeof(*pages));
		else if (vma.kind == HOST_RAM)
			r = host_populate_ram(mm, at, run, write && vma.writable, pages + done);
		else
			host_populate_present(mm, at, run, pages + done);
		if (!r)
			done += run;
	}
	if (r)
		host_pages_put(mm, pages, done);
	return r;
}

bool host_range_keeps_rights(struct mm_struct *mm, u64 start, u64 end)
{
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, start);

	if (!rwsem_is_locked(&mm->mmap_lock))
		return false;
	for_each_vma_range(vmi, vma, end) {
		if ((vma->vm_flags & (VM_READ | VM_WRITE)) != (VM_READ | VM_WRITE) || userfaultfd_wp(vma))
			return false;
	}
	return true;
}
