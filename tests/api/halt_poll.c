// SPDX-License-Identifier: GPL-2.0-only
/*
 * Halt polling in the host, counted. Windows are 4 s long, so that polls are
 * ended by the test and not by the clock: the test sends a wake-up only after
 * it has seen the vCPU poll or sleep. The first window of a vCPU is 0, so of n
 * halts n - 1 poll. Guest side: guest/halt_poll.c.
 */
#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#define VECTOR 0x91
#define HALTS 12
#define WINDOW 4000000000ULL /* ns; the parameters are 32 bits wide */

static void param_set(const char *name, u64 value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", is_stock() ? "kvm" : "taxcut", name);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%llu", (unsigned long long)value) < 0 || fclose(f))
		FAIL("%s: %s", path, strerror(errno));
}

/*
 * Each test sets all parameters, as a failed test leaves its own behind. Tests in other files depend on the ceiling
 * only.
 */
static void params(u64 ceiling)
{
	param_set("halt_poll_ns", ceiling);
	param_set("halt_poll_ns_grow_start", WINDOW);
	param_set("halt_poll_ns_grow", 2);
	param_set("halt_poll_ns_shrink", 0);
}

static void params_default(void)
{
	param_set("halt_poll_ns", 200000);
	param_set("halt_poll_ns_grow_start", 10000);
}

/* vCPU 0, which halts. @result: of KVM_RUN in its thread. */
struct halter {
	struct vm *vm;
	struct vcpu *v;
	int stats; /* statistics file, opened before the vCPU ran */
	pthread_t thread;
	int result;
};

/* ceiling < 0: the module's parameter applies. */
static struct halter *halter_create(long long ceiling)
{
	struct halter *h = calloc(1, sizeof(*h));

	pin(first_cpu());
	h->vm = vm_create(CHIP_SPLIT);
	h->v = vcpu_create(h->vm, 0);
	h->stats = OK(ioctl(h->v->fd, KVM_GET_STATS_FD, 0));
	if (ceiling >= 0)
		vm_enable_cap(h->vm, KVM_CAP_HALT_POLL, ceiling);
	return h;
}

static volatile bool signalled;

static void *halter_run(void *arg)
{
	struct halter *h = arg;

	pin(first_cpu() + 1);
	/* EINTR without a signal comes from kernel work for the thread (task work). */
	do {
		h->result = vcpu_run_once(h->v);
	} while (h->result == -EINTR && !signalled);
	return NULL;
}

static void halter_go(struct halter *h)
{
	CHECK_EQ(pthread_create(&h->thread, NULL, halter_run, h), 0);
}

static void halter_start(struct halter *h, u64 halts)
{
	vcpu_start(h->v, "g_poll_halts", halts);
	halter_go(h);
}

static void halter_join(struct halter *h)
{
	CHECK_EQ(pthread_join(h->thread, NULL), 0);
}

static void halter_done(struct halter *h)
{
	halter_join(h);
	CHECK_EQ(h->result, 0);
	vcpu_check_done(h->v);
}

static u64 stat(struct halter *h, const char *name)
{
	u64 value;

	if (!stat_read(h->stats, name, &value))
		FAIL("no statistic %s", name);
	return value;
}

/* Fails before the test's time limit, so that the message names the statistic. */
static void await(struct halter *h, const char *name, u64 value)
{
	for (int i = 0; stat(h, name) < value; i++) {
		if (i == 20000)
			FAIL("%s stays %llu, not %llu, after %llu halts", name, (unsigned long long)stat(h, name),
			     (unsigned long long)value, (unsigned long long)stat(h, "halt_exits"));
		usleep(1000);
	}
}

/* Stock KVM counts a poll at its end: wait for it to begin. */
static void await_poll(struct halter *h, u64 halts, u64 polls)
{
	await(h, "halt_exits", halts);
	if (is_stock())
		usleep(100000);
	else
		await(h, "halt_attempted_poll", polls);
}

static void await_sleep(struct halter *h, u64 halts)
{
	await(h, "halt_exits", halts);
	await(h, "blocking", 1);
}

