// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host is suspended under running instances: to a level of
 * /sys/power/pm_test, to idle, or to RAM. Afterwards all instances go on
 * normally. Guest side: guest/suspend.c.
 *
 * Needs a host that resumes (lab/lab --root memory), with API_SUSPEND set in
 * the environment.
 */
#include "harness.h"

#include <asm/kvm_para.h>
#include <fcntl.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <time.h>

#include "uffd.h"

#define POWER "/sys/power/"
#define ALARM "/sys/class/rtc/rtc0/wakealarm"
#define WAKE 0x64
#define IPI 0x66
#define FAR_NS 3000000000ULL

#define PERIODIC 0x20000
#define DEADLINE 0x40000

static void must_write(const char *path, const char *text)
{
	int e = file_write(path, text);

	if (e)
		FAIL("%s to %s: %s", text, path, strerrorname_np(e));
}

static void need_suspend(void)
{
	if (!getenv("API_SUSPEND"))
		test_skip("needs a host that can be suspended");
}

/*
 * The ACPI PM timer raises its event when bit 23 of its counter changes, every
 * 2.3 s; an emulated machine has no other wake-up source for suspend to idle.
 * The FADT has its ports. It waits for a change first, so that the suspend has
 * a whole period.
 */
static void wake_by_acpi_timer(void)
{
	u8 table[128] = {};
	FILE *f = fopen("/sys/firmware/acpi/tables/FACP", "r");
	u32 events, counter, length;

	if (!f)
		test_skip("needs ACPI");
	CHECK(fread(table, 1, sizeof(table), f) > 92);
	fclose(f);
	memcpy(&events, table + 56, 4); /* PM1a_EVT_BLK */
	memcpy(&counter, table + 76, 4); /* PM_TMR_BLK */
	length = table[88]; /* PM1_EVT_LEN: status, then enable */
	CHECK_EQ(iopl(3), 0);
	for (u32 first = inl(counter) >> 23 & 1; (inl(counter) >> 23 & 1) == first;)
		usleep(1000);
	outw(1, events); /* TMR_STS: write 1 to clear */
	outw(inw(events + length / 2) | 1, events + length / 2); /* TMR_EN */
}

static const char *pm_test_delay = "1"; /* s */

/*
 * Suspends until woken. @how: a level of pm_test, which goes that far and comes back
 * after pm_test_delay; or "freeze" or "mem", a full suspend. This task is not frozen,
 * so the kernel may migrate it from a CPU that goes offline.
 */
static void suspend_host(const char *how)
{
	bool real = !strcmp(how, "freeze") || !strcmp(how, "mem");
	cpu_set_t set;

	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	must_write("/sys/module/suspend/parameters/pm_test_delay", pm_test_delay);
	must_write(POWER "pm_test", real ? "none" : how);
	if (!strcmp(how, "freeze")) {
		wake_by_acpi_timer();
	} else if (file_write(POWER "mem_sleep", "deep")) {
		/* This host only suspends to idle, for which no CPU goes offline. */
		if (real || !strcmp(how, "processors") || !strcmp(how, "core"))
			test_skip("needs a host that suspends to RAM");
	} else if (real && !access(ALARM, F_OK)) {
		must_write(ALARM, "0");
		must_write(ALARM, "+3");
	}
	must_write(POWER "state", strcmp(how, "freeze") ? "mem" : how);
	CHECK_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* ---- the instances ---- */

/* Indexes of the table below. */
enum { TICKS_PERIODIC, TICKS_ONCE, TICKS_DEADLINE, TICKS_NO_EXIT, WATCH, WATCH_TOO, WAKER, IPI_SLEEPER, MSI_SLEEPER,
       FAR_ONCE, FAR_DEADLINE, NR_GUESTS };

static const struct {
	const char *function;
	u64 arg, period_ns, disabled_exits;
	bool same_vm; /* vCPU 1 of the previous row's VM */
	bool beats; /* makes progress by itself, not on request */
} guests[NR_GUESTS] = {
	[TICKS_PERIODIC] = { "g_suspend_ticks", PERIODIC, 1000000, .beats = true },
	[TICKS_ONCE] = { "g_suspend_ticks", 0, 1000000, .beats = true },
	[TICKS_DEADLINE] = { "g_suspend_ticks", DEADLINE, 1000000, .beats = true },
	[TICKS_NO_EXIT] = { "g_suspend_ticks", DEADLINE, 1000000, KVM_X86_DISABLE_EXITS_HLT, .beats = true },
	[WATCH] = { "g_suspend_watch", .beats = true },
	[WATCH_TOO] = { "g_suspend_watch", .same_vm = true, .beats = true },
	[WAKER] = { "g_suspend_wake" },
	[IPI_SLEEPER] = { "g_suspend_sleep", IPI, .same_vm = true },
	[MSI_SLEEPER] = { "g_suspend_sleep", WAKE },
	[FAR_ONCE] = { "g_suspend_far", 0, FAR_NS },
	[FAR_DEADLINE] = { "g_suspend_far", DEADLINE, FAR_NS },
};

static struct vcpu *fleet[NR_GUESTS];

static u64 beats(int i)
{
	return guest_results(fleet[i]->vm)[fleet[i]->id];
}

static void await_beats(int i, u64 n)
{
	while (beats(i) < n)
		usleep(1000);
}

/* Waits until the guest takes interrupts. */
static void await_ready(int i)
{
	while (!guest_results(fleet[i]->vm)[16 + fleet[i]->id])
		usleep(1000);
}

static struct vm *fleet_vm(int i)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	if (guests[i].disabled_exits)
		vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS, guests[i].disabled_exits);
	return vm;
}

