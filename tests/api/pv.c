// SPDX-License-Identifier: GPL-2.0-only
/* KVM's paravirtual interface: clocks, steal time, PV EOI, hypercalls. Guest side: guest/irq.c. */
#include "harness.h"

#include <linux/kvm_para.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#define X2APIC 2 /* eoi_mode of guest/lib.h */

static void pv_guest(const char *function, u64 arg)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), function, arg);
}

/* The guest's clock agrees with KVM_GET_CLOCK; boot time plus clock is the time of day. */
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

/* KVM_KVMCLOCK_CTRL tells the guest that it was stopped; it fails without a kvmclock. */
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

/* A clock at an address without memory, or across the end of a page, is harmless. */
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

/* The slot of the clock's page is deleted while the guest runs. */
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

/* Steal time grows while this thread is runnable but does not run. */
TEST(pv_steal_time)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	pthread_t t;

	pin(first_cpu());
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

/* With PV EOI most interrupts need no EOI write; on a CPU that ends interrupts itself PV EOI is not used. */
TEST(pv_eoi)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_call(v, "g_pv_eoi", 100);
	if (cpu_delivers())
		CHECK_EQ(guest_results(vm)[0], 0);
	else
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

/* One hypercall wakes three receivers from HLT. */
static void send_ipi(int mode)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	guest_args(vm)[8] = mode;
	guest_args(vm)[10] = 0x79;
	guest_args(vm)[11] = 1; /* the lowest receiver's APIC ID */
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

/* KVM_HC_KICK_CPU ends a HLT with interrupts off. */
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

/* With KVM_CAP_ENFORCE_PV_FEATURE_CPUID, features that CPUID does not offer do not exist. */
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

/* ---- PV EOI, exactly ---- */

/*
 * n self-IPIs take n exits to send. Their EOIs take n more, or none with PV EOI
 * or on a CPU that ends interrupts itself. The exits are MMIO for an xAPIC, MSR
 * exits for an x2APIC.
 */
static void eoi_exits(u64 setup, bool pv, const char *exits)
{
	const u64 n = 200;
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	bool by_cpu = setup == X2APIC && cpu_delivers();
	u64 before, eois;

	guest_args(vm)[0] = setup;
	guest_args(vm)[1] = pv;
	vcpu_start(v, "g_pv_eoi_storm", n);
	vcpu_sync(v, 1);
	before = is_stock() ? 0 : stat_get(v->fd, exits);
	vcpu_sync(v, 2);
	eois = *(volatile u64 *)guest_symbol(vm, "eois_written");
	if (!is_stock()) {
		CHECK_EQ(eois, pv && !by_cpu ? 0 : n);
		CHECK_EQ(stat_get(v->fd, exits) - before, pv || by_cpu ? n : 2 * n);
		CHECK_EQ(stat_get(v->fd, "pv_eois"), pv && !by_cpu ? n : 0);
		CHECK_EQ(stat_get(v->fd, "eoi_exits"), 0);
	}
	vcpu_done(v);
}

TEST(pv_eoi_exits_x2apic)
{
	eoi_exits(X2APIC, false, "msr_exits");
	eoi_exits(X2APIC, true, "msr_exits");
}

TEST(pv_eoi_exits_xapic)
{
	eoi_exits(0x101, false, "memory_exits");
	eoi_exits(0x101, true, "memory_exits");
}

/* The EOI before a pending interrupt is written; the last one is not, unless the CPU ends both itself. */
TEST(pv_eoi_pair)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	guest_args(vm)[0] = cpu_delivers() ? 2 : 1;
	vcpu_call(v, "g_pv_eoi_pair", 50);
	if (!is_stock())
		CHECK_EQ(stat_get(v->fd, "pv_eois"), cpu_delivers() ? 0 : 50);
}

/* No PV EOI for level-triggered interrupts: the IOAPIC needs the EOI. */
TEST(pv_eoi_level)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_irq_level line = { .irq = 4, .level = 1 };
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e;
	} r = { .head.nr = 1,
		.e = { .gsi = 4, .type = KVM_IRQ_ROUTING_MSI, .u.msi = { .address_lo = 0xfee00000, .data = 0xc064 } } };

	OK(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &r));
	vcpu_start(v, "g_pv_eoi_level", 0);
	vcpu_sync(v, 1);
	OK(ioctl(vm->fd, KVM_IRQ_LINE, &line));
	vcpu_expect(v, KVM_EXIT_IOAPIC_EOI);
	CHECK_EQ(v->run->eoi.vector, 0x64);
	vcpu_done(v);
}

/* ---- steal time, exactly ---- */

