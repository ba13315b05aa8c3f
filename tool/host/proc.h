/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU time of the host's CPUs, of processes and of threads, in ns since their start. */
#ifndef TAXCUT_HOST_PROC_H
#define TAXCUT_HOST_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/cpulist.h"

/* struct proc_cpus - busy time of each CPU since boot; -1: the CPU is offline */
struct proc_cpus {
	int64_t busy_ns[CPU_LIMIT];
};

/* Resolution: a clock tick (10 ms). False when /proc/stat cannot be read. */
bool proc_cpus_read(struct proc_cpus *pc);

/* The sum over the online CPUs of @of. */
int64_t proc_busy_ns(const struct proc_cpus *pc, const struct cpu_mask *of);

/* All threads of a process, including ended ones; -1 when there is no such process. */
int64_t proc_process_ns(pid_t pid);
/* One thread of a process; -1 when there is no such thread. */
int64_t proc_thread_ns(pid_t pid, pid_t tid);

#endif