static void msi(struct halter *h)
{
	struct kvm_msi m = { .address_lo = 0xfee00000, .data = VECTOR };

	CHECK_EQ(OK(ioctl(h->vm->fd, KVM_SIGNAL_MSI, &m)), 1);
}

/*
 * Wakes the vCPU from its halts first .. last, after each has reached its state: polling (its first polls), or asleep.
 */
static void wake(struct halter *h, u64 first, u64 last, bool polls)
{
	for (u64 i = first; i <= last; i++) {
		if (polls)
			await_poll(h, i, i - first + 1);
		else
			await_sleep(h, i);
		msi(h);
	}
}

/*
 * A kernel thread that becomes runnable on the CPU ends a poll that would have
 * succeeded, so there may be fewer successes.
 */
static void check_polls(struct halter *h, u64 halts, u64 polls)
{
	CHECK_EQ(stat(h, "halt_exits"), halts);
	CHECK_EQ(stat(h, "halt_attempted_poll"), polls);
	CHECK_RANGE(stat(h, "halt_successful_poll"), polls / 3, polls);
	CHECK_EQ(stat(h, "halt_poll_invalid"), 0);
	CHECK_EQ(stat(h, "halt_poll_success_ns") > 0, polls > 0);
	if (stat(h, "halt_successful_poll") == polls) {
		CHECK_EQ(stat(h, "halt_poll_fail_ns"), 0);
		CHECK_EQ(stat(h, "halt_wakeup"), halts - polls);
	}
	CHECK_EQ(stat(h, "halt_wait_ns") > 0, halts > polls);
}

/* Stock KVM's names, all of them. */
TEST(halt_poll_statistics)
{
	static const char *const names[] = {
		"halt_successful_poll", "halt_attempted_poll", "halt_poll_invalid", "halt_wakeup",
		"halt_poll_success_ns", "halt_poll_fail_ns", "halt_wait_ns", "halt_poll_success_hist",
		"halt_poll_fail_hist", "halt_wait_hist", "blocking", "halt_exits",
	};
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);
	u64 value;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!stat_find(v->fd, names[i], &value))
			FAIL("no statistic %s", names[i]);
		CHECK_EQ(value, 0);
	}
	CHECK(capability(KVM_CAP_HALT_POLL));
}

/* An IPI within the window ends the poll; the vCPU does not sleep. */
TEST(halt_poll_ipi_within_window)
{
	struct halter *h;
	struct vcpu *waker;

	params(WINDOW);
	h = halter_create(-1);
	waker = vcpu_create(h->vm, 1);
	vcpu_start(waker, "g_poll_waker", HALTS);
	halter_start(h, HALTS);
	for (u64 i = 1; i <= HALTS; i++) {
		vcpu_sync(waker, i);
		if (i > 1)
			await_poll(h, i, i - 1);
		else
			await_sleep(h, i);
	}
	vcpu_done(waker);
	halter_done(h);
	check_polls(h, HALTS, HALTS - 1);
	params_default();
}

/* The VM's ceiling replaces the module's parameter, whether it is larger or smaller. */
TEST(halt_poll_ceiling)
{
	static const struct {
		u64 param;
		long long vm;
		bool polls;
	} cases[] = {
		{ 0, -1, false },
		{ WINDOW, -1, true },
		{ WINDOW, 0, false },
		{ 0, WINDOW, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct halter *h;

		params(cases[i].param);
		h = halter_create(cases[i].vm);
		halter_start(h, HALTS);
		wake(h, 1, 1, false);
		wake(h, 2, HALTS, cases[i].polls);
		halter_done(h);
		check_polls(h, HALTS, cases[i].polls ? HALTS - 1 : 0);
		vm_close(h->vm);
	}
	params_default();
}

/* The ceiling in ns has 32 bits. */
TEST(halt_poll_cap_range)
{
	struct kvm_enable_cap c = { .cap = KVM_CAP_HALT_POLL, .args = { 1ULL << 32 } };
	struct vm *vm = vm_create(CHIP_SPLIT);

	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &c), EINVAL);
	c.args[0]--;
	OK(ioctl(vm->fd, KVM_ENABLE_CAP, &c));
}

