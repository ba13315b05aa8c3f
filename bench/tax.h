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

/* Which round of the work exits by reason are from, and how they are counted there. */
enum tax_reasons {
	TAX_REASONS_STATS, /* the only round, from statistics */
	TAX_REASONS_SECOND, /* a second one, with the tracepoint: the first one's latencies stay clean */
	TAX_REASONS_TRACED, /* the only round, with the tracepoint */
};

/*
 * struct tax_plan - what to measure
 * @device: hypervisor device
 * @config: what is switched on there, a name for the bill; or NULL
 * @work: "NAME:COUNT,..." as the guest's workload scenario takes it
 * @extra: more arguments for `taxcut run`, NULL-terminated
 * @timeout: seconds without a word from the guest
 * @reasons: where exits by reason come from
 */
struct tax_plan {
	const char *device;
	const char *config;
	const char *kernel;
	const char *initrd;
	const char *work;
	const char *vcpus;
	char **extra;
	int timeout;
	enum tax_reasons reasons;
};

/*
 * Runs one instance and returns
 *	{"device", "config", "vcpus", "items": [{"name", "events", "exits", "reasons", "report"}, ...]}
 * or NULL after a message. The instance has ended in either case.
 */
json_t *tax_measure(const struct tax_plan *plan);

/*
 * struct tax_work - what a work item is called and how its cost is told
 * @title: with what an event is; NULL: another row of the same item
 * @latency: the report's key for it, in us, or NULL
 */
struct tax_work {
	const char *name;
	const char *title;
	const char *latency;
	const char *latency_title;
};

extern const struct tax_work tax_works[];
extern const size_t tax_works_n;

/* "taxcut" of "/dev/taxcut"; "stock KVM". */
const char *tax_device_title(const json_t *bill);
/* The item of that name, or NULL. */
const json_t *tax_find_item(const json_t *bill, const char *name);
/* @counts[@key] over the item's events. */
double tax_per_event(const json_t *item, const json_t *counts, const char *key);

/* All print on standard output; @bills are what tax_measure() returned. */
void tax_print(json_t *const bills[], size_t n);
void tax_print_json(json_t *const bills[], size_t n);
/* One table per work item, a row per bill: for many of them. */
void tax_print_cuts(json_t *const bills[], size_t n);

#endif
