// SPDX-License-Identifier: GPL-2.0-only
/* Memory slots. Guest side: guest/io.c. */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define MIB (1ULL << 20)

static void *anonymous(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Invalid arguments are refused with KVM's errors. */
TEST(mem_slot_errors)
{
	struct vm *vm = vm_create_bare();
	u8 *p = anonymous(MIB);
	const u32 slots = capability(KVM_CAP_NR_MEMSLOTS);

	ERR(vm_set_slot(vm, 0, 0x800, 4096, p, 0), EINVAL); /* misaligned address */
	ERR(vm_set_slot(vm, 0, 0, 4095, p, 0), EINVAL);
	ERR(vm_set_slot(vm, 0, 0, 4096, p + 8, 0), EINVAL);
	ERR(vm_set_slot(vm, slots, 0, 4096, p, 0), EINVAL);
	ERR(vm_set_slot(vm, 0xffffffff, 0, 4096, p, 0), EINVAL);
	ERR(vm_set_slot(vm, 0, ~0xfffULL, 8192, p, 0), EINVAL); /* wraps */
	ERR(vm_set_slot(vm, 0, 0, ~0xfffULL, p, 0), EINVAL);
	ERR(vm_set_slot(vm, 0, 0, 4096, p, 1 << 20), EINVAL); /* unknown flag */
	ERR(vm_set_slot(vm, 0, 0, 4096, (void *)(1ULL << 63), 0), EINVAL);
	ERR(vm_set_slot(vm, 0, 0, 0, NULL, 0), EINVAL); /* nothing to delete */
	ERR(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, NULL), EFAULT);
	OK(vm_set_slot(vm, 0, 0, MIB / 2, p, 0));
	ERR(vm_set_slot(vm, 1, MIB / 2 - 4096, 8192, p, 0), EEXIST);
	ERR(vm_set_slot(vm, 1, 0, MIB, p, 0), EEXIST);
	ERR(vm_set_slot(vm, 0, 0, MIB, p, 0), EINVAL); /* another size */
	ERR(vm_set_slot(vm, 0, 0, MIB / 2, p + 4096, 0), EINVAL); /* another host address */
	ERR(vm_set_slot(vm, 0, 0, MIB / 2, p, KVM_MEM_READONLY), EINVAL);
	OK(vm_set_slot(vm, 1, MIB / 2, MIB / 2, p + MIB / 2, 0));
	ERR(vm_set_slot(vm, 1, 0, MIB / 2, p + MIB / 2, 0), EEXIST); /* moved onto another slot */
	OK(vm_set_slot(vm, 1, 4 * MIB, MIB / 2, p + MIB / 2, 0));
	OK(vm_set_slot(vm, 1, 0, 0, NULL, 0));
	ERR(vm_set_slot(vm, 1, 0, 0, NULL, 0), EINVAL);
}

/* A slot may cover unmapped addresses: a guest access there ends KVM_RUN with EFAULT. */
TEST(mem_slot_without_memory)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 *p = anonymous(MIB);

	munmap(p + MIB / 2, MIB / 2);
	OK(vm_set_slot(vm, 1, 0x20000000, MIB, p, 0));
	vcpu_call(v, "g_touch", 0x20000000);
	vcpu_start(v, "g_touch", 0x20000000 + MIB / 2);
	ERR(vcpu_run_once(v), EFAULT);
	OK(vm_set_slot(vm, 1, 0x20000000, 0, NULL, 0));
}

TEST(mem_add_delete_move)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u64 *p = anonymous(MIB);

	vcpu_start(v, "g_mmio_one_read", 0x20000000);
	vcpu_expect(v, KVM_EXIT_MMIO);
	vcpu_done(v);
	OK(vm_set_slot(vm, 1, 0x20000000, MIB, p, 0));
	vcpu_call(v, "g_touch", 0x20001000);
	CHECK_EQ(p[512], 0x20001000 ^ 0x5a5a);
	OK(vm_set_slot(vm, 1, 0x30000000, MIB, p, 0));
	p[1] = 0x1234;
	vcpu_call(v, "g_mmio_one_read", 0x30000008);
	CHECK_EQ(guest_results(vm)[0], 0x1234);
	vcpu_start(v, "g_mmio_one_read", 0x20000008);
	vcpu_expect(v, KVM_EXIT_MMIO);
	vcpu_done(v);
	OK(vm_set_slot(vm, 1, 0x30000000, 0, p, 0));
	vcpu_start(v, "g_mmio_one_read", 0x30000008);
	vcpu_expect(v, KVM_EXIT_MMIO);
}

