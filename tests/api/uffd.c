// SPDX-License-Identifier: GPL-2.0-only
/* userfaultfd with a thread that serves it; see uffd.h. */
#include "uffd.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static bool give_page(struct uffd *u, u64 page)
{
	u64 at = (uintptr_t)u->base + page * 4096, buf[512] = {};
	struct uffdio_zeropage zero = { .range = { at, 4096 } };
	struct uffdio_copy copy = { .dst = at, .src = (uintptr_t)buf, .len = 4096 };

	if (!u->fill[page])
		return !ioctl(u->fd, UFFDIO_ZEROPAGE, &zero);
	page_set(buf, u->fill[page]);
	return !ioctl(u->fd, UFFDIO_COPY, &copy);
}

/* A fault that cannot be resolved (the page or its mapping has changed) is woken, so that it does not wait. */
void uffd_answer(struct uffd *u, u64 page, bool wp)
{
	struct uffdio_range range = { (uintptr_t)u->base + page * 4096, 4096 };
	bool answered = wp ? !uffd_protect(u, u->base + page * 4096, 4096, false) : give_page(u, page);

	if (!answered)
		ioctl(u->fd, UFFDIO_WAKE, &range);
}

static void serve(struct uffd *u)
{
	struct uffd_msg m;
	u64 page;
	bool wp;

	if (read(u->fd, &m, sizeof(m)) != sizeof(m) || m.event != UFFD_EVENT_PAGEFAULT)
		return;
	page = (m.arg.pagefault.address - (uintptr_t)u->base) / 4096;
	if (page >= u->npages)
		FAIL("userfaultfd asks for 0x%llx", (unsigned long long)m.arg.pagefault.address);
	wp = m.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP;
	(wp ? u->asked_wp : u->asked)[page]++;
	u->asked_in_all++;
	if (u->hook)
		u->hook(u, page, wp, u->arg);
	while (u->hold)
		usleep(1000);
	uffd_answer(u, page, wp);
}

static void *serve_forever(void *arg)
{
	struct uffd *u = arg;
	struct pollfd p = { u->fd, POLLIN, 0 };

	for (;;) {
		if (poll(&p, 1, -1) == 1)
			serve(u);
	}
	return NULL;
}

struct uffd *uffd_open(void *base, u64 size)
{
	struct uffdio_api api = { .api = UFFD_API,
				  .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM |
					      UFFD_FEATURE_WP_UNPOPULATED };
	struct uffd *u = mmap(NULL, sizeof(*u), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(u != MAP_FAILED);
	CHECK(size / 4096 <= UFFD_MAX_PAGES);
	u->base = base;
	u->npages = size / 4096;
	u->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (u->fd < 0)
		test_skip("needs userfaultfd");
	if (ioctl(u->fd, UFFDIO_API, &api))
		test_skip("needs a newer userfaultfd");
	CHECK_EQ(pthread_create(&u->thread, NULL, serve_forever, u), 0);
	return u;
}

int uffd_register(struct uffd *u, void *at, u64 size, bool wp)
{
	struct uffdio_register r = { .range = { (uintptr_t)at, size },
				     .mode = wp ? UFFDIO_REGISTER_MODE_WP : UFFDIO_REGISTER_MODE_MISSING };

	return ioctl(u->fd, UFFDIO_REGISTER, &r);
}

int uffd_unregister(struct uffd *u, void *at, u64 size)
{
	struct uffdio_range range = { (uintptr_t)at, size };

	return ioctl(u->fd, UFFDIO_UNREGISTER, &range);
}

int uffd_protect(struct uffd *u, void *at, u64 size, bool on)
{
	struct uffdio_writeprotect w = { .range = { (uintptr_t)at, size },
					 .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0 };

	return ioctl(u->fd, UFFDIO_WRITEPROTECT, &w);
}
