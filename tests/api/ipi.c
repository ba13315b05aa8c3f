// SPDX-License-Identifier: GPL-2.0-only
/* IPIs to many vCPUs: the sender's exits are counted, and each interrupt arrives once. Guest side: guest/ipi.c. */
#include "harness.h"

#include <linux/kvm_para.h>
#include <pthread.h>
#include <sys/eventfd.h>

enum { XAPIC = 1, X2APIC = 2 };

#define FLAT(id) (XAPIC | 0x100ULL << (id))
#define CLUSTER(id) (XAPIC | 1 << 16 | (u64)((id) / 4 << 4 | 1 << (id) % 4) << 8)
#define TO(dest) ((u64)(dest) << 32)

/* ---- rounds: one interrupt to each of several vCPUs ---- */

struct cost {
	u64 msr_exits, memory_exits, hypercalls, ipis_sent, pv_ipis, others;
};

static struct cost cost_now(struct vcpu *v)
{
	struct cost c = {
		.msr_exits = stat_get(v->fd, "msr_exits"),	 .memory_exits = stat_get(v->fd, "memory_exits"),
		.hypercalls = stat_get(v->fd, "hypercalls"),	 .ipis_sent = stat_get(v->fd, "ipis_sent"),
		.pv_ipis = stat_get(v->fd, "pv_ipis"),
	};

	/* Not counted: exits for the host's own interrupts, and the I/O exit that ends the rounds. */
	c.others = stat_get(v->fd, "exits") - stat_get(v->fd, "irq_exits") - stat_get(v->fd, "backend_exits") -
		   stat_get(v->fd, "pause_exits") - stat_get(v->fd, "io_exits") - c.msr_exits - c.memory_exits -
		   c.hypercalls;
	return c;
}

struct rounds {
	u64 setup[2]; /* sender's and receivers' APIC; 0 for the receivers: FLAT or CLUSTER by ID, as the sender's */
	int ids[8]; /* the first one sends; ends with -1 */
	u32 vector;
	u64 mask; /* receivers */
	u64 nr_icr, arg[7]; /* ICR values of a round; with nr_icr 0, the hypercall's arguments */
	struct cost cost; /* per round */
	long result;
};

static u64 setup_of(u64 like, int id)
{
	if ((like & 0xff) == X2APIC)
		return X2APIC;
	return like >> 16 & 1 ? CLUSTER(id) : FLAT(id);
}

static void set_args(struct vm *vm, const struct rounds *r, u64 others)
{
	volatile u64 *args = guest_args(vm);

	args[0] = r->setup[0];
	args[1] = others;
	args[2] = r->nr_icr;
	args[3] = r->vector;
	args[4] = r->mask;
	for (int i = 0; i < 7; i++)
		args[5 + i] = r->arg[i];
}

static void check_rounds(const struct rounds *r, struct vcpu *v, struct cost a, struct cost b, u64 n)
{
	if (!r->nr_icr)
		CHECK_EQ(guest_results(v->vm)[0], r->result);
	if (is_stock())
		return;
	CHECK_EQ(b.msr_exits - a.msr_exits, n * r->cost.msr_exits);
	CHECK_EQ(b.memory_exits - a.memory_exits, n * r->cost.memory_exits);
	CHECK_EQ(b.hypercalls - a.hypercalls, n * r->cost.hypercalls);
	CHECK_EQ(b.ipis_sent - a.ipis_sent, n * r->cost.ipis_sent);
	CHECK_EQ(b.pv_ipis - a.pv_ipis, n * r->cost.pv_ipis);
	CHECK_EQ(b.others - a.others, 0);
}

