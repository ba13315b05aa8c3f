/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets and ordered lists of CPU numbers, in the kernel's list format. */
#ifndef TAXCUT_LIB_CPULIST_H
#define TAXCUT_LIB_CPULIST_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* The largest NR_CPUS that x86 kernels are built with. */
#define CPU_LIMIT 8192

/* The layout of sched_setaffinity(2). */
struct cpu_mask {
	unsigned long w[CPU_LIMIT / (8 * sizeof(unsigned long))];
};

void mask_set(struct cpu_mask *m, int cpu);
bool mask_test(const struct cpu_mask *m, int cpu);
int mask_count(const struct cpu_mask *m);
/* The first CPU at or after @cpu, or -1. */
int mask_next(const struct cpu_mask *m, int cpu);
void mask_or(struct cpu_mask *m, const struct cpu_mask *add);
void mask_remove(struct cpu_mask *m, const struct cpu_mask *sub);
bool mask_intersects(const struct cpu_mask *a, const struct cpu_mask *b);
bool mask_subset(const struct cpu_mask *a, const struct cpu_mask *of);
/* "0-3,8", or "none"; the caller frees it. */
char *mask_format(const struct cpu_mask *m);
json_t *mask_json(const struct cpu_mask *m);

/* An ordered list: entry N is the CPU of vCPU N. */
struct cpu_list {
	int cpu[CPU_LIMIT];
	int n;
};

/*
 * Parses "2,3" or "4-7,1" and keeps duplicates. False for other text, for a CPU number
 * from CPU_LIMIT on, and for more than CPU_LIMIT entries.
 */
bool cpulist_parse(const char *s, struct cpu_list *list);
/* The first CPU that occurs twice, or -1. */
int cpulist_duplicate(const struct cpu_list *list);
void cpulist_mask(const struct cpu_list *list, struct cpu_mask *m);
json_t *cpulist_json(const struct cpu_list *list);
/* Parses the format of mask_format(); "" and "(null)", which kernel files have, mean no CPU. */
bool mask_parse(const char *s, struct cpu_mask *m);
/* Parses the kernel's comma-separated hexadecimal form (smp_affinity files). */
bool mask_parse_hex(const char *s, struct cpu_mask *m);

/* Affinity of one thread; 0 or -errno. */
int affinity_set(int tid, const struct cpu_mask *m);
int affinity_get(int tid, struct cpu_mask *m);

#endif
