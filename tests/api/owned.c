// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs that own CPUs: CPUs are taken from Linux and given back. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "harness.h"

#include "../../module/uapi/taxcut.h"

#define ROUNDS 5
#define TIMERS 50
#define XAPIC 1 /* eoi_mode of guest/lib.h */

static bool cpu_is_online(int cpu)
{
	char path[80], text[8] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return text[0] == '1';
}

static int own(struct vcpu *v, int cpu)
{
	return ioctl(v->fd, TAXCUT_OWN_CPU, &cpu);
}

/* The CPU that the tests take: the last one. */
static int spare_cpu(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	if (is_stock())
		test_skip("stock KVM has no owned cores");
	if (capability(TAXCUT_CAP_OWNED_CORES) <= 0)
		test_skip("no owned cores on this host");
	if (n < 3)
		test_skip("needs three CPUs");
	return (int)n - 1;
}

TEST(owned_take_and_give_back)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	for (int i = 0; i < ROUNDS; i++) {
		OK(own(v, cpu));
		CHECK(!cpu_is_online(cpu));
		ERR(own(v, cpu), EBUSY);
		OK(own(v, TAXCUT_OWN_NONE));
		CHECK(cpu_is_online(cpu));
	}
	OK(own(v, cpu));
	vm_close(vm);
	CHECK(cpu_is_online(cpu));
}

TEST(owned_refused)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0), *other = vcpu_create(vm, 1);
	char path[80];

	ERR(own(v, -2), EINVAL);
	ERR(own(v, 100000), EINVAL);
	ERR(own(v, 0), EBUSY); /* the boot CPU cannot be taken */
	OK(own(v, cpu));
	ERR(own(other, cpu), EBUSY);
	/* Linux cannot bring the owned CPU online. */
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	CHECK_EQ(file_write(path, "1"), EINVAL);
	OK(own(v, TAXCUT_OWN_NONE));
	OK(own(other, cpu));
	vm_close(vm);
	CHECK(cpu_is_online(cpu));
}

/* The guest runs on the owned CPU, with exits to the vCPU's thread and to user space. */
TEST(owned_guest_runs)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	OK(own(v, cpu));
	vcpu_call(v, "g_self_ipi", XAPIC);
	OK(own(v, TAXCUT_OWN_NONE));
	vcpu_call(v, "g_self_ipi", XAPIC);
	OK(own(v, cpu));
	vcpu_call(v, "g_timer_hlt", 30);
	vm_close(vm);
	CHECK(cpu_is_online(cpu));
}

static void *count_in_guest(void *arg)
{
	vcpu_call(arg, "g_count_until_told", 0);
	return NULL;
}

/* The guest counts without exits until it is told to stop. */
TEST(owned_runs_without_exits)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	u64 exits, count;
	pthread_t t;

	OK(own(v, cpu));
	CHECK_EQ(pthread_create(&t, NULL, count_in_guest, v), 0);
	while (!guest_results(vm)[0])
		usleep(1000);
	count = guest_results(vm)[0];
	usleep(200000);
	CHECK(guest_results(vm)[0] > count);
	guest_args(vm)[0] = 1;
	CHECK_EQ(pthread_join(t, NULL), 0);
	exits = stat_get(v->fd, "exits");
	printf("# %llu exits, %llu counted\n", (unsigned long long)exits, (unsigned long long)guest_results(vm)[0]);
	CHECK_RANGE(exits, 1, 20);
	vm_close(vm);
}

/* A client that runs a guest on the CPU until it is killed. */
static void client(int cpu, int ready)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	pthread_t t;

	OK(own(v, cpu));
	CHECK_EQ(pthread_create(&t, NULL, count_in_guest, v), 0);
	while (!guest_results(vm)[0])
		usleep(1000);
	CHECK_EQ(write(ready, "x", 1), 1);
	pause();
}

static void kill_client(int cpu)
{
	int ready[2], tries = 0;
	char c;
	pid_t pid;

	CHECK_EQ(pipe(ready), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		client(cpu, ready[1]);
		_exit(1);
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK(!cpu_is_online(cpu));
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	close(ready[0]);
	/* The last reference to the VM may be dropped with a delay. */
	while (!cpu_is_online(cpu) && tries++ < 1000)
		usleep(10000);
	CHECK(cpu_is_online(cpu));
}

TEST(owned_client_killed)
{
	int cpu = spare_cpu();

	for (int i = 0; i < ROUNDS; i++)
		kill_client(cpu);
}

TEST(stress_owned_life)
{
	int cpu = spare_cpu();
	u64 end = now_ns() + stress_seconds * 1000000000ULL;
	unsigned int rounds = 0;

	for (; now_ns() < end; rounds++)
		kill_client(cpu);
	printf("# %u clients killed\n", rounds);
}

TEST(owned_no_suspend)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	OK(own(v, cpu));
	CHECK_EQ(file_write("/sys/power/state", "freeze"), EBUSY);
	vcpu_call(v, "g_self_ipi", XAPIC);
	vm_close(vm);
}

/* A halted guest sleeps on its core: HLT does not exit, and its timer's interrupt is one hand-over. */
TEST(owned_halt)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	u64 exits, halts;

	OK(own(v, cpu));
	vcpu_call(v, "g_timer_hlt", TIMERS);
	exits = stat_get(v->fd, "exits");
	halts = stat_get(v->fd, "halt_exits");
	printf("# %d timers: %llu exits\n", TIMERS, (unsigned long long)exits);
	CHECK_EQ(halts, 0);
	/* MSR write that arms, the kick, EOI. */
	CHECK_RANGE(exits, 3 * TIMERS, 3 * TIMERS + 20);
	OK(own(v, TAXCUT_OWN_NONE));
	vcpu_call(v, "g_timer_hlt", TIMERS);
	CHECK_RANGE(stat_get(v->fd, "halt_exits"), TIMERS, 2 * TIMERS);
	vm_close(vm);
}

static void *halt_in_guest(void *arg)
{
	vcpu_call(arg, "g_timer_hlt", 300);
	return NULL;
}

/* Every CPU goes offline and comes back in turn, also the one that receives the owned core's doorbell interrupts. */
TEST(owned_doorbell_moves)
{
	int cpu = spare_cpu(), moves = 0;
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	char path[80];
	pthread_t t;

	OK(own(v, cpu));
	CHECK_EQ(pthread_create(&t, NULL, halt_in_guest, v), 0);
	for (int i = 1; i < cpu; i++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", i);
		CHECK_EQ(file_write(path, "0"), 0);
		usleep(50000);
		CHECK_EQ(file_write(path, "1"), 0);
		moves++;
	}
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK(moves > 0);
	vm_close(vm);
}
