// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the client has registered with userfaultfd: faults by the guest
 * are delivered like its own, page by page. Guest side: guest/mem_owner.c.
 */
#include "mem_owner.h"
#include "uffd.h"

#include <signal.h>

#define PAGES 64

static struct owner own_watched(struct uffd **u, bool wp)
{
	struct owner o = own_none(PAGES * PAGE);

	o.p = own_reserve(o.size);
	*u = uffd_open(o.p, o.size);
	OK(uffd_register(*u, o.p, o.size, wp));
	return o;
}

static u32 asked_for(atomic_uint *asked)
{
	u32 n = 0;

	for (u64 i = 0; i < PAGES; i++)
		n += asked[i] != 0;
	return n;
}

/* ---- missing pages ---- */

/* One fault per page that guest or client touches, and none for other pages. */
TEST(mem_uffd_missing)
{
	struct uffd *u;
	struct owner o = own_watched(&u, false);

	for (u64 i = 0; i < PAGES; i++)
		u->fill[i] = i % 4 ? 0x100 + i : 0;
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	CHECK_EQ(u->asked_in_all, 0);
	for (u64 i = 0; i < PAGES; i += 3) {
		CHECK_EQ(guest_reads(&o, i), u->fill[i]);
		CHECK_EQ(u->asked[i], 1);
		CHECK_EQ(u->asked_in_all, i / 3 + 1);
	}
	for (u64 i = 0; i < PAGES; i += 3)
		same_memory(&o, i);
	CHECK_EQ(u->asked_in_all, (PAGES + 2) / 3);
	guest_writes(&o, 1, 0x99);
	CHECK_EQ(*word(o.p, 1), 0x99);
	CHECK_EQ(*(word(o.p, 1) + 511), 0x101);
	CHECK_EQ(*word(o.p, 2), 0x102);
	CHECK_EQ(guest_reads(&o, 2), 0x102);
	CHECK_EQ(u->asked_in_all, (PAGES + 2) / 3 + 2);
	/* Discarded pages fault again. */
	OK(madvise(o.p, o.size, MADV_DONTNEED));
	CHECK_EQ(guest_reads(&o, 3), 0x103);
	CHECK_EQ(u->asked[3], 2);
	CHECK_EQ(u->asked_in_all, (PAGES + 2) / 3 + 3);
}

/* Post-copy: pages arrive while the guest runs, in another order than their faults. */
static void next_too(struct uffd *u, u64 page, bool wp, void *arg)
{
	(void)arg;
	if (page + 1 < u->npages)
		uffd_answer(u, page + 1, wp);
}

TEST(mem_uffd_missing_given_unasked)
{
	struct uffd *u;
	struct owner o = own_watched(&u, false);

	for (u64 i = 0; i < PAGES; i++)
		u->fill[i] = 0x100 + i;
	u->hook = next_too;
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	CHECK_EQ(u->asked_in_all, 0);
	for (u64 i = 0; i < PAGES; i++)
		CHECK_EQ(guest_reads(&o, i), 0x100 + i);
	CHECK_EQ(u->asked_in_all, PAGES / 2);
	for (u64 i = 0; i < PAGES; i++)
		same_memory(&o, i);
}

/* Faults by the hypervisor's accesses for the guest are delivered, too. */
TEST(mem_uffd_missing_emulated)
{
	struct uffd *u;
	struct owner o = own_watched(&u, false);
	static const char *const access[] = { "g_own_movs", "g_own_push" };

	for (u64 i = 0; i < PAGES; i++)
		u->fill[i] = 0x0101010101010101 * i;
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	for (u64 i = 0; i < 2; i++) {
		vcpu_start(o.v, access[i], AT + i * PAGE);
		vcpu_expect(o.v, KVM_EXIT_MMIO);
		memset(o.v->run->mmio.data, 0x66, 8);
		vcpu_done(o.v);
		CHECK_EQ(*word(o.p, i), 0x6666666666666666);
		CHECK_EQ(*(word(o.p, i) + 511), u->fill[i]);
	}
	guest_args(o.vm)[0] = 1;
	vcpu_start(o.v, "g_own_outsb", AT + 9 * PAGE);
	vcpu_expect(o.v, KVM_EXIT_IO);
	CHECK_EQ(((u8 *)o.v->run)[o.v->run->io.data_offset], 9);
	vcpu_done(o.v);
	vcpu_start(o.v, "g_own_insb", AT + 10 * PAGE);
	vcpu_expect(o.v, KVM_EXIT_IO);
	((u8 *)o.v->run)[o.v->run->io.data_offset] = 0x77;
	vcpu_done(o.v);
	CHECK_EQ(*word(o.p, 10), 0x0a0a0a0a0a0a0a77);
	CHECK_EQ(u->asked_in_all, 4);
}

