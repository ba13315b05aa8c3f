/* SPDX-License-Identifier: GPL-2.0-only */
/* Readings of all instances and of the host. */
#ifndef TAXCUT_WATCH_TOP_READ_H
#define TAXCUT_WATCH_TOP_READ_H

#include <stdint.h>
#include <sys/types.h>

#include "host/cpus.h"
#include "host/instance.h"
#include "host/proc.h"
#include "sample/sample.h"

/*
 * struct top_reading - a reading at one time; arrays have one entry per instance
 * @cpus: NULL when the CPU times of the host are unknown
 * @sample: vcpus is NULL when the statistics could not be read; @error then has the reason
 * @process_ns: CPU time of QEMU's process, -1 when unknown
 * @thread_ns: CPU time of the vCPU threads, by vCPU; -1 when unknown
 */
struct top_reading {
	double when;
	struct host_cpus *host;
	struct proc_cpus *cpus;
	struct instances all;
	struct sample *sample;
	char **error;
	int64_t *process_ns;
	int64_t **thread_ns;
};

void top_read(struct top_reading *r);
void top_reading_free(struct top_reading *r);

#endif
