// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an owned core sees: the image, its stack, the mailbox, the guest's XSAVE
 * area and its VMCB, in page tables of its own. Not the kernel's tables: Linux
 * frees and remaps memory, and tells only the CPUs that are online. All of it is
 * allocated before the CPU leaves Linux and freed after it is back.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/pgtable.h>
#include <asm/processor-flags.h>
#include <asm/tlbflush.h>

#include "blob.h"
#include "core_memory.h"

#define STACK_SIZE (2 * PAGE_SIZE)
#define MAX_IMAGE (CORE_VA_STACK_TOP - STACK_SIZE - CORE_VA_IMAGE)
#define MAX_XSTATE (CORE_VA_VMCB - CORE_VA_XSTATE)
#define MAX_LEVELS 5
/* The root, and below it two paths to a page table each: below 1 MiB, and the core's own. */
#define NR_TABLES (1 + 2 * (MAX_LEVELS - 1))
#define TABLE_BITS 9
/* Where the boot page is looked for: behind the BIOS's data, below its own area. */
#define BOOT_FIRST_PFN 2
#define BOOT_END_PFN 0x80

struct core_memory {
	u64 *tables[NR_TABLES];
	unsigned int nr_tables;
	void *mailbox, *image, *stack, *xstate, *hsave;
	size_t image_size, xstate_size;
	u8 boot_pfn;
	u8 *boot;
	u8 boot_saved[PAGE_SIZE];
};

static u64 *core_new_table(struct core_memory *m, gfp_t gfp)
{
	u64 *table;

	if (WARN_ON_ONCE(m->nr_tables == NR_TABLES))
		return NULL;
	table = (u64 *)__get_free_page(GFP_KERNEL | __GFP_ZERO | gfp);
	if (table)
		m->tables[m->nr_tables++] = table;
	return table;
}

/* The entry of the page table for va; NULL: no memory. Tables come as they are needed. */
static u64 *core_entry(struct core_memory *m, u64 va)
{
	u64 *table = m->tables[0];
	int level;

	for (level = pgtable_l5_enabled() ? 5 : 4; level > 1; level--) {
		u64 *entry = &table[va >> (PAGE_SHIFT + (level - 1) * TABLE_BITS) & (PTRS_PER_PTE - 1)];

		if (!*entry) {
			u64 *next = core_new_table(m, 0);

			if (!next)
				return NULL;
			*entry = __pa(next) | _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED;
		}
		table = __va(*entry & PTE_PFN_MASK);
	}
	return &table[va >> PAGE_SHIFT & (PTRS_PER_PTE - 1)];
}

static bool core_map(struct core_memory *m, u64 va, u64 pa, size_t size, u64 bits)
{
	size_t offset;

	for (offset = 0; offset < size; offset += PAGE_SIZE) {
		u64 *entry = core_entry(m, va + offset);

		if (!entry)
			return false;
		*entry = (pa + offset) | bits | _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY;
	}
	return true;
}

#define CORE_DATA (_PAGE_RW | _PAGE_NX)

static bool core_map_all(struct core_memory *m, u64 control_pa)
{
	return core_map(m, CORE_VA_MAILBOX, __pa(m->mailbox), PAGE_SIZE, CORE_DATA) &&
	       core_map(m, CORE_VA_IMAGE, __pa(m->image), m->image_size, _PAGE_RW) &&
	       core_map(m, CORE_VA_STACK_TOP - STACK_SIZE, __pa(m->stack), STACK_SIZE, CORE_DATA) &&
	       core_map(m, CORE_VA_XSTATE, __pa(m->xstate), m->xstate_size, CORE_DATA) &&
	       core_map(m, CORE_VA_VMCB, control_pa, PAGE_SIZE, CORE_DATA);
}

static void core_fill_mailbox(struct core_memory *m, const struct core_setup *setup)
{
	struct core_mailbox *mailbox = m->mailbox;

	mailbox->version = CORE_MAILBOX_VERSION;
	mailbox->vendor = setup->vendor;
	mailbox->turn = TURN_THREAD;
	mailbox->cr3 = __pa(m->tables[0]);
	/* LA57 like Linux: nested paging walks the guest's memory in the host's mode (APM vol. 2, 15.25.3). */
	mailbox->cr4 = __read_cr4() & (X86_CR4_PAE | X86_CR4_MCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |
				       X86_CR4_OSXSAVE | X86_CR4_LA57);
	rdmsrl(MSR_IA32_CR_PAT, mailbox->pat);
	mailbox->xcr0 = setup->xcr0;
	/* Not the first page of a 2M page: see svm/backend.c. */
	mailbox->hsave_pa = __pa(m->hsave) + PAGE_SIZE;
	mailbox->control_pa = setup->control_pa;
}

