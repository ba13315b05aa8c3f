/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model of the randomised memory test: the client's mappings, their rights
 * and contents, and the slots that map them into the guest.
 *
 * The arena is a range of this process's addresses. Its first half is mapped
 * with small pages, its second half with huge pages. A page holds one value, in
 * three of its words. Two of every 64 pages belong to the noise vCPUs; since no
 * operation relates pages with different numbers modulo 64, the values of the
 * other pages are known.
 */
#ifndef API_MEM_MODEL_H
#define API_MEM_MODEL_H

#include <sys/mman.h>

#include "harness.h"
#include "mem_random.h"
#include "uffd.h"

#define ARENA ((u8 *)0x200000000000)
#define SMALL_PAGES 2048U
#define ARENA_PAGES 4096U
#define PER_HUGE 512U
#define GROUP 64U

#define WINDOW 0x40000000ULL /* guest physical address of the slots */
#define WINDOW_PAGES 8192U
#define SLOTS 7U

enum kind { UNMAPPED, ANON, SHARED, PRIVATE };

struct page {
	u8 kind, prot, file;
	bool copied; /* PRIVATE: has its own copy */
	bool vague; /* PRIVATE: may have had its own copy before the file changed */
	bool missing, absent; /* registered with userfaultfd for missing pages; and missing now */
	bool guarded, protected; /* registered for write protection; and protected now */
	u32 index; /* in the file */
	u64 own; /* value of ANON, and of PRIVATE if copied */
};

struct file {
	int fd;
	u32 pages, size; /* pages: at most, now */
	u64 value[SMALL_PAGES * 2];
};

struct slot {
	bool used, fresh; /* fresh: the log has not been read yet */
	u32 first, n, at; /* pages: first in the arena, number, position in the window */
	u32 flags;
	bool must[ARENA_PAGES]; /* written by the guest since the log was read */
	bool may[ARENA_PAGES]; /* read by the guest since then */
	bool last[ARENA_PAGES]; /* in the log at the last reading */
};

struct model {
	struct vm *vm;
	u64 seed, random, next_value;
	u32 step;
	bool huge; /* the host has huge pages for the test */
	bool limited; /* RLIMIT_MEMLOCK may be too low */
	struct page page[ARENA_PAGES];
	struct file file[2]; /* the second one has huge pages */
	struct slot slot[SLOTS + 1]; /* by id, from 1 */
	struct uffd *uffd;
	u32 asked[ARENA_PAGES], asked_wp[ARENA_PAGES]; /* faults that must have been delivered */
	u32 first, n; /* pages of the last operation */
};

extern struct model m;

#define MFAIL(format, ...) \
	FAIL("seed %llu, step %u: " format, (unsigned long long)m.seed, m.step, ##__VA_ARGS__)

u32 rnd(u32 n);
bool chance(u32 percent);
u64 new_value(void);

static inline bool is_noise(u32 page)
{
	return page % GROUP >= GROUP - RANDOM_NOISES;
}

static inline u8 *at(u32 page)
{
	return ARENA + page * 4096ULL;
}

/* Does the client's mapping allow the access, for client and guest? */
bool readable(u32 page);
bool writable(u32 page);
u64 value(u32 page);
/* Updates the model for an access by client or guest: due faults of userfaultfd, and a private copy. */
void touched(u32 page, bool write);
void set_value(u32 page, u64 v);
void set_file(u32 file, u32 index, u64 v);
void resize_file(u32 file, u32 size);
/* Sets the observed value of a page whose content was uncertain (vague). */
void settle(u32 page, u64 v);
void make_unmapped(u32 page);
void make_mapped(u32 page, enum kind kind, u8 prot, u32 file, u32 index);
void make_discarded(u32 page);

/* A used slot; one that maps the arena page; one that covers a page of the window. 0: none. */
u32 any_slot(void);
u32 slot_showing(u32 page);
u32 slot_at(u32 place);

/* Accesses by the client; the mapping must allow them. */
u64 client_read(u32 page);
void client_write(u32 page, u64 v);
/* Checks that userfaultfd delivered the due faults and no others. */
void check_asked(void);

/* Tell the noise vCPUs that pages may lose their content. Call it before and after the change. */
void epochs(u32 first, u32 n);
void epochs_all(void);

/* Performs one operation and updates the model; prints how often each was done. */
void random_operation(void);
void print_operations(void);
void operations_start(void);
void operations_end(void);

/* Accesses by the guest (mem_random.c): n pages, each through one of its slots, all by one vCPU. */
struct access {
	u32 op, page, slot;
	u64 value;
	int error; /* 0, or the errno of KVM_RUN */
	bool to_user; /* a write to a read-only slot */
};

void guest_access(struct access *a, u32 n);
/* Must a noise vCPU's page be in the slot's log? */
bool noise_logged(u32 id, u32 page);

#endif /* API_MEM_MODEL_H */
