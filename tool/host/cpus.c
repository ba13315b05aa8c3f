// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "cpus.h"
#include "lib/cpulist.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define CPU_DIR "/sys/devices/system/cpu"
#define CGROUP_DIR "/sys/fs/cgroup"

static bool read_mask(struct cpu_mask *m, const char *path)
{
	char *text = sys_read("%s", path);
	bool ok = text && mask_parse(text, m);

	if (!ok)
		*m = (struct cpu_mask){ 0 };
	free(text);
	return ok;
}

/* The CPU list of NAME=LIST on the kernel command line. */
static void cmdline_mask(struct cpu_mask *m, const char *name)
{
	char *cmdline = sys_read("/proc/cmdline"), *save, *word;
	size_t len = strlen(name);

	*m = (struct cpu_mask){ 0 };
	for (word = cmdline ? strtok_r(cmdline, " \n", &save) : NULL; word;
	     word = strtok_r(NULL, " \n", &save))
		if (!strncmp(word, name, len) && word[len] == '=')
			mask_parse(word + len + 1, m);
	free(cmdline);
}

static void keep_online(struct cpu_mask *m, const struct cpu_mask *online)
{
	struct cpu_mask offline = *m;

	mask_remove(&offline, online);
	mask_remove(m, &offline);
}

/*
 * Adds the CPUs of isolated cgroup partitions. Linux 6.8 and newer list them in
 * this file; Linux 7.0 and newer also in CPU_DIR/isolated.
 */
static void add_partitions(struct cpu_mask *isolated)
{
	struct cpu_mask m;

	read_mask(&m, CGROUP_DIR "/cpuset.cpus.isolated");
	mask_or(isolated, &m);
}

/* The nearest ancestor cgroup that has a cpuset limits the CPUs of this process. */
static void read_usable(struct host_cpus *hc)
{
	char *cgroup = sys_line("/proc/self/cgroup", "0::"), *path, *end;
	struct cpu_mask m;
	bool known = false;

	hc->usable = hc->online;
	while (cgroup && !known) {
		path = xasprintf(CGROUP_DIR "%s/cpuset.cpus.effective", cgroup);
		known = read_mask(&m, path) && mask_count(&m);
		free(path);
		end = strrchr(cgroup, '/');
		if (!end || !*cgroup)
			break;
		*end = '\0';
	}
	free(cgroup);
	if (!known)
		return;
	keep_online(&m, &hc->online);
	hc->usable = m;
}

bool host_cpus_read(struct host_cpus *hc)
{
	if (!read_mask(&hc->online, CPU_DIR "/online") || !mask_count(&hc->online))
		return false;
	read_mask(&hc->isolated, CPU_DIR "/isolated");
	add_partitions(&hc->isolated);
	read_mask(&hc->nohz_full, CPU_DIR "/nohz_full");
	cmdline_mask(&hc->rcu_nocbs, "rcu_nocbs");
	mask_or(&hc->rcu_nocbs, &hc->nohz_full);
	keep_online(&hc->isolated, &hc->online);
	keep_online(&hc->nohz_full, &hc->online);
	read_usable(hc);
	return true;
}

bool host_siblings(int cpu, struct cpu_mask *siblings)
{
	struct cpu_mask self = { 0 };
	char *text = sys_read(CPU_DIR "/cpu%d/topology/thread_siblings_list", cpu);
	bool known = text && mask_parse(text, siblings);

	if (!known)
		*siblings = (struct cpu_mask){ 0 };
	mask_set(&self, cpu);
	mask_remove(siblings, &self);
	free(text);
	return known;
}

int host_node(int cpu)
{
	struct cpu_mask nodes;

	if (!read_mask(&nodes, "/sys/devices/system/node/online") || mask_count(&nodes) < 2)
		return -1;
	for (int node = mask_next(&nodes, 0); node >= 0; node = mask_next(&nodes, node + 1))
		if (sys_exists(CPU_DIR "/cpu%d/node%d", cpu, node))
			return node;
	return -1;
}
