// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cpulist.h"
#include "util.h"

#define WORD_BITS (8 * (int)sizeof(unsigned long))

void mask_set(struct cpu_mask *m, int cpu)
{
	m->w[cpu / WORD_BITS] |= 1ul << (cpu % WORD_BITS);
}

bool mask_test(const struct cpu_mask *m, int cpu)
{
	return cpu >= 0 && cpu < CPU_LIMIT &&
	       (m->w[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1);
}

int mask_count(const struct cpu_mask *m)
{
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(m->w); i++)
		n += __builtin_popcountl(m->w[i]);
	return n;
}

int mask_next(const struct cpu_mask *m, int cpu)
{
	for (; cpu < CPU_LIMIT; cpu++)
		if (mask_test(m, cpu))
			return cpu;
	return -1;
}

void mask_or(struct cpu_mask *m, const struct cpu_mask *add)
{
	for (size_t i = 0; i < ARRAY_LEN(m->w); i++)
		m->w[i] |= add->w[i];
}

void mask_remove(struct cpu_mask *m, const struct cpu_mask *sub)
{
	for (size_t i = 0; i < ARRAY_LEN(m->w); i++)
		m->w[i] &= ~sub->w[i];
}

bool mask_intersects(const struct cpu_mask *a, const struct cpu_mask *b)
{
	for (size_t i = 0; i < ARRAY_LEN(a->w); i++)
		if (a->w[i] & b->w[i])
			return true;
	return false;
}

bool mask_subset(const struct cpu_mask *a, const struct cpu_mask *of)
{
	for (size_t i = 0; i < ARRAY_LEN(a->w); i++)
		if (a->w[i] & ~of->w[i])
			return false;
	return true;
}

char *mask_format(const struct cpu_mask *m)
{
	char *out = xstrdup(""), *longer;
	int first, last;

	for (first = mask_next(m, 0); first >= 0; first = mask_next(m, last + 1)) {
		last = first;
		while (mask_test(m, last + 1))
			last++;
		longer = last > first ?
			xasprintf("%s%s%d-%d", out, *out ? "," : "", first, last) :
			xasprintf("%s%s%d", out, *out ? "," : "", first);
		free(out);
		out = longer;
	}
	if (*out)
		return out;
	free(out);
	return xstrdup("none");
}

json_t *mask_json(const struct cpu_mask *m)
{
	json_t *arr = json_array();

	for (int cpu = mask_next(m, 0); cpu >= 0; cpu = mask_next(m, cpu + 1))
		json_array_append_new(arr, json_integer(cpu));
	return arr;
}

static bool parse_cpu(const char **s, int *cpu)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)**s))
		return false;
	n = strtol(*s, &end, 10);
	if (n >= CPU_LIMIT)
		return false;
	*s = end;
	*cpu = (int)n;
	return true;
}

bool cpulist_parse(const char *s, struct cpu_list *list)
{
	int first, last;

	list->n = 0;
	do {
		if (!parse_cpu(&s, &first))
			return false;
		last = first;
		if (*s == '-') {
			s++;
			if (!parse_cpu(&s, &last) || last < first)
				return false;
		}
		if (list->n + (last - first) >= CPU_LIMIT)
			return false;
		while (first <= last)
			list->cpu[list->n++] = first++;
	} while (*s++ == ',');
	return !s[-1];
}

int cpulist_duplicate(const struct cpu_list *list)
{
	struct cpu_mask seen = { 0 };

	for (int i = 0; i < list->n; i++) {
		if (mask_test(&seen, list->cpu[i]))
			return list->cpu[i];
		mask_set(&seen, list->cpu[i]);
	}
	return -1;
}

void cpulist_mask(const struct cpu_list *list, struct cpu_mask *m)
{
	*m = (struct cpu_mask){ 0 };
	for (int i = 0; i < list->n; i++)
		mask_set(m, list->cpu[i]);
}

json_t *cpulist_json(const struct cpu_list *list)
{
	json_t *arr = json_array();

	for (int i = 0; i < list->n; i++)
		json_array_append_new(arr, json_integer(list->cpu[i]));
	return arr;
}

bool mask_parse(const char *s, struct cpu_mask *m)
{
	static struct cpu_list list;

	*m = (struct cpu_mask){ 0 };
	if (!*s || !strcmp(s, "(null)"))
		return true;
	if (!cpulist_parse(s, &list))
		return false;
	cpulist_mask(&list, m);
	return true;
}

bool mask_parse_hex(const char *s, struct cpu_mask *m)
{
	int bit = 0, digit;

	*m = (struct cpu_mask){ 0 };
	for (const char *p = s + strlen(s); p-- > s; ) {
		if (*p == ',')
			continue;
		if (!isxdigit((unsigned char)*p) || bit + 4 > CPU_LIMIT)
			return false;
		digit = isdigit((unsigned char)*p) ? *p - '0' : (*p | 32) - 'a' + 10;
		for (int i = 0; i < 4; i++)
			if (digit >> i & 1)
				mask_set(m, bit + i);
		bit += 4;
	}
	return bit > 0;
}

int affinity_set(int tid, const struct cpu_mask *m)
{
	return sched_setaffinity(tid, sizeof(*m), (const cpu_set_t *)m->w) ? -errno : 0;
}

int affinity_get(int tid, struct cpu_mask *m)
{
	*m = (struct cpu_mask){ 0 };
	return sched_getaffinity(tid, sizeof(*m), (cpu_set_t *)m->w) < 0 ? -errno : 0;
}
