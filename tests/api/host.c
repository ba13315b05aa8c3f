// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux schedules other tasks on the CPU of a running vCPU. Guest side:
 * guest/host.c.
 */
#include "harness.h"

#define SWITCHES 100

/* Involuntary context switches of the main thread, which runs the vCPU. */
static u64 times_switched(void)
{
	char line[80];
	u64 count = 0;
	FILE *f;

	f = fopen("/proc/self/status", "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "nonvoluntary_ctxt_switches:", 27))
			count = strtoull(line + 27, NULL, 10);
	}
	fclose(f);
	return count;
}

/* Runs on the vCPU's CPU until the vCPU's thread was preempted SWITCHES times. */
static void *compete(void *arg)
{
	struct vcpu *v = arg;
	u64 first = times_switched();

	while (times_switched() - first < SWITCHES)
		;
	guest_args(v->vm)[0] = 1;
	return NULL;
}

/*
 * A vCPU yields at once to a task that is due: it does not load and put its
 * state in the run loop again and again until the scheduler's tick preempts it.
 * (Only a kernel with lazy preemption, 6.13 and newer, shows the difference.)
 */
TEST(host_task_gets_the_cpu)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	u64 reloads, switched;
	pthread_t t;

	pin(first_cpu());
	switched = times_switched();
	reloads = stat_get(v->fd, "host_state_reload");
	CHECK_EQ(pthread_create(&t, NULL, compete, v), 0);
	vcpu_call(v, "g_count_until_told", 0);
	reloads = stat_get(v->fd, "host_state_reload") - reloads;
	switched = times_switched() - switched;
	CHECK_EQ(pthread_join(t, NULL), 0);
	printf("# %llu switches, %llu times loaded\n", (unsigned long long)switched, (unsigned long long)reloads);
	CHECK(switched >= SWITCHES);
	CHECK_RANGE(reloads, 1, 2 * switched + 20);
	vm_close(vm);
}
