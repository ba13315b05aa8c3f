// SPDX-License-Identifier: GPL-2.0-only
/* The operations of the randomised memory test. Each changes the memory and the model. */
#include "mem_model.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MAX_CHILDREN 2
#define CHILD_PAGES 24

enum { SMALL_FILE, HUGE_FILE };

/* ---- ranges ---- */

/* Chooses a range, mostly a short one; in the second half of the arena it has whole huge pages. */
static void any_range(void)
{
	if (m.huge && chance(15)) {
		m.first = SMALL_PAGES + rnd(4) * PER_HUGE;
		m.n = PER_HUGE * (1 + rnd((ARENA_PAGES - m.first) / PER_HUGE));
		return;
	}
	m.n = chance(60) ? 1 + rnd(16) : chance(60) ? 1 + rnd(256) : PER_HUGE;
	m.first = m.n == PER_HUGE ? rnd(4) * PER_HUGE : rnd(SMALL_PAGES - m.n + 1);
	/* Prefer pages that a slot maps. */
	for (int tries = 0; tries < 4 && m.n < PER_HUGE && !slot_showing(m.first); tries++)
		m.first = rnd(SMALL_PAGES - m.n + 1);
}

static void small_range(void)
{
	do
		any_range();
	while (m.first >= SMALL_PAGES);
}

static bool is_watched(u32 page)
{
	return m.page[page].missing || m.page[page].guarded;
}

static bool is_guarded(u32 page)
{
	return m.page[page].guarded;
}

static bool alike(const struct page *a, const struct page *b)
{
	return a->kind == b->kind && a->prot == b->prot && a->file == b->file && a->missing == b->missing &&
	       a->guarded == b->guarded;
}

/* Chooses a small range whose pages are all mapped alike, as @kind. */
static bool uniform_range(enum kind kind)
{
	u32 n = 1;

	for (int tries = 0; tries < 20; tries++) {
		small_range();
		if (m.page[m.first].kind == kind)
			break;
	}
	if (m.page[m.first].kind != kind)
		return false;
	while (n < m.n && alike(&m.page[m.first], &m.page[m.first + n]) &&
	       (kind == ANON || m.page[m.first + n].index == m.page[m.first].index + n))
		n++;
	m.n = n;
	return true;
}

static bool all(bool (*is)(u32 page))
{
	for (u32 i = 0; i < m.n; i++)
		if (!is(m.first + i))
			return false;
	return true;
}

static bool any(bool (*is)(u32 page))
{
	for (u32 i = 0; i < m.n; i++)
		if (is(m.first + i))
			return true;
	return false;
}

static bool is_mapped(u32 page)
{
	return m.page[page].kind != UNMAPPED;
}

/* ---- mappings ---- */

static void map(enum kind kind, u8 prot, u32 file, u32 index)
{
	const int flags = MAP_FIXED | (kind == SHARED ? MAP_SHARED : MAP_PRIVATE) | (kind == ANON ? MAP_ANONYMOUS : 0);
	int fd = kind == ANON ? -1 : m.file[file].fd;

	epochs(m.first, m.n);
	if (mmap(at(m.first), m.n * 4096ULL, prot, flags, fd, kind == ANON ? 0 : index * 4096L) != at(m.first))
		MFAIL("mmap: %s", strerrorname_np(errno));
	epochs(m.first, m.n);
	/* A file of huge pages grows when it is mapped writable; other files do not. */
	if (file == HUGE_FILE && prot & PROT_WRITE && index + m.n > m.file[file].size)
		resize_file(file, index + m.n);
	for (u32 i = 0; i < m.n; i++)
		make_mapped(m.first + i, kind, prot, file, index + i);
}

static u8 any_prot(void)
{
	return chance(90) ? PROT_READ | PROT_WRITE : PROT_READ;
}

static bool op_map_anonymous(void)
{
	small_range();
	map(ANON, any_prot(), 0, 0);
	return true;
}

/* Chooses a file offset that maps noise pages to noise pages. */
static u32 any_index(u32 pages)
{
	u32 index;

	do
		index = rnd(pages / GROUP) * GROUP + m.first % GROUP;
	while (index + m.n > pages);
	return index;
}

