// SPDX-License-Identifier: GPL-2.0-only
/* Guests of the randomised memory test. Host side: mem_random.c. */
#include "lib.h"

#include "../mem_random.h"

void g_random_serve(u64 self);
void g_random_noise(u64 self);

struct random_box random_boxes[RANDOM_SERVERS];
struct random_noise random_noises[RANDOM_NOISES];
volatile u64 random_epochs[RANDOM_NOISE_PAGES]; /* incremented before and after the host may discard the contents */
volatile u64 random_log_epoch; /* incremented before the host reads a dirty log */
volatile u64 random_pause;

/* A page holds its value in three words. */
static u64 read_value(u64 gpa, u64 *other)
{
	u64 a = *(volatile u64 *)gpa, b = *(volatile u64 *)(gpa + 2040), c = *(volatile u64 *)(gpa + 4088);

	*other = a != b ? b : c;
	return a;
}

static void write_value(u64 gpa, u64 value)
{
	*(volatile u64 *)gpa = value;
	*(volatile u64 *)(gpa + 2040) = value;
	*(volatile u64 *)(gpa + 4088) = value;
}

static void ins_value(u64 gpa)
{
	for (u64 at = 0; at <= 4088; at += at ? 2048 : 2040) {
		u64 to = gpa + at, n = 2;

		asm volatile("rep insl" : "+D"(to), "+c"(n) : "d"(RANDOM_PORT) : "memory");
	}
}

/*
 * Performs the accesses in the box from item `next` on; after a failed access the host starts it again at the next
 * item.
 */
void g_random_serve(u64 self)
{
	volatile struct random_box *box = &random_boxes[self];

	for (;; box->next = 0) {
		for (; box->next < box->n; box->next++) {
			volatile struct random_item *item = &box->item[box->next];
			u64 other;

			if (item->op == RANDOM_READ) {
				item->value = read_value(item->gpa, &other);
				item->other = other;
			} else if (item->op == RANDOM_WRITE) {
				write_value(item->gpa, item->value);
			} else {
				ins_value(item->gpa);
			}
		}
		sync_host(RANDOM_SERVED);
	}
}

/*
 * Writes increasing numbers to its own pages all the time. There is no other
 * writer, so a page must hold its last number, or a later one written through an
 * alias, unless the host has announced that the contents may be lost.
 */
void g_random_noise(u64 self)
{
	volatile struct random_noise *n = &random_noises[self];

	for (;; n->at = (n->at + 1) % RANDOM_NOISE_PAGES) {
		u64 i = n->at, gpa = n->gpa[i], other, value, log_epoch;

		if (random_pause)
			sync_host(RANDOM_PAUSED);
		n->unreal = 0;
		value = read_value(gpa, &other);
		if (n->written[i] && !n->unreal && random_epochs[i] == n->epoch[i]) {
			EXPECT(value >= n->written[i] && value <= n->counter);
			EXPECT_EQ(other, value);
		}
		n->written[i] = 0;
		n->epoch[i] = random_epochs[i];
		log_epoch = random_log_epoch;
		n->unreal = 0;
		value = ++n->counter;
		write_value(gpa, value);
		if (n->unreal)
			continue;
		n->logged[i] = log_epoch + 1;
		n->written[i] = value;
		n->rounds++;
	}
}
