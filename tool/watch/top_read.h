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
 * struct top_reading - everything at one time
 * @cpus: NULL when the host does not tell
 * @sample: one for each instance; its vcpus is NULL when it could not be read, and @error says why
 * @process_ns: CPU time of the instances' processes, -1 where unknown
 * @thread_ns: of their vCPU threads: one object for each instance, vCPU's number to ns
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