static bool map_file(enum kind kind)
{
	any_range();
	if (m.first >= SMALL_PAGES) {
		map(SHARED, any_prot(), HUGE_FILE, rnd(m.file[HUGE_FILE].pages / PER_HUGE - m.n / PER_HUGE + 1) * PER_HUGE);
		return true;
	}
	if (m.n > m.file[SMALL_FILE].pages / 2)
		m.n = m.file[SMALL_FILE].pages / 2;
	map(kind, any_prot(), SMALL_FILE, any_index(m.file[SMALL_FILE].pages));
	return true;
}

static bool op_map_shared(void)
{
	return map_file(SHARED);
}

static bool op_map_private(void)
{
	return map_file(PRIVATE);
}

static bool op_unmap(void)
{
	any_range();
	epochs(m.first, m.n);
	OK(munmap(at(m.first), m.n * 4096ULL));
	epochs(m.first, m.n);
	for (u32 i = 0; i < m.n; i++)
		make_unmapped(m.first + i);
	return true;
}

/* mprotect() changes the pages up to the first hole, and fails there. */
static bool op_protect(void)
{
	static const u8 prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE };
	u8 prot = prots[rnd(4)];
	u32 n = 0;

	any_range();
	while (n < m.n && is_mapped(m.first + n))
		n++;
	if (mprotect(at(m.first), m.n * 4096ULL, prot) ? n == m.n || errno != ENOMEM : n != m.n)
		MFAIL("mprotect of %u pages, %u mapped: %s", m.n, n, strerrorname_np(errno));
	for (u32 i = 0; i < n; i++)
		m.page[m.first + i].prot = prot;
	return true;
}

/* mremap() of one mapping. If the kernel has it as several (EFAULT), only the target is unmapped. */
static bool op_move(void)
{
	enum kind kind = ANON + rnd(3);
	struct page moved[SMALL_PAGES];
	bool keep = kind == ANON && chance(25); /* MREMAP_DONTUNMAP: leaves an empty mapping */
	u32 to, n;
	void *r;

	if (!uniform_range(kind) || is_watched(m.first))
		return false;
	n = m.n;
	do
		to = rnd(SMALL_PAGES / GROUP) * GROUP + m.first % GROUP;
	while (to + n > SMALL_PAGES);
	if (to + n > m.first && to < m.first + n)
		return false;
	epochs_all();
	r = mremap(at(m.first), n * 4096ULL, n * 4096ULL, MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0),
		   at(to));
	epochs_all();
	if (r != at(to) && errno != EFAULT)
		MFAIL("mremap: %s", strerrorname_np(errno));
	memcpy(moved, &m.page[m.first], n * sizeof(moved[0]));
	for (u32 i = 0; i < n; i++) {
		make_unmapped(to + i);
		if (r != at(to))
			continue;
		if (keep)
			make_discarded(m.first + i);
		else
			make_unmapped(m.first + i);
		m.page[to + i] = moved[i];
	}
	if (chance(50))
		m.first = to;
	return true;
}

/* ---- contents ---- */

static bool op_discard(void)
{
	any_range();
	for (u32 i = 0; i < m.n; i++)
		if (m.page[m.first + i].missing)
			m.uffd->fill[m.first + i] = chance(50) ? new_value() : 0;
	epochs(m.first, m.n);
	if (madvise(at(m.first), m.n * 4096ULL, MADV_DONTNEED) && (errno != ENOMEM || all(is_mapped)))
		MFAIL("MADV_DONTNEED: %s", strerrorname_np(errno));
	epochs(m.first, m.n);
	for (u32 i = 0; i < m.n; i++) {
		struct page *p = &m.page[m.first + i];

		if (p->protected)
			OK(uffd_protect(m.uffd, at(m.first + i), 4096, false));
		p->protected = false;
		make_discarded(m.first + i);
	}
	return true;
}

static void any_file_range(u32 *file, u32 *first, u32 *n)
{
	*file = m.huge && chance(25) ? HUGE_FILE : SMALL_FILE;
	if (*file == HUGE_FILE) {
		*first = rnd(m.file[HUGE_FILE].pages / PER_HUGE) * PER_HUGE;
		*n = PER_HUGE;
	} else {
		*n = chance(70) ? 1 + rnd(8) : 1 + rnd(m.file[SMALL_FILE].pages / 2);
		*first = rnd(m.file[SMALL_FILE].pages - *n + 1);
	}
}