static void run_rounds(const struct rounds *r, const int *ids, int nr, u64 n)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *sender = vcpu_create(vm, ids[0]);
	struct cost before = {}, after = {};

	vcpu_start(sender, "g_ipi_rounds", n);
	set_args(vm, r, nr - 1);
	for (int i = 1; i < nr; i++) {
		struct vcpu *v = vcpu_create(vm, ids[i]);

		vcpu_start(v, "g_ipi_target", r->setup[1] ?: setup_of(r->setup[0], ids[i]));
		vcpu_thread(v);
	}
	vcpu_sync(sender, 1);
	if (!is_stock())
		before = cost_now(sender);
	vcpu_sync(sender, 2);
	if (!is_stock())
		after = cost_now(sender);
	vcpu_done(sender);
	for (int i = 1; i < nr; i++)
		vcpu_join(vm->vcpus[i]);
	check_rounds(r, sender, before, after, n);
	vm_close(vm);
}

static void rounds(const struct rounds *r, u64 n)
{
	int nr = 0;

	while (nr < 8 && r->ids[nr] >= 0)
		nr++;
	run_rounds(r, r->ids, nr, n);
}

#define EIGHT { 0, 1, 2, 3, 4, 5, 6, 7 }
#define ROUNDS 50

/* Seven receivers, one exit. */
TEST(ipi_cost_hypercall)
{
	static const struct rounds x2apic = { .setup = { X2APIC }, .ids = EIGHT, .vector = 0x81, .mask = 0xfe,
					      .arg = { 0xfe, 0, 0, 0x81 }, .cost = { .hypercalls = 1, .pv_ipis = 1 },
					      .result = 7 };
	static const struct rounds xapic = { .setup = { FLAT(0) }, .ids = EIGHT, .vector = 0x81, .mask = 0xfe,
					     .arg = { 0xfe, 0, 0, 0x81 }, .cost = { .hypercalls = 1, .pv_ipis = 1 },
					     .result = 7 };

	rounds(&x2apic, ROUNDS);
	rounds(&xapic, ROUNDS);
}

TEST(ipi_cost_hypercall_nmi)
{
	static const struct rounds r = { .setup = { X2APIC }, .ids = EIGHT, .vector = 2, .mask = 0xfe,
					 .arg = { 0xfe, 0, 0, 0x400 }, .cost = { .hypercalls = 1, .pv_ipis = 1 },
					 .result = 7 };

	rounds(&r, ROUNDS);
}

/* The two words cover 128 IDs from the lowest one on. (.mask: by ID modulo 64.) */
TEST(ipi_cost_hypercall_wide)
{
	static const struct rounds all = { .setup = { X2APIC }, .ids = { 0, 1, 62, 66, 127, 131, -1 }, .vector = 0x81,
					   .mask = 1ULL << 1 | 1ULL << 62 | 1ULL << 2 | 1ULL << 63,
					   .arg = { ~1ULL, ~0ULL, 0, 0x81 }, .cost = { .hypercalls = 1, .pv_ipis = 1 },
					   .result = 4 };
	static const struct rounds from4 = { .setup = { X2APIC }, .ids = { 0, 1, 62, 66, 127, 131, -1 }, .vector = 0x81,
					     .mask = 1ULL << 62 | 1ULL << 2 | 1ULL << 63 | 1ULL << 3,
					     .arg = { ~0ULL, ~0ULL, 4, 0x81 }, .cost = { .hypercalls = 1, .pv_ipis = 1 },
					     .result = 4 };

	rounds(&all, 10);
	rounds(&from4, 10);
}

TEST(ipi_cost_x2apic_physical)
{
	static const struct rounds r = { .setup = { X2APIC }, .ids = EIGHT, .vector = 0x81, .mask = 0xfe, .nr_icr = 7,
					 .arg = { TO(1) | 0x4081, TO(2) | 0x4081, TO(3) | 0x4081, TO(4) | 0x4081,
						  TO(5) | 0x4081, TO(6) | 0x4081, TO(7) | 0x4081 },
					 .cost = { .msr_exits = 7, .ipis_sent = 7 } };

	rounds(&r, ROUNDS);
}

