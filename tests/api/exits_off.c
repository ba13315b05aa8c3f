// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CAP_X86_DISABLE_EXITS: the exits with and without it, counted; and a vCPU
 * that waits in HLT inside the guest still receives signals, interrupts and
 * requests. Guest side: guest/exits_off.c.
 */
#include "harness.h"

#include <asm/kvm_para.h>

#include <pthread.h>
#include <signal.h>

#define VECTOR 0x90
#define X2APIC 2 /* eoi_mode of guest/lib.h */
#define CSTATES 4

/* C-state residency: core C1, C3, C6, C7 (SDM vol. 4). */
static const u32 cstates[CSTATES] = { 0x660, 0x3fc, 0x3fd, 0x3fe };

static struct vm *vm_with_exits_off(u64 exits)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	if (exits & ~(u64)capability(KVM_CAP_X86_DISABLE_EXITS))
		test_skip("this host cannot disable these exits");
	if (exits)
		vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS, exits);
	return vm;
}

static void need_reasons(void)
{
	if (is_stock())
		test_skip("stock KVM does not count exits by reason");
}

static void nap(void)
{
	usleep(2000);
}

/* If the guest does not get there, the test's time limit ends the wait. */
static void await(volatile u64 *what, u64 value)
{
	while (*what < value)
		usleep(200);
}

/* Waits until the vCPU sleeps in the host. @stats: its statistics file, opened before it ran. */
static void await_blocking(int stats)
{
	u64 blocking = 0;

	while (!blocking) {
		usleep(200);
		CHECK(stat_read(stats, "blocking", &blocking));
	}
}

static void msi(struct vm *vm, u32 data)
{
	struct kvm_msi m = { .address_lo = 0xfee00000, .data = data };

	CHECK_EQ(OK(ioctl(vm->fd, KVM_SIGNAL_MSI, &m)), 1);
}

/* The reported bits are accepted, all others refused. */
TEST(exits_capability)
{
	u64 there = capability(KVM_CAP_X86_DISABLE_EXITS);

	CHECK(there & KVM_X86_DISABLE_EXITS_HLT);
	CHECK(there & KVM_X86_DISABLE_EXITS_PAUSE);
	for (int bit = 0; bit < 64; bit++) {
		struct kvm_enable_cap c = { .cap = KVM_CAP_X86_DISABLE_EXITS, .args = { 1ULL << bit } };
		struct vm *vm = vm_create_bare();

		if (there & 1ULL << bit)
			OK(ioctl(vm->fd, KVM_ENABLE_CAP, &c));
		else
			ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &c), EINVAL);
		vm_close(vm);
	}
}

/* It applies to a vCPU that has not run: HLT takes no exit, and CPUID does not offer PV_UNHALT. */
TEST(exits_before_first_run)
{
	struct kvm_enable_cap c = { .cap = KVM_CAP_X86_DISABLE_EXITS, .args = { KVM_X86_DISABLE_EXITS_HLT } };
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	need_reasons();
	if (ioctl(vm->fd, KVM_ENABLE_CAP, &c) && is_stock())
		test_skip("newer KVM accepts it before the first vCPU only");
	guest_args(vm)[0] = KVM_CPUID_FEATURES;
	guest_args(vm)[1] = 0;
	vcpu_call(v, "g_cpuid_fill", 1);
	if (!is_stock()) { /* stock KVM needs another KVM_SET_CPUID2 */
		CHECK_EQ(guest_results(vm)[0] & 1 << KVM_FEATURE_PV_UNHALT, 0);
		vcpu_call(v, "g_timer_hlt", 5);
		CHECK_EQ(stat_get(v->fd, "halt_exits"), 0);
	}
}

