// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exits that interrupts cost a running vCPU, counted over N interrupts that
 * are sent one at a time: none with posted interrupts, else at least one each.
 * Guest side: guest/posted.c.
 */
#include "posted.h"
#include "harness.h"

#include <sys/eventfd.h>

#define N 2000
#define GSI 24
#define RECEIVER 1 /* a vCPU, and the CPU that runs only this vCPU */

/* The number of N interrupts that may arrive while the receiver is outside the guest because of host interrupts. */
#define BUSY (N / 2)

/* All exits, except those for the host itself: its interrupts, its NMIs, and time slices on emulated CPUs. */
static const char *const own_exits[] = {
	"cpuid_exits",
	"msr_exits",
	"io_exits",
	"memory_exits",
	"halt_exits",
	"hypercalls",
	"cr_exits",
	"cr8_exits",
	"dr_exits",
	"xsetbv_exits",
	"wbinvd_exits",
	"invd_exits",
	"monitor_exits",
	"mwait_exits",
	"rdpmc_exits",
	"task_switch_exits",
	"eoi_exits",
	"undefined_insn_exits",
	"exception_exits",
	"irq_window_exits",
	"nmi_window_exits",
	"unknown_exits",
};

struct counts {
	u64 exits, irq_exits, window_exits, injections, kicks, posted, own;
};

static u64 counted(int stats, const char *name)
{
	u64 value;

	if (!stat_read(stats, name, &value))
		FAIL("no statistic %s", name);
	return value;
}

static struct counts counts_now(int stats)
{
	struct counts c = { .exits = counted(stats, "exits"),
			    .irq_exits = counted(stats, "irq_exits"),
			    .injections = counted(stats, "irq_injections") };

	c.window_exits = counted(stats, "irq_window_exits");
	if (is_stock())
		return c;
	c.kicks = counted(stats, "kicks");
	c.posted = counted(stats, "irqs_posted");
	for (size_t i = 0; i < sizeof(own_exits) / sizeof(*own_exits); i++)
		c.own += counted(stats, own_exits[i]);
	return c;
}

static struct counts difference(struct counts a, struct counts b)
{
	return (struct counts){ .exits = b.exits - a.exits,
				.irq_exits = b.irq_exits - a.irq_exits,
				.window_exits = b.window_exits - a.window_exits,
				.injections = b.injections - a.injections,
				.kicks = b.kicks - a.kicks,
				.posted = b.posted - a.posted,
				.own = b.own - a.own };
}

static int twice(void)
{
	return may_inject_twice() ? 3 : 0;
}

static void check(const char *what, struct counts c)
{
	printf("# %d by %s: %llu exits of the receiver, %llu for interrupts, %llu windows, %llu injections, %llu kicks, %llu posted\n",
	       N, what, (unsigned long long)c.exits, (unsigned long long)c.irq_exits, (unsigned long long)c.window_exits,
	       (unsigned long long)c.injections, (unsigned long long)c.kicks, (unsigned long long)c.posted);
	if (!cpu_delivers()) {
		CHECK(c.exits >= N);
		CHECK_RANGE(c.injections, N - twice(), N);
		return;
	}
	CHECK_EQ(c.injections, 0);
	CHECK_EQ(c.window_exits, 0);
	if (is_stock())
		return;
	CHECK(c.posted + c.kicks <= N); /* kicks only for interrupts that arrived outside the guest */
	CHECK_EQ(c.own, 0);
	CHECK(c.exits < BUSY);
	CHECK(c.posted > N - BUSY);
}

struct receiver {
	struct vm *vm;
	struct vcpu *v;
	int stats;
};

/* The receiver spins on its own CPU; the caller runs on another. */
static struct receiver receiver_start(void)
{
	struct receiver r = { .vm = vm_create(CHIP_SPLIT) };
	cpu_set_t set;

	pin(RECEIVER);
	pin(0);
	vcpu_create(r.vm, 0);
	r.v = vcpu_create(r.vm, RECEIVER);
	r.stats = OK(ioctl(r.v->fd, KVM_GET_STATS_FD, 0));
	OK(ioctl(r.v->fd, KVM_SET_MP_STATE, &(struct kvm_mp_state){ KVM_MP_STATE_RUNNABLE }));
	vcpu_start(r.v, "g_posted_receiver", 0);
	vcpu_thread(r.v);
	CPU_ZERO(&set);
	CPU_SET(RECEIVER, &set);
	vcpu_set_affinity(r.v, &set);
	while (!*(volatile u64 *)guest_symbol(r.vm, "posted_ready"))
		usleep(1000);
	return r;
}