/* One exit per cluster. */
TEST(ipi_cost_x2apic_cluster)
{
	static const struct rounds one = { .setup = { X2APIC }, .ids = EIGHT, .vector = 0x81, .mask = 0xfe, .nr_icr = 1,
					   .arg = { TO(0xfe) | 0x4881 }, .cost = { .msr_exits = 1, .ipis_sent = 1 } };
	static const struct rounds two = { .setup = { X2APIC }, .ids = { 0, 1, 2, 3, 16, 17, 18, 31 }, .vector = 0x81,
					   .mask = 0x8007000e, .nr_icr = 2,
					   .arg = { TO(0xe) | 0x4881, TO(0x18007) | 0x4881 },
					   .cost = { .msr_exits = 2, .ipis_sent = 2 } };

	rounds(&one, ROUNDS);
	rounds(&two, ROUNDS);
}

TEST(ipi_cost_shorthand)
{
	static const struct rounds r = { .setup = { X2APIC }, .ids = EIGHT, .vector = 0x81, .mask = 0xfe, .nr_icr = 1,
					 .arg = { 0xc4081 }, .cost = { .msr_exits = 1, .ipis_sent = 1 } };

	rounds(&r, ROUNDS);
}

/* xAPIC, flat model: one write. Cluster model: two writes per cluster, ICR2 (destination) and ICR. */
TEST(ipi_cost_xapic_logical)
{
	static const struct rounds flat = { .setup = { FLAT(0) }, .ids = EIGHT, .vector = 0x81, .mask = 0xfe, .nr_icr = 1,
					    .arg = { TO(0xfe) | 0x4881 }, .cost = { .memory_exits = 1, .ipis_sent = 1 } };
	static const struct rounds cluster = { .setup = { CLUSTER(0) }, .ids = EIGHT, .vector = 0x81, .mask = 0xfe,
					       .nr_icr = 2, .arg = { TO(0x0e) | 0x4881, TO(0x1f) | 0x4881 },
					       .cost = { .memory_exits = 4, .ipis_sent = 2 } };

	rounds(&flat, ROUNDS);
	rounds(&cluster, ROUNDS);
}

/* A vCPU in x2APIC mode sends to vCPUs in xAPIC mode, and the other way round. */
TEST(ipi_mixed_modes)
{
	static const struct rounds down = { .setup = { X2APIC, XAPIC | 0x8000 }, .ids = { 0, 1, 2, 3, -1 }, .vector = 0x81,
					    .mask = 0xe, .nr_icr = 3,
					    .arg = { TO(1) | 0x4081, TO(2) | 0x4081, TO(3) | 0x4081 },
					    .cost = { .msr_exits = 3, .ipis_sent = 3 } };
	static const struct rounds up = { .setup = { FLAT(0), X2APIC }, .ids = { 0, 1, 2, 3, -1 }, .vector = 0x81,
					  .mask = 0xe, .nr_icr = 1, .arg = { TO(0xe) | 0x4881 },
					  .cost = { .memory_exits = 1, .ipis_sent = 1 } };
	static const struct rounds pv = { .setup = { X2APIC, XAPIC | 0x8000 }, .ids = { 0, 1, 2, 3, -1 }, .vector = 0x81,
					  .mask = 0xe, .arg = { 0xe, 0, 0, 0x81 },
					  .cost = { .hypercalls = 1, .pv_ipis = 1 }, .result = 3 };
	/* Three xAPICs with the same logical ID: all of them receive it. */
	static const struct rounds equal = { .setup = { FLAT(0), XAPIC | 0x8000 }, .ids = { 0, 1, 2, 3, -1 },
					     .vector = 0x81, .mask = 0xe, .nr_icr = 1, .arg = { TO(0x80) | 0x4881 },
					     .cost = { .memory_exits = 1, .ipis_sent = 1 } };

	rounds(&down, ROUNDS);
	rounds(&up, ROUNDS);
	rounds(&pv, ROUNDS);
	rounds(&equal, ROUNDS);
}

