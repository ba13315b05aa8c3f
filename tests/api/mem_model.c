// SPDX-License-Identifier: GPL-2.0-only
/* The client's memory, and the values that guest and client must see; see mem_model.h. */
#include "mem_model.h"

struct model m;

u32 rnd(u32 n)
{
	m.random ^= m.random << 13;
	m.random ^= m.random >> 7;
	m.random ^= m.random << 17;
	return (u32)((m.random * 0x2545f4914f6cdd1dULL) >> 33) % n;
}

bool chance(u32 percent)
{
	return rnd(100) < percent;
}

u64 new_value(void)
{
	return ++m.next_value;
}

static bool there(const struct page *p)
{
	if (p->kind == UNMAPPED)
		return false;
	return p->kind == ANON || p->index < m.file[p->file].size;
}

bool readable(u32 page)
{
	return there(&m.page[page]) && m.page[page].prot & PROT_READ;
}

bool writable(u32 page)
{
	return there(&m.page[page]) && m.page[page].prot & PROT_WRITE;
}

u64 value(u32 page)
{
	const struct page *p = &m.page[page];

	return p->kind == ANON || p->copied ? p->own : m.file[p->file].value[p->index];
}

void touched(u32 page, bool write)
{
	struct page *p = &m.page[page];

	if (p->missing && p->absent) {
		m.asked[page]++;
		p->absent = false;
		p->own = m.uffd->fill[page];
	}
	if (!write)
		return;
	if (p->protected) {
		m.asked_wp[page]++;
		p->protected = false;
	}
	if (p->kind == PRIVATE && !p->copied) {
		p->own = value(page);
		p->copied = true;
		p->vague = false;
	}
}

/* A private mapping shows changes of its file until it has its own copy; the kernel decides when it gets one. */
void set_file(u32 file, u32 index, u64 v)
{
	for (u32 i = 0; i < ARENA_PAGES; i++) {
		struct page *p = &m.page[i];

		if (p->kind == PRIVATE && p->file == file && p->index == index && !p->copied)
			p->vague = !is_stock();
	}
	m.file[file].value[index] = v;
}

void set_value(u32 page, u64 v)
{
	struct page *p = &m.page[page];

	if (p->kind == SHARED)
		set_file(p->file, p->index, v);
	else
		p->own = v;
}

void resize_file(u32 file, u32 size)
{
	struct file *f = &m.file[file];

	for (u32 i = size; i < f->size; i++)
		set_file(file, i, 0);
	for (u32 i = 0; i < ARENA_PAGES; i++) {
		struct page *p = &m.page[i];

		/* Truncation also drops private copies of that part of the file. */
		if (p->kind == PRIVATE && p->file == file && p->index >= size && size < f->size)
			p->copied = p->vague = false;
	}
	f->size = size;
}

void settle(u32 page, u64 v)
{
	struct page *p = &m.page[page];

	if (!p->vague)
		return;
	p->vague = false;
	p->copied = v != m.file[p->file].value[p->index];
	p->own = v;
}

void make_unmapped(u32 page)
{
	m.page[page] = (struct page){ .kind = UNMAPPED };
}

void make_mapped(u32 page, enum kind kind, u8 prot, u32 file, u32 index)
{
	m.page[page] = (struct page){ .kind = kind, .prot = prot, .file = (u8)file, .index = index };
}

void make_discarded(u32 page)
{
	struct page *p = &m.page[page];

	p->own = 0;
	p->copied = p->vague = false;
	p->absent = p->missing;
}

u32 any_slot(void)
{
	u32 first = rnd(SLOTS);

	for (u32 i = 0; i < SLOTS; i++) {
		u32 id = 1 + (first + i) % SLOTS;

		if (m.slot[id].used)
			return id;
	}
	return 0;
}

u32 slot_showing(u32 page)
{
	u32 first = rnd(SLOTS);

	for (u32 i = 0; i < SLOTS; i++) {
		u32 id = 1 + (first + i) % SLOTS;

		if (m.slot[id].used && page - m.slot[id].first < m.slot[id].n)
			return id;
	}
	return 0;
}

u32 slot_at(u32 place)
{
	for (u32 id = 1; id <= SLOTS; id++)
		if (m.slot[id].used && place - m.slot[id].at < m.slot[id].n)
			return id;
	return 0;
}

u64 client_read(u32 page)
{
	volatile u64 *p = (volatile u64 *)at(page);
	u64 a, b, c;

	touched(page, false);
	a = p[0];
	b = p[255];
	c = p[511];
	if (a != b || a != c)
		MFAIL("page %u holds 0x%llx, 0x%llx, 0x%llx for the client", page, (unsigned long long)a,
		      (unsigned long long)b, (unsigned long long)c);
	settle(page, a);
	if (a != value(page))
		MFAIL("page %u is 0x%llx for the client, not 0x%llx", page, (unsigned long long)a,
		      (unsigned long long)value(page));
	return a;
}

void client_write(u32 page, u64 v)
{
	touched(page, true);
	page_set(at(page), v);
	set_value(page, v);
}

void check_asked(void)
{
	for (u32 i = 0; i < ARENA_PAGES; i++) {
		if (is_noise(i))
			continue;
		if (m.uffd->asked[i] != m.asked[i])
			MFAIL("page %u was asked for %u times, not %u", i, m.uffd->asked[i], m.asked[i]);
		if (m.uffd->asked_wp[i] != m.asked_wp[i])
			MFAIL("writes to page %u were delivered %u times, not %u", i, m.uffd->asked_wp[i], m.asked_wp[i]);
	}
}

static void epoch(u32 i)
{
	volatile u64 *epoch = guest_symbol(m.vm, "random_epochs");

	__atomic_fetch_add(&epoch[i], 1, __ATOMIC_SEQ_CST);
}

void epochs_all(void)
{
	for (u32 i = 0; i < RANDOM_NOISE_PAGES; i++)
		epoch(i);
}

void epochs(u32 first, u32 n)
{
	for (u32 i = 0; i < RANDOM_NOISE_PAGES; i++) {
		for (u32 j = 1; j <= RANDOM_NOISES; j++) {
			u32 place = (i * 2 + 1) * GROUP - j, id = slot_at(place);

			if (id && m.slot[id].first + place - m.slot[id].at - first < n)
				epoch(i);
		}
	}
}