/* The time that this thread was runnable but not running, in ns, from the scheduler. */
static u64 run_delay(void)
{
	FILE *f = fopen("/proc/thread-self/schedstat", "r");
	unsigned long long ran, waited;

	CHECK(f);
	CHECK_EQ(fscanf(f, "%llu %llu", &ran, &waited), 2);
	fclose(f);
	return waited;
}

/* Steal time grows by exactly the time that the vCPU's thread has waited. */
TEST(pv_steal_time_exact)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	u64 first, before, after, last;
	pthread_t t;

	pin(first_cpu());
	vcpu_start(v, "g_steal_sync", 2);
	first = run_delay();
	vcpu_sync(v, 1);
	before = run_delay();
	CHECK_EQ(pthread_create(&t, NULL, burn, NULL), 0);
	do
		sched_yield();
	while (run_delay() - before < 1000000);
	after = run_delay();
	vcpu_sync(v, 2);
	last = run_delay();
	stop_burning = true;
	pthread_join(t, NULL);
	CHECK_RANGE(guest_results(vm)[1] - guest_results(vm)[0], after - before, last - first);
	vcpu_done(v);
	/* Disabled steal time does not change. */
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_STEAL_TIME, 0), 1);
	last = *(u64 *)(vm->mem + guest_results(vm)[63]);
	stop_burning = false;
	CHECK_EQ(pthread_create(&t, NULL, burn, NULL), 0);
	before = run_delay();
	do
		sched_yield();
	while (run_delay() - before < 1000000);
	vcpu_call(v, "g_nothing", 0);
	stop_burning = true;
	pthread_join(t, NULL);
	CHECK_EQ(*(u64 *)(vm->mem + guest_results(vm)[63]), last);
}

/* ---- TLB flushes requested in the preempted byte ---- */

/* One flush per request, none for KVM_VCPU_PREEMPTED alone; the byte is 0 while the guest runs. */
TEST(pv_tlb_flush_exact)
{
	static const u8 left[] = { 0, KVM_VCPU_PREEMPTED, KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB, 0,
				   KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB };
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_steal_time *st;

	pin(first_cpu());
	vcpu_start(v, "g_steal_sync", 6);
	vcpu_sync(v, 1);
	st = (void *)(vm->mem + guest_results(vm)[63]);
	for (u32 i = 0; i < sizeof(left); i++) {
		u64 before = stat_get(v->fd, "tlb_flush");

		__atomic_store_n(&st->preempted, left[i], __ATOMIC_SEQ_CST);
		vcpu_sync(v, i + 2);
		CHECK_EQ(guest_results(vm)[16 + i + 1], 0);
		if (!is_stock())
			CHECK_EQ(stat_get(v->fd, "tlb_flush") - before, !!(left[i] & KVM_VCPU_FLUSH_TLB));
	}
	vcpu_done(v);
}

/* A vCPU is preempted repeatedly; each time another vCPU requests a flush. */
TEST(pv_tlb_flush_preempted)
{
	const u64 n = 10;
	struct vm *vm = vm_create(CHIP_SPLIT);
	pthread_t t;

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	vcpu_start(vm->vcpus[0], "g_flush_leaver", n);
	vcpu_start(vm->vcpus[1], "g_steal_spin", 0);
	pin(first_cpu() + 1);
	vcpu_thread(vm->vcpus[1]);
	CHECK_EQ(pthread_create(&t, NULL, burn, NULL), 0);
	pin(first_cpu());
	vcpu_done(vm->vcpus[0]);
	vcpu_join(vm->vcpus[1]);
	stop_burning = true;
	pthread_join(t, NULL);
	if (!is_stock()) {
		CHECK(stat_get(vm->vcpus[1]->fd, "preemption_reported") >= n);
		CHECK(stat_get(vm->vcpus[1]->fd, "tlb_flush") >= n);
	}
}

/* ---- yielding ---- */

struct yields {
	u64 attempted, successful;
};

/* vCPU 0 makes n hypercalls for @target while vCPU 1 runs @function on the same or on another CPU. */
static struct yields yield(u64 nr, u64 target, const char *function, bool same_cpu, u64 n)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct yields y = {};

	guest_args(vm)[0] = nr;
	guest_args(vm)[1] = target;
	guest_args(vm)[2] = 1;
	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	vcpu_start(vm->vcpus[0], "g_yield", n);
	vcpu_start(vm->vcpus[1], function, 0);
	pin(same_cpu ? first_cpu() : first_cpu() + 1);
	vcpu_thread(vm->vcpus[1]);
	pin(first_cpu());
	vcpu_done(vm->vcpus[0]);
	if (!strcmp(function, "g_spin"))
		vcpu_join(vm->vcpus[1]);
	if (!is_stock()) {
		y.attempted = stat_get(vm->vcpus[0]->fd, "directed_yield_attempted");
		y.successful = stat_get(vm->vcpus[0]->fd, "directed_yield_successful");
	}
	return y;
}