/* After a vCPU has run it is refused, and changes nothing. */
TEST(exits_after_first_run)
{
	struct kvm_enable_cap c = { .cap = KVM_CAP_X86_DISABLE_EXITS, .args = { KVM_X86_DISABLE_EXITS_HLT } };
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	if (is_stock())
		test_skip("documented as an error; stock KVM 6.12 accepts it");
	vcpu_call(v, "g_nothing", 0);
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &c), EINVAL);
	vcpu_start(v, "g_halt_forever", 1);
	vcpu_expect(v, KVM_EXIT_HLT);
}

/* A second call adds exits to those already disabled. */
TEST(exits_add_up)
{
	struct vm *vm = vm_with_exits_off(KVM_X86_DISABLE_EXITS_HLT);
	struct vcpu *v;

	need_reasons();
	vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_PAUSE);
	v = vcpu_create(vm, 0);
	vcpu_call(v, "g_timer_hlt", 5);
	CHECK_EQ(stat_get(v->fd, "halt_exits"), 0);
}

/* n rounds of HLT, each ended by an MSI that is sent while the vCPU waits. */
static void halt_rounds(u64 exits, u64 n)
{
	struct vm *vm = vm_with_exits_off(exits);
	struct vcpu *v = vcpu_create(vm, 0);
	int stats = OK(ioctl(v->fd, KVM_GET_STATS_FD, 0));

	vcpu_start(v, "g_halts", n);
	vcpu_thread(v);
	for (u64 i = 1; i <= n; i++) {
		await(&guest_results(vm)[0], i);
		if (exits & KVM_X86_DISABLE_EXITS_HLT)
			nap();
		else
			await_blocking(stats);
		msi(vm, VECTOR);
	}
	vcpu_join(v);
	CHECK_EQ(guest_irqs(vm)[VECTOR], n);
	CHECK_EQ(stat_get(v->fd, "halt_exits"), exits & KVM_X86_DISABLE_EXITS_HLT ? 0 : n);
}

TEST(exits_hlt_on)
{
	halt_rounds(0, 50);
}

TEST(exits_hlt_off)
{
	halt_rounds(KVM_X86_DISABLE_EXITS_HLT, 50);
}

TEST(exits_pause_off)
{
	struct vcpu *v = vcpu_create(vm_with_exits_off(KVM_X86_DISABLE_EXITS_PAUSE), 0);

	need_reasons();
	vcpu_call(v, "g_pauses", 200000);
	CHECK_EQ(stat_get(v->fd, "pause_exits"), 0);
}

/* Each MONITOR and MWAIT exits, or none does; no store is missed. */
static void mwait_rounds(u64 exits)
{
	struct vm *vm = vm_with_exits_off(exits);
	volatile u64 *results = guest_results(vm);

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	vcpu_start(vm->vcpus[0], "g_mwait_writer", 300);
	vcpu_start(vm->vcpus[1], "g_mwait_waiter", 300);
	vcpu_thread(vm->vcpus[1]);
	vcpu_done(vm->vcpus[0]);
	vcpu_join(vm->vcpus[1]);
	CHECK(results[1] && results[2]);
	CHECK_EQ(stat_get(vm->vcpus[1]->fd, "monitor_exits"), exits ? 0 : results[1]);
	CHECK_EQ(stat_get(vm->vcpus[1]->fd, "mwait_exits"), exits ? 0 : results[2]);
}

TEST(exits_mwait_on)
{
	need_reasons();
	mwait_rounds(0);
}

TEST(exits_mwait_off)
{
	need_reasons();
	mwait_rounds(KVM_X86_DISABLE_EXITS_MWAIT);
}

/* Exits of n reads of each residency MSR. results[0] and [1]: how they ended; [8..11]: how many returned a value. */
static u64 read_cstates(struct vcpu *v, u64 n)
{
	u64 before = stat_get(v->fd, "msr_exits");

	for (int i = 0; i < CSTATES; i++)
		guest_args(v->vm)[i] = cstates[i];
	vcpu_call(v, "g_cstates", n);
	return stat_get(v->fd, "msr_exits") - before;
}