/* 64 vCPUs: one hypercall, or one ICR write per cluster. */
TEST(ipi_64_vcpus)
{
	static const struct rounds pv = { .setup = { X2APIC }, .vector = 0x81, .mask = ~1ULL,
					  .arg = { ~1ULL, 0, 0, 0x81 }, .cost = { .hypercalls = 1, .pv_ipis = 1 },
					  .result = 63 };
	static const struct rounds icr = { .setup = { X2APIC }, .vector = 0x81, .mask = ~1ULL, .nr_icr = 4,
					   .arg = { TO(0xfffe) | 0x4881, TO(0x1ffff) | 0x4881, TO(0x2ffff) | 0x4881,
						    TO(0x3ffff) | 0x4881 },
					   .cost = { .msr_exits = 4, .ipis_sent = 4 } };
	static const struct rounds all_on = { .setup = { X2APIC, X2APIC | 1 << 24 }, .vector = 0x81, .mask = ~1ULL,
					      .arg = { ~1ULL, 0, 0, 0x81 },
					      .cost = { .hypercalls = 1, .pv_ipis = 1 }, .result = 63 };
	int ids[64];

	for (int i = 0; i < 64; i++)
		ids[i] = i;
	run_rounds(&pv, ids, 64, 5);
	run_rounds(&icr, ids, 64, 5);
	run_rounds(&all_on, ids, 64, 5);
}

/* An irqfd, which is signalled with interrupts off, sends an MSI to three vCPUs: each gets each interrupt once. */
TEST(ipi_irqfd_multicast)
{
	static const struct rounds r = { .setup = { X2APIC }, .vector = 0x81, .mask = 0xe };
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e;
	} routes = { .head.nr = 1,
		     .e = { .gsi = 30, .type = KVM_IRQ_ROUTING_MSI,
			    .u.msi = { .address_lo = 0xfee00004 | 0xe << 12, .data = 0x81 } } };
	struct kvm_irqfd f = { .fd = eventfd(0, EFD_NONBLOCK), .gsi = 30 };
	u64 one = 1;

	OK(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &routes));
	OK(ioctl(vm->fd, KVM_IRQFD, &f));
	set_args(vm, &r, 3);
	for (int i = 0; i < 4; i++) {
		vcpu_create(vm, i);
		vcpu_start(vm->vcpus[i], i ? "g_ipi_target" : "g_ipi_watch", i ? X2APIC : 30);
		if (i)
			vcpu_thread(vm->vcpus[i]);
	}
	for (int i = 1; i <= 30; i++) {
		vcpu_sync(vm->vcpus[0], i);
		CHECK_EQ(write(f.fd, &one, 8), 8);
	}
	vcpu_done(vm->vcpus[0]);
	for (int i = 1; i < 4; i++)
		vcpu_join(vm->vcpus[i]);
}

/* Eight vCPUs, each sending to the others; half of them with PV EOI and other PV features. */
TEST(ipi_storm)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	guest_args(vm)[1] = 8;
	for (int i = 0; i < 8; i++) {
		vcpu_start(vcpu_create(vm, i), "g_ipi_storm", 60);
		vcpu_thread(vm->vcpus[i]);
	}
	for (int i = 0; i < 8; i++)
		vcpu_join(vm->vcpus[i]);
}

/* ---- while the destination map changes ---- */

static void race(u64 setup, u64 flipper, u64 n)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	guest_args(vm)[0] = setup;
	guest_args(vm)[1] = 3;
	for (int i = 0; i < 4; i++) {
		vcpu_create(vm, i);
		vcpu_start(vm->vcpus[i], i == 0 ? "g_ipi_race" : i == 1 ? "g_ipi_target" : "g_ipi_flipper",
			   i == 0 ? n : i == 1 ? setup_of(setup, 1) : flipper);
		if (i)
			vcpu_thread(vm->vcpus[i]);
	}
	vcpu_done(vm->vcpus[0]);
	for (int i = 1; i < 4; i++)
		vcpu_join(vm->vcpus[i]);
}