static void receiver_stop(struct receiver *r)
{
	*(volatile u64 *)guest_symbol(r->vm, "posted_stop") = 1;
	vcpu_join(r->v);
	CHECK_RANGE(guest_irqs(r->vm)[POSTED_VECTOR], N, N + twice());
	/* an emulated CPU may deliver this vector for a notification without a posted interrupt */
	CHECK_EQ(guest_irqs(r->vm)[255], 0);
	vm_close(r->vm);
}

static void send_msi(struct receiver *r)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000 | RECEIVER << 12, .data = POSTED_VECTOR };

	CHECK_EQ(OK(ioctl(r->vm->fd, KVM_SIGNAL_MSI, &msi)), 1);
}

static void await(struct receiver *r, u64 n)
{
	while (guest_irqs(r->vm)[POSTED_VECTOR] < n)
		sched_yield();
}

TEST(posted_msi)
{
	struct receiver r = receiver_start();
	struct counts before = counts_now(r.stats);

	for (u64 i = 1; i <= N; i++) {
		send_msi(&r);
		await(&r, i);
	}
	check("MSI", difference(before, counts_now(r.stats)));
	receiver_stop(&r);
}

TEST(posted_irqfd)
{
	struct receiver r = receiver_start();
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e;
	} routes = { .head.nr = 1,
		     .e = { .gsi = GSI, .type = KVM_IRQ_ROUTING_MSI, .u.msi = { .address_lo = 0xfee00000 | RECEIVER << 12, .data = POSTED_VECTOR } } };
	struct kvm_irqfd f = { .fd = (u32)OK(eventfd(0, EFD_NONBLOCK)), .gsi = GSI };
	struct counts before;
	u64 one = 1;

	OK(ioctl(r.vm->fd, KVM_SET_GSI_ROUTING, &routes));
	OK(ioctl(r.vm->fd, KVM_IRQFD, &f));
	before = counts_now(r.stats);
	for (u64 i = 1; i <= N; i++) {
		CHECK_EQ(write((int)f.fd, &one, 8), 8);
		await(&r, i);
	}
	check("irqfd", difference(before, counts_now(r.stats)));
	receiver_stop(&r);
}

/* vCPU 0, which this thread runs, sends. */
static void by_ipi(const char *what, u64 way)
{
	struct receiver r = receiver_start();
	struct vcpu *sender = r.vm->vcpus[0];
	struct counts before;

	guest_args(r.vm)[0] = way;
	vcpu_start(sender, "g_posted_sender", N);
	vcpu_sync(sender, 1);
	before = counts_now(r.stats);
	vcpu_sync(sender, 2);
	check(what, difference(before, counts_now(r.stats)));
	vcpu_done(sender);
	receiver_stop(&r);
}

TEST(posted_ipi_icr)
{
	by_ipi("IPI, x2APIC physical", POSTED_BY_ICR);
}

TEST(posted_ipi_cluster)
{
	by_ipi("IPI, x2APIC cluster", POSTED_BY_CLUSTER);
}

TEST(posted_ipi_hypercall)
{
	by_ipi("IPI, hypercall", POSTED_BY_HYPERCALL);
}

/* The vCPU's own timer, armed N times; args: see guest/timer.c. The parameter exitless_timer decides where it fires. */
TEST(posted_timer)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct counts before, c;
	struct vcpu *v;
	int stats;

	vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS,
		      KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE);
	v = vcpu_create(vm, 0);
	stats = OK(ioctl(v->fd, KVM_GET_STATS_FD, 0));
	guest_args(vm)[0] = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
	guest_args(vm)[2] = 300000;
	pin(RECEIVER);
	before = counts_now(stats);
	vcpu_call(v, "g_firings", N);
	c = difference(before, counts_now(stats));
	printf("# %d firings of a timer: %llu exits, %llu for interrupts, %llu "
	       "windows, %llu injections, %llu kicks\n",
	       N, (unsigned long long)c.exits, (unsigned long long)c.irq_exits,
	       (unsigned long long)c.window_exits, (unsigned long long)c.injections,
	       (unsigned long long)c.kicks);
	CHECK(c.exits >= N); /* one per arming */
	CHECK(cpu_delivers() ? c.injections == 0 : c.injections >= N - (u64)twice());
	if (!is_stock())
		CHECK_EQ(stat_get(v->fd, "lapic_timer_fires"), N);
}