/* The handler of a fault may use the VM: a vCPU that waits for a page holds no lock that VM ioctls need. */
static void use_vm(struct owner *o, u64 n)
{
	static u8 bits[GUEST_MEMORY / PAGE / 8], memory[2 * 4096] __attribute__((aligned(4096)));
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = bits };

	OK(ioctl(o->vm->fd, KVM_GET_DIRTY_LOG, &log));
	OK(ioctl(o->vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS));
	if (is_stock())
		return; /* there a change of slots waits for vCPUs that wait for a page */
	OK(vm_set_slot(o->vm, 3, 0x70000000, sizeof(memory), memory, 0));
	OK(vm_set_slot(o->vm, 0, 0, GUEST_MEMORY, o->vm->mem, n % 2 ? 0 : KVM_MEM_LOG_DIRTY_PAGES));
	OK(vm_set_slot(o->vm, 0, 0, GUEST_MEMORY, o->vm->mem, KVM_MEM_LOG_DIRTY_PAGES));
	OK(vm_set_slot(o->vm, 3, 0, 0, NULL, 0));
}

static void use_vm_first(struct uffd *u, u64 page, bool wp, void *arg)
{
	(void)u, (void)wp;
	use_vm(arg, page);
}

TEST(mem_uffd_handler_uses_vm)
{
	struct uffd *u;
	struct owner o = own_watched(&u, false);

	OK(vm_set_slot(o.vm, 0, 0, GUEST_MEMORY, o.vm->mem, KVM_MEM_LOG_DIRTY_PAGES));
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	u->arg = &o;
	u->hook = use_vm_first;
	for (u64 i = 0; i < PAGES; i++) {
		u->fill[i] = 0x100 + i;
		CHECK_EQ(guest_reads(&o, i), 0x100 + i);
	}
	CHECK_EQ(u->asked_in_all, PAGES);
}

/* Only the vCPU that touches the page waits for it. */
TEST(mem_uffd_others_go_on)
{
	struct uffd *u;
	struct owner o = own_watched(&u, false);
	struct vcpu *other = vcpu_create(o.vm, 1);
	volatile u64 *count = guest_results(o.vm);
	u8 *q = vm_add_memory(o.vm, 2, AT + 32 * MIB, MIB, 0);

	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	u->hold = true;
	vcpu_start(o.v, "g_own_write", AT);
	vcpu_thread(o.v);
	while (!u->asked_in_all)
		usleep(1000);
	vcpu_call(other, "g_own_exit_loop", 100);
	CHECK(*count >= 100);
	/* The client changes other memory; the other vCPU gets past that change. */
	for (u64 i = 1; i < 10; i++) {
		OK(madvise(q, MIB, MADV_DONTNEED));
		*(u64 *)q = i;
		vcpu_call(other, "g_own_read", AT + 32 * MIB);
		CHECK_EQ(guest_results(o.vm)[0], i);
	}
	CHECK_EQ(u->asked_in_all, 1);
	u->hold = false;
	vcpu_join(o.v);
}

static void on_signal(int signal)
{
	(void)signal;
}

static volatile bool interrupted;

static void *run_until_interrupted(void *arg)
{
	struct owner *o = arg;

	CHECK_EQ(vcpu_run_once(o->v), -EINTR);
	interrupted = true;
	return NULL;
}