/* Two slots with the same memory are aliases; deleting one leaves the other. */
TEST(mem_alias)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u64 *p = anonymous(2 * MIB);

	OK(vm_set_slot(vm, 1, 0x20000000, 2 * MIB, p, 0));
	OK(vm_set_slot(vm, 2, 0x30000000, MIB, (u8 *)p + MIB, 0));
	vcpu_call(v, "g_touch", 0x30000000);
	vcpu_call(v, "g_mmio_one_read", 0x20000000 + MIB);
	CHECK_EQ(guest_results(vm)[0], 0x30000000 ^ 0x5a5a);
	OK(vm_set_slot(vm, 1, 0x20000000, 0, NULL, 0));
	vcpu_call(v, "g_touch", 0x30002000);
	CHECK_EQ(p[(MIB + 0x2000) / 8], 0x30002000 ^ 0x5a5a);
}

/* Reads come from memory, writes go to user space. */
TEST(mem_readonly)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u32 *p = vm_add_memory(vm, 1, 0x20000000, MIB, KVM_MEM_READONLY);

	p[4] = 0x1111;
	vcpu_start(v, "g_readonly", 0x20000010);
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(v->run->mmio.is_write, 1);
	CHECK_EQ(v->run->mmio.phys_addr, 0x20000010);
	CHECK_EQ(*(u32 *)v->run->mmio.data, 0x77);
	vcpu_done(v);
	CHECK_EQ(guest_results(vm)[0], 0x1111);
	CHECK_EQ(guest_results(vm)[1], 0x1111);
	CHECK_EQ(p[4], 0x1111);
}

/* A mapping that is read-only in this process can be a read-only slot. */
TEST(mem_readonly_of_readonly_mapping)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	char path[] = "/tmp/api-rom-XXXXXX";
	int fd = mkstemp(path);
	u32 value = 0xabcd;
	void *p;

	CHECK_EQ(pwrite(fd, &value, 4, 16), 4);
	OK(ftruncate(fd, 65536));
	p = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE, fd, 0);
	unlink(path);
	CHECK(p != MAP_FAILED);
	OK(vm_set_slot(vm, 1, 0x20000000, 65536, p, KVM_MEM_READONLY));
	vcpu_start(v, "g_readonly", 0x20000010);
	vcpu_expect(v, KVM_EXIT_MMIO);
	vcpu_done(v);
	CHECK_EQ(guest_results(vm)[1], 0xabcd);
}

/* A slot is deleted under a running vCPU: its next access is MMIO until the slot exists again. */
static void *delete_later(void *vm)
{
	usleep(100000);
	OK(vm_set_slot(vm, 1, 0x20000000, 0, NULL, 0));
	return NULL;
}

TEST(mem_delete_while_running)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u32 *p = vm_add_memory(vm, 1, 0x20000000, MIB, 0);
	pthread_t t;
	u64 reads;

	p[0] = 0x42;
	vcpu_start(v, "g_read_forever", 0x20000000);
	CHECK_EQ(pthread_create(&t, NULL, delete_later, vm), 0);
	vcpu_expect(v, KVM_EXIT_MMIO);
	pthread_join(t, NULL);
	CHECK_EQ(v->run->mmio.phys_addr, 0x20000000);
	reads = guest_results(vm)[0];
	CHECK(reads > 0);
	CHECK_EQ(guest_results(vm)[1], 0x42);
	*(u32 *)v->run->mmio.data = 0x43;
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(guest_results(vm)[1], 0x43);
	CHECK_EQ(guest_results(vm)[0], reads + 1);
}

