// SPDX-License-Identifier: GPL-2.0-only
/*
 * Halt polling in a guest whose vCPUs own their CPUs: a cpuidle driver that
 * looks for work for a while before it executes HLT, and asks the host not to
 * do the same. A wake-up that comes while it looks costs no HLT exit, and no
 * IPI either, since an idle CPU that polls is woken by a flag in memory.
 *
 * For kernels that have no haltpoll governor (Debian 12): the polling is in the
 * idle state itself, with the window of module/model/halt_poll.c, so any
 * governor will do.
 *
 * Who touches what
 *   - A CPU's struct idle_cpu is written by its idle task alone; readers in
 *     sysfs may see one counter a little ahead of another.
 *   - A device comes and goes in the CPU's own hotplug thread. While that runs
 *     the idle task does not, and the idle loop looks the device up anew each
 *     time: no CPU can be inside enter_poll_halt() when the last of them is
 *     gone. That is why the driver needs no owner; with one, each device would
 *     hold a reference and the module could never be removed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpuidle.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/sched/idle.h>
#include <linux/sysfs.h>
#include <asm/kvm_para.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "model/halt_poll.h"

/* The names, and the defaults, are those of the haltpoll governor. */
static unsigned int guest_halt_poll_ns = 200000;
module_param(guest_halt_poll_ns, uint, 0644);
MODULE_PARM_DESC(guest_halt_poll_ns, "Ceiling of polling before HLT, in ns; 0 switches it off (default: 200000)");

static unsigned int guest_halt_poll_grow = 2;
module_param(guest_halt_poll_grow, uint, 0644);
MODULE_PARM_DESC(guest_halt_poll_grow, "Factor by which the window grows; 0: never (default: 2)");

static unsigned int guest_halt_poll_shrink = 2;
module_param(guest_halt_poll_shrink, uint, 0644);
MODULE_PARM_DESC(guest_halt_poll_shrink, "Divisor by which it shrinks; 0: to nothing at once (default: 2)");

static unsigned int guest_halt_poll_grow_start = 50000;
module_param(guest_halt_poll_grow_start, uint, 0644);
MODULE_PARM_DESC(guest_halt_poll_grow_start, "First window, in ns (default: 50000)");

static bool guest_halt_poll_allow_shrink = true;
module_param(guest_halt_poll_allow_shrink, bool, 0644);
MODULE_PARM_DESC(guest_halt_poll_allow_shrink, "Let the window shrink at all (default: yes)");

struct idle_cpu {
	struct cpuidle_device dev;
	u32 window; /* ns */
	u64 attempted, successful;
	u64 success_ns, fail_ns;
};

static DEFINE_PER_CPU(struct idle_cpu, idle_cpus);
static bool host_stops_polling; /* KVM_FEATURE_POLL_CONTROL */
static int hotplug_state;

/* In the idle task, interrupts off, RCU not watching: true when there is something to run. */
static __always_inline bool poll(u64 start, u32 window)
{
	bool found;

	raw_local_irq_enable();
	found = current_set_polling_and_test();
	while (!found && local_clock() - start < window) {
		cpu_relax();
		found = need_resched();
	}
	raw_local_irq_disable();
	/* From here on a wake-up is an interrupt again: it must not be lost between a last look and HLT. */
	return current_clr_polling_and_test() || found;
}

static __always_inline void count_poll(struct idle_cpu *c, bool success, u64 ns)
{
	c->attempted++;
	if (success) {
		c->successful++;
		c->success_ns += ns;
	} else {
		c->fail_ns += ns;
	}
}

/* The idle state. Interrupts are off before and after. */
static int notrace __cpuidle enter_poll_halt(struct cpuidle_device *dev, struct cpuidle_driver *drv, int index)
{
	struct idle_cpu *c = container_of(dev, struct idle_cpu, dev);
	struct halt_poll_params params = {
		.ceiling = READ_ONCE(guest_halt_poll_ns),
		.start = READ_ONCE(guest_halt_poll_grow_start),
		.grow = READ_ONCE(guest_halt_poll_grow),
		.shrink = READ_ONCE(guest_halt_poll_allow_shrink) ? READ_ONCE(guest_halt_poll_shrink) : 1,
	};
	u32 window = halt_poll_window(&params, c->window);
	u64 start = local_clock();
	bool success = false;

	if (window) {
		success = poll(start, window);
		count_poll(c, success, local_clock() - start);
	}
	if (!success && !need_resched()) {
		raw_safe_halt();
		raw_local_irq_disable();
	}
	c->window = halt_poll_next(&params, window, local_clock() - start);
	return index;
}

static struct cpuidle_driver driver = {
	.name = KBUILD_MODNAME,
	.states = {
		{}, /* the kernel's own polling state, for who wants no latency at all */
		{ .name = "POLLHLT", .desc = "poll, then HLT", .enter = enter_poll_halt },
	},
	.state_count = 2,
};