static bool op_punch(void)
{
	u32 file, first, n;

	any_file_range(&file, &first, &n);
	epochs_all();
	OK(fallocate(m.file[file].fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first * 4096L, n * 4096L));
	epochs_all();
	for (u32 i = 0; i < n; i++)
		set_file(file, first + i, 0);
	return true;
}

static bool op_remove(void)
{
	const struct page *p;
	int r;

	if (!uniform_range(SHARED))
		return false;
	p = &m.page[m.first];
	epochs_all();
	r = madvise(at(m.first), m.n * 4096ULL, MADV_REMOVE);
	if (r && (errno != EACCES || (p->prot & PROT_WRITE)))
		MFAIL("MADV_REMOVE: %s", strerrorname_np(errno));
	epochs_all();
	for (u32 i = 0; i < m.n && !r; i++)
		set_file(SMALL_FILE, p->index + i, 0);
	return true;
}

static bool op_resize(void)
{
	u32 file, first, n;

	any_file_range(&file, &first, &n);
	if (chance(50))
		first = m.file[file].pages;
	epochs_all();
	OK(ftruncate(m.file[file].fd, first * 4096L));
	epochs_all();
	resize_file(file, first);
	return true;
}

/* Writes through the mapping; sometimes the same value to all pages, for KSM. */
static bool op_client_writes(void)
{
	u64 same = chance(30) ? 77 : 0;

	any_range();
	for (u32 i = 0; i < m.n; i++)
		if (!is_noise(m.first + i) && writable(m.first + i) && readable(m.first + i))
			client_write(m.first + i, same ? same : new_value());
	return true;
}

static bool op_client_writes_file(void)
{
	u64 buf[512] = {};
	u32 index = rnd(m.file[SMALL_FILE].pages);

	if (is_noise(index) || index >= m.file[SMALL_FILE].size)
		return false;
	page_set(buf, new_value());
	CHECK_EQ(pwrite(m.file[SMALL_FILE].fd, buf, 4096, index * 4096L), 4096);
	set_file(SMALL_FILE, index, buf[0]);
	return true;
}

static bool guest_writes(u32 op)
{
	struct access a[RANDOM_ITEMS];
	u32 n = 0;

	any_range();
	for (u32 i = 0; i < m.n && n < RANDOM_ITEMS; i++) {
		u32 page = m.first + i, id = slot_showing(page);

		if (!id || is_noise(page) || (op == RANDOM_INS && (!writable(page) || m.slot[id].flags & KVM_MEM_READONLY)))
			continue;
		a[n++] = (struct access){ .op = op, .page = page, .slot = id, .value = new_value() };
	}
	guest_access(a, n);
	return n > 0;
}

static bool op_guest_writes(void)
{
	return guest_writes(RANDOM_WRITE);
}

static bool op_guest_inputs(void)
{
	return !m.limited && guest_writes(RANDOM_INS);
}

/* ---- userfaultfd ---- */

static bool op_watch_missing(void)
{
	if (!uniform_range(ANON) || is_watched(m.first))
		return false;
	epochs(m.first, m.n);
	OK(uffd_register(m.uffd, at(m.first), m.n * 4096ULL, false));
	for (u32 i = 0; i < m.n; i++) {
		m.uffd->fill[m.first + i] = chance(50) ? new_value() : 0;
		m.page[m.first + i].missing = true;
	}
	OK(madvise(at(m.first), m.n * 4096ULL, MADV_DONTNEED));
	epochs(m.first, m.n);
	for (u32 i = 0; i < m.n; i++)
		make_discarded(m.first + i);
	return true;
}

static bool op_watch_writes(void)
{
	if (!uniform_range(ANON) || m.page[m.first].missing)
		return false;
	/*
	 * A merge by KSM may lose the protection: one run of 57 missed a fault. The kernel's replace_page() does not
	 * keep it.
	 */
	madvise(at(m.first), m.n * 4096ULL, MADV_UNMERGEABLE);
	if (!m.page[m.first].guarded)
		OK(uffd_register(m.uffd, at(m.first), m.n * 4096ULL, true));
	OK(uffd_protect(m.uffd, at(m.first), m.n * 4096ULL, true));
	for (u32 i = 0; i < m.n; i++)
		m.page[m.first + i].guarded = m.page[m.first + i].protected = true;
	return true;
}