/* Changes of other slots do not disturb a running vCPU. */
static volatile bool stop_changing;

static void *change_slots(void *vm)
{
	u8 *p = anonymous(MIB);

	for (u32 i = 0; !stop_changing; i++) {
		OK(vm_set_slot(vm, 2 + i % 8, 0x40000000 + (i % 8) * MIB, MIB, p, 0));
		OK(vm_set_slot(vm, 2 + i % 8, 0, 0, NULL, 0));
	}
	return NULL;
}

TEST(mem_changes_while_running)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, change_slots, vm), 0);
	for (int i = 0; i < 50; i++) {
		vcpu_call(v, "g_write_pages", 1000);
		vcpu_call(v, "g_cpuid_loop", 100);
	}
	stop_changing = true;
	pthread_join(t, NULL);
	CHECK_EQ(*(u32 *)(vm->mem + GPA_FREE + 998 * 4096), 998);
}

TEST(mem_above_4g)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u64 *p = vm_add_memory(vm, 1, 5ULL << 30, 2 * MIB, 0);
	u64 *q = vm_add_memory(vm, 2, 100ULL << 30, 2 * MIB, 0);

	vcpu_call(v, "g_touch", (5ULL << 30) + 0x10000);
	CHECK_EQ(p[0x2000], ((5ULL << 30) + 0x10000) ^ 0x5a5a);
	vcpu_call(v, "g_touch", (100ULL << 30) + 2 * MIB - 8);
	CHECK_EQ(q[2 * MIB / 8 - 1], ((100ULL << 30) + 2 * MIB - 8) ^ 0x5a5a);
	vcpu_start(v, "g_mmio_one_read", 6ULL << 30);
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, 6LL << 30);
}

TEST(mem_all_slots)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u32 n = capability(KVM_CAP_NR_MEMSLOTS);
	u8 *p;

	n = n > 512 ? 512 : n;
	CHECK(n >= 512);
	p = anonymous(n * 4096);
	for (u32 i = 1; i < n; i++)
		OK(vm_set_slot(vm, i, 0x10000000 + (i - 1) * 0x2000, 4096, p + i * 4096, 0));
	vcpu_call(v, "g_touch_slots", n - 1);
	for (u32 i = 1; i < n; i++)
		CHECK_EQ(*(u64 *)(p + i * 4096), (0x10000000 + (i - 1) * 0x2000) ^ 0x5a5a);
	for (u32 i = 1; i < n; i++)
		OK(vm_set_slot(vm, i, 0, 0, NULL, 0));
	vcpu_call(v, "g_nothing", 0);
}