TEST(exits_cstate_on)
{
	struct vm *vm = vm_with_exits_off(0);
	struct vcpu *v = vcpu_create(vm, 0);

	need_reasons();
	CHECK_EQ(read_cstates(v, 100), CSTATES * 100);
	CHECK_EQ(guest_results(vm)[1], CSTATES * 100);
}

/* Reads go to the CPU if it has the MSRs; writes do not; the VM's MSR filter applies. */
TEST(exits_cstate_off)
{
	struct vm *vm = vm_with_exits_off(KVM_X86_DISABLE_EXITS_CSTATE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 bitmap[1] = { 0 };
	struct kvm_msr_filter f = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = { .flags = KVM_MSR_FILTER_READ, .nmsrs = 3, .base = 0x3fc, .bitmap = bitmap },
	};
	u64 exits, filtered;

	need_reasons();
	exits = read_cstates(v, 100);
	filtered = guest_results(vm)[9] + guest_results(vm)[10] + guest_results(vm)[11];
	CHECK_EQ(guest_results(vm)[0] + guest_results(vm)[1], CSTATES * 100);
	CHECK_EQ(exits, guest_results(vm)[1]); /* reads that returned a value took no exit */
	if (is_emulated_cpu())
		CHECK_EQ(guest_results(vm)[0], CSTATES * 100);
	for (int i = 0; i < CSTATES; i++) {
		guest_args(vm)[0] = cstates[i];
		guest_args(vm)[1] = 0;
		vcpu_call(v, "g_write_msr", 0);
		CHECK_EQ(guest_results(vm)[1], 13);
	}
	OK(ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &f));
	CHECK_EQ(read_cstates(v, 100), exits + filtered);
	memset(&f, 0, sizeof(f));
	OK(ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &f));
	CHECK_EQ(read_cstates(v, 100), exits);
}

/* ---- signals, events and requests for a vCPU in HLT ---- */

static volatile sig_atomic_t signalled;

static void take_signal(int signal)
{
	(void)signal;
	signalled = 1;
}

struct single_run {
	struct vcpu *v;
	volatile u64 ended;
	int r;
};

static void *run_single(void *arg)
{
	struct single_run *s = arg;

	/* Kernel work for the thread (task work) ends KVM_RUN like a signal. */
	do
		s->r = vcpu_run_once(s->v);
	while (s->r == -EINTR && !signalled);
	s->ended = 1;
	return NULL;
}

/* Runs the vCPU in a thread, and ends KVM_RUN with a signal while the guest is in HLT. */
static void halt_and_interrupt(struct vcpu *v, u64 mark)
{
	struct single_run s = { .v = v };
	pthread_t t;

	signalled = 0;
	vcpu_start(v, "g_halt_forever", mark);
	CHECK_EQ(pthread_create(&t, NULL, run_single, &s), 0);
	await(&guest_results(v->vm)[0], mark);
	nap();
	CHECK_EQ(s.ended, 0);
	CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(s.r, -EINTR);
	CHECK_EQ(v->run->exit_reason, KVM_EXIT_INTR);
}