static bool op_unwatch(void)
{
	for (int tries = 0; tries < 10 && (!uniform_range(ANON) || !is_watched(m.first)); tries++)
		;
	if (!is_watched(m.first))
		return false;
	OK(uffd_unregister(m.uffd, at(m.first), m.n * 4096ULL));
	for (u32 i = 0; i < m.n; i++) {
		struct page *p = &m.page[m.first + i];

		p->missing = p->absent = p->guarded = p->protected = false;
	}
	return true;
}

/* ---- operations that keep the contents ---- */

static bool op_advise(void)
{
	static const int advices[] = { MADV_HUGEPAGE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_MERGEABLE, MADV_MERGEABLE,
				       MADV_UNMERGEABLE, MADV_COLD, MADV_PAGEOUT, 25 /* MADV_COLLAPSE */, 25 };
	int advice = advices[rnd(sizeof(advices) / sizeof(advices[0]))];

	if (chance(10)) {
		/* Includes the guest's program. */
		madvise(m.vm->mem, GUEST_MEMORY, advice);
		return true;
	}
	any_range();
	if (advice == MADV_MERGEABLE && any(is_guarded))
		return false;
	madvise(at(m.first), m.n * 4096ULL, advice);
	return true;
}

static bool op_populate(void)
{
	bool write = chance(50);

	any_range();
	if (any(is_watched) || !all(write ? writable : readable))
		return false;
	if (madvise(at(m.first), m.n * 4096ULL, write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ))
		MFAIL("MADV_POPULATE: %s", strerrorname_np(errno));
	for (u32 i = 0; i < m.n; i++)
		touched(m.first + i, write);
	return true;
}

static bool op_ksm(void)
{
	return !file_write("/sys/kernel/mm/ksm/run", chance(60) ? "1" : chance(50) ? "2" : "0");
}

static bool op_compact(void)
{
	return !file_write("/proc/sys/vm/compact_memory", "1");
}

/* To another NUMA node, if there is one. */
static bool op_migrate(void)
{
	void *pages[64];
	int nodes[64], status[64];
	long r;

	any_range();
	m.n = m.n > 64 ? 64 : m.n;
	for (u32 i = 0; i < m.n; i++) {
		pages[i] = at(m.first + i);
		nodes[i] = (int)rnd(2);
	}
	r = syscall(SYS_move_pages, 0, (long)m.n, pages, nodes, status, 2 /* MPOL_MF_MOVE */);
	return r >= 0;
}

/* ---- children ---- */

static struct child {
	pid_t pid;
	int to, from;
	u32 n;
	struct {
		u32 page;
		u64 before, after;
	} look[CHILD_PAGES];
} children[MAX_CHILDREN];

/* The child sees the values at fork(), then its own writes, independent of parent and guest. */
static void child_main(const struct child *c)
{
	char byte = 'r';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (u32 i = 0; i < c->n; i++) {
		volatile u64 *p = (volatile u64 *)at(c->look[i].page);

		if (p[0] != c->look[i].before || p[511] != c->look[i].before)
			_exit(1 + (int)i);
		if (c->look[i].after != c->look[i].before)
			page_set(at(c->look[i].page), c->look[i].after);
	}
	if (write(c->from, &byte, 1) != 1 || read(c->to, &byte, 1) != 1)
		_exit(255);
	for (u32 i = 0; i < c->n; i++) {
		volatile u64 *p = (volatile u64 *)at(c->look[i].page);

		if (m.page[c->look[i].page].kind == ANON && (p[0] != c->look[i].after || p[511] != c->look[i].after))
			_exit(101 + (int)i);
	}
	_exit(0);
}

static void child_looks(struct child *c)
{
	c->n = 0;
	for (int tries = 0; tries < 200 && c->n < CHILD_PAGES; tries++) {
		u32 page = rnd(ARENA_PAGES);
		const struct page *p = &m.page[page];
		bool taken = is_noise(page) || !readable(page) || p->kind == PRIVATE || p->missing;

		/* Each page and each file page is used once only. */
		for (u32 i = 0; i < c->n; i++) {
			const struct page *q = &m.page[c->look[i].page];

			taken |= c->look[i].page == page ||
				 (p->kind == SHARED && q->kind == SHARED && p->file == q->file && p->index == q->index);
		}
		if (taken)
			continue;
		c->look[c->n].page = page;
		c->look[c->n].before = value(page);
		c->look[c->n].after = writable(page) && chance(60) ? new_value() : value(page);
		c->n++;
	}
}

