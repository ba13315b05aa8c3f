// SPDX-License-Identifier: GPL-2.0-only
/* KVM's interface to its guests: clocks, steal time, PV EOI, hypercalls. Guest side: guest/irq.c. */
#include "harness.h"

#include <asm/kvm_para.h>
#include <pthread.h>
#include <time.h>

static void pv_guest(const char *function, u64 arg)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), function, arg);
}

/* The guest's clock agrees with KVM_GET_CLOCK, and boot time plus clock with the time of day. */
TEST(pv_kvmclock)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_clock_data before = {}, after = {};
	struct timespec now;

	OK(ioctl(vm->fd, KVM_GET_CLOCK, &before));
	vcpu_call(v, "g_kvmclock", 2000);
	OK(ioctl(vm->fd, KVM_GET_CLOCK, &after));
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK_RANGE(guest_results(vm)[1], before.clock, after.clock);
	CHECK_RANGE(guest_results(vm)[0] + guest_results(vm)[1] / 1000000000, now.tv_sec - 3, now.tv_sec + 1);
	if (after.flags & KVM_CLOCK_TSC_STABLE)
		CHECK_EQ(guest_results(vm)[2] & 1, 1);
}

TEST(pv_kvmclock_set)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_clock_data c = { .clock = 3600000000000ULL };

	OK(ioctl(vm->fd, KVM_SET_CLOCK, &c));
	vcpu_call(v, "g_kvmclock", 10);
	CHECK_RANGE(guest_results(vm)[1], 3600000000000LL, 3630000000000LL);
	OK(ioctl(vm->fd, KVM_GET_CLOCK, &c));
	CHECK_RANGE(c.clock, 3600000000000LL, 3630000000000LL);
	c.flags = ~0u;
	ERR(ioctl(vm->fd, KVM_SET_CLOCK, &c), EINVAL);
}

TEST(pv_kvmclock_across_vcpus)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	for (int i = 0; i < 3; i++) {
		vcpu_create(vm, i);
		vcpu_start(vm->vcpus[i], "g_clock_reader", 20000);
	}
	for (int i = 0; i < 3; i++)
		vcpu_thread(vm->vcpus[i]);
	for (int i = 0; i < 3; i++)
		vcpu_join(vm->vcpus[i]);
}

/* KVM_KVMCLOCK_CTRL tells the guest that it was stopped; without a clock it is an error. */
TEST(pv_kvmclock_stopped)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	ERR(ioctl(v->fd, KVM_KVMCLOCK_CTRL, 0), EINVAL);
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_SYSTEM_TIME_NEW, GPA_FREE | 1), 1);
	vcpu_call(v, "g_nothing", 0);
	CHECK_EQ(vm->mem[GPA_FREE + 29], capability(KVM_CAP_ADJUST_CLOCK) & KVM_CLOCK_TSC_STABLE ? vm->mem[GPA_FREE + 29] & 1 : 0);
	OK(ioctl(v->fd, KVM_KVMCLOCK_CTRL, 0));
	vcpu_call(v, "g_nothing", 0);
	CHECK_EQ(vm->mem[GPA_FREE + 29] & 2, 2);
}

/* A clock at an address without memory, or across a page's end, hurts nobody. */
TEST(pv_bad_addresses)
{
	static const struct {
		u32 msr;
		u64 value;
	} rows[] = {
		{ MSR_KVM_SYSTEM_TIME_NEW, GPA_MMIO | 1 },	  { MSR_KVM_SYSTEM_TIME_NEW, (GUEST_MEMORY - 16) | 1 },
		{ MSR_KVM_SYSTEM_TIME_NEW, ~0ULL },		  { MSR_KVM_STEAL_TIME, GPA_MMIO | 1 },
		{ MSR_KVM_STEAL_TIME, 0xffffffffffffffc1ULL },	  { MSR_KVM_PV_EOI_EN, GPA_MMIO | 1 },
		{ MSR_KVM_PV_EOI_EN, 0xfffffffffffffffdULL },	  { MSR_KVM_WALL_CLOCK_NEW, GPA_MMIO },
		{ MSR_KVM_WALL_CLOCK_NEW, ~0ULL },		  { MSR_KVM_SYSTEM_TIME_NEW, (GPA_FREE + 0xff0) | 1 },
	};
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		guest_args(vm)[0] = rows[i].msr;
		guest_args(vm)[1] = rows[i].value;
		vcpu_call(v, "g_write_msr", 0);
		vcpu_call(v, "g_self_ipi", 2);
		vcpu_call(v, "g_cpuid_loop", 10);
	}
}