/* A signal ends the wait with EINTR; the next KVM_RUN repeats the access. */
TEST(mem_uffd_wait_is_interrupted)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct uffd *u;
	struct owner o = own_watched(&u, false);
	pthread_t t;

	CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	u->hold = true;
	u->fill[4] = 0x44;
	vcpu_start(o.v, "g_own_read", AT + 4 * PAGE);
	CHECK_EQ(pthread_create(&t, NULL, run_until_interrupted, &o), 0);
	while (!u->asked_in_all)
		usleep(1000);
	while (!interrupted) {
		pthread_kill(t, SIGUSR1);
		usleep(10000);
	}
	pthread_join(t, NULL);
	u->hold = false;
	vcpu_done(o.v);
	CHECK_EQ(guest_results(o.vm)[0], 0x44);
}

/* ---- write protection ---- */

/* A live snapshot: the contents of a page are saved before guest or client write it. */
static u64 saved[PAGES];

static void save(struct uffd *u, u64 page, bool wp, void *arg)
{
	(void)arg;
	if (wp && !saved[page])
		saved[page] = *(volatile u64 *)(u->base + page * PAGE);
}

static struct owner own_snapshot(struct uffd **u)
{
	struct owner o = own_watched(u, true);

	for (u64 i = 0; i < PAGES; i++)
		page_set(word(o.p, i), 0x100 + i);
	(*u)->hook = save;
	return o;
}

TEST(mem_uffd_write_protected)
{
	struct uffd *u;
	struct owner o = own_snapshot(&u);

	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	for (u64 i = 0; i < PAGES; i++)
		CHECK_EQ(guest_reads(&o, i), 0x100 + i);
	for (u32 round = 0; round < 3; round++) {
		memset(saved, 0, sizeof(saved));
		OK(uffd_protect(u, o.p, o.size, true));
		for (u64 i = 0; i < PAGES; i++)
			CHECK_EQ(guest_reads(&o, i), 0x100 + i);
		CHECK_EQ(u->asked_in_all, round * PAGES);
		guest_writes_pages(&o, 0, PAGES / 2, 1, 0x900);
		CHECK_EQ(u->asked_in_all, round * PAGES + PAGES / 2);
		guest_writes_pages(&o, 0, PAGES, 1, 0x100);
		CHECK_EQ(u->asked_in_all, (round + 1) * PAGES);
		for (u64 i = 0; i < PAGES; i++) {
			CHECK_EQ(u->asked_wp[i], round + 1);
			CHECK_EQ(saved[i], 0x100 + i);
			CHECK_EQ(*word(o.p, i), 0x100 + i);
		}
	}
	CHECK_EQ(asked_for(u->asked), 0);
}

/* Protected before the slot is created, and in a slot with dirty logging. */
TEST(mem_uffd_write_protected_first)
{
	struct uffd *u;
	struct owner o = own_snapshot(&u);
	u8 bits[PAGES / 8];
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bits };

	OK(uffd_protect(u, o.p, o.size, true));
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, KVM_MEM_LOG_DIRTY_PAGES));
	CHECK_EQ(u->asked_in_all, 0);
	for (u32 round = 1; round <= 2; round++) {
		guest_writes_pages(&o, 0, PAGES, 1, 0x900);
		CHECK_EQ(u->asked_in_all, round * PAGES);
		OK(ioctl(o.vm->fd, KVM_GET_DIRTY_LOG, &log));
		for (u64 i = 0; i < PAGES / 8; i++)
			CHECK_EQ(bits[i], 0xff);
		for (u64 i = 0; i < PAGES; i++)
			CHECK_EQ(saved[i], 0x100 + i);
		OK(uffd_protect(u, o.p, o.size, true));
	}
}