static void child_end(struct child *c)
{
	int status;

	CHECK_EQ(write(c->to, "x", 1), 1);
	CHECK_EQ(waitpid(c->pid, &status, 0), c->pid);
	close(c->to);
	close(c->from);
	c->pid = 0;
	if (!WIFEXITED(status))
		MFAIL("a child ended with status 0x%x", status);
	if (WEXITSTATUS(status)) {
		u32 i = (u32)(WEXITSTATUS(status) - 1) % 100;

		MFAIL("a child found page %u changed %s", c->look[i].page,
		      WEXITSTATUS(status) > 100 ? "since it wrote there" : "by fork()");
	}
}

static bool op_fork(void)
{
	struct child *c = &children[rnd(MAX_CHILDREN)];
	int to[2], from[2];
	char byte;

	if (c->pid) {
		child_end(c);
		return true;
	}
	child_looks(c);
	OK(pipe2(to, O_CLOEXEC));
	OK(pipe2(from, O_CLOEXEC));
	c->to = to[0];
	c->from = from[1];
	c->pid = (pid_t)OK(fork());
	if (!c->pid)
		child_main(c);
	c->to = to[1];
	c->from = from[0];
	close(to[0]);
	close(from[1]);
	if (read(c->from, &byte, 1) != 1)
		child_end(c);
	for (u32 i = 0; i < c->n; i++) {
		const struct page *p = &m.page[c->look[i].page];

		if (p->kind == SHARED && c->look[i].after != c->look[i].before)
			set_file(p->file, p->index, c->look[i].after);
	}
	return true;
}

/* ---- slots and their logs ---- */

static int set_slot(u32 id, u32 place, u32 n, u32 first, u32 flags)
{
	return vm_set_slot(m.vm, id, WINDOW + place * 4096ULL, n * 4096ULL, at(first), flags);
}

static bool is_free(u32 place, u32 n, u32 except)
{
	for (u32 id = 1; id <= SLOTS; id++) {
		const struct slot *s = &m.slot[id];

		if (id != except && s->used && s->at < place + n && place < s->at + s->n)
			return false;
	}
	return true;
}

static u32 any_place(u32 first, u32 n)
{
	u32 place;

	do
		place = chance(40) ? rnd(WINDOW_PAGES / PER_HUGE) * PER_HUGE + first % PER_HUGE :
				     rnd(WINDOW_PAGES / GROUP) * GROUP + first % GROUP;
	while (place + n > WINDOW_PAGES);
	return place;
}

static void forget_log(struct slot *s)
{
	memset(s->must, 0, sizeof(s->must));
	memset(s->may, 0, sizeof(s->may));
	memset(s->last, 0, sizeof(s->last));
	s->fresh = true;
}

static u32 any_flags(void)
{
	return chance(15) ? KVM_MEM_READONLY : chance(50) ? KVM_MEM_LOG_DIRTY_PAGES : 0;
}

static bool op_slot_create(void)
{
	u32 id = 1 + rnd(SLOTS), first, n, place, flags = any_flags();
	struct slot *s = &m.slot[id];
	int r;

	if (s->used)
		return false;
	n = chance(30) ? PER_HUGE * (1 + rnd(3)) : 1 + rnd(1024);
	first = chance(30) ? rnd((ARENA_PAGES - n) / PER_HUGE + 1) * PER_HUGE : rnd(ARENA_PAGES - n + 1);
	place = any_place(first, n);
	epochs_all();
	r = set_slot(id, place, n, first, flags);
	epochs_all();
	if (!is_free(place, n, 0)) {
		if (!r || errno != EEXIST)
			MFAIL("a slot that overlaps another: %s", r ? strerrorname_np(errno) : "no error");
		return true;
	}
	if (r && !(m.limited && errno == ENOMEM))
		MFAIL("a slot of %u pages cannot be created: %s", n, strerrorname_np(errno));
	if (r)
		return true;
	forget_log(s);
	s->used = true;
	s->first = first;
	s->n = n;
	s->at = place;
	s->flags = flags;
	m.first = first;
	m.n = n;
	return true;
}

static bool op_slot_delete(void)
{
	u32 id = any_slot();

	if (!id || chance(50))
		return false;
	epochs_all();
	OK(set_slot(id, 0, 0, 0, 0));
	epochs_all();
	m.slot[id].used = false;
	return true;
}

