// SPDX-License-Identifier: GPL-2.0-only
/*
 * No interrupt is lost: vCPUs send each other interrupts, each of which is
 * counted (guest/stress.c), while the host sends signals and MSIs, changes
 * memory slots and moves vCPUs between CPUs.
 */
#include "harness.h"
#include "stress.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#define STUCK_SECONDS 40 /* a vCPU without progress for this time is stuck, even on a slow emulated host */
#define TICK_US 2000

/* Other actions of the host. */
#define NOISE_SIGNALS 1
#define NOISE_SLOTS 2
#define NOISE_AFFINITY 4

struct watch {
	u64 rounds[STRESS_MAX_CPUS], since[STRESS_MAX_CPUS];
	u64 msis[STRESS_MAX_CPUS]; /* sent; one at a time */
};

static void on_signal(int signal)
{
	(void)signal;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
}

static void describe_stuck(struct vm *vm, int cpu, u64 rounds)
{
	struct vcpu *v = vm->vcpus[cpu];
	volatile u64 *taken = (volatile u64 *)guest_symbol(vm, "cpu_irqs") + cpu * 256L;

	fprintf(stderr, "# vCPU %d: %llu rounds, %llu timer interrupts, %llu exits, %llu halts\n", cpu,
		(unsigned long long)rounds, (unsigned long long)taken[0xb0],
		(unsigned long long)stat_get(v->fd, "exits"), (unsigned long long)stat_get(v->fd, "halt_exits"));
}

/* Every vCPU makes progress, and every MSI arrives. */
static void check_progress(struct vm *vm, struct watch *w)
{
	volatile u64 *rounds = guest_symbol(vm, "stress_rounds");
	u64 now = now_ns();

	for (int i = 0; i < vm->nr_vcpus; i++) {
		if (rounds[i] != w->rounds[i]) {
			w->rounds[i] = rounds[i];
			w->since[i] = now;
		}
		if (now - w->since[i] < STUCK_SECONDS * 1000000000ULL)
			continue;
		for (int j = 0; j < vm->nr_vcpus; j++)
			describe_stuck(vm, j, rounds[j]);
		FAIL("vCPU %d is stuck after %llu rounds: an interrupt or a wake-up is lost", i, (unsigned long long)rounds[i]);
	}
}

/* x2APIC or xAPIC, edge, fixed (SDM vol. 3, "Message Signalled Interrupts"). */
static void send_msi(struct vm *vm, struct watch *w, int cpu)
{
	volatile u64 *taken = guest_symbol(vm, "stress_msis");
	struct kvm_msi msi = { .address_lo = 0xfee00000 | (u32)cpu << 12, .data = STRESS_MSI_VECTOR };

	if (taken[cpu] != w->msis[cpu])
		return;
	w->msis[cpu]++;
	if (OK(ioctl(vm->fd, KVM_SIGNAL_MSI, &msi)) == 0)
		w->msis[cpu]--; /* its APIC is not enabled yet */
}

static void move_vcpu(struct vcpu *v, unsigned int to)
{
	unsigned int first = (unsigned int)first_cpu();
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) - first;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(first + to % cpus, &set);
	vcpu_set_affinity(v, &set);
}

static void make_noise(struct vm *vm, unsigned int noise, unsigned int tick, void *memory)
{
	struct vcpu *v = vm->vcpus[tick % (unsigned int)vm->nr_vcpus];

	if (noise & NOISE_SIGNALS)
		vcpu_signal(v, SIGUSR1);
	if (noise & NOISE_SLOTS && tick % 8 == 0)
		OK(vm_set_slot(vm, 5, 0x40000000, tick % 16 ? 0 : 0x200000, memory, 0));
	if (noise & NOISE_AFFINITY)
		move_vcpu(v, (unsigned int)rand());
}

