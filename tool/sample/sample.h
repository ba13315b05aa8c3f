/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One reading of a VM's statistics, from QEMU (QMP query-stats, which reads
 * KVM_GET_STATS_FD) or from the statistics files that QEMU's process holds.
 */
#ifndef TAXCUT_SAMPLE_SAMPLE_H
#define TAXCUT_SAMPLE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/*
 * struct sample - the counters at one time
 * @when: monotonic time in seconds
 * @tsc: the host's TSC at that time
 * @vm: object, name to value
 * @vcpus: array of such objects, by vCPU index
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

/* An integer value, or the sum of a histogram's buckets. */
json_int_t sample_number(const json_t *value);
/*
 * The figure to show for a statistic: with @before and a cumulative statistic the rate per second, else
 * the value. @new and @old are the values of @name in the two samples.
 */
double sample_figure(const struct sample *now, const struct sample *before, const char *name,
		     const json_t *new, const json_t *old);
/* The same for one vCPU, which both samples must have, and for the sum of all vCPUs. */
double sample_vcpu_figure(const struct sample *now, const struct sample *before, const char *name,
			  size_t vcpu);
double sample_total_figure(const struct sample *now, const struct sample *before, const char *name);

/* Is the statistic cumulative, so that it has a rate? */
bool sample_cumulative(const struct sample *s, const char *name);

#endif