/* While stock KVM rebuilds its map it may have none, and loses interrupts. */
TEST(ipi_race_map_x2apic)
{
	if (is_stock())
		test_skip("stock KVM loses interrupts here");
	race(X2APIC, X2APIC, 400);
}

TEST(ipi_race_map_xapic)
{
	race(FLAT(0), XAPIC, 400);
}

/* The AP's thread. EAGAIN: stock KVM, after a SIPI. */
static void *run_ap(void *v)
{
	int r;

	do
		r = vcpu_run_once(v);
	while (r == -EINTR || r == -EAGAIN);
	CHECK_EQ(r, 0);
	vcpu_check_done(v);
	return NULL;
}

/* Repeated INIT and SIPI while interrupts, PV EOI, steal time and the clock are in use. */
TEST(ipi_reset_in_the_middle)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	pthread_t t;

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	guest_args(vm)[0] = !is_stock(); /* stock KVM does not reset poll control */
	memcpy(vm->mem + GPA_REAL, vm->mem + guest_address("ap_start"),
	       guest_address("ap_end") - guest_address("ap_start"));
	CHECK_EQ(pthread_create(&t, NULL, run_ap, vm->vcpus[1]), 0);
	vcpu_call(vm->vcpus[0], "g_reset_boss", 60);
}

/* ---- the hypercall's arguments ---- */

struct call {
	u64 low, high, min, icr;
	long result;
};

/* Only vCPU 1 can receive. */
static const struct call calls[] = {
	{ 2, 0, 0, 0x81, 1 },
	{ 3, 0, 0, 0x81, 1 }, /* vCPU 0: its APIC is software-disabled */
	{ 1, 0, 1, 0x81, 1 },
	{ 2, 0, 0, 0x4081, 1 }, /* assert: ignored */
	{ 2, 0, 0, 0x10, 1 }, /* the lowest legal vector */
	{ 0, 0, 0, 0x81, 0 },
	{ ~0ULL, ~0ULL, 2, 0x81, 0 },
	{ ~0ULL, ~0ULL, 1023, 0x81, 0 },
	{ ~0ULL, ~0ULL, 1024, 0x81, 0 },
	{ ~0ULL, ~0ULL, 1ULL << 31, 0x81, 0 },
	{ ~0ULL, ~0ULL, 0xffffffff, 0x81, 0 },
	{ ~0ULL, ~0ULL, ~0ULL, 0x81, 0 },
	{ 2, 0, 0, 0x481, 1 }, /* NMI: the vector is ignored */
	{ 2, 0, 0, 0x881, -KVM_EINVAL }, /* logical */
	{ 2, 0, 0, 0x40081, -KVM_EINVAL }, /* shorthands */
	{ 2, 0, 0, 0xc0081, -KVM_EINVAL },
};

/* Illegal vectors, and other delivery modes, trigger modes and levels. */
static const struct call odd[] = {
	{ 2, 0, 0, 0, 1 },	{ 2, 0, 0, 0xf, 1 },	{ 1, 0, 0, 0xf, 0 },	{ 3, 0, 0, 5, 1 },
	{ 2, 0, 0, 0x181, 1 },	{ 2, 0, 0, 0x105, 1 },	{ 1, 0, 0, 0x181, 0 },
	{ 2, 0, 0, 0xc081, 1 }, { 2, 0, 0, 0x8081, 0 }, { 2, 0, 0, 0x8181, 0 }, /* level: up, down */
	{ 2, 0, 0, 0x8481, 1 }, { 2, 0, 0, 0x381, 1 },	{ 0, 0, 0, 0x381, 0 },
	{ 2, 0, 0, 0x581, 1 },	{ 2, 0, 0, 0xc581, 1 }, { 2, 0, 0, 0x8581, 0 }, /* INIT, its de-assert */
	{ 2, 0, 0, 0x681, 1 },	{ 2, 0, 0, 0x8681, 1 },	{ 2, 0, 0, 0x781, 0 },
	{ ~0ULL, ~0ULL, 2, 5, 0 },
};