#define COUNTER(name_, field_)                                                                     \
	static ssize_t name_##_show(struct device *d, struct device_attribute *a, char *buf)       \
	{                                                                                          \
		return sysfs_emit(buf, "%llu\n", (u64)READ_ONCE(per_cpu(idle_cpus, d->id).field_));\
	}                                                                                          \
	static DEVICE_ATTR_RO(name_)

COUNTER(halt_poll_ns, window);
COUNTER(halt_attempted_poll, attempted);
COUNTER(halt_successful_poll, successful);
COUNTER(halt_poll_success_ns, success_ns);
COUNTER(halt_poll_fail_ns, fail_ns);

static struct attribute *counters[] = {
	&dev_attr_halt_poll_ns.attr,
	&dev_attr_halt_attempted_poll.attr,
	&dev_attr_halt_successful_poll.attr,
	&dev_attr_halt_poll_success_ns.attr,
	&dev_attr_halt_poll_fail_ns.attr,
	NULL,
};

/* /sys/devices/system/cpu/cpuN/taxcut_guest/ */
static const struct attribute_group counters_group = { .name = KBUILD_MODNAME, .attrs = counters };

/* Both run in the CPU's hotplug thread. */
static int guest_cpu_online(unsigned int cpu)
{
	struct idle_cpu *c = per_cpu_ptr(&idle_cpus, cpu);
	struct device *d = get_cpu_device(cpu);
	int r;

	r = d ? sysfs_create_group(&d->kobj, &counters_group) : -ENODEV;
	if (r)
		return r;
	c->dev.cpu = cpu;
	c->window = 0;
	r = cpuidle_register_device(&c->dev);
	if (r) {
		pr_err("CPU %u: cannot register its idle device (error %d)\n", cpu, -r);
		sysfs_remove_group(&d->kobj, &counters_group);
		return r;
	}
	if (host_stops_polling)
		wrmsrl(MSR_KVM_POLL_CONTROL, 0);
	return 0;
}

static int guest_cpu_offline(unsigned int cpu)
{
	if (host_stops_polling)
		wrmsrl(MSR_KVM_POLL_CONTROL, 1);
	cpuidle_unregister_device(&per_cpu(idle_cpus, cpu).dev);
	sysfs_remove_group(&get_cpu_device(cpu)->kobj, &counters_group);
	return 0;
}

/* The first of KVM's CPUID leaves, 0 when the host does not speak its language. */
static u32 kvm_leaves(void)
{
	u32 base, max, signature[3];

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return 0;
	for (base = 0x40000000; base < 0x40010000; base += 0x100) {
		cpuid(base, &max, &signature[0], &signature[1], &signature[2]);
		/* Old hosts report no last leaf. */
		if (!memcmp(signature, KVM_SIGNATURE, sizeof(signature)) && (!max || max > base))
			return base;
	}
	return 0;
}

static int guest_check(void)
{
	struct cpuidle_driver *other = cpuidle_get_driver();
	u32 leaves = kvm_leaves();

	if (!leaves) {
		pr_err("this machine is no guest of KVM, or of a hypervisor that speaks its language\n");
		return -ENODEV;
	}
	if (boot_option_idle_override != IDLE_NO_OVERRIDE) {
		pr_err("the kernel's command line says how to be idle (idle=): not loaded\n");
		return -ENODEV;
	}
	if (other) {
		pr_err("the cpuidle driver %s is in use, and there can be only one: not loaded\n", other->name);
		if (!strcmp(other->name, "haltpoll"))
			pr_err("to have this one instead, boot with initcall_blacklist=haltpoll_init\n");
		return -EBUSY;
	}
	host_stops_polling = cpuid_eax(leaves | KVM_CPUID_FEATURES) & BIT(KVM_FEATURE_POLL_CONTROL);
	return 0;
}

static int __init guest_init(void)
{
	int r = guest_check();

	if (r)
		return r;
	cpuidle_poll_state_init(&driver);
	r = cpuidle_register_driver(&driver);
	if (r) {
		pr_err("cannot register a cpuidle driver (error %d)%s\n", -r,
		       r == -ENODEV ? ": cpuidle is switched off" : "");
		return r;
	}
	hotplug_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "taxcut/guest:online", guest_cpu_online,
					  guest_cpu_offline);
	if (hotplug_state < 0) {
		cpuidle_unregister_driver(&driver);
		return hotplug_state;
	}
	pr_info("polling before HLT; host polling %s\n",
		host_stops_polling ? "is off" : "stays as it is: the host has no switch for it");
	return 0;
}

/* Unregistering the devices needs no more than the hotplug callback: see the top. */
static void __exit guest_exit(void)
{
	cpuhp_remove_state(hotplug_state);
	cpuidle_unregister_driver(&driver);
}

module_init(guest_init);
module_exit(guest_exit);
MODULE_DESCRIPTION("taxcut: adaptive halt polling for guests");
MODULE_LICENSE("GPL");
