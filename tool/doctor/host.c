// SPDX-License-Identifier: GPL-2.0-only
/* The host's memory, CPU isolation and software. */
#include <dirent.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "host.h"
#include "host/cpus.h"
#include "host/qemu.h"
#include "lib/cpulist.h"
#include "lib/sysfs.h"
#include "lib/util.h"

static struct finding memlock_limited(uint64_t limit)
{
	char *mem = format_mem(limit);
	struct finding f;

	f = found(limit < 64u << 20 ? CHECK_FAIL : CHECK_WARN,
		  xasprintf("at most %s can be pinned, and guest memory is pinned", mem),
		  xstrdup("raise memlock (limits.conf, or LimitMEMLOCK= of the service), or run as root"));
	free(mem);
	return f;
}

static struct finding check_memlock(const struct doctor *d)
{
	char *caps = sys_line("/proc/self/status", "CapEff:");
	char *limits = sys_line("/proc/self/limits", "Max locked memory");
	struct finding f;

	(void)d;
	if (caps && strtoull(caps, NULL, 16) >> CAP_IPC_LOCK & 1)
		f = found_ok("CAP_IPC_LOCK: no limit on pinned memory");
	else if (limits && !strncmp(limits, "unlimited", 9))
		f = found_ok("no limit on pinned memory");
	else if (limits)
		f = memlock_limited(strtoull(limits, NULL, 10));
	else
		f = found(CHECK_WARN, xstrdup("the limit on pinned memory is unknown"), NULL);
	free(caps);
	free(limits);
	return f;
}

static struct finding check_memory(const struct doctor *d)
{
	char *line = sys_line("/proc/meminfo", "MemAvailable:");
	uint64_t kib = line ? strtoull(line, NULL, 10) : 0;

	(void)d;
	free(line);
	if (kib < 512u << 10)
		return found(CHECK_WARN, xasprintf("%llu MiB available",
						   (unsigned long long)kib >> 10),
			     xstrdup("all guest memory is allocated at the start: free some memory"));
	return found_ok("%llu MiB available", (unsigned long long)kib >> 10);
}

static struct finding check_hugepages(const struct doctor *d)
{
	static const struct {
		unsigned int kib;
		const char *name;
	} sizes[] = { { 1048576, "1G" }, { 2048, "2M" } };
	char *thp = sys_read("/sys/kernel/mm/transparent_hugepage/enabled");
	uint64_t total[2] = { 0 }, unused[2] = { 0 };
	bool off = !thp || strstr(thp, "[never]");
	char *detail;

	(void)d;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const char *dir = "/sys/kernel/mm/hugepages/hugepages-";

		sys_read_u64(&total[i], "%s%ukB/nr_hugepages", dir, sizes[i].kib);
		sys_read_u64(&unused[i], "%s%ukB/free_hugepages", dir, sizes[i].kib);
	}
	detail = xasprintf("free %s: %llu of %llu, %s: %llu of %llu; transparent: %s",
			   sizes[0].name, (unsigned long long)unused[0],
			   (unsigned long long)total[0],
			   sizes[1].name, (unsigned long long)unused[1],
			   (unsigned long long)total[1], thp ? thp : "not available");
	free(thp);
	if (!off)
		return found(CHECK_OK, detail, NULL);
	return found(CHECK_WARN, detail,
		     xstrdup("echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"));
}

static struct finding check_swap(const struct doctor *d)
{
	char *swaps = sys_read("/proc/swaps");
	bool used = swaps && strchr(swaps, '\n');

	(void)d;
	free(swaps);
	if (!used)
		return found_ok("no swap");
	return found(CHECK_WARN, xstrdup("swap is on: guest memory is pinned, QEMU's own is not"),
		     xstrdup("swapoff -a, or taxcut run --lock"));
}

static struct finding check_isolated(const struct doctor *d)
{
	char *isolated, *extra;
	struct cpu_mask lacking;

