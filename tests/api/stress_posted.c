// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts for a vCPU that changes its LAPIC's mode, is saved and restored,
 * reset by INIT, or killed. One thread sends continuously; another sends
 * interrupts that must not be lost, one at a time, and counts them. Guest side:
 * guest/posted.c.
 */
#include "posted.h"
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define TARGET 1
#define STUCK_NS 40000000000ULL /* longer than any wait on a slow emulated host */

static volatile bool noise_stops, vcpu_stops;

static void ignore(int signal)
{
	(void)signal;
}

/* 1: delivered; 0, or -1 with EPERM (KVM's result): no LAPIC accepts it. */
static int send_msi(struct vm *vm, u32 vector)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000 | TARGET << 12, .data = vector };

	return ioctl(vm->fd, KVM_SIGNAL_MSI, &msi);
}

static void *make_noise(void *vm)
{
	while (!noise_stops) {
		if (send_msi(vm, POSTED_NOISE_VECTOR) < 0)
			CHECK_EQ(errno, EPERM);
		sched_yield();
	}
	return NULL;
}

static volatile u64 *variable(struct vm *vm, const char *name)
{
	return guest_symbol(vm, name);
}

static void await(volatile u64 *what, u64 value)
{
	u64 start = now_ns();

	while (*what < value) {
		if (now_ns() - start > STUCK_NS)
			FAIL("%llu, not %llu: no progress", (unsigned long long)*what, (unsigned long long)value);
		sched_yield();
	}
}

/* Waits for one more interrupt, and checks that it is only one. */
static void await_one_more(volatile u64 *taken, u64 *count)
{
	u64 now;

	await(taken, ++*count);
	now = *taken;
	if (now != *count && !may_inject_twice())
		FAIL("%llu interrupts taken, %llu sent", (unsigned long long)now, (unsigned long long)*count);
	*count = now;
}

/* Sends batches as the guest requests them until the time is over and the guest has stopped; returns their number. */
static u64 feed(struct vm *vm)
{
	volatile u64 *ready = variable(vm, "posted_ready"), *taken = variable(vm, "posted_taken");
	u64 end = now_ns() + stress_seconds * 1000000000ULL, batch = 0, count = 0;

	do {
		batch++;
		await(ready, batch);
		if (now_ns() > end)
			*variable(vm, "posted_stop") = 1;
		for (int i = 0; i < POSTED_BATCH; i++) {
			CHECK_EQ(send_msi(vm, POSTED_VECTOR), 1);
			await_one_more(taken, &count);
		}
	} while (!*variable(vm, "posted_stop"));
	return batch;
}

static struct vm *two_vcpus(void)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	signal(SIGUSR1, ignore);
	vcpu_create(vm, 0);
	vcpu_create(vm, TARGET);
	OK(ioctl(vm->vcpus[TARGET]->fd, KVM_SET_MP_STATE, &(struct kvm_mp_state){ KVM_MP_STATE_RUNNABLE }));
	return vm;
}

static pthread_t start_noise(struct vm *vm)
{
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, make_noise, vm), 0);
	return t;
}

static void stop_noise(pthread_t t)
{
	noise_stops = true;
	CHECK_EQ(pthread_join(t, NULL), 0);
}

/* Sends from both threads to a vCPU that runs @function; returns the number of batches. */
static u64 hit(const char *function)
{
	struct vm *vm = two_vcpus();
	pthread_t noise = start_noise(vm);
	u64 batches;

	vcpu_start(vm->vcpus[TARGET], function, 0);
	vcpu_thread(vm->vcpus[TARGET]);
	batches = feed(vm);
	vcpu_join(vm->vcpus[TARGET]);
	stop_noise(noise);
	return batches;
}

/* The LAPIC's mode changes: x2APIC, disabled, xAPIC, and back. */
TEST(stress_posted_modes)
{
	printf("# %llu changes of mode\n", (unsigned long long)hit("g_posted_modes"));
}

/* Late notifications, for which no interrupt is posted any more, deliver nothing. */
TEST(stress_posted_exits)
{
	printf("# %llu batches between exits\n", (unsigned long long)hit("g_posted_exits"));
}