/* A signal ends KVM_RUN; then the vCPU runs another function, in another thread. */
TEST(exits_hlt_off_signal)
{
	struct vm *vm = vm_with_exits_off(KVM_X86_DISABLE_EXITS_HLT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct sigaction sa = { .sa_handler = take_signal };

	sigaction(SIGUSR1, &sa, NULL);
	for (u64 i = 1; i <= 50; i++) {
		halt_and_interrupt(v, i);
		vcpu_call(v, "g_nothing", i);
	}
}

TEST(exits_hlt_off_nmi)
{
	struct vm *vm = vm_with_exits_off(KVM_X86_DISABLE_EXITS_HLT);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start(v, "g_halt_for_nmi", 50);
	vcpu_thread(v);
	for (u64 i = 1; i <= 50; i++) {
		await(&guest_results(vm)[0], i);
		nap();
		msi(vm, 4 << 8); /* delivery mode NMI */
	}
	vcpu_join(v);
	CHECK_EQ(guest_irqs(vm)[2], 50);
	CHECK_EQ(stat_get(v->fd, "halt_exits"), 0);
}

static void *run_forever(void *arg)
{
	struct vcpu *v = arg;
	int r;

	do
		r = vcpu_run_once(v);
	while (r == -EINTR || r == -EAGAIN); /* EAGAIN: stock KVM, after a SIPI */
	FAIL("the AP ended with exit %u", v->run->exit_reason);
	return NULL;
}

/* INIT resets a vCPU in HLT, and SIPI starts it again. */
TEST(exits_hlt_off_init)
{
	struct vm *vm = vm_with_exits_off(KVM_X86_DISABLE_EXITS_HLT);
	u64 halts = ~0ULL;
	pthread_t t;
	int stats;

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	stats = OK(ioctl(vm->vcpus[1]->fd, KVM_GET_STATS_FD, 0));
	memcpy(vm->mem + GPA_REAL, vm->mem + guest_address("sipi_start"),
	       guest_address("sipi_end") - guest_address("sipi_start"));
	CHECK_EQ(pthread_create(&t, NULL, run_forever, vm->vcpus[1]), 0);
	CHECK_EQ(vcpu_set_msr(vm->vcpus[0], 0x1b, 0xfee00d00), 1);
	vcpu_call(vm->vcpus[0], "g_ap_starter", X2APIC);
	CHECK(stat_read(stats, "halt_exits", &halts));
	CHECK_EQ(halts, 0);
}

/* A change of memory slots waits until all vCPUs have left the guest, also one in HLT. */
TEST(exits_hlt_off_memory)
{
	struct vm *vm = vm_with_exits_off(KVM_X86_DISABLE_EXITS_HLT);
	struct vcpu *v = vcpu_create(vm, 0);
	void *mem;

	vcpu_start(v, "g_halts", 1);
	vcpu_thread(v);
	await(&guest_results(vm)[0], 1);
	mem = vm_add_memory(vm, 7, 1ULL << 32, 1 << 20, 0);
	for (int i = 0; i < 20; i++) {
		nap();
		OK(vm_set_slot(vm, 7, 1ULL << 32, 0, mem, 0));
		OK(vm_set_slot(vm, 7, 1ULL << 32, 1 << 20, mem, 0));
	}
	msi(vm, VECTOR);
	vcpu_join(v);
	CHECK_EQ(stat_get(v->fd, "halt_exits"), 0);
}

/* Two vCPUs wake each other from HLT; no wake-up is lost. */
TEST(exits_hlt_off_ping_pong)
{
	struct vm *vm = vm_with_exits_off(KVM_X86_DISABLE_EXITS_HLT);

	guest_args(vm)[8] = X2APIC;
	guest_args(vm)[9] = 1;
	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	vcpu_start(vm->vcpus[0], "g_ipi_sender", 2000);
	vcpu_start(vm->vcpus[1], "g_ipi_receiver", 2000);
	vcpu_thread(vm->vcpus[1]);
	vcpu_done(vm->vcpus[0]);
	vcpu_join(vm->vcpus[1]);
	CHECK_EQ(stat_get(vm->vcpus[1]->fd, "halt_exits"), 0);
}

/* A vCPU restored as halted waits in the host although HLT exits are off, and wakes up. */
TEST(exits_hlt_off_restored_halted)
{
	struct vm *vm = vm_with_exits_off(KVM_X86_DISABLE_EXITS_HLT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_mp_state mp = { KVM_MP_STATE_HALTED };
	int stats = OK(ioctl(v->fd, KVM_GET_STATS_FD, 0));

	need_reasons();
	vcpu_call(v, "g_halts", 0); /* the APIC is on */
	vcpu_start(v, "g_nothing", 0);
	OK(ioctl(v->fd, KVM_SET_MP_STATE, &mp));
	vcpu_thread(v);
	await_blocking(stats);
	msi(vm, 4 << 8);
	vcpu_join(v);
	CHECK_EQ(guest_irqs(vm)[2], 1);
}
