// SPDX-License-Identifier: GPL-2.0-only
/* What taxcut_work.ko must refuse, and what it must survive; run by the scenario work_module. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "module/taxcut_work.h"
#include "work.h"

#define KERNEL_ADDRESS 0xffff888000000000ULL

static uint64_t latency[TAXCUT_WORK_EVENTS_MAX];
static cpu_set_t none, self, others, absent;
static int device;
static unsigned int failures;

#define TIMER(what_, events_, delay_, latency_)                                                                  \
	{ .what = what_, .events = events_, .delay_ns = delay_, .latency = latency_ }
#define IPI(events_, cpus_, size_)                                                                              \
	{ .what = TAXCUT_WORK_IPI, .events = events_, .cpus = cpus_, .cpus_size = size_, .latency = (uintptr_t)latency }

#define ARM TAXCUT_WORK_ARM
#define FIRE TAXCUT_WORK_FIRE
#define ADDRESS(thing) ((uintptr_t)(thing))
#define ALL sizeof(cpu_set_t)

static void expect(const char *what, int got, int error, int want)
{
	if (got == want || (got < 0 && error == -want))
		return;
	fprintf(stderr, "work_refused: %s gives %d (%s), not %d\n", what, got, got < 0 ? strerror(error) : "no error", want);
	failures++;
}

static void run(const char *what, struct taxcut_work_batch *batch, int want)
{
	int r = ioctl(device, TAXCUT_WORK_RUN, batch);

	expect(what, r, errno, want);
}

static unsigned int bad_batches(void)
{
	struct {
		const char *name;
		struct taxcut_work_batch batch;
		int want;
	} cases[] = {
		{ "a timer", TIMER(ARM, 3, 100000, ADDRESS(latency)), 3 },
		{ "as many as there may be", TIMER(ARM, TAXCUT_WORK_EVENTS_MAX, 100000, ADDRESS(latency)), TAXCUT_WORK_EVENTS_MAX },
		{ "an IPI", IPI(2, ADDRESS(&others), ALL), 2 },
		{ "a short mask", IPI(1, ADDRESS(&others), 1), 1 },
		{ "unknown work", TIMER(ARM + 1, 1, 100000, ADDRESS(latency)), -EINVAL },
		{ "work of another world", TIMER(UINT32_MAX, 1, 100000, ADDRESS(latency)), -EINVAL },
		{ "no events", TIMER(ARM, 0, 100000, ADDRESS(latency)), -EINVAL },
		{ "too many events", TIMER(ARM, TAXCUT_WORK_EVENTS_MAX + 1, 100000, ADDRESS(latency)), -EINVAL },
		{ "far too many events", IPI(UINT32_MAX, ADDRESS(&others), ALL), -EINVAL },
		{ "no delay", TIMER(ARM, 1, 0, ADDRESS(latency)), -EINVAL },
		{ "too short a delay", TIMER(ARM, 1, TAXCUT_WORK_DELAY_MIN - 1, ADDRESS(latency)), -EINVAL },
		{ "too long a delay", TIMER(FIRE, 1, TAXCUT_WORK_DELAY_MAX + 1, ADDRESS(latency)), -EINVAL },
		{ "an endless delay", TIMER(ARM, 1, UINT32_MAX, ADDRESS(latency)), -EINVAL },
		{ "no CPUs", IPI(1, ADDRESS(&none), ALL), -EINVAL },
		{ "an empty mask", IPI(1, ADDRESS(&others), 0), -EINVAL },
		{ "this CPU", IPI(1, ADDRESS(&self), ALL), -EINVAL },
		{ "CPUs that are not there", IPI(1, ADDRESS(&absent), ALL), -EINVAL },
		{ "too large a mask", IPI(1, ADDRESS(&others), 1025), -EINVAL },
		{ "a mask of 4 GiB", IPI(1, ADDRESS(&others), UINT32_MAX), -EINVAL },
		{ "a mask nowhere", IPI(1, 0, ALL), -EFAULT },
		{ "a mask in the kernel", IPI(1, KERNEL_ADDRESS, ALL), -EFAULT },
		{ "results nowhere", TIMER(ARM, 1, 100000, 0), -EFAULT },
		{ "results in the kernel", TIMER(ARM, 1, 100000, KERNEL_ADDRESS), -EFAULT },
		{ "results behind the end", TIMER(ARM, 1, 100000, UINT64_MAX - 3), -EFAULT },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run(cases[i].name, &cases[i].batch, cases[i].want);
	return i;
}

static void bad_calls(void)
{
	int r;

	r = ioctl(device, TAXCUT_WORK_RUN, KERNEL_ADDRESS);
	expect("an argument in the kernel", r, errno, -EFAULT);
	r = ioctl(device, TAXCUT_WORK_RUN, 0);
	expect("no argument", r, errno, -EFAULT);
	r = ioctl(device, TAXCUT_WORK_RUN + 1, latency);
	expect("an unknown ioctl", r, errno, -ENOTTY);
	r = (int)write(device, latency, 1);
	expect("a write", r, errno, -EINVAL);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A batch of 40 s ends with the first signal. */
static void interrupted(void)
{
	struct taxcut_work_batch batch = TIMER(FIRE, TAXCUT_WORK_EVENTS_MAX, TAXCUT_WORK_DELAY_MAX, ADDRESS(latency));
	struct itimerval soon = { .it_value.tv_usec = 100000 };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	run("a signal", &batch, -EINTR);
}

static void *share(void *unused)
{
	struct taxcut_work_batch ipis = IPI(20, ADDRESS(&others), ALL), timers = TIMER(FIRE, 20, 100000, ADDRESS(latency));

	(void)unused;
	for (int i = 0; i < 5; i++) {
		if (ioctl(device, TAXCUT_WORK_RUN, &ipis) != 20 || ioctl(device, TAXCUT_WORK_RUN, &timers) != 20)
			work_die("two threads with one file");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct work_args args;
	pthread_t other;
	unsigned int cases;

	work_args(argc, argv, "1", 2, &args);
	work_pin(args.cpu[0]);
	CPU_SET(args.cpu[0], &self);
	CPU_SET(CPU_SETSIZE - 1, &absent);
	for (unsigned int i = 1; i < args.cpus; i++)
		CPU_SET(args.cpu[i], &others);
	device = open(TAXCUT_WORK_DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0)
		work_die(TAXCUT_WORK_DEVICE);

	cases = bad_batches();
	bad_calls();
	interrupted();
	if (pthread_create(&other, NULL, share, NULL))
		work_die("pthread_create");
	share(NULL);
	pthread_join(other, NULL);
	work_report("work_refused", "cases", cases);
	work_report("work_refused", "failures", failures);
	return failures != 0;
}
