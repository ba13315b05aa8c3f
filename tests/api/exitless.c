// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exitless timer: which vCPUs have their timer on a housekeeping CPU, the
 * exits that this saves, and that no interrupt is lost or early while vCPUs,
 * CPUs and settings change. Guest side: guest/timer.c.
 *
 * Needs a CPU with posted interrupts, and the last CPU isolated from the host's
 * work (isolcpus=N nohz_full=N rcu_nocbs=N on the host's command line). The
 * tests that place several timers need the last two of four CPUs isolated;
 * exitless_partition needs three CPUs, none of them isolated.
 */
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>

#define PARAMETERS "/sys/module/taxcut/parameters/"
#define EXITS_OFF (KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE)
#define VECTOR 0x62

static void set_mode(const char *value)
{
	CHECK_EQ(param_try("exitless_timer", value), 0);
}

static void read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "r");

	line[0] = '\0';
	if (f && fgets(line, (int)size, f))
		line[strcspn(line, "\n")] = '\0';
	if (f)
		fclose(f);
}

static bool host_posts(void)
{
	char missing[256], on[8];

	if (is_stock() || system("grep -qw vmx /proc/cpuinfo"))
		return false;
	read_line(PARAMETERS "posted_interrupts", on, sizeof(on));
	read_line(PARAMETERS "missing_features", missing, sizeof(missing));
	return on[0] == 'Y' && !strstr(missing, "posted");
}

static int last_cpu(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
}

/* Skips the test unless the last @want CPUs are isolated; returns the last one. */
static int isolated_cpus(int want)
{
	char line[64];
	int first, last;

	if (!host_posts())
		test_skip("no posted interrupts");
	read_line("/sys/devices/system/cpu/isolated", line, sizeof(line));
	switch (sscanf(line, "%d-%d", &first, &last)) {
	case 1:
		last = first;
		break;
	case 2:
		break;
	default:
		first = 0;
		last = -1;
	}
	if (!first || last != last_cpu() || last - first + 1 < want)
		test_skip(want > 1 ? "the last two CPUs are not isolated" : "the last CPU is not isolated");
	return last;
}

static int isolated_cpu(void)
{
	return isolated_cpus(1);
}

/* A vCPU in x2APIC mode (guest/timer.c) whose timers fire delay_ns after they are armed, on average. */
static struct vcpu *timer_vcpu(u64 exits_off, u64 delay_ns)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v;

	if (exits_off)
		vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS, exits_off);
	v = vcpu_create(vm, 0);
	guest_args(vm)[0] = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
	guest_args(vm)[2] = delay_ns;
	return v;
}

struct counts {
	u64 exits, msr, irq, io, kicks, windows, injections, fires, posted, calls;
};

static struct counts counts_of(struct vcpu *v)
{
	return (struct counts){ .exits = stat_get(v->fd, "exits"),
				.msr = stat_get(v->fd, "msr_exits"),
				.irq = stat_get(v->fd, "irq_exits"),
				.io = stat_get(v->fd, "io_exits"),
				.kicks = stat_get(v->fd, "kicks"),
				.windows = stat_get(v->fd, "irq_window_exits"),
				.injections = stat_get(v->fd, "irq_injections"),
				.fires = stat_get(v->fd, "lapic_timer_fires"),
				.posted = stat_get(v->fd, "lapic_timer_posted"),
				.calls = stat_get(v->fd, "lapic_timer_calls") };
}

static struct counts run(const char *mode, u64 exits_off, const char *function, u64 n)
{
	struct vcpu *v = timer_vcpu(exits_off, 300000);
	struct counts c;