/* The log has every page that the guest wrote since the last KVM_GET_DIRTY_LOG, and no other. */
TEST(mem_dirty_log)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 bits[GUEST_MEMORY / 4096 / 8];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = bits };
	const u32 first = GPA_FREE / 4096, n = 64;

	ERR(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log), ENOENT);
	OK(vm_set_slot(vm, 0, 0, GUEST_MEMORY, vm->mem, KVM_MEM_LOG_DIRTY_PAGES));
	OK(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
	vcpu_call(v, "g_write_pages", n);
	OK(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
	for (u32 i = 0; i < n; i++)
		CHECK_EQ(bits[(first + i) / 8] >> (first + i) % 8 & 1, i % 2 == 0);
	OK(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
	for (u32 i = 0; i < n; i++)
		CHECK_EQ(bits[(first + i) / 8] >> (first + i) % 8 & 1, 0);
	vcpu_call(v, "g_write_pages", 1);
	OK(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
	CHECK_EQ(bits[first / 8] & 1, 1);
	log.slot = 600;
	ERR(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log), is_stock() ? ENOENT : EINVAL);
	log.slot = 0;
	log.dirty_bitmap = NULL;
	ERR(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log), EFAULT);
	OK(vm_set_slot(vm, 0, 0, GUEST_MEMORY, vm->mem, 0));
	vcpu_call(v, "g_write_pages", n);
}

/* ---- pins: accounting and release ---- */

static void need_pinning(void)
{
	if (is_stock())
		test_skip("stock KVM does not pin");
}

static long host_pinned_kb(void)
{
	struct vm *vm = vm_create_bare();
	u64 bytes = stat_get(vm->fd, "pinned_bytes");

	vm_close(vm);
	return bytes / 1024;
}

TEST(mem_pins_given_back)
{
	struct vm *vm = vm_create_bare();
	u64 *p = anonymous(64 * MIB);

	need_pinning();
	CHECK_EQ(host_pinned_kb(), 0);
	OK(vm_set_slot(vm, 0, 0, 32 * MIB, p, 0));
	CHECK_EQ(stat_get(vm->fd, "pinned_bytes"), 32 * MIB);
	/* A second slot with the same pages adds nothing: pins are kept by host address. */
	OK(vm_set_slot(vm, 1, 0x40000000, 32 * MIB, p, 0));
	CHECK_EQ(stat_get(vm->fd, "pinned_bytes"), 32 * MIB);
	OK(vm_set_slot(vm, 0, 0, 0, NULL, 0));
	CHECK_EQ(stat_get(vm->fd, "pinned_bytes"), 32 * MIB);
	OK(vm_set_slot(vm, 1, 0, 0, NULL, 0));
	CHECK_RANGE(stat_get(vm->fd, "pinned_bytes"), 0, 32 * MIB);
	vm_close(vm);
	CHECK_EQ(proc_status("VmPin"), 0);
}

/* An unprivileged user with a small memlock limit gets ENOMEM, and nothing stays pinned. */
static void as_user(u64 limit)
{
	struct rlimit r = { limit, limit };

	OK(setrlimit(RLIMIT_MEMLOCK, &r));
	device_open();
	OK(setgid(65534));
	OK(setuid(65534));
	OK(prctl(PR_SET_DUMPABLE, 1));
}

TEST(mem_memlock_limit)
{
	struct vm *vm;
	u8 *p = anonymous(32 * MIB);

	need_pinning();
	as_user(8 * MIB);
	vm = vm_create_bare();
	ERR(vm_set_slot(vm, 0, 0, 32 * MIB, p, 0), ENOMEM);
	OK(vm_set_slot(vm, 0, 0, 6 * MIB, p, 0));
	ERR(vm_set_slot(vm, 1, 0x40000000, 6 * MIB, p + 16 * MIB, 0), ENOMEM);
	OK(vm_set_slot(vm, 0, 0, 0, NULL, 0));
	OK(vm_set_slot(vm, 1, 0x40000000, 6 * MIB, p + 16 * MIB, 0));
	vm_close(vm);
	for (int i = 0; i < 20; i++) {
		vm = vm_create_bare();
		OK(vm_set_slot(vm, 0, 0, 6 * MIB, p, 0));
		vm_close(vm);
	}
	CHECK_EQ(proc_status("VmPin"), 0);
	CHECK_EQ(proc_status("VmLck"), 0);
}

/* A client is killed in KVM_RUN: its pinned memory is freed. */
TEST(mem_killed_client)
{
	long before, after = 0;
	int status;

	need_pinning();
	before = free_kb();
	for (int round = 0; round < 3; round++) {
		pid_t pid = fork();

		if (!pid) {
			struct vm *vm = vm_create(CHIP_SPLIT);

			memset(vm_add_memory(vm, 1, 0x40000000, 256 * MIB, 0), 1, 256 * MIB);
			vcpu_start(vcpu_create(vm, 0), "g_count_forever", 0);
			vcpu_run(vm->vcpus[0]);
			_exit(1);
		}
		usleep(700000);
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
	}
	for (int i = 0; i < 50 && before - (after = free_kb()) > 64 * 1024; i++)
		usleep(100000);
	CHECK_RANGE(before - after, -1000000, 64 * 1024);
}

/* Large pages are used where slot and memory are aligned alike, and counted. */
TEST(mem_large_pages)
{
	struct vm *vm = vm_create_bare();
	u64 at;
	u8 *p;

	need_pinning();
	p = anonymous(16 * MIB);
	at = ((uintptr_t)p + 2 * MIB - 1) & ~(2 * MIB - 1);
	OK(madvise((void *)at, 8 * MIB, MADV_HUGEPAGE));
	memset((void *)at, 1, 8 * MIB);
	OK(vm_set_slot(vm, 0, 0x40000000, 8 * MIB, (void *)at, 0));
	CHECK_EQ(stat_get(vm->fd, "pages_2m") * 512 + stat_get(vm->fd, "pages_4k"), 2048);
	if (!system("grep -qs 'safe large pages' /sys/module/taxcut/parameters/missing_features"))
		CHECK_EQ(stat_get(vm->fd, "pages_2m"), 0);
	OK(vm_set_slot(vm, 0, 0, 0, NULL, 0));
	CHECK_EQ(stat_get(vm->fd, "pages_2m") + stat_get(vm->fd, "pages_4k"), 0);
	/* Slot and memory are not aligned alike: small pages only. */
	OK(vm_set_slot(vm, 0, 0x40001000, 4 * MIB, (void *)at, 0));
	CHECK_EQ(stat_get(vm->fd, "pages_2m"), 0);
	CHECK_EQ(stat_get(vm->fd, "pages_4k"), 1024);
}

TEST(mem_region2)
{
	struct vm *vm = vm_create_bare();
	struct kvm_userspace_memory_region2 r = { .slot = 0, .memory_size = MIB, .userspace_addr = (u64)anonymous(MIB) };

	OK(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION2, &r));
	r.slot = 1;
	r.guest_phys_addr = 0x40000000;
	r.flags = KVM_MEM_GUEST_MEMFD;
	ERR(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION2, &r), EINVAL);
}

