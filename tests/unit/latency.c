// SPDX-License-Identifier: GPL-2.0-only
#include "latency.h"

#include <stdio.h>
#include <stdlib.h>

#ifndef UNIT_DIR
#define UNIT_DIR "."
#endif

/* Two kinds in turn. */
s64 latency_bimodal(u32 i)
{
	return i % 2 ? 2800 : 1200;
}

s64 latency_mostly_fast(u32 i)
{
	return i % 10 ? 1200 : 3500;
}

/* Grows by 10 ns per firing, then shrinks again. */
s64 latency_drifting(u32 i)
{
	u32 phase = i % 600;

	return 1000 + (phase < 300 ? phase : 600 - phase) * 10;
}

/* Noise of 300 ns around 1500 ns, and rare outliers. */
s64 latency_spiky(u32 i)
{
	u32 noise = (i * 2654435761U) >> 16;

	if (i % 50 == 7)
		return 40000;
	if (i % 1000 == 11)
		return 10000000;
	return 1350 + noise % 300;
}

static struct latency_list lists[8];
static u32 count;

static void take_line(const char *line)
{
	char name[sizeof(lists[0].name)], *end;
	s64 ns;

	if (sscanf(line, "name %31s", name) == 1) {
		if (count < ARRAY_SIZE(lists)) {
			lists[count].n = 0;
			memcpy(lists[count++].name, name, sizeof(name));
		}
		return;
	}
	ns = strtoll(line, &end, 10);
	if (end != line && count && lists[count - 1].n < LATENCY_MAX)
		lists[count - 1].ns[lists[count - 1].n++] = ns;
}

u32 latency_load(const char *name)
{
	char path[512], line[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", UNIT_DIR, name);
	f = fopen(path, "r");
	count = 0;
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (line[0] != '#')
			take_line(line);
	(void)fclose(f);
	return count;
}

const struct latency_list *latency_list(u32 i)
{
	return &lists[i];
}

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

u32 latency_quantile(const struct latency_list *l, u32 percent)
{
	static s64 sorted[LATENCY_MAX];

	memcpy(sorted, l->ns, l->n * sizeof(sorted[0]));
	qsort(sorted, l->n, sizeof(sorted[0]), compare);
	return (u32)sorted[(u64)(l->n - 1) * percent / 100];
}