	set_mode(mode);
	vcpu_call(v, function, n);
	set_mode("auto");
	c = counts_of(v);
	vm_close(v->vm);
	printf("# %s, %s, %llu firings: %llu exits, of these %llu MSR, %llu interrupt, %llu window, %llu I/O; "
	       "%llu kicks, %llu fired by the housekeeping CPU, called %llu times\n",
	       function, mode, (unsigned long long)n, (unsigned long long)c.exits, (unsigned long long)c.msr,
	       (unsigned long long)c.irq, (unsigned long long)c.windows, (unsigned long long)c.io,
	       (unsigned long long)c.kicks, (unsigned long long)c.posted, (unsigned long long)c.calls);
	CHECK_EQ(c.fires, n);
	return c;
}

TEST(exitless_values)
{
	static const char * const good[] = { "on", "off", "auto\n", "auto" };
	static const char * const bad[] = { "yes", "2", "autox", "on off" };
	char now[16];

	if (is_stock())
		test_skip("stock KVM has no such parameter");
	for (u32 i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_EQ(param_try("exitless_timer", good[i]), i || host_posts() ? 0 : EOPNOTSUPP);
	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(param_try("exitless_timer", bad[i]), EINVAL);
	read_line(PARAMETERS "exitless_timer", now, sizeof(now));
	CHECK_EQ(strcmp(now, "auto"), 0);
}

/* Arming takes one exit each, firing none. */
TEST(exitless_deadline)
{
	struct counts few, many;

	pin(isolated_cpu());
	few = run("auto", EXITS_OFF, "g_deadlines", 100);
	many = run("auto", EXITS_OFF, "g_deadlines", 2100);
	CHECK_EQ(many.posted, 2100);
	CHECK_EQ(many.msr - few.msr, 2000);
	CHECK_EQ(many.kicks + many.windows + many.injections, 0);
	/* The remaining interrupts are the host's: at most one per 20 firings. */
	CHECK(many.irq <= 2100 / 20);
}

/* A periodic timer is armed once: no exits per period. */
TEST(exitless_periodic)
{
	struct counts few, many;

	pin(isolated_cpu());
	few = run("auto", EXITS_OFF, "g_periods", 100);
	many = run("auto", EXITS_OFF, "g_periods", 2100);
	CHECK_EQ(many.posted, many.fires);
	CHECK_EQ(many.msr - few.msr, 0);
	CHECK_EQ(many.kicks + many.windows + many.injections, 0);
	CHECK(many.irq <= 2100 / 20);
	CHECK_EQ(many.calls, few.calls);
}

/*
 * An illegal vector: the housekeeping CPU reports the error to a vCPU in the guest, in its HLT, or asleep in the host.
 */
TEST(exitless_illegal_vector)
{
	static const u32 modes[] = LVTT_MODES;

	pin(isolated_cpu());
	set_mode("on");
	for (u32 i = 0; i < 9; i++) {
		struct vcpu *v = timer_vcpu(i % 3 == 2 ? 0 : EXITS_OFF, 300000);

		guest_args(v->vm)[1] = i % 3;
		guest_args(v->vm)[3] = modes[i / 3];
		vcpu_call(v, "g_illegal_vector", 50);
		CHECK(stat_get(v->fd, "lapic_timer_posted") >= 50);
		vm_close(v->vm);
	}
	set_mode("auto");
}

/* Without the exitless timer: at least one exit per firing. */
TEST(exitless_off)
{
	struct counts few, many;

	pin(isolated_cpu());
	few = run("off", EXITS_OFF, "g_deadlines", 100);
	many = run("off", EXITS_OFF, "g_deadlines", 1100);
	CHECK_EQ(many.posted, 0);
	CHECK_EQ(many.msr - few.msr, 1000);
	CHECK(many.irq >= many.fires - many.fires / 100); /* some fire during another exit */
}

/* "auto" keeps the timer local for a vCPU with HLT exits, or one that is not pinned to a single isolated CPU. */
TEST(exitless_auto_takes_the_dedicated_only)
{
	cpu_set_t all;
	int cpu = isolated_cpu();

	CHECK_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
	pin(cpu);
	CHECK_EQ(run("auto", 0, "g_deadlines", 50).posted, 0);
	CHECK_EQ(run("auto", KVM_X86_DISABLE_EXITS_PAUSE, "g_deadlines", 50).posted, 0);
	CHECK_EQ(run("on", 0, "g_deadlines", 50).posted, 50);
	CHECK_EQ(run("auto", EXITS_OFF, "g_deadlines", 50).posted, 50);
	pin(0);
	CHECK_EQ(run("auto", EXITS_OFF, "g_deadlines", 50).posted, 0);
	CPU_ZERO(&all);
	CPU_SET(0, &all);
	CPU_SET(cpu, &all);
	CHECK_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
	CHECK_EQ(run("auto", EXITS_OFF, "g_deadlines", 50).posted, 0);
}

/* ---- the CPU that each timer waits on ---- */

static u64 timer_cpu(int stats)
{
	u64 cpu = ~0ULL;

	CHECK(stat_read(stats, "lapic_timer_cpu", &cpu));
	return cpu;
}

static void await_firings(const struct vcpu *v, u64 more)
{
	volatile u64 *irqs = guest_irqs(v->vm);
	u64 want = irqs[VECTOR] + more;

	while (irqs[VECTOR] < want)
		usleep(1000);
}

/* Two vCPUs, two housekeeping CPUs: each timer gets its own when its vCPU moves from a host CPU to an isolated one. */
TEST(exitless_spread)
{
	int cpu = isolated_cpus(2), stats[2];
	struct vcpu *v[2];
	cpu_set_t set;
	u64 where[2];

	for (int i = 0; i < 2; i++) {
		v[i] = timer_vcpu(EXITS_OFF, 1000000);
		stats[i] = OK(ioctl(v[i]->fd, KVM_GET_STATS_FD, 0));
		pin(cpu - 1 + i);
		vcpu_start(v[i], "g_periods_until_told", 0);
		vcpu_thread(v[i]);
		await_firings(v[i], 5);
	}
	where[0] = timer_cpu(stats[0]);
	where[1] = timer_cpu(stats[1]);
	CHECK(where[0] < 2 && where[1] < 2);
	CHECK(where[0] != where[1]);

	/* On CPU 0 the timer is local; back on the isolated CPU it goes to the housekeeping CPU with fewer timers. */
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	vcpu_set_affinity(v[1], &set);
	await_firings(v[1], 5);
	CHECK_EQ(timer_cpu(stats[1]), 0);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	vcpu_set_affinity(v[1], &set);
	await_firings(v[1], 5);
	CHECK_EQ(timer_cpu(stats[1]), where[1]);
	for (int i = 0; i < 2; i++) {
		guest_args(v[i]->vm)[3] = 1;
		vcpu_join(v[i]);
		CHECK(stat_get(v[i]->fd, "lapic_timer_posted") >= 10);
	}
}

/* The housekeeping CPU that has the timer goes offline and comes back. */
static void set_online(int cpu, bool online)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	f = fopen(path, "w");
	CHECK(f && fputs(online ? "1" : "0", f) >= 0 && !fclose(f));
}