/* The guest follows changes of this process's mapping: pages given back by a balloon, a file mapped over them. */
TEST(mem_follows_mapping)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u32 *p = vm_add_memory(vm, 1, 0x20000000, 4 * MIB, 0);
	void *q;

	CHECK_EQ(capability(KVM_CAP_SYNC_MMU), 1);
	p[0] = p[MIB / 4] = 0x1111;
	vcpu_call(v, "g_mmio_one_read", 0x20000000);
	CHECK_EQ(guest_results(vm)[0], 0x1111);
	OK(madvise(p, MIB, MADV_DONTNEED));
	vcpu_call(v, "g_mmio_one_read", 0x20000000);
	CHECK_EQ(guest_results(vm)[0], 0);
	p[1] = 0x2222;
	vcpu_call(v, "g_mmio_one_read", 0x20000004);
	CHECK_EQ(guest_results(vm)[0], 0x2222);
	q = mmap((u8 *)p + MIB, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(q == (u8 *)p + MIB);
	*(u32 *)q = 0x3333;
	vcpu_call(v, "g_mmio_one_read", 0x20000000 + MIB);
	CHECK_EQ(guest_results(vm)[0], 0x3333);
	vcpu_call(v, "g_touch", 0x20000000 + MIB + 64);
	CHECK_EQ(*(u64 *)((u8 *)q + 64), (0x20000000 + MIB + 64) ^ 0x5a5a);
}

static void *take_away(void *p)
{
	usleep(100000);
	for (int i = 0; i < 200; i++) {
		OK(madvise(p, MIB, MADV_DONTNEED));
		usleep(500);
	}
	return NULL;
}

/* The same while the guest writes there. */
TEST(mem_follows_mapping_while_running)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, take_away, vm->mem + GPA_FREE), 0);
	for (int i = 0; i < 100; i++)
		vcpu_call(v, "g_write_pages", 256);
	pthread_join(t, NULL);
	vcpu_call(v, "g_write_pages", 256);
	CHECK_EQ(*(u32 *)(vm->mem + GPA_FREE + 254 * 4096), 254);
}

/*
 * Memory that this process has unmapped: a guest access ends KVM_RUN with EFAULT; the guest goes on once it is mapped
 * again.
 */