#define YIELDS 100

/* A yield to a preempted vCPU that waits for this CPU succeeds. */
TEST(pv_yield_to_preempted)
{
	struct yields y = yield(KVM_HC_SCHED_YIELD, 1, "g_spin", true, YIELDS);

	if (!is_stock()) {
		CHECK_EQ(y.attempted, YIELDS);
		CHECK_RANGE(y.successful, 1, YIELDS);
	}
}

/* A kick yields, too, unless the vCPU runs. */
TEST(pv_yield_kick)
{
	struct yields y = yield(KVM_HC_KICK_CPU, 1, "g_spin", true, YIELDS);

	if (is_stock())
		return;
	CHECK_EQ(y.attempted, YIELDS);
	CHECK_RANGE(y.successful, 1, YIELDS);
	y = yield(KVM_HC_KICK_CPU, 1, "g_spin", false, YIELDS);
	CHECK_EQ(y.attempted, YIELDS);
	CHECK_EQ(y.successful, 0);
}

/* Yields to itself, to a sleeping vCPU, to a missing vCPU and to an invalid ID do nothing. */
TEST(pv_yield_to_nobody)
{
	static const u64 targets[] = { 0, 1, 2, 1023, 1024, 0xffffffff, 1ULL << 32, (1ULL << 32) + 1, ~0ULL };

	for (u32 i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct yields y = yield(KVM_HC_SCHED_YIELD, targets[i], "g_hlt_masked", true, 20);

		if (!is_stock()) {
			CHECK_EQ(y.attempted, 20);
			CHECK_EQ(y.successful, 0);
		}
	}
}

/* ---- kicks ---- */

static bool offers_unhalt(struct vcpu *v)
{
	struct kvm_cpuid2 *c = offered_cpuid();

	OK(ioctl(v->fd, KVM_GET_CPUID2, c));
	for (u32 i = 0; i < c->nent; i++)
		if (c->entries[i].function == KVM_CPUID_FEATURES)
			return c->entries[i].eax >> KVM_FEATURE_PV_UNHALT & 1;
	FAIL("no KVM leaf");
}

/* CPUID does not offer PV_UNHALT when HLT takes no exit: a kick could not end the HLT. */
TEST(pv_unhalt_offered)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	CHECK(offers_unhalt(vcpu_create(vm, 0)));
	vm = vm_create(CHIP_SPLIT);
	vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_HLT);
	CHECK(!offers_unhalt(vcpu_create(vm, 0)));
}

/* A kick before the HLT ends the HLT. */
TEST(pv_kick_before_halt)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);

	vcpu_call(v, "g_kick_self", 20);
}