/* Faults by the hypervisor's writes for the guest are delivered, too. */
TEST(mem_uffd_write_protected_emulated)
{
	static const char *const access[] = { "g_own_movs", "g_own_push" };
	struct uffd *u;
	struct owner o = own_snapshot(&u);

	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	same_memory(&o, 0);
	*word(o.p, 0) = 0x100;
	OK(uffd_protect(u, o.p, o.size, true));
	for (u64 i = 0; i < 2; i++) {
		vcpu_start(o.v, access[i], AT + i * PAGE);
		vcpu_expect(o.v, KVM_EXIT_MMIO);
		memset(o.v->run->mmio.data, 0x66, 8);
		vcpu_done(o.v);
		CHECK_EQ(*word(o.p, i), 0x6666666666666666);
	}
	guest_args(o.vm)[0] = 1;
	vcpu_start(o.v, "g_own_insb", AT + 2 * PAGE);
	vcpu_expect(o.v, KVM_EXIT_IO);
	((u8 *)o.v->run)[o.v->run->io.data_offset] = 0x77;
	vcpu_done(o.v);
	CHECK_EQ(*(u8 *)word(o.p, 2), 0x77);
	for (u64 i = 0; i < 3; i++) {
		CHECK_EQ(u->asked_wp[i], 1);
		CHECK_EQ(saved[i], 0x100 + i);
	}
	CHECK_EQ(u->asked_in_all, 3);
}

TEST(mem_uffd_write_protected_clock)
{
	struct kvm_clock_data c = { .clock = 1000000000 };
	struct uffd *u;
	struct owner o = own_snapshot(&u);

	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	vcpu_start(o.v, "g_own_clock", AT + 3 * PAGE + 64);
	vcpu_expect(o.v, KVM_EXIT_IO);
	CHECK(word(o.p, 3)[11]); /* tsc_to_system_mul */
	for (u32 round = 1; round <= 3; round++) {
		saved[3] = 0;
		OK(uffd_protect(u, o.p, o.size, true));
		word(o.p, 5)[0] = 1;
		OK(ioctl(o.vm->fd, KVM_SET_CLOCK, &c));
		vcpu_expect(o.v, KVM_EXIT_IO);
		CHECK_EQ(u->asked_wp[3], round);
		CHECK_EQ(saved[3], 0x103);
		CHECK(word(o.p, 3)[11]);
	}
}

/* Pages are protected while the guest writes: each is saved before it changes. */
TEST(mem_uffd_protect_while_running)
{
	struct uffd *u;
	struct owner o = own_snapshot(&u);
	volatile u64 *results = guest_results(o.vm);
	u64 before, round;

	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	guest_args(o.vm)[1] = PAGES;
	vcpu_start(o.v, "g_own_count", AT);
	vcpu_thread(o.v);
	for (u32 i = 1; i <= 100; i++) {
		round = results[0];
		while (results[0] < round + 2)
			usleep(100);
		before = u->asked_in_all;
		OK(uffd_protect(u, o.p, o.size, true));
		round = results[0];
		while (results[0] < round + 2)
			usleep(100);
		/* By now the guest has written each page at least once. */
		CHECK_EQ(u->asked_in_all, before + PAGES);
	}
	guest_args(o.vm)[2] = 1;
	vcpu_join(o.v);
	for (u64 i = 0; i < PAGES; i++)
		CHECK_EQ(*word(o.p, i), results[0]);
}

/* KVM_PRE_FAULT_MEMORY: one fault per page is delivered, and the guest takes none. */
TEST(mem_uffd_pre_fault)
{
	struct kvm_pre_fault_memory range = { .gpa = AT, .size = PAGES * PAGE };
	struct uffd *u;
	struct owner o = own_watched(&u, false);
	u64 faults;

	if (!capability(KVM_CAP_PRE_FAULT_MEMORY))
		test_skip("no KVM_PRE_FAULT_MEMORY");
	for (u64 i = 0; i < PAGES; i++)
		u->fill[i] = 0x200 + i;
	vcpu_call(o.v, "g_nothing", 0);
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	OK(ioctl(o.v->fd, KVM_PRE_FAULT_MEMORY, &range));
	CHECK_EQ(range.size, 0);
	CHECK_EQ(u->asked_in_all, PAGES);
	faults = stat_get(o.v->fd, "pf_taken");
	for (u64 i = 0; i < PAGES; i += 7)
		CHECK_EQ(guest_reads(&o, i), 0x200 + i);
	CHECK_EQ(stat_get(o.v->fd, "pf_taken"), faults);
	CHECK_EQ(u->asked_in_all, PAGES);
}