static void watch_guest(struct vm *vm, unsigned int flags, unsigned int noise)
{
	u64 start = now_ns(), end = start + stress_seconds * 1000000000ULL;
	void *memory = mmap(NULL, 0x200000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile u64 *msis = guest_symbol(vm, "stress_msis");
	struct watch w = {};

	CHECK(memory != MAP_FAILED);
	for (int i = 0; i < vm->nr_vcpus; i++)
		w.since[i] = start;
	for (unsigned int tick = 0; now_ns() < end || tick < 100; tick++) {
		usleep(TICK_US);
		check_progress(vm, &w);
		make_noise(vm, noise, tick, memory);
		if (flags & STRESS_MSI)
			send_msi(vm, &w, (int)(tick % (unsigned int)vm->nr_vcpus));
	}
	for (int i = 0; flags & STRESS_MSI && i < vm->nr_vcpus; i++) {
		while (msis[i] != w.msis[i]) {
			usleep(TICK_US);
			check_progress(vm, &w);
		}
	}
	*(volatile u64 *)guest_symbol(vm, "stress_stop") = 1;
}

static void stress(int cpus, unsigned int flags, unsigned int noise, u64 disabled_exits)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	u64 rounds = 0, surplus = 0;

	if (disabled_exits)
		vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS, disabled_exits);
	catch_signals();
	guest_args(vm)[0] = (u64)cpus;
	guest_args(vm)[1] = flags;
	guest_args(vm)[2] = now_ns();
	for (int i = 0; i < cpus; i++)
		vcpu_start(vcpu_create(vm, i), "g_stress", (u64)i);
	for (int i = 0; i < cpus; i++)
		vcpu_thread(vm->vcpus[i]);
	watch_guest(vm, flags, noise);
	for (int i = 0; i < cpus; i++)
		vcpu_join(vm->vcpus[i]);
	for (int i = 0; i < cpus; i++) {
		rounds += ((volatile u64 *)guest_symbol(vm, "stress_rounds"))[i];
		surplus += ((volatile u64 *)guest_symbol(vm, "stress_surplus"))[i];
	}
	printf("# %llu rounds on %d vCPUs, %llu interrupts too many\n", (unsigned long long)rounds, cpus,
	       (unsigned long long)surplus);
	if (surplus && !may_inject_twice())
		FAIL("%llu interrupts came twice", (unsigned long long)surplus);
}

#define ALL_WAYS (STRESS_HYPERCALL | STRESS_TIMER | STRESS_NMI | STRESS_PV_EOI | STRESS_HLT | STRESS_MSI)

/* Without timers: only the interrupt itself wakes a halted vCPU. */
TEST(stress_wakeups)
{
	stress(8, STRESS_HYPERCALL | STRESS_HLT, 0, 0);
}

TEST(stress_wakeups_xapic)
{
	stress(8, STRESS_XAPIC | STRESS_HYPERCALL | STRESS_HLT, 0, 0);
}

TEST(stress_no_hypercall)
{
	stress(8, STRESS_HLT | STRESS_NMI, NOISE_SIGNALS, 0);
}

TEST(stress_all_ways)
{
	stress(8, ALL_WAYS, NOISE_SIGNALS | NOISE_AFFINITY, 0);
}

TEST(stress_all_ways_xapic)
{
	stress(8, STRESS_XAPIC | ALL_WAYS, NOISE_SIGNALS | NOISE_AFFINITY, 0);
}

TEST(stress_slots_change)
{
	stress(4, ALL_WAYS, NOISE_SIGNALS | NOISE_SLOTS, 0);
}

TEST(stress_exits_off)
{
	if (!(capability(KVM_CAP_X86_DISABLE_EXITS) & KVM_X86_DISABLE_EXITS_HLT))
		test_skip("this host cannot disable HLT exits");
	stress(3, ALL_WAYS, NOISE_SIGNALS | NOISE_AFFINITY, KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE);
}

TEST(stress_sixteen)
{
	stress(16, ALL_WAYS, NOISE_AFFINITY, 0);
}
