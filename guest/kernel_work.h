/* SPDX-License-Identifier: GPL-2.0-only */
/* Work that taxcut_work.ko does, for the programs that ask it to. */
#ifndef TAXCUT_GUEST_KERNEL_WORK_H
#define TAXCUT_GUEST_KERNEL_WORK_H

#include <stdint.h>

#include "histogram.h"
#include "module/taxcut_work.h"

/* Open the module's device; exits with a message when it is not there. */
void kernel_work_open(void);

/*
 * Do @count events as *@batch says, in as many batches as that takes, and count
 * their latencies in @h; exits when one fails.  Returns the sum of arrival_ns.
 */
uint64_t kernel_work(struct taxcut_work_batch *batch, unsigned long count, struct histogram *h);

#endif
