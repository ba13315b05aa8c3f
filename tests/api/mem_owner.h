/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the tests of memory that the client changes (mem_owner.c, mem_watch.c). */
#ifndef API_MEM_OWNER_H
#define API_MEM_OWNER_H

#include <sys/mman.h>

#include "harness.h"

#define MIB (1ULL << 20)
#define PAGE 4096ULL
#define AT 0x20000000ULL /* its guest physical address */

/* One vCPU, and memory in slot 1 at AT. */
struct owner {
	struct vm *vm;
	struct vcpu *v;
	u8 *p;
	u64 size;
};

/* Memory at a fixed address, which no other mapping uses, so that it can be mapped again there. */
static inline u8 *own_reserve(u64 size)
{
	u8 *p = mmap((void *)0x100000000000, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static inline u8 *own_map_again(u8 *p, u64 size)
{
	CHECK(mmap(p, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	return p;
}

static inline u8 *own_map_file(u8 *p, u64 size, int fd)
{
	CHECK(mmap(p, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	return p;
}

static inline int own_memfd(u64 size, unsigned int flags)
{
	int fd = (int)OK(memfd_create("slot", flags | MFD_CLOEXEC));

	OK(ftruncate(fd, (long)size));
	return fd;
}

static inline u64 *word(u8 *p, u64 page)
{
	return (u64 *)(p + page * PAGE);
}

/* KVM_RUN, repeated on EINTR: 0 or -errno. */
static inline int own_run(struct vcpu *v)
{
	int r;

	do
		r = vcpu_run_once(v);
	while (r == -EINTR);
	return r;
}

static inline u64 guest_reads(struct owner *o, u64 page)
{
	vcpu_call(o->v, "g_own_read", AT + page * PAGE);
	return guest_results(o->vm)[0];
}

static inline void guest_writes(struct owner *o, u64 page, u64 value)
{
	guest_args(o->vm)[0] = value;
	vcpu_call(o->v, "g_own_write", AT + page * PAGE);
}

/* The access ends KVM_RUN with EFAULT each time; the vCPU stays at the instruction. */
static inline void guest_faults(struct owner *o, const char *function, u64 page)
{
	vcpu_start(o->v, function, AT + page * PAGE);
	CHECK_EQ(own_run(o->v), -EFAULT);
	CHECK_EQ(own_run(o->v), -EFAULT);
}

/* Writes value, value + 1, ... to n pages from `page` on, `step` apart. */
static inline void guest_writes_pages(struct owner *o, u64 page, u64 n, u64 step, u64 value)
{
	guest_args(o->vm)[0] = value;
	guest_args(o->vm)[1] = n;
	guest_args(o->vm)[2] = step;
	vcpu_call(o->v, "g_own_write_pages", AT + page * PAGE);
}

/* Guest and client see each other's writes to the page. */
static inline void same_memory(struct owner *o, u64 page)
{
	guest_writes(o, page, 0x1111 + page);
	CHECK_EQ(*word(o->p, page), 0x1111 + page);
	*word(o->p, page) = 0x2222 + page;
	CHECK_EQ(guest_reads(o, page), 0x2222 + page);
	guest_writes(o, page, 0x3333 + page);
	CHECK_EQ(*word(o->p, page), 0x3333 + page);
}

static inline struct owner own_none(u64 size)
{
	struct owner o = { .vm = vm_create(CHIP_NONE), .size = size };

	o.v = vcpu_create(o.vm, 0);
	return o;
}

static inline struct owner own_slot(u64 size, u32 flags)
{
	struct owner o = own_none(size);

	o.p = own_reserve(size);
	OK(vm_set_slot(o.vm, 1, AT, size, o.p, flags));
	return o;
}

#endif /* API_MEM_OWNER_H */