TEST(exitless_hotplug)
{
	int cpu = isolated_cpus(2), stats;
	struct vcpu *first, *v;

	/* The first timer goes to CPU 0, so that the second goes to CPU 1, which can go offline. */
	pin(cpu);
	first = timer_vcpu(EXITS_OFF, 1000000);
	vcpu_call(first, "g_deadlines", 5);
	v = timer_vcpu(EXITS_OFF, 1000000);
	stats = OK(ioctl(v->fd, KVM_GET_STATS_FD, 0));
	vcpu_start(v, "g_deadlines_until_told", 0);
	pin(cpu - 1);
	vcpu_thread(v);
	await_firings(v, 5);
	CHECK_EQ(timer_cpu(stats), 1);
	set_online(1, false);
	await_firings(v, 20);
	CHECK_EQ(timer_cpu(stats), 0);
	set_online(1, true);
	await_firings(v, 20);
	guest_args(v->vm)[3] = 1;
	vcpu_join(v);
}

/* ---- isolated at run time ---- */

#define CGROUPS "/sys/fs/cgroup/"

static void cgroup_write(const char *file, const char *value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), CGROUPS "%s", file);
	f = fopen(path, "w");
	CHECK(f);
	fputs(value, f);
	if (fclose(f))
		FAIL("%s to %s: %s", value, path, strerrorname_np(errno));
}

