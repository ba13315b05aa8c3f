/* SPDX-License-Identifier: GPL-2.0-only */
/* userfaultfd with a thread that serves it, for the tests of memory that changes. */
#ifndef API_UFFD_H
#define API_UFFD_H

#include <stdatomic.h>

#include "harness.h"

#define UFFD_MAX_PAGES 8192

struct uffd {
	int fd;
	pthread_t thread;
	u8 *base; /* of what the two tables are for */
	u64 npages;
	u64 fill[UFFD_MAX_PAGES]; /* what a missing page is filled with, in three places; 0: zero page */
	atomic_uint asked[UFFD_MAX_PAGES]; /* faults delivered, by page */
	atomic_uint asked_wp[UFFD_MAX_PAGES];
	atomic_uint asked_in_all;
	atomic_bool hold; /* leave faults unanswered, until it is cleared and uffd_wake() called */
	void (*hook)(struct uffd *u, u64 page, bool wp, void *arg); /* before the fault is answered */
	void *arg;
};

/* A skipped test when this kernel has none of it. */
struct uffd *uffd_open(void *base, u64 size);
/* Watch a part: pages that are not there, or (with wp) writes to all that are protected by uffd_protect(). */
int uffd_register(struct uffd *u, void *at, u64 size, bool wp);
int uffd_unregister(struct uffd *u, void *at, u64 size);
int uffd_protect(struct uffd *u, void *at, u64 size, bool on);
/* Answer a fault as the thread does. */
void uffd_answer(struct uffd *u, u64 page, bool wp);

/* The three places where a page of these tests holds its value. */
static inline void page_set(void *page, u64 value)
{
	volatile u64 *p = page;

	p[0] = p[255] = p[511] = value;
}

#endif /* API_UFFD_H */
