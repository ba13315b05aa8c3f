// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exitless timer's policy: which LAPIC timers wait on a housekeeping CPU,
 * and on which one (module parameter exitless_timer).
 *
 * "auto" takes the vCPUs that can only gain: the CPU delivers posted interrupts
 * to them; HLT does not exit, so that the timer finds them in the guest; and
 * their thread is pinned to one CPU without work of the host's. Other vCPUs
 * would pay for it: one that sleeps when its timer fires needs a second interrupt
 * to wake it, and on shared CPUs the housekeeping CPU is busy, too. "on" takes
 * every vCPU that interrupts can be posted to.
 *
 * A housekeeping CPU runs the host's own work (isolcpus=, nohz_full= and isolated
 * cgroup partitions keep that off the other CPUs). The nearest one is chosen: in
 * the same package, else on the nearest NUMA node; among those the one with the
 * fewest timers. The choice is made when a vCPU comes to a CPU.
 *
 * Partitions come and go and CPUs go offline while vCPUs run, without a
 * notification: each arming of a timer looks whether its CPU is still isolated. A
 * housekeeping CPU that is none any more is replaced then; Linux moves the timers
 * of one that went offline.
 */

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched/isolation.h>
#include <linux/topology.h>
#include <asm/tsc.h>

#include "base/compat.h"
#include "base/params.h"
#include "timer_remote.h"

static int param_exitless_timer = EXITLESS_AUTO;

static const char * const mode_names[] = {
	[EXITLESS_OFF] = "off",
	[EXITLESS_ON] = "on",
	[EXITLESS_AUTO] = "auto",
};

static int timer_remote_set_mode(const char *value, const struct kernel_param *param)
{
	int mode = sysfs_match_string(mode_names, value);

	if (mode < 0) {
		pr_err("exitless_timer: '%s' is neither auto, on nor off\n", value);
		return mode;
	}
	if (mode == EXITLESS_ON && hv && !hv->pi_desc) {
		pr_err("exitless_timer: there are no posted interrupts here\n");
		return -EOPNOTSUPP;
	}
	WRITE_ONCE(*(int *)param->arg, mode);
	return 0;
}

static int timer_remote_get_mode(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", mode_names[READ_ONCE(*(int *)param->arg)]);
}

static const struct kernel_param_ops mode_ops = { .set = timer_remote_set_mode, .get = timer_remote_get_mode };
module_param_cb(exitless_timer, &mode_ops, &param_exitless_timer, 0644);
__MODULE_PARM_TYPE(exitless_timer, "auto/on/off");
MODULE_PARM_DESC(exitless_timer,
		 "LAPIC timers wait on a housekeeping CPU, and their interrupts are posted: on, off, or auto: for vCPUs pinned to isolated CPUs whose HLT does not exit (default: auto)");

/* How many timers each housekeeping CPU serves. */
static DEFINE_PER_CPU(atomic_t, timers_served);

/* The host does its own work there. */
static bool timer_remote_is_housekeeping(int cpu)
{
	return housekeeping_test_cpu(cpu, HK_TYPE_TIMER) && housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN) &&
	       !hv_cpu_in_isolated_partition(cpu);
}

static unsigned int timer_remote_distance(int a, int b)
{
	if (cpumask_test_cpu(b, topology_core_cpumask(a)))
		return 0;
	return node_distance(cpu_to_node(a), cpu_to_node(b));
}

/* -1 when there is none but cpu itself. */
static int timer_remote_nearest(int cpu)
{
	unsigned int best_distance = 0;
	int other, best = -1, best_load = 0;

	for_each_online_cpu(other) {
		unsigned int d = timer_remote_distance(cpu, other);
		int load = atomic_read(per_cpu_ptr(&timers_served, other));

		if (other == cpu || !timer_remote_is_housekeeping(other))
			continue;
		if (best >= 0 && (d > best_distance || (d == best_distance && load >= best_load)))
			continue;
		best = other;
		best_distance = d;
		best_load = load;
	}
	return best;
}

void timer_remote_leave(int *housekeeping_cpu)
{
	if (*housekeeping_cpu >= 0)
		atomic_dec(per_cpu_ptr(&timers_served, *housekeeping_cpu));
	WRITE_ONCE(*housekeeping_cpu, -1);
}

void timer_remote_choose_cpu(struct vcpu *v, int cpu)
{
	struct vlapic *a = v->vlapic;

	if (!a->l.pi_desc || check_tsc_unstable())
		return;
	timer_remote_leave(&a->housekeeping_cpu);
	WRITE_ONCE(a->housekeeping_cpu, timer_remote_nearest(cpu));
	a->housekeeping_sought = jiffies;
	if (a->housekeeping_cpu >= 0)
		atomic_inc(per_cpu_ptr(&timers_served, a->housekeeping_cpu));
}

/* Where there was none, one may have come since; to look costs a walk over all CPUs. */
static bool timer_remote_housekeeping_cpu_is_right(const struct vlapic *a)
{
	if (unlikely(a->housekeeping_cpu < 0))
		return time_before(jiffies, a->housekeeping_sought + HZ);
	return cpu_online(a->housekeeping_cpu) && timer_remote_is_housekeeping(a->housekeeping_cpu);
}

/* The vCPU owns its CPU: the choice affects this vCPU only. */
static bool timer_remote_is_dedicated(const struct vcpu *v)
{
	return (v->vm->disabled_exits & KVM_X86_DISABLE_EXITS_HLT) && current->nr_cpus_allowed == 1 &&
	       !timer_remote_is_housekeeping(raw_smp_processor_id());
}

bool timer_remote_wanted(struct vcpu *v)
{
	int mode = READ_ONCE(param_exitless_timer);
	struct vlapic *a = v->vlapic;

	if (!a->apicv_active || mode == EXITLESS_OFF || (mode == EXITLESS_AUTO && !timer_remote_is_dedicated(v)))
		return false;
	if (unlikely(!timer_remote_housekeeping_cpu_is_right(a)))
		timer_remote_choose_cpu(v, raw_smp_processor_id());
	return a->housekeeping_cpu >= 0;
}