/* Makes a partition of one CPU ("isolated"), or an ordinary cgroup ("member"). */
static void partition(const char *name, int cpu, const char *kind)
{
	char file[64], value[16], path[128];

	snprintf(path, sizeof(path), CGROUPS "%s", name);
	if (mkdir(path, 0755))
		CHECK_EQ(errno, EEXIST);
	snprintf(value, sizeof(value), "%d", cpu);
	snprintf(file, sizeof(file), "%s/cpuset.cpus", name);
	cgroup_write(file, value);
	snprintf(file, sizeof(file), "%s/cpuset.cpus.partition", name);
	cgroup_write(file, kind);
	snprintf(path, sizeof(path), CGROUPS "%s", file);
	read_line(path, value, sizeof(value));
	CHECK_EQ(strcmp(value, kind), 0);
}

static u64 posted_so_far(int stats)
{
	u64 posted = 0;

	CHECK(stat_read(stats, "lapic_timer_posted", &posted));
	return posted;
}

/* Checks that all (or none) of the next firings are posted, except the timer that is armed now. */
static void check_posted(const struct vcpu *v, int stats, bool all)
{
	u64 posted, irqs;

	await_firings(v, 2);
	posted = posted_so_far(stats);
	irqs = guest_irqs(v->vm)[VECTOR];
	await_firings(v, 20);
	/* In this order: a firing between the two reads is in the sum of posted firings only. */
	irqs = guest_irqs(v->vm)[VECTOR] - irqs;
	posted = posted_so_far(stats) - posted;
	if (all)
		CHECK(posted + 1 >= irqs); /* a firing is counted shortly after the interrupt */
	else
		CHECK_EQ(posted, 0);
}

/*
 * A cgroup partition isolates a CPU while its vCPU runs, gives it back, and
 * isolates the housekeeping CPU that has the timer. Needs three CPUs, none of
 * them isolated at boot.
 */
TEST(exitless_partition)
{
	int cpu = last_cpu(), stats;
	char pid[16], line[64];
	struct vcpu *v;

	if (!host_posts())
		test_skip("no posted interrupts");
	read_line("/sys/devices/system/cpu/isolated", line, sizeof(line));
	if (line[0] || cpu < 2)
		test_skip("needs three CPUs, none isolated at boot");
	if (access(CGROUPS "cpuset.cpus.isolated", F_OK))
		test_skip("this kernel does not report the CPUs of isolated partitions");
	cgroup_write("cgroup.subtree_control", "+cpuset");
	partition("api-vcpu", cpu, "member");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	cgroup_write("api-vcpu/cgroup.procs", pid);
	pin(cpu);
	v = timer_vcpu(EXITS_OFF, 1000000);
	stats = OK(ioctl(v->fd, KVM_GET_STATS_FD, 0));
	vcpu_start(v, "g_deadlines_until_told", 0);
	vcpu_thread(v);
	check_posted(v, stats, false);
	partition("api-vcpu", cpu, "isolated");
	check_posted(v, stats, true);
	for (int carrier = 1, i = 0; i < 2; i++, carrier ^= 1) {
		/* CPU 0 and CPU 1 in turn are the only housekeeping CPU. */
		partition("api-other", carrier, "isolated");
		check_posted(v, stats, true);
		CHECK_EQ(timer_cpu(stats), carrier ^ 1);
		partition("api-other", carrier, "member");
	}
	partition("api-vcpu", cpu, "member");
	check_posted(v, stats, false);
	guest_args(v->vm)[3] = 1;
	vcpu_join(v);
	vm_close(v->vm);
	cgroup_write("cgroup.procs", pid);
	CHECK(!rmdir(CGROUPS "api-vcpu") && !rmdir(CGROUPS "api-other"));
}