TEST(mem_unmapped_under_guest)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u32 *p = vm_add_memory(vm, 1, 0x20000000, MIB, 0);

	vcpu_call(v, "g_touch", 0x20000000);
	OK(munmap(p, MIB));
	vcpu_start(v, "g_mmio_one_read", 0x20000000);
	ERR(vcpu_run_once(v), EFAULT);
	ERR(vcpu_run_once(v), EFAULT);
	CHECK(mmap(p, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	p[0] = 0x7777;
	vcpu_done(v);
	CHECK_EQ(guest_results(vm)[0], 0x7777);
}

/* KVM_PRE_FAULT_MEMORY: 0 with the remainder in *range, or -1. */
static int pre_fault(struct vcpu *v, struct kvm_pre_fault_memory *range, u64 gpa, u64 size, u64 flags)
{
	*range = (struct kvm_pre_fault_memory){ .gpa = gpa, .size = size, .flags = flags };
	return ioctl(v->fd, KVM_PRE_FAULT_MEMORY, range);
}

/* Discarded memory is mapped ahead of the guest, which then takes no fault for it. */
TEST(mem_pre_fault)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_pre_fault_memory range;
	u8 *p = vm_add_memory(vm, 1, 0x20000000, 8 * MIB, 0);
	u64 faults;

	if (!capability(KVM_CAP_PRE_FAULT_MEMORY))
		test_skip("no KVM_PRE_FAULT_MEMORY");
	vcpu_call(v, "g_nothing", 0);
	OK(madvise(p, 8 * MIB, MADV_DONTNEED));
	OK(pre_fault(v, &range, 0x20000000, 8 * MIB, 0));
	CHECK_EQ(range.size, 0);
	CHECK_EQ(range.gpa, 0x20000000 + 8 * MIB);
	faults = stat_get(v->fd, "pf_taken");
	for (u64 at = 0; at < 8 * MIB; at += MIB / 2)
		vcpu_call(v, "g_mmio_one_read", 0x20000000 + at);
	CHECK_EQ(stat_get(v->fd, "pf_taken"), faults);

	ERR(pre_fault(v, &range, 0x20000800, 4096, 0), EINVAL);
	ERR(pre_fault(v, &range, 0x20000000, 4095, 0), EINVAL);
	ERR(pre_fault(v, &range, 0x20000000, 4096, 1), EINVAL);
	ERR(pre_fault(v, &range, 0x20000000, 0, 0), EINVAL);
	ERR(pre_fault(v, &range, ~0xfffULL, 8192, 0), EINVAL);
	ERR(pre_fault(v, &range, 0x60000000, 4096, 0), ENOENT);
	/* Works up to the end of the slot; then the rest is refused. */
	OK(pre_fault(v, &range, 0x20000000 + 8 * MIB - 4096, 8192, 0));
	CHECK_EQ(range.size, 4096);
	ERR(pre_fault(v, &range, range.gpa, range.size, 0), ENOENT);
	vm_add_memory(vm, 2, 0x30000000, 8192, 0);
	OK(pre_fault(v, &range, 0x30000000, 3 * 4096, 0));
	CHECK_EQ(range.size, 4096);
	OK(munmap(p + MIB, MIB));
	ERR(pre_fault(v, &range, 0x20000000 + MIB, 4096, 0), EFAULT);
}

static volatile int bus_code;
static void *volatile bus_address;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	bus_code = info->si_code;
	bus_address = info->si_addr;
}

/* Poisoned memory: a guest access sends the vCPU's thread the SIGBUS that an access of its own would. */
TEST(mem_poisoned_page)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 *p = vm_add_memory(vm, 1, 0x20000000, MIB, 0);

	OK(sigaction(SIGBUS, &sa, NULL));
	memset(p, 1, MIB);
	vcpu_call(v, "g_touch", 0x20001000);
	/* EBUSY: the page is pinned; it is poisoned nevertheless. */
	if (madvise(p + 4096, 4096, MADV_HWPOISON) && errno != EBUSY)
		test_skip("the host's kernel has no MADV_HWPOISON");
	vcpu_call(v, "g_touch", 0x20002000);
	vcpu_start(v, "g_mmio_one_read", 0x20001000);
	ERR(vcpu_run_once(v), EINTR);
	CHECK_EQ(bus_code, BUS_MCEERR_AR);
	CHECK(bus_address == p + 4096);
}
