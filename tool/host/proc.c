// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "proc.h"

/* Busy is everything but idle and iowait; user time includes guest time (proc(5), /proc/stat). */
static bool busy_ticks(const char *fields, int64_t *ticks)
{
	long long user, nice, system, idle, iowait, irq, softirq, steal;

	if (sscanf(fields, "%lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice, &system, &idle,
		   &iowait, &irq, &softirq, &steal) != 8)
		return false;
	*ticks = user + nice + system + irq + softirq + steal;
	return true;
}

bool proc_cpus_read(struct proc_cpus *pc)
{
	char *stat = sys_read("/proc/stat"), *rest = stat, *line;
	int64_t tick_ns = 1000000000 / sysconf(_SC_CLK_TCK), ticks;
	bool found = false;
	int cpu, used;

	memset(pc->busy_ns, -1, sizeof(pc->busy_ns));
	while (rest && (line = strsep(&rest, "\n"))) {
		if (sscanf(line, "cpu%d%n", &cpu, &used) != 1 || cpu < 0 || cpu >= CPU_LIMIT ||
		    !busy_ticks(line + used, &ticks))
			continue;
		pc->busy_ns[cpu] = ticks * tick_ns;
		found = true;
	}
	free(stat);
	return found;
}

int64_t proc_busy_ns(const struct proc_cpus *pc, const struct cpu_mask *of)
{
	int64_t sum = 0;

	for (int cpu = mask_next(of, 0); cpu >= 0; cpu = mask_next(of, cpu + 1))
		if (pc->busy_ns[cpu] > 0)
			sum += pc->busy_ns[cpu];
	return sum;
}

int64_t proc_process_ns(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (pid <= 0 || clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		return -1;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t proc_thread_ns(pid_t pid, pid_t tid)
{
	char *path = xasprintf("/proc/%d/task/%d/schedstat", (int)pid, (int)tid);
	long long ns = -1;
	FILE *f = fopen(path, "re");

	free(path);
	if (!f)
		return -1;
	if (fscanf(f, "%lld", &ns) != 1)
		ns = -1;
	fclose(f);
	return ns;
}
