/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host says about its CPUs. */
#ifndef TAXCUT_HOST_CPUS_H
#define TAXCUT_HOST_CPUS_H

#include <stdbool.h>

#include "lib/cpulist.h"

/*
 * struct host_cpus - the host's CPUs, by role
 * @online: as /sys/devices/system/cpu/online
 * @isolated: kept out of the scheduler's domains (isolcpus=, isolated cgroup partitions); online ones only
 * @usable: those that this process's cgroup may use: not those of a partition that it is not in
 * @nohz_full: no tick while one task runs; online ones only
 * @rcu_nocbs: RCU callbacks offloaded (rcu_nocbs= on the command line, or nohz_full)
 */
struct host_cpus {
	struct cpu_mask online;
	struct cpu_mask isolated;
	struct cpu_mask usable;
	struct cpu_mask nohz_full;
	struct cpu_mask rcu_nocbs;
};

/* False when /sys does not say which CPUs are online. */
bool host_cpus_read(struct host_cpus *hc);

/* The SMT siblings of @cpu, without itself; false, and none, when the kernel does not say. */
bool host_siblings(int cpu, struct cpu_mask *siblings);

/* The NUMA node of @cpu, or -1 where the host has one node only. */
int host_node(int cpu);

#endif
