/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU time: of the host's CPUs, of processes, of threads. In ns; it only grows. */
#ifndef TAXCUT_HOST_PROC_H
#define TAXCUT_HOST_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/cpulist.h"

/* struct proc_cpus - how long each CPU was busy since the host's start; -1: it is not online */
struct proc_cpus {
	int64_t busy_ns[CPU_LIMIT];
};

/* Resolution: a clock tick (10 ms). False when /proc/stat cannot be read. */
bool proc_cpus_read(struct proc_cpus *pc);

/* The sum of those in @of that are online. */
int64_t proc_busy_ns(const struct proc_cpus *pc, const struct cpu_mask *of);

/* All threads of a process, those that have ended, too; -1 when there is none. */
int64_t proc_process_ns(pid_t pid);
/* One thread of it; -1 when there is none. */
int64_t proc_thread_ns(pid_t pid, pid_t tid);

#endif
