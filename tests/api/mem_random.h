/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by host and guest side of the randomised memory test (mem_random.c, guest/mem_random.c). */
#ifndef API_MEM_RANDOM_H
#define API_MEM_RANDOM_H

#define RANDOM_PORT 0x1100 /* read by INS */
#define RANDOM_SERVED 0x51 /* sync_host(): all items of the box are done */
#define RANDOM_PAUSED 0x52

enum { RANDOM_READ, RANDOM_WRITE, RANDOM_INS };

#define RANDOM_SERVERS 2 /* vCPUs that read and write on request */
#define RANDOM_NOISES 2 /* vCPUs that write all the time */
#define RANDOM_ITEMS 64
#define RANDOM_NOISE_PAGES 64 /* per vCPU */

/* Requests to a vCPU: reads and writes of pages. */
struct random_box {
	unsigned long n, next;
	struct random_item {
		unsigned long op, gpa, value;
		unsigned long other; /* after a read: another word of the page, which must be the same */
	} item[RANDOM_ITEMS];
};

struct random_noise {
	unsigned long at, counter, rounds;
	unsigned long unreal; /* set by the host: the access was MMIO */
	unsigned long gpa[RANDOM_NOISE_PAGES];
	unsigned long written[RANDOM_NOISE_PAGES]; /* the last number written; 0: unknown */
	unsigned long epoch[RANDOM_NOISE_PAGES]; /* the epoch before the last write */
	unsigned long logged[RANDOM_NOISE_PAGES]; /* random_log_epoch + 1 before the last write */
};

#endif /* API_MEM_RANDOM_H */