static void *run_target(void *arg)
{
	struct vcpu *v = arg;

	while (!vcpu_stops) {
		int r = vcpu_run_once(v);

		if (r != -EINTR && r != -EAGAIN) /* EAGAIN: stock KVM, after a SIPI */
			FAIL("KVM_RUN: %d, exit %u", r, v->run->exit_reason);
	}
	return NULL;
}

/* INIT and SIPI: interrupts in between may be lost; interrupts after the vCPU has started may not. */
TEST(stress_posted_init)
{
	struct vm *vm = two_vcpus();
	pthread_t noise = start_noise(vm), target;
	u64 batches;

	memcpy(vm->mem + GPA_REAL, vm->mem + guest_address("ap_start"),
	       guest_address("ap_end") - guest_address("ap_start"));
	*variable(vm, "ap_function") = guest_address("g_posted_worker");
	OK(ioctl(vm->vcpus[TARGET]->fd, KVM_SET_MP_STATE, &(struct kvm_mp_state){ KVM_MP_STATE_UNINITIALIZED }));
	CHECK_EQ(pthread_create(&target, NULL, run_target, vm->vcpus[TARGET]), 0);
	vcpu_start(vm->vcpus[0], "g_posted_boss", 0);
	vcpu_thread(vm->vcpus[0]);
	batches = feed(vm);
	vcpu_join(vm->vcpus[0]);
	stop_noise(noise);
	vcpu_stops = true;
	for (int i = 0; i < 1000; i++) {
		pthread_kill(target, SIGUSR1);
		usleep(1000);
		if (!pthread_tryjoin_np(target, NULL))
			break;
	}
	printf("# %llu starts\n", (unsigned long long)batches);
}

static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;

/* Runs the vCPU; each time a signal ends KVM_RUN, it reads the LAPIC's state and writes it back. */
static void *run_and_restore(void *arg)
{
	struct vcpu *v = arg;
	struct kvm_lapic_state s;
	u64 *restored = calloc(1, sizeof(*restored));
	int r;

	while ((r = vcpu_run_once(v)) == -EINTR) {
		pthread_mutex_lock(&state_lock); /* an interrupt between the two would be lost */
		OK(ioctl(v->fd, KVM_GET_LAPIC, &s));
		OK(ioctl(v->fd, KVM_SET_LAPIC, &s));
		pthread_mutex_unlock(&state_lock);
		++*restored;
	}
	CHECK_EQ(r, 0);
	vcpu_check_done(v);
	return restored;
}

/* A posted interrupt that is not delivered yet is part of the state. */
TEST(stress_posted_set_lapic)
{
	struct vm *vm = two_vcpus();
	struct vcpu *v = vm->vcpus[TARGET];
	u64 end = now_ns() + stress_seconds * 1000000000ULL, count = 0, *restored;
	volatile u64 *taken = &guest_irqs(vm)[POSTED_VECTOR];
	pthread_t target;

	vcpu_start(v, "g_posted_receiver", 0);
	CHECK_EQ(pthread_create(&target, NULL, run_and_restore, v), 0);
	await(variable(vm, "posted_ready"), 1);
	while (now_ns() < end) {
		pthread_mutex_lock(&state_lock);
		pthread_kill(target, SIGUSR1);
		CHECK_EQ(send_msi(vm, POSTED_VECTOR), 1);
		pthread_mutex_unlock(&state_lock);
		await_one_more(taken, &count);
	}
	*variable(vm, "posted_stop") = 1;
	CHECK_EQ(pthread_join(target, (void **)&restored), 0);
	CHECK_EQ(*taken, count);
	CHECK(*restored > 0);
	printf("# %llu interrupts, saved and restored %llu times\n", (unsigned long long)count,
	       (unsigned long long)*restored);
}

/* The client is killed at random times; everything is freed. */
TEST(stress_posted_kill)
{
	u64 end = now_ns() + stress_seconds * 1000000000ULL, killed = 0;

	do {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid) {
			struct vm *vm = two_vcpus();

			start_noise(vm);
			vcpu_start(vm->vcpus[TARGET], "g_posted_modes", 0);
			vcpu_thread(vm->vcpus[TARGET]);
			feed(vm);
			_exit(0);
		}
		usleep(20000 + (unsigned int)rand() % 60000);
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status) || !WEXITSTATUS(status));
		killed++;
	} while (now_ns() < end);
	printf("# %llu clients killed\n", (unsigned long long)killed);
}