	if (!d->cpus_known)
		return found(CHECK_FAIL, xstrdup("/sys does not list the CPUs"),
			     xstrdup("mount sysfs on /sys"));
	if (!mask_count(&d->cpus.isolated))
		return found(CHECK_WARN, xstrdup("no CPU is isolated: vCPUs share theirs with other tasks"),
			     xstrdup("boot with isolcpus=LIST nohz_full=LIST rcu_nocbs=LIST, make a cgroup partition (cpuset.cpus.partition: isolated), or name CPUs with taxcut run --cpus"));
	lacking = d->cpus.isolated;
	mask_remove(&lacking, &d->cpus.nohz_full);
	isolated = mask_format(&d->cpus.isolated);
	extra = mask_format(&lacking);
	if (mask_count(&lacking)) {
		struct finding f = found(CHECK_WARN,
			xasprintf("%s isolated, but the tick and RCU run on %s", isolated, extra),
			xasprintf("boot with nohz_full=%s rcu_nocbs=%s too", isolated, isolated));
		free(isolated);
		free(extra);
		return f;
	}
	free(extra);
	return found(CHECK_OK, isolated, NULL);
}

static struct finding check_housekeeping(const struct doctor *d)
{
	struct cpu_mask left = d->cpus.online;
	char *list;

	mask_remove(&left, &d->cpus.isolated);
	if (!mask_count(&left))
		return found(CHECK_FAIL, xstrdup("no CPU is left for the host itself"),
			     xstrdup("isolate fewer CPUs, and add some to this host: it needs two at least"));
	if (mask_count(&d->cpus.online) < 2)
		return found(CHECK_FAIL, xstrdup("one CPU only: none can be dedicated"),
			     xstrdup("a dedicated instance needs a CPU per vCPU and one for the host"));
	list = mask_format(&left);
	return found(CHECK_OK, list, NULL);
}

/* The result of a check of isolated CPUs on a host without any. */
static struct finding none_isolated(const char *question)
{
	return found(CHECK_WARN, xasprintf("not checked, as no CPU is isolated: %s", question),
		     xstrdup("isolate CPUs (see isolated-cpus), then check again"));
}

static struct finding check_smt(const struct doctor *d)
{
	struct cpu_mask siblings, shared = { 0 }, threads = { 0 };
	bool known = true;
	struct finding f;
	char *list;

	if (!mask_count(&d->cpus.isolated))
		return none_isolated("does a vCPU share its core with the host?");
	for (int cpu = mask_next(&d->cpus.isolated, 0); cpu >= 0;
	     cpu = mask_next(&d->cpus.isolated, cpu + 1)) {
		known &= host_siblings(cpu, &siblings);
		mask_or(&threads, &siblings);
		mask_remove(&siblings, &d->cpus.isolated);
		mask_or(&shared, &siblings);
	}
	if (!mask_count(&shared) && !known)
		return found(CHECK_WARN, xstrdup("the kernel does not report which CPUs share a core"), NULL);
	if (!mask_count(&shared))
		return found_ok("%s", mask_count(&threads) ? "no isolated CPU shares its core with the host" :
			    "no SMT sibling on isolated CPUs");
	list = mask_format(&shared);
	f = found(CHECK_WARN, xasprintf("housekeeping CPUs %s share a core with isolated ones", list),
		  xstrdup("isolate both siblings, or disable SMT: echo off > /sys/devices/system/cpu/smt/control"));
	free(list);
	return f;
}

static struct finding check_governor(const struct doctor *d)
{
	struct cpu_mask slow = { 0 };
	bool any = false;
	struct finding f;
	char *list;

	if (!mask_count(&d->cpus.isolated))
		return none_isolated("does a vCPU's CPU change its frequency?");
	for (int cpu = mask_next(&d->cpus.isolated, 0); cpu >= 0;
	     cpu = mask_next(&d->cpus.isolated, cpu + 1)) {
		char *gov = sys_read("/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu);

		any |= gov != NULL;
		if (gov && strcmp(gov, "performance"))
			mask_set(&slow, cpu);
		free(gov);
	}
	if (!mask_count(&slow))
		return found_ok("%s", any ? "performance" : "the host does not scale frequencies");
	list = mask_format(&slow);
	f = found(CHECK_WARN, xasprintf("CPUs %s change their frequency", list),
		  xstrdup("cpupower frequency-set -g performance"));
	free(list);
	return f;
}

static struct finding check_irqs(const struct doctor *d)
{
	char *text = sys_read("/proc/irq/default_smp_affinity");
	struct cpu_mask irqs;
	bool known;
	char *list;