/* ---- arming ---- */

/* Ioctls on the CPU that has the timer set it, too. */
TEST(exitless_set_by_its_carrier)
{
	int cpu = isolated_cpu();
	struct kvm_lapic_state l;
	struct vcpu *v;

	pin(cpu);
	set_mode("on");
	v = timer_vcpu(EXITS_OFF, 0);
	vcpu_start(v, "g_far", 0);
	vcpu_sync(v, 1);
	pin(0);
	OK(ioctl(v->fd, KVM_SET_TSC_KHZ, guest_args(v->vm)[0]));
	OK(ioctl(v->fd, KVM_GET_LAPIC, &l));
	CHECK_EQ(vcpu_set_msr(v, 0x6e0, guest_results(v->vm)[1] + guest_args(v->vm)[0] * 100), 1);
	OK(ioctl(v->fd, KVM_GET_LAPIC, &l));
	pin(cpu);
	vcpu_done(v);
	set_mode("auto");
	CHECK_EQ(stat_get(v->fd, "lapic_timer_fires"), 1);
	vm_close(v->vm);
}

/* A guest that arms its timer in a loop loads its own CPU, not the housekeeping CPU. */
TEST(exitless_hurry)
{
	const u64 n = 5000, call_ns = 100000, at_once = 64;
	struct vcpu *v;
	u64 begin, calls;

	pin(isolated_cpu());
	set_mode("on");
	v = timer_vcpu(EXITS_OFF, 0);
	begin = now_ns();
	vcpu_call(v, "g_hurry", n);
	calls = (now_ns() - begin) / call_ns + at_once + 2;
	set_mode("auto");
	printf("# armed %llu times, %llu calls of the housekeeping CPU, at most %llu in that time\n",
	       (unsigned long long)n, (unsigned long long)stat_get(v->fd, "lapic_timer_calls"),
	       (unsigned long long)calls);
	CHECK(stat_get(v->fd, "lapic_timer_calls") <= calls);
	CHECK_EQ(stat_get(v->fd, "lapic_timer_fires"), 1);
	vm_close(v->vm);
}

/* ---- changes while timers are armed ---- */

static void *change_its_mind(void *arg)
{
	static const char * const modes[] = { "on", "off", "auto", "on" };
	const volatile bool *stop = arg;

	for (u32 i = 0; !*stop; i++) {
		set_mode(modes[i % 4]);
		usleep(3000 + i % 5 * 1500);
	}
	set_mode("auto");
	return NULL;
}

/* The vCPU moves between CPUs; its timer is remote on an isolated one and local on others. */
static void move_around(struct vcpu *v, unsigned int seconds)
{
	u64 end = now_ns() + seconds * 1000000000ULL;
	cpu_set_t set;

	for (u32 i = 0; now_ns() < end; i++) {
		CPU_ZERO(&set);
		CPU_SET(i % 3 ? last_cpu() : 0, &set);
		vcpu_set_affinity(v, &set);
		usleep(2000 + i % 7 * 1000);
	}
}

static void restless(bool change_mode, u64 exits_off)
{
	struct vcpu *v = timer_vcpu(exits_off, 200000);
	volatile bool stop = false;
	pthread_t t;

	if (change_mode)
		CHECK_EQ(pthread_create(&t, NULL, change_its_mind, (void *)&stop), 0);
	else
		set_mode("on");
	vcpu_start(v, "g_restless", 0);
	vcpu_thread(v);
	move_around(v, stress_seconds);
	guest_args(v->vm)[3] = 1;
	vcpu_join(v);
	stop = true;
	if (change_mode)
		pthread_join(t, NULL);
	set_mode("auto");
	printf("# %llu timers armed, %llu fired by a housekeeping CPU\n",
	       (unsigned long long)guest_results(v->vm)[0],
	       (unsigned long long)stat_get(v->fd, "lapic_timer_posted"));
	CHECK(stat_get(v->fd, "lapic_timer_posted") > 0);
	vm_close(v->vm);
}