/* Sends an MSI to vCPU 0. */
static void wake(int i)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = WAKE };

	CHECK_EQ(OK(ioctl(fleet[i]->vm->fd, KVM_SIGNAL_MSI, &msi)), 1);
}

static int timer_stats; /* of TICKS_NO_EXIT */

/* With posted interrupts, the timer of TICKS_NO_EXIT waits on another CPU. */
static bool timer_is_remote(void)
{
	return cpu_delivers() && !is_stock() && sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static u64 remote_firings(void)
{
	u64 n = 0;

	if (timer_is_remote())
		CHECK(stat_read(timer_stats, "lapic_timer_posted", &n));
	return n;
}

/* Pins the vCPU's thread to the next CPU in turn. */
static void pin_thread(int i)
{
	int first = first_cpu(), n = (int)sysconf(_SC_NPROCESSORS_ONLN) - first;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(first + i % n, &one);
	vcpu_set_affinity(fleet[i], &one);
}

static void fleet_start(void)
{
	if (timer_is_remote())
		CHECK_EQ(param_try("exitless_timer", "on"), 0);
	for (int i = 0; i < NR_GUESTS; i++) {
		struct vm *vm = i && guests[i].same_vm ? fleet[i - 1]->vm : fleet_vm(i);
		struct vcpu *v = fleet[i] = vcpu_create(vm, guests[i].same_vm);

		if (i == TICKS_NO_EXIT)
			timer_stats = OK(ioctl(v->fd, KVM_GET_STATS_FD, 0));
		guest_args(vm)[0] = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
		guest_args(vm)[2] = guests[i].period_ns;
		vcpu_start(v, guests[i].function, guests[i].arg);
		vcpu_thread(v);
		pin_thread(i);
	}
	for (int i = 0; i < NR_GUESTS; i++) {
		await_ready(i);
		if (guests[i].beats)
			await_beats(i, 3);
	}
}

static void fleet_stop(void)
{
	for (int i = 0; i < NR_GUESTS; i++)
		guest_args(fleet[i]->vm)[3] = 1;
	wake(WAKER);
	wake(MSI_SLEEPER);
	wake(FAR_ONCE);
	wake(FAR_DEADLINE);
	for (int i = 0; i < NR_GUESTS; i++)
		vcpu_join(fleet[i]);
	if (timer_is_remote())
		CHECK_EQ(param_try("exitless_timer", "auto"), 0);
}

/* Arms a timer that is pending during the suspend and fires after the resume. */
static void far_arm(int i, u64 round)
{
	wake(i);
	while (guest_results(fleet[i]->vm)[24] < round)
		usleep(1000);
}

static u64 vm_clock(struct vm *vm)
{
	struct kvm_clock_data data;

	OK(ioctl(vm->fd, KVM_GET_CLOCK, &data));
	return data.clock;
}

/* Each vCPU is told once per suspend that its clock stopped, so that the guest's watchdogs do not fire. */
static void check_told(int i, u64 round)
{
	CHECK_EQ(guest_results(fleet[i]->vm)[8 + fleet[i]->id], round);
}

static void check_affinity(int i, const cpu_set_t *before)
{
	cpu_set_t now;

	CHECK_EQ(pthread_getaffinity_np(fleet[i]->thread, sizeof(now), &now), 0);
	CHECK(CPU_EQUAL(&now, before));
}

/* @round: number of suspends, including this one */
static void suspend_fleet(const char *how, u64 round)
{
	u64 clock[NR_GUESTS], before[NR_GUESTS];
	cpu_set_t cpus[NR_GUESTS];
	u64 posted;

	far_arm(FAR_ONCE, round);
	far_arm(FAR_DEADLINE, round);
	for (int i = 0; i < NR_GUESTS; i++) {
		clock[i] = vm_clock(fleet[i]->vm);
		CHECK_EQ(pthread_getaffinity_np(fleet[i]->thread, sizeof(cpus[i]), &cpus[i]), 0);
	}
	suspend_host(how);
	posted = remote_firings();
	for (int i = 0; i < NR_GUESTS; i++) {
		CHECK(vm_clock(fleet[i]->vm) >= clock[i]);
		check_affinity(i, &cpus[i]);
		before[i] = beats(i);
	}
	for (int i = 0; i < NR_GUESTS; i++)
		if (guests[i].beats)
			await_beats(i, before[i] + 20);
	if (timer_is_remote())
		CHECK(remote_firings() > posted);
	wake(WAKER);
	wake(MSI_SLEEPER);
	await_beats(IPI_SLEEPER, round);
	await_beats(MSI_SLEEPER, round);
	await_beats(FAR_ONCE, round);
	await_beats(FAR_DEADLINE, round);
	for (int i = 0; i < NR_GUESTS; i++)
		if (guests[i].beats)
			check_told(i, round);
}

static void across(const char *how, u64 rounds)
{
	need_suspend();
	fleet_start();
	for (u64 round = 1; round <= rounds; round++)
		suspend_fleet(how, round);
	fleet_stop();
}

TEST(suspend_freezer)
{
	across("freezer", 1);
}

TEST(suspend_devices)
{
	across("devices", 1);
}

TEST(suspend_platform)
{
	across("platform", 1);
}

TEST(suspend_processors)
{
	across("processors", 1);
}

TEST(suspend_core)
{
	across("core", 2);
}

TEST(suspend_to_idle)
{
	across("freeze", 1);
}

TEST(suspend_to_ram)
{
	across("mem", 2);
}

/* ---- threads that wait for memory ---- */

/* A thread that waits for a page from userfaultfd can be frozen, and gets the page afterwards. */
TEST(suspend_page_awaited)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 *mem = mmap(NULL, 1 << 21, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffd *u;

	need_suspend();
	CHECK(mem != MAP_FAILED);
	u = uffd_open(mem, 1 << 21);
	OK(uffd_register(u, mem, 1 << 21, false));
	u->hold = true;
	u->fill[3] = 0x1234;
	OK(vm_set_slot(vm, 1, GUEST_MEMORY, 1 << 21, mem, 0));
	vcpu_start(v, "g_suspend_touch", GUEST_MEMORY + 3 * 4096);
	vcpu_thread(v);
	while (!u->asked[3])
		usleep(1000);
	suspend_host("freezer");
	u->hold = false;
	vcpu_join(v);
	CHECK_EQ(guest_results(vm)[25], 0x1234);
}

/* ---- clocks ---- */

/* Suspends to a level that returns after @seconds, which CLOCK_MONOTONIC hardly counts. */
static void sleep_in_core(const char *seconds)
{
	pm_test_delay = seconds;
	suspend_host("core");
	pm_test_delay = "1";
}

static u64 clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* The VM clock counts the suspend, whether it is based on the TSC or on the host's clock (tsc=unstable). */
TEST(suspend_clock_counts_sleep)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	u64 vm_ns, awake_ns;

	need_suspend();
	vcpu_create(vm, 0);
	awake_ns = clock_ns(CLOCK_MONOTONIC);
	vm_ns = vm_clock(vm);
	sleep_in_core("4");
	vm_ns = vm_clock(vm) - vm_ns;
	awake_ns = clock_ns(CLOCK_MONOTONIC) - awake_ns;
	if (vm_ns < awake_ns + 2000000000)
		FAIL("%llu ns passed, of which %llu awake", (unsigned long long)vm_ns, (unsigned long long)awake_ns);
}

/*
 * A deadline in 6 s, of which the host is suspended for 4 s: the guest's TSC counts these if the host's does.
 * A host timer of 4 s, which does not count them, must fire later.
 */
TEST(suspend_deadline_by_tsc)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	u64 end;

	need_suspend();
	if (is_stock())
		test_skip("stock KVM's timer does not count the suspend");
	fleet[FAR_DEADLINE] = v;
	guest_args(vm)[0] = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
	guest_args(vm)[2] = 6000000000;
	vcpu_start(v, "g_suspend_far", DEADLINE);
	vcpu_thread(v);
	await_ready(FAR_DEADLINE);
	far_arm(FAR_DEADLINE, 1);
	end = clock_ns(CLOCK_MONOTONIC) + 4000000000;
	sleep_in_core("4");
	while (!beats(FAR_DEADLINE) && clock_ns(CLOCK_MONOTONIC) < end)
		usleep(1000);
	CHECK_EQ(beats(FAR_DEADLINE), 1);
	guest_args(vm)[3] = 1;
	wake(FAR_DEADLINE);
	vcpu_join(v);
}
