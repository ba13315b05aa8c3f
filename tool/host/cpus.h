/* SPDX-License-Identifier: GPL-2.0-only */
/* The roles of the host's CPUs. */
#ifndef TAXCUT_HOST_CPUS_H
#define TAXCUT_HOST_CPUS_H

#include <stdbool.h>

#include "lib/cpulist.h"

/*
 * struct host_cpus - the host's CPUs, by role
 * @online: as /sys/devices/system/cpu/online
 * @isolated: kept out of the scheduler's domains (isolcpus=, isolated cgroup partitions); online ones only
 * @usable: CPUs that the cgroup of this process may use; CPUs of other cgroup partitions are not among them
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

/* False when /sys does not list the online CPUs. */
bool host_cpus_read(struct host_cpus *hc);

/* The SMT siblings of @cpu, without @cpu. False, and an empty set, when the kernel does not report them. */
bool host_siblings(int cpu, struct cpu_mask *siblings);

/* The NUMA node of @cpu, or -1 on a host with one node. */
int host_node(int cpu);

#endif