/* The log moves with the slot. */
static bool op_slot_move(void)
{
	u32 id = any_slot(), place;
	struct slot *s = &m.slot[id];
	int r;

	if (!id)
		return false;
	place = any_place(s->first, s->n);
	epochs_all();
	r = set_slot(id, place, s->n, s->first, s->flags);
	epochs_all();
	if (!is_free(place, s->n, id)) {
		if (!r || errno != EEXIST)
			MFAIL("a slot moved onto another: %s", r ? strerrorname_np(errno) : "no error");
		return true;
	}
	if (r && !(m.limited && errno == ENOMEM))
		MFAIL("a slot cannot be moved: %s", strerrorname_np(errno));
	if (r)
		return true;
	s->at = place;
	s->fresh = true;
	m.first = s->first;
	m.n = s->n;
	return true;
}

static bool op_slot_flags(void)
{
	u32 id = any_slot();
	struct slot *s = &m.slot[id];

	if (!id || s->flags & KVM_MEM_READONLY)
		return false;
	s->flags ^= KVM_MEM_LOG_DIRTY_PAGES;
	OK(set_slot(id, s->at, s->n, s->first, s->flags));
	forget_log(s);
	m.first = s->first;
	m.n = s->n;
	return true;
}

/* The log must have all pages that the guest wrote, and none that it did not write (stock KVM: did not touch). */
static void check_log(u32 id, const u8 *bits, const bool *noise)
{
	struct slot *s = &m.slot[id];

	for (u32 i = 0; i < s->n; i++) {
		bool bit = bits[i / 8] >> i % 8 & 1;

		if (is_noise(s->first + i)) {
			if (noise[i] && !bit && !s->last[i] && !s->fresh)
				MFAIL("page %u was written by a running vCPU, and is not in the log of slot %u",
				      s->first + i, id);
		} else if (s->must[i] && !bit) {
			MFAIL("page %u was written, and is not in the log of slot %u", s->first + i, id);
		} else if (bit && !s->must[i] && !(is_stock() && s->may[i])) {
			MFAIL("page %u was not written, and is in the log of slot %u", s->first + i, id);
		}
		s->last[i] = bit;
	}
	memset(s->must, 0, sizeof(s->must));
	memset(s->may, 0, sizeof(s->may));
	s->fresh = false;
}

static bool op_get_log(void)
{
	static u8 bits[ARENA_PAGES / 8];
	static bool noise[ARENA_PAGES];
	volatile u64 *epoch = guest_symbol(m.vm, "random_log_epoch");
	u32 id = any_slot();
	struct slot *s = &m.slot[id];
	struct kvm_dirty_log log = { .slot = id, .dirty_bitmap = bits };

	if (!id)
		return false;
	if (!(s->flags & KVM_MEM_LOG_DIRTY_PAGES)) {
		ERR(ioctl(m.vm->fd, KVM_GET_DIRTY_LOG, &log), ENOENT);
		return true;
	}
	for (u32 i = 0; i < s->n; i++)
		noise[i] = is_noise(s->first + i) && noise_logged(id, i);
	(*epoch)++;
	OK(ioctl(m.vm->fd, KVM_GET_DIRTY_LOG, &log));
	check_log(id, bits, noise);
	return true;
}

/* ---- the limit of locked memory ---- */

static void set_limit(u64 limit)
{
	struct rlimit r = { limit, RLIM_INFINITY };

	OK(setrlimit(RLIMIT_MEMLOCK, &r));
	m.limited = limit != RLIM_INFINITY;
}

static bool op_limit(void)
{
	static const u64 limits[] = { 1 << 16, 4 << 20, 20 << 20, 32 << 20 };

	if (is_stock())
		return false;
	set_limit(m.limited || chance(60) ? RLIM_INFINITY : limits[rnd(4)]);
	return true;
}

static bool any_slot_logs(void)
{
	for (u32 id = 1; id <= SLOTS; id++)
		if (m.slot[id].used && m.slot[id].flags & KVM_MEM_LOG_DIRTY_PAGES)
			return true;
	return false;
}

/* ---- all of them ---- */