	known = text && mask_parse_hex(text, &irqs);
	free(text);
	if (!mask_count(&d->cpus.isolated))
		return none_isolated("are device interrupts sent to a vCPU's CPU?");
	if (!known)
		return found(CHECK_WARN, xstrdup("the kernel does not report the default affinity of device interrupts"), NULL);
	if (!mask_intersects(&irqs, &d->cpus.isolated))
		return found_ok("device interrupts stay off isolated CPUs");
	irqs = d->cpus.online;
	mask_remove(&irqs, &d->cpus.isolated);
	list = mask_format(&irqs);
	text = xasprintf("boot with irqaffinity=%s", list);
	free(list);
	return found(CHECK_WARN, xstrdup("device interrupts may be sent to isolated CPUs"), text);
}

static struct finding check_watchdog(const struct doctor *d)
{
	uint64_t on = 0;

	(void)d;
	sys_read_u64(&on, "/proc/sys/kernel/nmi_watchdog");
	if (!on)
		return found_ok("off");
	return found(CHECK_WARN, xstrdup("on: its NMIs interrupt the guests"),
		     xstrdup("sysctl kernel.nmi_watchdog=0"));
}

static struct finding check_mitigations(const struct doctor *d)
{
	static const char dir[] = "/sys/devices/system/cpu/vulnerabilities";
	char *path = sys_path(dir), *bad = xstrdup("");
	DIR *dp = opendir(path);
	struct dirent *de;
	int n = 0;

	(void)d;
	while (dp && (de = readdir(dp))) {
		char *text = *de->d_name == '.' ? NULL : sys_read("%s/%s", dir, de->d_name);
		char *longer;

		n += text != NULL;
		if (text && !strncmp(text, "Vulnerable", 10)) {
			longer = xasprintf("%s%s%s", bad, *bad ? ", " : "", de->d_name);
			free(bad);
			bad = longer;
		}
		free(text);
	}
	if (dp)
		closedir(dp);
	free(path);
	if (*bad) {
		char *detail = xasprintf("not mitigated: %s", bad);

		free(bad);
		return found(CHECK_WARN, detail,
			     xstrdup("update the microcode, and boot without mitigations=off unless all guests are trusted"));
	}
	free(bad);
	return n ? found_ok("%d known vulnerabilities, all mitigated or absent", n) :
		found(CHECK_WARN, xstrdup("the kernel does not report them"), NULL);
}

static struct finding check_qemu(const struct doctor *d)
{
	int code = 0;
	char *version = qemu_version(d->qemu, &code);
	struct finding f;

	if (!version)
		f = found(CHECK_FAIL, xasprintf("%s does not run", d->qemu),
			  xstrdup("install QEMU 8.2 or newer (Debian: qemu-system-x86), or give its path with --qemu"));
	else if (code < QEMU_MIN_VERSION)
		f = found(CHECK_FAIL, xasprintf("QEMU %s supports no device but /dev/kvm",
						version),
			  xstrdup("install QEMU 8.2 or newer; Debian 13 has 10.0"));
	else
		f = found_ok("QEMU %s", version);
	free(version);
	return f;
}

const struct check doctor_host_checks[] = {
	{ "memory", check_memory },
	{ "memlock", check_memlock },
	{ "hugepages", check_hugepages },
	{ "swap", check_swap },
	{ "isolated-cpus", check_isolated },
	{ "housekeeping-cpus", check_housekeeping },
	{ "smt", check_smt },
	{ "governor", check_governor },
	{ "irq-affinity", check_irqs },
	{ "nmi-watchdog", check_watchdog },
	{ "mitigations", check_mitigations },
	{ "qemu", check_qemu },
	{ NULL, NULL }
};