struct core_memory *core_memory_create(const struct core_setup *setup)
{
	struct core_memory *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return NULL;
	m->image_size = PAGE_ALIGN(core_blob_end - core_blob);
	m->xstate_size = PAGE_ALIGN(setup->xstate_size);
	if (WARN_ON(m->image_size > MAX_IMAGE || m->xstate_size > MAX_XSTATE))
		goto fail;
	m->mailbox = (void *)get_zeroed_page(GFP_KERNEL);
	m->image = alloc_pages_exact(m->image_size, GFP_KERNEL | __GFP_ZERO);
	m->stack = alloc_pages_exact(STACK_SIZE, GFP_KERNEL | __GFP_ZERO);
	m->xstate = alloc_pages_exact(m->xstate_size, GFP_KERNEL | __GFP_ZERO);
	m->hsave = alloc_pages_exact(2 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	/* The boot code loads CR3 in 32-bit mode. */
	if (!m->mailbox || !m->image || !m->stack || !m->xstate || !m->hsave || !core_new_table(m, GFP_DMA32) ||
	    !core_map_all(m, setup->control_pa))
		goto fail;
	memcpy(m->image, core_blob, core_blob_end - core_blob);
	core_fill_mailbox(m, setup);
	return m;
fail:
	core_memory_destroy(m);
	return NULL;
}

void core_memory_destroy(struct core_memory *m)
{
	unsigned int i;

	if (m->hsave)
		free_pages_exact(m->hsave, 2 * PAGE_SIZE);
	if (m->xstate)
		free_pages_exact(m->xstate, m->xstate_size);
	if (m->stack)
		free_pages_exact(m->stack, STACK_SIZE);
	if (m->image)
		free_pages_exact(m->image, m->image_size);
	free_page((unsigned long)m->mailbox);
	for (i = 0; i < m->nr_tables; i++)
		free_page((unsigned long)m->tables[i]);
	kfree(m);
}

struct core_mailbox *core_memory_mailbox(struct core_memory *m)
{
	return m->mailbox;
}

void *core_memory_xstate(struct core_memory *m)
{
	return m->xstate;
}

static u8 core_find_boot_page(void)
{
	unsigned int pfn;

	for (pfn = BOOT_FIRST_PFN; pfn < BOOT_END_PFN; pfn++)
		if (page_is_ram(pfn))
			return pfn;
	return 0;
}

int core_memory_map_boot_page(struct core_memory *m, u8 *page)
{
	const struct core_image_head *head = (const void *)core_blob;
	const struct core_mailbox *mailbox = m->mailbox;
	struct core_boot_params params = {
		.cr4 = mailbox->cr4 & (X86_CR4_PAE | X86_CR4_LA57),
		.cr3 = mailbox->cr3,
		.efer = EFER_LME | EFER_NX,
		.start = head->start,
		.start_cs = 8,
		.gdt_limit = 3 * 8 - 1,
	};
	u64 pa;

	m->boot_pfn = core_find_boot_page();
	if (!m->boot_pfn)
		return -ENOMEM;
	pa = (u64)m->boot_pfn << PAGE_SHIFT;
	m->boot = memremap(pa, PAGE_SIZE, MEMREMAP_WB);
	if (!m->boot)
		return -ENOMEM;
	if (!core_map(m, pa, pa, PAGE_SIZE, _PAGE_RW)) {
		memunmap(m->boot);
		return -ENOMEM;
	}
	params.gdt_base = pa + head->boot_gdt;
	memcpy(m->boot_saved, m->boot, PAGE_SIZE);
	memcpy(m->boot, core_blob + head->boot, head->boot_size);
	memcpy(m->boot + head->boot_params, &params, sizeof(params));
	*page = m->boot_pfn;
	return 0;
}

void core_memory_unmap_boot_page(struct core_memory *m)
{
	u64 *entry = core_entry(m, (u64)m->boot_pfn << PAGE_SHIFT);

	/* The core loads CR3 anew at each turn. */
	if (entry)
		*entry = 0;
	memcpy(m->boot, m->boot_saved, PAGE_SIZE);
	memunmap(m->boot);
}