/* Stock KVM truncates IDs to 32 bits, and has SMM. */
static const struct call refused[] = {
	{ 2, 0, 0, 0x281, 0 },
	{ ~0ULL, ~0ULL, -64ULL, 0x81, 0 }, { ~0ULL, ~0ULL, 1ULL << 32, 0x81, 0 },
	{ ~0ULL, ~0ULL, 1ULL << 63, 0x81, 0 },
};

static struct vm *one_target(void)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	vcpu_start(vm->vcpus[1], "g_spin", 0);
	vcpu_set_msr(vm->vcpus[1], 0x1b, 0xfee00c00);
	CHECK_EQ(vcpu_set_msr(vm->vcpus[1], 0x80f, 0x1ff), 1);
	return vm;
}

static long call(struct vm *vm, const char *function, u64 nr, const struct call *c)
{
	volatile u64 *args = guest_args(vm);

	args[0] = nr;
	args[1] = c->low;
	args[2] = c->high;
	args[3] = c->min;
	args[4] = c->icr;
	vcpu_call(vm->vcpus[0], function, 0);
	return guest_results(vm)[0];
}

TEST(ipi_arguments)
{
	struct vm *vm = one_target();

	for (u32 i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		CHECK_EQ(call(vm, "g_hypercall", KVM_HC_SEND_IPI, &calls[i]), calls[i].result);
	for (u32 i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		CHECK_EQ(call(vm, "g_hypercall", KVM_HC_SEND_IPI, &odd[i]), odd[i].result);
	for (u32 i = 0; i < sizeof(refused) / sizeof(refused[0]) && !is_stock(); i++)
		CHECK_EQ(call(vm, "g_hypercall", KVM_HC_SEND_IPI, &refused[i]), refused[i].result);
}

/* Delivery mode 3 ends a halt like KVM_HC_KICK_CPU, even with interrupts off. */
TEST(ipi_remote_read_kicks)
{
	static const struct call kick = { 2, 0, 0, 0x300, 1 };
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	OK(ioctl(vm->vcpus[1]->fd, KVM_SET_MP_STATE, &mp));
	vcpu_start(vm->vcpus[1], "g_hlt_masked", 0);
	vcpu_thread(vm->vcpus[1]);
	CHECK_EQ(call(vm, "g_hypercall", KVM_HC_SEND_IPI, &kick), 1);
	vcpu_join(vm->vcpus[1]);
}

/* From CPL 3 the hypercall fails with EPERM and sends nothing. */
TEST(ipi_arguments_user)
{
	struct vm *vm = one_target();
	struct kvm_lapic_state a, b;

	OK(ioctl(vm->vcpus[1]->fd, KVM_GET_LAPIC, &a));
	for (u32 i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		CHECK_EQ(call(vm, "g_hypercall_user", KVM_HC_SEND_IPI, &calls[i]), -KVM_EPERM);
	OK(ioctl(vm->vcpus[1]->fd, KVM_GET_LAPIC, &b));
	CHECK(!memcmp(&a, &b, sizeof(a)));
	CHECK_EQ(call(vm, "g_hypercall", KVM_HC_SEND_IPI, &calls[0]), 1);
	OK(ioctl(vm->vcpus[1]->fd, KVM_GET_LAPIC, &b));
	CHECK(memcmp(&a, &b, sizeof(a)));
}

/* The result of one hypercall from 32-bit or 16-bit code. */
static u32 narrow_call(struct vcpu *v, u64 rip, const struct call *c)
{
	struct kvm_regs r = vcpu_regs(v);

	r.rip = rip;
	r.rax = (u64)0xdead << 32 | KVM_HC_SEND_IPI;
	r.rbx = c->low;
	r.rcx = c->high;
	r.rdx = c->min;
	r.rsi = c->icr;
	vcpu_set_regs(v, r);
	vcpu_expect(v, KVM_EXIT_IO);
	CHECK_EQ(v->run->io.port, PORT_SYNC);
	return *(u32 *)((u8 *)v->run + v->run->io.data_offset);
}

/* A 32-bit guest's arguments are the lower halves of the registers; the second word begins at bit 32. */
TEST(ipi_arguments_32bit)
{
	static const struct call narrow[] = {
		{ 2, 0, 0, 0x81, 1 },
		{ 0, 1, 0, 0x81, 1 }, /* ID 32 */
		{ 2, 1, 0, 0x81, 2 },
		{ 1ULL << 32, 0, 0, 0x81, 0 }, /* bit 32 of the first word is ignored */
		{ 0, 2ULL << 32, 0, 0x81, 0 },
		{ 0xffffffff00000002, 0xffffffff00000001, 0xffffffff00000000, 0xffffffff00000081, 2 },
		{ 0, 0xffffffff, 1, 0x81, 0 }, /* from ID 33 on */
		{ 0, 2, 31, 0x81, 0 }, /* ID 64 */
		{ 2, 0, 31, 0x81, 1 },
		{ 2, 0, 0, 0x881, (u32)-KVM_EINVAL },
		{ ~0ULL, ~0ULL, ~0ULL, 0x81, 0 }, /* IDs do not wrap at 32 bits; on stock KVM they do */
		{ ~0ULL, ~0ULL, 0xffffffe0, 0x81, 0 },
	};
	struct vm *vm = one_target();
	struct vcpu *v = vcpu_create(vm, 32), *sender[2] = { vcpu_create(vm, 2), vcpu_create(vm, 3) };

	vcpu_set_msr(v, 0x1b, 0xfee00c00);
	CHECK_EQ(vcpu_set_msr(v, 0x80f, 0x1ff), 1);
	for (int i = 0; i < 2; i++) {
		struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };

		OK(ioctl(sender[i]->fd, KVM_SET_MP_STATE, &mp));
		if (i)
			vcpu_start_real(sender[i], "call16_start", "call16_end");
		else
			vcpu_start_prot(sender[i], "call32_start", "call32_end");
		for (u32 k = 0; k < sizeof(narrow) / sizeof(narrow[0]) - 2 * is_stock(); k++)
			CHECK_EQ(narrow_call(sender[i], i ? 0 : GPA_REAL, &narrow[k]), narrow[k].result);
	}
}

/* With KVM_CAP_ENFORCE_PV_FEATURE_CPUID, hypercalls that CPUID does not offer fail with ENOSYS. */
TEST(ipi_enforce_cpuid)
{
	static const u64 numbers[] = { KVM_HC_KICK_CPU, KVM_HC_SEND_IPI, KVM_HC_SCHED_YIELD };
	struct vm *vm = one_target();
	struct kvm_enable_cap c = { .cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args = { 1 } };
	struct kvm_cpuid2 *cpuid = offered_cpuid();
	u32 offered = 0;

	for (u32 i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == KVM_CPUID_FEATURES) {
			offered = cpuid->entries[i].eax;
			cpuid->entries[i].eax = 0;
		}
	CHECK(offered & 1 << KVM_FEATURE_PV_SEND_IPI);
	CHECK(offered & 1 << KVM_FEATURE_PV_SCHED_YIELD);
	CHECK(offered & 1 << KVM_FEATURE_PV_UNHALT);
	OK(ioctl(vm->vcpus[0]->fd, KVM_SET_CPUID2, cpuid));
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(call(vm, "g_hypercall", numbers[i], &calls[0]), i == 1);
	OK(ioctl(vm->vcpus[0]->fd, KVM_ENABLE_CAP, &c));
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(call(vm, "g_hypercall", numbers[i], &calls[0]), -KVM_ENOSYS);
}
