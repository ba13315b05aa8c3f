// SPDX-License-Identifier: GPL-2.0-only
/* Errors of a command line that need no look at the machine. */
#include <string.h>

#include "host/cuts.h"
#include "host/instance.h"
#include "lib/cpulist.h"
#include "lib/util.h"
#include "plan.h"
#include "usage.h"

#define MEMORY_MIN (16ull << 20)
/* Physical addresses have 52 bits at most (AMD APM vol. 2, "Long-Mode Page Translation"). */
#define MEMORY_MAX (1ull << 52)

static int usage_memory(const struct run_plan *plan)
{
	if (plan->memory < MEMORY_MIN || plan->memory & ((1u << 20) - 1))
		return usage_error("--mem takes whole MiB, 16 at least");
	if (plan->memory > MEMORY_MAX)
		return usage_error("--mem takes 4096T at most: no processor addresses more");
	if (plan->hugepage && plan->memory % plan->hugepage)
		return usage_error("--mem is not a multiple of the huge page size");
	return EXIT_OK;
}

static int usage_cpus(struct run_plan *plan)
{
	int dup;

	if (!cpulist_parse(plan->cpus_arg, &plan->cpus)) {
		usage_error("--cpus '%s' is not a list of CPUs", plan->cpus_arg);
		hint("give numbers and ranges, for example 2,3 or 4-7; vCPU 0 gets the first CPU");
		return EXIT_USAGE;
	}
	dup = cpulist_duplicate(&plan->cpus);
	if (dup >= 0) {
		usage_error("CPU %d is given twice", dup);
		hint("each vCPU needs a CPU of its own");
		return EXIT_USAGE;
	}
	if (plan->vcpus > (uint64_t)plan->cpus.n) {
		usage_error("%llu vCPUs are more than the %d CPUs given",
		       (unsigned long long)plan->vcpus, plan->cpus.n);
		hint("list more CPUs with --cpus, or lower --vcpus");
		return EXIT_USAGE;
	}
	if (plan->vcpus)
		plan->cpus.n = (int)plan->vcpus;
	plan->vcpus = (uint64_t)plan->cpus.n;
	return EXIT_OK;
}

static int usage_housekeeping(struct run_plan *plan)
{
	struct cpu_mask mine;

	if (!run_pinned(plan))
		return usage_error("--housekeeping needs pinned vCPUs: not with --cpus none");
	if (!mask_parse(plan->housekeeping_arg, &plan->housekeeping) || !mask_count(&plan->housekeeping))
		return usage_error("--housekeeping '%s' is not a list of CPUs", plan->housekeeping_arg);
	cpulist_mask(&plan->cpus, &mine);
	if (mask_intersects(&plan->housekeeping, &mine))
		return usage_error("--housekeeping '%s' names a CPU of --cpus", plan->housekeeping_arg);
	return EXIT_OK;
}

bool run_pinned(const struct run_plan *plan)
{
	return !plan->cpus_arg || strcmp(plan->cpus_arg, "none");
}

int run_usage(struct run_plan *plan)
{
	int ret;

	if (!instance_name_ok(plan->name))
		return usage_error("--name '%s': use letters, digits, '.', '_' and '-', at most 64", plan->name);
	ret = usage_memory(plan);
	if (!ret && plan->cpus_arg && run_pinned(plan))
		ret = usage_cpus(plan);
	if (!ret && plan->own_cores && !run_pinned(plan))
		ret = usage_error("--cores owned needs CPUs: not with --cpus none");
	if (!ret && plan->housekeeping_arg)
		ret = usage_housekeeping(plan);
	return ret ? ret : cuts_usage(plan->cuts);
}
