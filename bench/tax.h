/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tax bill: what work in a guest costs in exits, by reason, and in latency.
 *
 * A round is one pass over the list of work items in one guest. The guest says on its console
 * when an item begins and waits for a line, so that the counters are read while it rests; it
 * keeps what the item reports until the counters have been read again. What that conversation
 * itself costs is measured with an item that does nothing, and taken off.
 */
#ifndef TAXCUT_BENCH_TAX_H
#define TAXCUT_BENCH_TAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

/* Where exits by reason come from. */
enum tax_source {
	TAX_STATS, /* one statistic per reason, as taxcut has them */
	TAX_TRACE, /* the tracepoint kvm:kvm_exit, which stock KVM has */
};

/*
 * struct tax_counts - exits so far, of all vCPUs
 * @exits: all of them
 * @reasons: object, reason to exits
 * @outside: host TSC cycles spent outside the guest, where the hypervisor counts them
 */
struct tax_counts {
	json_int_t exits;
	json_t *reasons;
	json_int_t outside;
};

/* Counting with the tracepoint: both return 0, or EXIT_FAILED after a message. */
int tax_trace_start(void);
void tax_trace_stop(void);

/* Reads all counters; 0, or EXIT_FAILED after a message. @socket is QEMU's QMP socket. */
int tax_counts_read(struct tax_counts *c, const char *socket, enum tax_source source);
/* @after - @before; the caller frees the result with json_decref(). */
json_t *tax_counts_diff(const struct tax_counts *before, const struct tax_counts *after);
void tax_counts_free(struct tax_counts *c);

/*
 * struct tax_plan - what to measure
 * @device: hypervisor device
 * @work: "NAME:COUNT,..." as the guest's workload scenario takes it
 * @extra: more arguments for `taxcut run`, NULL-terminated
 * @timeout: seconds without a word from the guest
 * @trace: run a second round with the tracepoint
 */
struct tax_plan {
	const char *device;
	const char *kernel;
	const char *initrd;
	const char *work;
	const char *vcpus;
	char **extra;
	int timeout;
	bool trace;
};

/*
 * Runs one instance and returns
 *	{"device": ..., "items": [{"name", "events", "exits", "reasons", "report"}, ...]}
 * or NULL after a message. The instance has ended in either case.
 */
json_t *tax_measure(const struct tax_plan *plan);

/* Both print on standard output; @bills are what tax_measure() returned. */
void tax_print(json_t *const bills[], size_t n);
void tax_print_json(json_t *const bills[], size_t n);

#endif
