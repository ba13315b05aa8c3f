/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model of the randomised memory test: what the client has mapped where,
 * with which rights and contents, and which slots show it to the guest.
 *
 * The arena is a range of this process's addresses, of which the first half is
 * mapped in small pages, the second in huge ones. All of a page is one value,
 * kept in three of its words. Two pages of each 64 are the noise vCPUs': no
 * operation relates pages that differ in their number modulo 64, so that the
 * values of the others can be known.
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

#define WINDOW 0x40000000ULL /* where slots are, in the guest */
#define WINDOW_PAGES 8192U
#define SLOTS 7U

enum kind { UNMAPPED, ANON, SHARED, PRIVATE };

struct page {
	u8 kind, prot, file;
	bool copied; /* PRIVATE: has a content of its own */
	bool vague; /* PRIVATE: may have had one since the file changed */
	bool missing, absent; /* watched by userfaultfd; and not there */
	bool guarded, protected; /* write-protected by it */
	u32 index; /* in the file */
	u64 own; /* ANON, PRIVATE if copied */
};

struct file {
	int fd;
	u32 pages, size; /* at most, now */
	u64 value[SMALL_PAGES * 2];
};

struct slot {
	bool used, fresh; /* fresh: the log has not been read */
	u32 first, n, at; /* pages: in the arena, how many, in the window */
	u32 flags;
	bool must[ARENA_PAGES]; /* written by the guest since the log was read */
	bool may[ARENA_PAGES]; /* read */
	bool last[ARENA_PAGES]; /* in the log the last time */
};

struct model {
	struct vm *vm;
	u64 seed, random, next_value;
	u32 step;
	bool huge; /* there are huge pages */
	bool limited; /* RLIMIT_MEMLOCK may be too low */
	struct page page[ARENA_PAGES];
	struct file file[2]; /* the second of huge pages */
	struct slot slot[SLOTS + 1]; /* by id, from 1 */
	struct uffd *uffd;
	u32 asked[ARENA_PAGES], asked_wp[ARENA_PAGES]; /* faults that must have been delivered */
	u32 first, n; /* what the last operation was about */
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

/* May the client do that, and so the guest? */
bool readable(u32 page);
bool writable(u32 page);
u64 value(u32 page);
/* Somebody does: whom that is delivered to, and what it makes of the page. */
void touched(u32 page, bool write);
void set_value(u32 page, u64 v);
void set_file(u32 file, u32 index, u64 v);
void resize_file(u32 file, u32 size);
/* A page whose content is not sure: this is what it turned out to be. */
void settle(u32 page, u64 v);
void make_unmapped(u32 page);
void make_mapped(u32 page, enum kind kind, u8 prot, u32 file, u32 index);
void make_discarded(u32 page);

/* A used slot, 0 when there is none; one that shows the page, 0 when none does; one that is at a place in the window. */
u32 any_slot(void);
u32 slot_showing(u32 page);
u32 slot_at(u32 place);

/* The client's own accesses, which must be allowed. */
u64 client_read(u32 page);
void client_write(u32 page, u64 v);
/* Every fault that userfaultfd delivered was due, and every one due was delivered. */
void check_asked(void);

/* Tell the noise vCPUs that pages may lose their content: before and after they do. */
void epochs(u32 first, u32 n);
void epochs_all(void);

/* One operation, with its change of the model; and how often each was done. */
void random_operation(void);
void print_operations(void);
void operations_start(void);
void operations_end(void);

/* Guest accesses (mem_random.c): n pages, some slot of each, all by one vCPU. */
struct access {
	u32 op, page, slot;
	u64 value;
	int error; /* 0, or what KVM_RUN failed with */
	bool to_user; /* a write to a read-only slot */
};

void guest_access(struct access *a, u32 n);
/* May the noise vCPUs' slots be asked for their logs? */
bool noise_logged(u32 id, u32 page);

#endif /* API_MEM_MODEL_H */