static struct operation {
	const char *name;
	bool (*fn)(void);
	u32 weight, done;
} operations[] = {
	{ "mmap anonymous", op_map_anonymous, 6, 0 },
	{ "mmap shared", op_map_shared, 5, 0 },
	{ "mmap private", op_map_private, 4, 0 },
	{ "munmap", op_unmap, 3, 0 },
	{ "mprotect", op_protect, 6, 0 },
	{ "mremap", op_move, 6, 0 },
	{ "MADV_DONTNEED", op_discard, 8, 0 },
	{ "MADV_REMOVE", op_remove, 3, 0 },
	{ "punch", op_punch, 4, 0 },
	{ "ftruncate", op_resize, 4, 0 },
	{ "client writes", op_client_writes, 6, 0 },
	{ "client writes file", op_client_writes_file, 3, 0 },
	{ "guest writes", op_guest_writes, 10, 0 },
	{ "guest INS", op_guest_inputs, 2, 0 },
	{ "uffd missing", op_watch_missing, 4, 0 },
	{ "uffd write-protect", op_watch_writes, 5, 0 },
	{ "uffd unregister", op_unwatch, 3, 0 },
	{ "madvise", op_advise, 6, 0 },
	{ "populate", op_populate, 3, 0 },
	{ "KSM", op_ksm, 2, 0 },
	{ "compaction", op_compact, 1, 0 },
	{ "move_pages", op_migrate, 2, 0 },
	{ "fork", op_fork, 4, 0 },
	{ "slot create", op_slot_create, 8, 0 },
	{ "slot delete", op_slot_delete, 3, 0 },
	{ "slot move", op_slot_move, 3, 0 },
	{ "slot flags", op_slot_flags, 4, 0 },
	{ "dirty log", op_get_log, 10, 0 },
	{ "memlock limit", op_limit, 3, 0 },
};

#define NR_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* Tries operations until one is possible. */
void random_operation(void)
{
	u32 total = 0, i, at;

	for (i = 0; i < NR_OPERATIONS; i++)
		total += operations[i].weight;
	do {
		m.n = 0;
		at = rnd(total);
		for (i = 0; at >= operations[i].weight; i++)
			at -= operations[i].weight;
		if (getenv("MEM_VERBOSE"))
			printf("# step %u: %s\n", m.step, operations[i].name);
	} while (!operations[i].fn());
	if (getenv("MEM_VERBOSE"))
		printf("#   pages %u to %u\n", m.first, m.first + m.n);
	operations[i].done++;
}

void print_operations(void)
{
	printf("#");
	for (u32 i = 0; i < NR_OPERATIONS; i++)
		printf(" %s %u%s", operations[i].name, operations[i].done, i + 1 < NR_OPERATIONS ? "," : "\n");
}

void operations_start(void)
{
	void *p = mmap(ARENA, ARENA_PAGES * 4096ULL, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK(p == ARENA);
	OK(munmap(ARENA, ARENA_PAGES * 4096ULL));
	m.uffd = uffd_open(ARENA, ARENA_PAGES * 4096ULL);
	m.file[SMALL_FILE].pages = m.file[SMALL_FILE].size = SMALL_PAGES / 2;
	m.file[SMALL_FILE].fd = (int)OK(memfd_create("small", MFD_CLOEXEC));
	OK(ftruncate(m.file[SMALL_FILE].fd, m.file[SMALL_FILE].pages * 4096L));
	m.huge = !file_write("/proc/sys/vm/nr_hugepages", "8");
	m.file[HUGE_FILE].fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);
	m.file[HUGE_FILE].pages = m.file[HUGE_FILE].size = 4 * PER_HUGE;
	m.huge = m.huge && m.file[HUGE_FILE].fd >= 0 && !ftruncate(m.file[HUGE_FILE].fd, 4 * PER_HUGE * 4096L);
	file_write("/sys/kernel/mm/ksm/sleep_millisecs", "2");
	file_write("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	file_write("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "10");
	if (!is_stock())
		set_limit(RLIM_INFINITY);
	m.first = 0;
	m.n = PER_HUGE * 3;
	map(ANON, PROT_READ | PROT_WRITE, 0, 0);
	for (int tries = 0; tries < 50 && !any_slot_logs(); tries++)
		op_slot_create();
}

void operations_end(void)
{
	for (int i = 0; i < MAX_CHILDREN; i++)
		if (children[i].pid)
			child_end(&children[i]);
	file_write("/sys/kernel/mm/ksm/run", "2");
	file_write("/sys/kernel/mm/ksm/run", "0");
}
