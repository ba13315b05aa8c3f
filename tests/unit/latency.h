/* SPDX-License-Identifier: GPL-2.0-only */
/* Latencies of timer firings in ns: synthetic, and recorded (lines "# comment", "name NAME", or one latency). */
#ifndef TAXCUT_TEST_LATENCY_H
#define TAXCUT_TEST_LATENCY_H

#include "model/port.h"

#define LATENCY_MAX 1000

struct latency_list {
	char name[32];
	u32 n;
	s64 ns[LATENCY_MAX];
};

/* Synthetic: the latency of firing i. */
s64 latency_bimodal(u32 i);
s64 latency_mostly_fast(u32 i);
s64 latency_drifting(u32 i);
s64 latency_spiky(u32 i);

/* The number of lists in the file (in the folder of the unit tests); 0 when it cannot be read. */
u32 latency_load(const char *name);
const struct latency_list *latency_list(u32 i);
/* The percentile of its latencies. */
u32 latency_quantile(const struct latency_list *l, u32 percent);

#endif /* TAXCUT_TEST_LATENCY_H */