TEST(stress_exitless)
{
	isolated_cpu();
	restless(false, 0);
}

TEST(stress_exitless_modes)
{
	isolated_cpu();
	restless(true, 0);
}

TEST(stress_exitless_hlt_off)
{
	isolated_cpu();
	restless(true, EXITS_OFF);
}

/* VMs that are closed while a timer is armed there, a call is pending, or the callback runs. */
TEST(stress_exitless_close)
{
	u64 end = now_ns() + stress_seconds * 1000000000ULL, n;

	pin(isolated_cpu());
	set_mode("on");
	for (n = 0; now_ns() < end; n++) {
		struct vcpu *v = timer_vcpu(EXITS_OFF, 100000);

		vcpu_call(v, "g_armed", n);
		vm_close(v->vm);
	}
	set_mode("auto");
	printf("# %llu VMs\n", (unsigned long long)n);
}

/* Ioctls that change a timer, on the CPU that has it. */
static void meddle(struct vcpu *v, u64 i)
{
	u64 khz = guest_args(v->vm)[0];
	struct kvm_lapic_state l;

	switch (i % 5) {
	case 0:
		OK(ioctl(v->fd, KVM_SET_TSC_KHZ, khz));
		break;
	case 1:
		CHECK_EQ(vcpu_set_msr(v, 0x6e0, vcpu_get_msr(v, 0x10) + i * 7919 % 200 * khz / 1000), 1);
		break;
	case 2:
		OK(ioctl(v->fd, KVM_GET_LAPIC, &l));
		OK(ioctl(v->fd, KVM_SET_LAPIC, &l));
		break;
	case 3:
		CHECK_EQ(vcpu_set_msr(v, 0x10, vcpu_get_msr(v, 0x10) + khz), 1);
		break;
	default:
		CHECK_EQ(vcpu_set_msr(v, 0x1b, 0xfee00900), 1);
		CHECK_EQ(vcpu_set_msr(v, 0x1b, 0xfee00d00), 1);
	}
}

static void no_action(int signal)
{
	(void)signal;
}

TEST(stress_exitless_meddle)
{
	struct itimerval soon = { .it_value.tv_usec = 500, .it_interval.tv_usec = 500 };
	u64 end = now_ns() + stress_seconds * 1000000000ULL, n;
	int cpu = isolated_cpu(), r;
	struct vcpu *v;

	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = no_action }, NULL);
	set_mode("on");
	v = timer_vcpu(EXITS_OFF, 100000);
	vcpu_start(v, "g_arms", 0);
	for (n = 0; now_ns() < end; n++) {
		pin(cpu);
		setitimer(ITIMER_REAL, &soon, NULL);
		r = vcpu_run_once(v);
		setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
		CHECK_EQ(r, -EINTR);
		pin(n % 7 ? 0 : cpu);
		meddle(v, n);
	}
	pin(cpu);
	guest_args(v->vm)[3] = 1;
	vcpu_done(v);
	printf("# %llu times, %llu fired by a housekeeping CPU\n", (unsigned long long)n,
	       (unsigned long long)stat_get(v->fd, "lapic_timer_posted"));
	CHECK(stat_get(v->fd, "lapic_timer_posted") > 0);
	memset((void *)guest_irqs(v->vm), 0, 256 * sizeof(u64));
	vcpu_call(v, "g_deadlines", 20);
	set_mode("auto");
	vm_close(v->vm);
}
