/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two sides of the randomised memory test agree on (mem_random.c, guest/mem_random.c). */
#ifndef API_MEM_RANDOM_H
#define API_MEM_RANDOM_H

#define RANDOM_PORT 0x1100 /* where INS gets values from */
#define RANDOM_SERVED 0x51 /* sync_host(): the box is done */
#define RANDOM_PAUSED 0x52

enum { RANDOM_READ, RANDOM_WRITE, RANDOM_INS };

#define RANDOM_SERVERS 2 /* vCPUs that take orders */
#define RANDOM_NOISES 2 /* vCPUs that write all the time */
#define RANDOM_ITEMS 64
#define RANDOM_NOISE_PAGES 64 /* of one vCPU */

/* Orders for a vCPU: read or write pages. */
struct random_box {
	unsigned long n, next;
	struct random_item {
		unsigned long op, gpa, value;
		unsigned long other; /* after a read: another word of the page, which must be the same */
	} item[RANDOM_ITEMS];
};

struct random_noise {
	unsigned long at, counter, rounds;
	unsigned long unreal; /* set by the host: the access did not happen, or not in memory */
	unsigned long gpa[RANDOM_NOISE_PAGES];
	unsigned long written[RANDOM_NOISE_PAGES]; /* the last number, 0: none that must be there */
	unsigned long epoch[RANDOM_NOISE_PAGES]; /* before it was written */
	unsigned long logged[RANDOM_NOISE_PAGES]; /* random_log_epoch + 1 before the last write */
};

#endif /* API_MEM_RANDOM_H */
