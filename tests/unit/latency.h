/* SPDX-License-Identifier: GPL-2.0-only */
/* Recorded timer latencies: lines "# comment", "name NAME", and one latency in ns. */
#ifndef TAXCUT_TEST_LATENCY_H
#define TAXCUT_TEST_LATENCY_H

#include "port.h"

#define LATENCY_MAX 1000

struct latency_list {
	char name[32];
	u32 n;
	s64 ns[LATENCY_MAX];
};

/* The number of lists in the file (in the folder of the unit tests); 0 when it cannot be read. */
u32 latency_load(const char *name);
const struct latency_list *latency_list(u32 i);
/* percent of its latencies are not above that. */
u32 latency_quantile(const struct latency_list *l, u32 percent);

#endif /* TAXCUT_TEST_LATENCY_H */