/* A guest whose clock page is taken away while it runs. */
TEST(pv_clock_slot_deleted)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	vm_add_memory(vm, 1, 0x20000000, 0x10000, 0);
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_SYSTEM_TIME_NEW, 0x20000001), 1);
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_STEAL_TIME, 0x20001001), 1);
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_PV_EOI_EN, 0x20002001), 1);
	vcpu_call(v, "g_self_ipi", 2);
	OK(vm_set_slot(vm, 1, 0, 0, NULL, 0));
	vcpu_call(v, "g_self_ipi", 2);
	vcpu_call(v, "g_timer_hlt", 5);
}

static volatile bool stop_burning;

static void *burn(void *unused)
{
	while (!stop_burning)
		;
	return unused;
}

/* Time that this thread was runnable but did not run is told as steal time. */
TEST(pv_steal_time)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	cpu_set_t one;
	pthread_t t;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	OK(sched_setaffinity(0, sizeof(one), &one));
	vcpu_start(v, "g_steal", 3000);
	vcpu_sync(v, 1);
	CHECK_EQ(pthread_create(&t, NULL, burn, NULL), 0);
	usleep(100000);
	for (int i = 0; i < 20; i++)
		sched_yield();
	vcpu_sync(v, 2);
	stop_burning = true;
	pthread_join(t, NULL);
	vcpu_done(v);
	CHECK(guest_results(vm)[1] > guest_results(vm)[0]);
}

/* Most interrupts need no EOI when the guest offers the bit. */
TEST(pv_eoi)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_call(v, "g_pv_eoi", 100);
	CHECK_RANGE(guest_results(vm)[0], 90, 100);
	if (!is_stock())
		CHECK_EQ(stat_get(v->fd, "pv_eois"), guest_results(vm)[0]);
}

TEST(pv_hypercalls)
{
	pv_guest("g_hypercalls", 0);
}

TEST(pv_poll_control)
{
	pv_guest("g_poll_control", 0);
}

/* Three receivers in HLT, by one hypercall. */
static void send_ipi(int mode)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	guest_args(vm)[8] = mode;
	guest_args(vm)[10] = 0x79;
	guest_args(vm)[11] = 1; /* the lowest APIC ID: not the sender's */
	guest_args(vm)[12] = 3;
	for (int i = 0; i < 4; i++) {
		vcpu_create(vm, i);
		vcpu_start(vm->vcpus[i], i ? "g_hlt_ready" : "g_send_ipi", 3);
		if (i)
			vcpu_thread(vm->vcpus[i]);
	}
	vcpu_done(vm->vcpus[0]);
	for (int i = 1; i < 4; i++)
		vcpu_join(vm->vcpus[i]);
	CHECK_EQ(guest_results(vm)[0], 3);
	CHECK_EQ(guest_irqs(vm)[0x79], 3);
}

TEST(pv_send_ipi_x2apic)
{
	send_ipi(2);
}

TEST(pv_send_ipi_xapic)
{
	send_ipi(1);
}

/* KICK_CPU ends a HLT with interrupts off. */
TEST(pv_kick_cpu)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	vcpu_start(vm->vcpus[1], "g_kick_target", 0);
	vcpu_thread(vm->vcpus[1]);
	vcpu_call(vm->vcpus[0], "g_kick_cpu", 1);
	vcpu_join(vm->vcpus[1]);
}

/* With the features enforced, what CPUID does not show does not exist. */
TEST(pv_enforce_cpuid)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_enable_cap c = { .cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args = { 1 } };
	struct kvm_cpuid2 *cpuid = offered_cpuid();

	for (u32 i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == KVM_CPUID_FEATURES)
			cpuid->entries[i].eax = 0;
	OK(ioctl(v->fd, KVM_SET_CPUID2, cpuid));
	OK(ioctl(v->fd, KVM_ENABLE_CAP, &c));
	vcpu_call(v, "g_msr_unknown", MSR_KVM_SYSTEM_TIME_NEW);
	vcpu_call(v, "g_msr_unknown", MSR_KVM_STEAL_TIME);
	vcpu_call(v, "g_msr_unknown", MSR_KVM_POLL_CONTROL);
}