/* A guest that polls switches the host's polling off, and on again. */
TEST(halt_poll_control)
{
	struct halter *h;

	params(WINDOW);
	h = halter_create(-1);
	guest_args(h->vm)[0] = 1;
	halter_start(h, HALTS);
	wake(h, 1, HALTS, false);
	halter_done(h);
	check_polls(h, HALTS, 0);

	guest_args(h->vm)[0] = 2;
	halter_start(h, HALTS);
	wake(h, HALTS + 1, HALTS + 1, false);
	wake(h, HALTS + 2, 2 * HALTS, true);
	halter_done(h);
	check_polls(h, 2 * HALTS, HALTS - 1);
	params_default();
}

/* A lower ceiling applies from the next poll on. A wait that is longer than the ceiling sets the window to 0. */
TEST(halt_poll_shrinks)
{
	struct halter *h;

	if (is_stock())
		test_skip("the test depends on the time at which taxcut reads the ceiling");
	params(WINDOW);
	h = halter_create(WINDOW);
	halter_start(h, 6);
	wake(h, 1, 1, false);
	await_poll(h, 2, 1);
	vm_enable_cap(h->vm, KVM_CAP_HALT_POLL, 1000);
	msi(h);
	wake(h, 3, 6, false);
	halter_done(h);
	CHECK_EQ(stat(h, "halt_exits"), 6);
	CHECK_EQ(stat(h, "halt_attempted_poll"), 2); /* the second, and the third for 1 us */
	CHECK_RANGE(stat(h, "halt_successful_poll"), 0, 1); /* 0: see check_polls() */
	CHECK_RANGE(stat(h, "halt_poll_fail_ns"), 1, WINDOW / 2);
	params_default();
}

static void take_signal(int signal)
{
	(void)signal;
	signalled = true;
}

/* A signal ends a poll before its window does. */
TEST(halt_poll_signal)
{
	struct sigaction act = { .sa_handler = take_signal };
	struct halter *h;

	OK(sigaction(SIGUSR1, &act, NULL));
	params(WINDOW);
	h = halter_create(-1);
	halter_start(h, 2);
	wake(h, 1, 1, false);
	await_poll(h, 2, 1);
	CHECK_EQ(pthread_kill(h->thread, SIGUSR1), 0);
	halter_join(h);
	CHECK_EQ(h->result, -EINTR);
	CHECK_EQ(h->v->run->exit_reason, KVM_EXIT_INTR);
	CHECK_EQ(stat(h, "halt_attempted_poll"), 1);
	CHECK_RANGE(stat(h, "halt_poll_success_ns") + stat(h, "halt_poll_fail_ns"), 1, WINDOW / 2);

	/* The halt continues. */
	signalled = false;
	msi(h);
	halter_go(h);
	halter_done(h);
	CHECK_EQ(stat(h, "halt_exits"), 2);
	params_default();
}

static volatile bool rival_ends;

/* Becomes runnable on the vCPU's CPU every millisecond. */
static void *rival(void *unused)
{
	(void)unused;
	pin(first_cpu() + 1);
	while (!rival_ends)
		usleep(1000);
	return NULL;
}

/* Another task on the CPU ends the poll, and the vCPU sleeps. */
TEST(halt_poll_other_task)
{
	struct halter *h;
	pthread_t t;

	params(WINDOW);
	h = halter_create(-1);
	halter_start(h, 2);
	wake(h, 1, 1, false);
	await_poll(h, 2, 1);
	CHECK_EQ(pthread_create(&t, NULL, rival, NULL), 0);
	await_sleep(h, 2);
	msi(h);
	rival_ends = true;
	halter_done(h);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(stat(h, "halt_attempted_poll"), 1);
	CHECK_EQ(stat(h, "halt_successful_poll"), 0);
	CHECK_RANGE(stat(h, "halt_poll_fail_ns"), 1, WINDOW / 2);
	params_default();
}
