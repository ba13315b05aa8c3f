/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One reading of an instance's statistics, from QEMU (QMP query-stats, which reads
 * KVM_GET_STATS_FD) or straight from the statistics files that a process holds.
 */
#ifndef TAXCUT_SAMPLE_SAMPLE_H
#define TAXCUT_SAMPLE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/*
 * struct sample - counters at one time
 * @when: seconds, monotonic
 * @tsc: the host's TSC then
 * @vm: object, name to value
 * @vcpus: array by vCPU index of such objects
 * @schema: object, name to {"type": ..., "unit": ...}
 *
 * A value is an integer, or an array of integers for a histogram.
 */
struct sample {
	double when;
	uint64_t tsc;
	json_t *vm;
	json_t *vcpus;
	json_t *schema;
};

/* Sets @when and @tsc. */
void sample_stamp(struct sample *s);
void sample_free(struct sample *s);

/* The number behind a value: itself, or the sum of a histogram's buckets. */
json_int_t sample_number(const json_t *value);
/*
 * What a statistic shows: with @before what it grew by, per second, if it only grows; its value
 * otherwise. @new and @old are the values of @name in the two.
 */
double sample_figure(const struct sample *now, const struct sample *before, const char *name,
		     const json_t *new, const json_t *old);
/* The same of one vCPU, which both must have, and the sum of all. */
double sample_vcpu_figure(const struct sample *now, const struct sample *before, const char *name,
			  size_t vcpu);
double sample_total_figure(const struct sample *now, const struct sample *before, const char *name);

/* Does a statistic only ever grow, so that rates of it mean something? */
bool sample_cumulative(const struct sample *s, const char *name);

#endif
