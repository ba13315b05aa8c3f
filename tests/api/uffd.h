/* SPDX-License-Identifier: GPL-2.0-only */
/* userfaultfd with a thread that handles its faults. */
#ifndef API_UFFD_H
#define API_UFFD_H

#include <stdatomic.h>

#include "harness.h"

#define UFFD_MAX_PAGES 8192

struct uffd {
	int fd;
	pthread_t thread;
	u8 *base; /* start of the range that the tables cover */
	u64 npages;
	u64 fill[UFFD_MAX_PAGES]; /* value of a missing page, as page_set(); 0: zero page */
	atomic_uint asked[UFFD_MAX_PAGES]; /* faults delivered, by page */
	atomic_uint asked_wp[UFFD_MAX_PAGES];
	atomic_uint asked_in_all;
	atomic_bool hold; /* leave faults unresolved */
	void (*hook)(struct uffd *u, u64 page, bool wp, void *arg); /* called before the fault is resolved */
	void *arg;
};

/* Skips the test when the kernel does not support it. */
struct uffd *uffd_open(void *base, u64 size);
/* Registers a range for missing pages, or (@wp) for writes to pages that uffd_protect() has protected. */
int uffd_register(struct uffd *u, void *at, u64 size, bool wp);
int uffd_unregister(struct uffd *u, void *at, u64 size);
int uffd_protect(struct uffd *u, void *at, u64 size, bool on);
/* Resolves a fault like the thread. */
void uffd_answer(struct uffd *u, u64 page, bool wp);

/* Writes the value to the three words of the page that the tests compare. */
static inline void page_set(void *page, u64 value)
{
	volatile u64 *p = page;

	p[0] = p[255] = p[511] = value;
}

#endif /* API_UFFD_H */