/* Between kick and wake-up KVM_GET_MP_STATE returns RUNNABLE. */
TEST(pv_kick_saved)
{
	struct kvm_mp_state halted = { KVM_MP_STATE_HALTED }, mp;
	struct vm *vm = vm_create(CHIP_SPLIT);

	if (is_stock())
		test_skip("stock KVM returns HALTED");
	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	OK(ioctl(vm->vcpus[1]->fd, KVM_SET_MP_STATE, &halted));
	OK(ioctl(vm->vcpus[1]->fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(mp.mp_state, KVM_MP_STATE_HALTED);
	guest_args(vm)[0] = KVM_HC_KICK_CPU;
	guest_args(vm)[2] = 1;
	vcpu_call(vm->vcpus[0], "g_hypercall", 0);
	CHECK_EQ(guest_results(vm)[0], 0);
	OK(ioctl(vm->vcpus[1]->fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(mp.mp_state, KVM_MP_STATE_RUNNABLE);
}

/* ---- structures at bad addresses, and in memory that changes ---- */

#define TWO_SLOTS 0x20000000ULL

/* Reserved bits of each MSR cause #GP, and the MSR keeps its value. */
TEST(pv_msr_reserved_bits)
{
	static const struct {
		u32 msr;
		u64 good, bad;
	} rows[] = {
		{ MSR_KVM_STEAL_TIME, GPA_FREE | 1, GPA_FREE | 3 },
		{ MSR_KVM_STEAL_TIME, GPA_FREE | 1, (GPA_FREE + 0x20) | 1 },
		{ MSR_KVM_PV_EOI_EN, GPA_FREE | 1, (GPA_FREE + 2) | 1 },
		{ MSR_KVM_PV_EOI_EN, GPA_FREE | 1, GPA_FREE | 2 },
		{ MSR_KVM_POLL_CONTROL, 0, 2 },
		{ MSR_KVM_POLL_CONTROL, 1, ~0ULL },
	};
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_EQ(vcpu_set_msr(v, rows[i].msr, rows[i].good), 1);
		guest_args(vm)[0] = rows[i].msr;
		guest_args(vm)[1] = rows[i].bad;
		vcpu_call(v, "g_write_msr", 0);
		CHECK_EQ(guest_results(vm)[0], 0);
		CHECK_EQ(guest_results(vm)[1], 13);
		CHECK_EQ(vcpu_set_msr(v, rows[i].msr, rows[i].bad), 0);
		CHECK_EQ(vcpu_get_msr(v, rows[i].msr), rows[i].good);
	}
}

/* The wall clock may cross two slots; kvmclock, which is written under a version count, is not written there. */
TEST(pv_structures_across_slots)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 *low = vm_add_memory(vm, 1, TWO_SLOTS, 0x1000, 0);
	u8 *high = vm_add_memory(vm, 2, TWO_SLOTS + 0x1000, 0x1000, 0);
	u8 zero[0x1000] = {};
	u32 wall[3];

	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_SYSTEM_TIME_NEW, (TWO_SLOTS + 0xff0) | 1), 1);
	vcpu_call(v, "g_nothing", 0);
	if (!is_stock())
		CHECK(!memcmp(low, zero, 0x1000) && !memcmp(high, zero, 0x1000));
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_SYSTEM_TIME_NEW, 0), 1);
	guest_args(vm)[0] = MSR_KVM_WALL_CLOCK_NEW;
	guest_args(vm)[1] = TWO_SLOTS + 0xffa;
	vcpu_call(v, "g_write_msr", 0);
	CHECK_EQ(guest_results(vm)[0], 1);
	memcpy(wall, low + 0xffa, 6);
	memcpy((u8 *)wall + 6, high, 6);
	CHECK(wall[0] && !(wall[0] & 1));
	CHECK_RANGE(wall[1], time(NULL) - 60, time(NULL));
	CHECK(!memcmp(high + 6, zero, 0x1000 - 6));
}

static volatile bool stop_pulling;
static u64 pulls;

/* Another thread sets the MSRs repeatedly: to good values, bad values, and addresses without memory. */
static void *pull_at_msrs(void *arg)
{
	static const u32 msrs[] = { MSR_KVM_STEAL_TIME, MSR_KVM_PV_EOI_EN, MSR_KVM_SYSTEM_TIME_NEW, MSR_KVM_WALL_CLOCK_NEW,
				    MSR_KVM_POLL_CONTROL };
	static const u64 values[] = { GPA_FREE | 1, 0, GPA_MMIO | 1, (GPA_FREE + 0x1000) | 1, ~0ULL, 1,
				      (GUEST_MEMORY - 64) | 1, GUEST_MEMORY | 1 };
	struct vcpu *v = arg;

	for (; !stop_pulling; pulls++)
		vcpu_set_msr(v, msrs[pulls % 5], values[pulls % 8]);
	return NULL;
}

/* Another thread deletes the slot and creates it again, writable and read-only in turn. */
static void *pull_at_slot(void *arg)
{
	static u8 mem[0x3000] __attribute__((aligned(4096)));
	struct vm *vm = arg;

	for (; !stop_pulling; pulls++) {
		OK(vm_set_slot(vm, 1, TWO_SLOTS, 0x3000, mem, pulls & 1 ? KVM_MEM_READONLY : 0));
		OK(vm_set_slot(vm, 1, TWO_SLOTS, 0, mem, 0));
	}
	return NULL;
}

/* The guest loses no interrupt meanwhile. */
static void pv_storm(struct vcpu *v, void *(*pull)(void *), void *arg, u64 n)
{
	pthread_t t;

	vcpu_start(v, "g_pv_storm", n);
	CHECK_EQ(pthread_create(&t, NULL, pull, arg), 0);
	for (u64 i = 0; i < n / 8; i++) {
		vcpu_sync(v, 7);
		sched_yield();
	}
	vcpu_done(v);
	stop_pulling = true;
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK(pulls > 0);
}

TEST(pv_msrs_set_while_running)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);

	pv_storm(v, pull_at_msrs, v, 4000);
}

TEST(pv_slot_changes_while_running)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	if (is_stock())
		test_skip("stock KVM requires the memory when the MSR is written");
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_SYSTEM_TIME_NEW, TWO_SLOTS | 1), 1);
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_STEAL_TIME, (TWO_SLOTS + 0x1040) | 1), 1);
	CHECK_EQ(vcpu_set_msr(v, MSR_KVM_PV_EOI_EN, (TWO_SLOTS + 0x2004) | 1), 1);
	pv_storm(v, pull_at_slot, vm, 2000);
}
