/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of the owner's address space: finding them, pinning them, letting go.
 *
 * A host page is one word: page frame number and flags. RAM is pinned for the
 * long term, so that the kernel neither swaps nor moves it, and counted in the
 * owner's mm->pinned_vm against RLIMIT_MEMLOCK. What cannot be pinned (a
 * device's memory, VM_PFNMAP; a file whose file system forbids long pins) is
 * only looked up: it is good until the mmu notifier calls.
 *
 * Nothing here takes a lock of ours. Functions that find pages may sleep, take
 * mmap_lock and, where it says so, wait for user space (userfaultfd, FUSE);
 * call them in the owner's address space, with no lock that a notifier takes.
 */
#ifndef TAXCUT_MEM_HOST_PAGE_H
#define TAXCUT_MEM_HOST_PAGE_H

#include <linux/bits.h>
#include <linux/types.h>

#include "model/port.h"

struct mm_struct;

#define HOST_PAGE_VALID BIT(0)
#define HOST_PAGE_WRITE BIT(1)
#define HOST_PAGE_PINNED BIT(2)
#define HOST_PAGE_INVALIDATED BIT(3) /* still pinned, not valid: the owner may have other memory there now */
#define HOST_PAGE_RAM BIT(4) /* write-back memory with an address in the kernel's direct map */
#define HOST_PAGE_PWT BIT(5) /* the memory type, as the owner's page table has it (index of the host's PAT) */
#define HOST_PAGE_PCD BIT(6)
#define HOST_PAGE_PFN_SHIFT 8

/* What two pages must have in common to lie in one large mapping. */
#define HOST_PAGE_ATTRIBUTES (HOST_PAGE_VALID | HOST_PAGE_WRITE | HOST_PAGE_RAM | HOST_PAGE_PWT | HOST_PAGE_PCD)

static inline unsigned long host_page_pfn(unsigned long page)
{
	return page >> HOST_PAGE_PFN_SHIFT;
}

static inline u64 host_page_pa(unsigned long page)
{
	return (u64)host_page_pfn(page) << 12;
}

/* Good for an access; write: for a write access. */
static inline bool host_page_allows(unsigned long page, bool write)
{
	return (page & HOST_PAGE_VALID) && (!write || (page & HOST_PAGE_WRITE));
}

/*
 * The page at hva, faulted in; may wait for user space. write: it will be
 * written; without, a page that may be written is returned as such if that
 * takes no fault that userfaultfd reports. 0; -EFAULT: the owner has no memory
 * there, or may not access it so; -ENOMEM: no memory, or over the memlock
 * limit; -EINTR: a signal (any signal if interruptible); -EHWPOISON.
 */
int host_page_fault_in(struct mm_struct *mm, u64 hva, bool write, bool interruptible, unsigned long *page);

/*
 * Pages [hva, hva + n pages) as far as they are there already: never faults.
 * The number found, up to the first that is missing. write: only writable ones.
 */
unsigned int host_pages_peek(struct mm_struct *mm, u64 hva, unsigned int n, bool write, unsigned long *pages);

/*
 * Fill pages[0..n) with all that can be had, 0 where nothing can: ordinary
 * memory is faulted in (for writing, if write), what userfaultfd watches and
 * devices' memory is only looked up. 0, -ENOMEM, -EINTR (fatal signal); then
 * pages[] holds nothing.
 */
int host_pages_populate(struct mm_struct *mm, u64 hva, unsigned int n, bool write, unsigned long *pages);

/* The first address from hva on where the owner has something mapped; hva itself where that cannot be told. */
u64 host_next_mapped(struct mm_struct *mm, u64 hva);

/* Let go of a page, valid or invalidated; any context but hard interrupts. */
void host_page_put(struct mm_struct *mm, unsigned long page);
void host_pages_put(struct mm_struct *mm, unsigned long *pages, unsigned int n);

/*
 * For mmu notifiers, which run under mmap_lock: may the owner still do with all
 * of [start, end) what it could, so that a change of protection takes nothing
 * away (automatic NUMA balancing, rights that were added)?
 */
bool host_range_keeps_rights(struct mm_struct *mm, u64 start, u64 end);

#endif /* TAXCUT_MEM_HOST_PAGE_H */
