// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the client changes under the guest: the guest sees the client's
 * memory, or KVM_RUN ends with EFAULT, and every write of the guest is logged.
 * Guest side: guest/mem_owner.c.
 */
#include "mem_owner.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ---- the dirty log keeps writes to pages that the client then unmaps or discards ---- */

#define LOGGED 64 /* pages */

static void log_get(struct owner *o, u8 *bits)
{
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bits };

	memset(bits, 0, o->size / PAGE / 8);
	OK(ioctl(o->vm->fd, KVM_GET_DIRTY_LOG, &log));
}

static bool bit(const u8 *bits, u64 n)
{
	return bits[n / 8] >> n % 8 & 1;
}

static struct owner own_logging(int fd)
{
	struct owner o = own_none(LOGGED * PAGE);
	u8 bits[LOGGED / 8];

	o.p = own_reserve(o.size);
	if (fd >= 0)
		own_map_file(o.p, o.size, fd);
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, KVM_MEM_LOG_DIRTY_PAGES));
	log_get(&o, bits);
	return o;
}

/* One reading of the log has the pages that the guest wrote, and no others. */
static void log_has_every_second(struct owner *o)
{
	u8 bits[LOGGED / 8];
	u32 missing = 0, surplus = 0;

	log_get(o, bits);
	for (u64 i = 0; i < LOGGED; i++) {
		missing += i % 2 == 0 && !bit(bits, i);
		surplus += i % 2 && bit(bits, i);
	}
	if (missing || surplus)
		FAIL("%u of %u written pages are missing in the log, %u too many are in it", missing, LOGGED / 2, surplus);
	log_get(o, bits);
	for (u64 i = 0; i < LOGGED; i++)
		CHECK_EQ(bit(bits, i), false);
}

TEST(mem_dirty_then_discarded)
{
	struct owner o = own_logging(-1);

	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	OK(madvise(o.p, o.size, MADV_DONTNEED));
	CHECK_EQ(guest_reads(&o, 1), 0);
	log_has_every_second(&o);
	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	OK(madvise(o.p, o.size, MADV_DONTNEED));
	log_has_every_second(&o);
}

TEST(mem_dirty_then_unmapped)
{
	struct owner o = own_logging(-1);

	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	OK(munmap(o.p, o.size));
	guest_faults(&o, "g_own_write", 1);
	log_has_every_second(&o);
	own_map_again(o.p, o.size);
	vcpu_done(o.v);
}

TEST(mem_dirty_then_moved_away)
{
	struct owner o = own_logging(-1);

	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	CHECK(mremap(o.p, o.size, o.size, MREMAP_MAYMOVE | MREMAP_FIXED, o.p + 16 * MIB) == o.p + 16 * MIB);
	log_has_every_second(&o);
	CHECK_EQ(*word(o.p + 16 * MIB, 2), 101);
}

TEST(mem_dirty_then_mapped_over)
{
	struct owner o = own_logging(-1);

	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	own_map_again(o.p, o.size);
	log_has_every_second(&o);
}

TEST(mem_dirty_then_protected)
{
	struct owner o = own_logging(-1);

	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	OK(mprotect(o.p, o.size, PROT_READ));
	CHECK_EQ(guest_reads(&o, 2), 101);
	guest_faults(&o, "g_own_write", 1);
	OK(mprotect(o.p, o.size, PROT_NONE));
	guest_faults(&o, "g_own_read", 3);
	log_has_every_second(&o);
}

TEST(mem_dirty_then_punched)
{
	int fd = own_memfd(LOGGED * PAGE, 0);
	struct owner o = own_logging(fd);

	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (long)o.size));
	log_has_every_second(&o);
	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	OK(ftruncate(fd, 0));
	log_has_every_second(&o);
}

/* A slot that stops logging loses its log; one that starts logging has an empty log; one that goes on keeps it. */
TEST(mem_dirty_flags_toggled)
{
	struct owner o = own_logging(-1);
	u8 bits[LOGGED / 8];

	for (int round = 0; round < 3; round++) {
		guest_writes_pages(&o, 0, LOGGED, 1, 100);
		OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
		OK(madvise(o.p, o.size, MADV_DONTNEED));
		guest_writes_pages(&o, 0, LOGGED, 1, 100);
		OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, KVM_MEM_LOG_DIRTY_PAGES));
		log_get(&o, bits);
		for (u64 i = 0; i < LOGGED; i++)
			CHECK_EQ(bit(bits, i), false);
		guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
		OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, KVM_MEM_LOG_DIRTY_PAGES));
		log_has_every_second(&o);
	}
}

/* A slot that is moved keeps its log. */
TEST(mem_dirty_slot_moved)
{
	struct owner o = own_logging(-1);

	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	OK(vm_set_slot(o.vm, 1, AT + 64 * MIB, o.size, o.p, KVM_MEM_LOG_DIRTY_PAGES));
	CHECK_EQ(guest_reads(&o, 64 * 256 + 2), 101);
	log_has_every_second(&o);
}

/* Unmapped pages are neither written nor logged; after the client maps them they are. */
TEST(mem_dirty_mapped_late)
{
	struct owner o = own_none(LOGGED * PAGE);
	u8 bits[LOGGED / 8];

	o.p = own_reserve(o.size);
	OK(munmap(o.p, o.size));
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, KVM_MEM_LOG_DIRTY_PAGES));
	guest_faults(&o, "g_own_write", 1);
	log_get(&o, bits);
	for (u64 i = 0; i < LOGGED; i++)
		CHECK_EQ(bit(bits, i), false);
	own_map_again(o.p, o.size);
	guest_writes_pages(&o, 0, LOGGED / 2, 2, 100);
	log_has_every_second(&o);
}

/* Writes by the hypervisor for the guest (INS) are logged and kept, too. */
TEST(mem_dirty_by_hypervisor)
{
	struct owner o = own_logging(-1);

	for (u64 i = 0; i < LOGGED; i += 2) {
		guest_args(o.vm)[0] = 8;
		vcpu_start(o.v, "g_own_insb", AT + i * PAGE);
		for (int n = 0; n < 8; n++) {
			vcpu_expect(o.v, KVM_EXIT_IO);
			memset((u8 *)o.v->run + o.v->run->io.data_offset, 0x77, o.v->run->io.count);
			n += (int)o.v->run->io.count - 1;
		}
		vcpu_done(o.v);
		CHECK_EQ(*word(o.p, i), 0x7777777777777777);
	}
	OK(madvise(o.p, o.size, MADV_DONTNEED));
	log_has_every_second(&o);
}

static volatile bool stop_discarding;

static void *discard_all_the_time(void *arg)
{
	struct owner *o = arg;

	while (!stop_discarding) {
		OK(madvise(o->p, o->size, MADV_DONTNEED));
		usleep(200);
	}
	return NULL;
}

/* Pages are discarded while the guest writes them one after the other: all writes are logged. */
TEST(mem_dirty_while_discarded)
{
	struct owner o = own_logging(-1);
	u8 bits[LOGGED / 8];
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, discard_all_the_time, &o), 0);
	guest_args(o.vm)[1] = LOGGED / 2;
	guest_args(o.vm)[2] = 2;
	for (int i = 0; i < 50; i++) {
		vcpu_call(o.v, "g_own_write_slowly", AT);
		log_get(&o, bits);
		for (u64 n = 0; n < LOGGED; n++)
			CHECK_EQ(bit(bits, n), n % 2 == 0);
	}
	stop_discarding = true;
	pthread_join(t, NULL);
}

/* ---- memory that is unmapped and mapped again ---- */

TEST(mem_unmapped_and_mapped_again)
{
	struct owner o = own_slot(4 * MIB, 0);

	for (int round = 0; round < 3; round++) {
		same_memory(&o, 3);
		OK(munmap(o.p, o.size));
		guest_faults(&o, "g_own_read", 3);
		guest_faults(&o, "g_own_write", 600);
		own_map_again(o.p, o.size);
		*word(o.p, 600) = 5;
		vcpu_done(o.v);
		CHECK_EQ(*word(o.p, 600), 0x3333 + 3); /* the value of args[0] */
		CHECK_EQ(guest_reads(&o, 3), 0);
		same_memory(&o, 3);
		same_memory(&o, 600);
	}
}

/* One page is unmapped: the others stay. */
TEST(mem_one_page_unmapped)
{
	struct owner o = own_slot(4 * MIB, 0);

	for (u64 i = 0; i < 1024; i++)
		*word(o.p, i) = i;
	CHECK_EQ(guest_reads(&o, 700), 700);
	OK(munmap(o.p + 700 * PAGE, PAGE));
	guest_faults(&o, "g_own_read", 700);
	for (u64 i = 0; i < 1024; i++)
		if (i != 700)
			CHECK_EQ(guest_reads(&o, i), i);
	own_map_again(o.p + 700 * PAGE, PAGE);
	CHECK_EQ(guest_reads(&o, 700), 0);
	same_memory(&o, 700);
	same_memory(&o, 699);
	same_memory(&o, 701);
}

TEST(mem_registered_before_mapped)
{
	struct owner o = own_none(4 * MIB);

	o.p = own_reserve(o.size);
	OK(munmap(o.p, o.size));
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	guest_faults(&o, "g_own_read", 5);
	own_map_again(o.p, MIB);
	vcpu_done(o.v);
	same_memory(&o, 5);
	guest_faults(&o, "g_own_read", 300);
	own_map_again(o.p + MIB, 3 * MIB);
	vcpu_done(o.v);
	same_memory(&o, 300);
}

TEST(mem_file_shrunk_and_grown)
{
	int fd = own_memfd(2 * MIB, 0);
	struct owner o = own_none(2 * MIB);

	o.p = own_map_file(own_reserve(o.size), o.size, fd);
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	for (int round = 0; round < 3; round++) {
		same_memory(&o, 400);
		same_memory(&o, 100);
		OK(ftruncate(fd, MIB));
		guest_faults(&o, "g_own_write", 400);
		CHECK_EQ(guest_reads(&o, 100), 0x3333 + 100);
		OK(ftruncate(fd, 2 * MIB));
		CHECK_EQ(guest_reads(&o, 400), 0);
		same_memory(&o, 400);
		OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * MIB));
		CHECK_EQ(guest_reads(&o, 100), 0);
	}
}

/* mremap(): the slot over the old address loses the pages, a slot over the new address has them. */
TEST(mem_part_moved_away)
{
	struct owner o = own_slot(4 * MIB, 0);
	u8 *to = o.p + 16 * MIB;

	for (u64 i = 0; i < 1024; i++)
		*word(o.p, i) = i;
	guest_writes(&o, 300, 0x300);
	OK(vm_set_slot(o.vm, 2, AT + 32 * MIB, MIB, to, 0));
	CHECK(mremap(o.p + MIB, MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	guest_faults(&o, "g_own_read", 300);
	CHECK_EQ(guest_reads(&o, 255), 255);
	CHECK_EQ(guest_reads(&o, 512), 512);
	CHECK_EQ(guest_reads(&o, 32 * 256 + 300 - 256), 0x300);
	guest_writes(&o, 32 * 256 + 1, 0x257);
	CHECK_EQ(*word(to, 1), 0x257);
	CHECK(mremap(to, MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED, o.p + MIB) == o.p + MIB);
	CHECK_EQ(guest_reads(&o, 257), 0x257);
	guest_faults(&o, "g_own_read", 32 * 256);
	same_memory(&o, 300);
}

/* The rights of the mapping apply to the guest, whether or not it has accessed the page before. */
TEST(mem_protected_mapping)
{
	struct owner o = own_slot(4 * MIB, 0);

	for (int round = 0; round < 3; round++) {
		same_memory(&o, 3);
		OK(mprotect(o.p, o.size, PROT_READ));
		CHECK_EQ(guest_reads(&o, 3), 0x3333 + 3);
		guest_args(o.vm)[0] = 0x4444;
		guest_faults(&o, "g_own_write", 3);
		guest_faults(&o, "g_own_write", 500);
		CHECK_EQ(*word(o.p, 3), 0x3333 + 3);
		OK(mprotect(o.p, o.size, PROT_NONE));
		guest_faults(&o, "g_own_read", 3);
		OK(mprotect(o.p, o.size, PROT_READ | PROT_WRITE));
		vcpu_done(o.v);
		CHECK_EQ(guest_results(o.vm)[0], 0x3333 + 3);
		same_memory(&o, 500);
	}
}

TEST(mem_registered_while_protected)
{
	struct owner o = own_none(4 * MIB);

	o.p = own_reserve(o.size);
	*word(o.p, 7) = 7;
	OK(mprotect(o.p, o.size, PROT_READ));
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	CHECK_EQ(guest_reads(&o, 7), 7);
	CHECK_EQ(guest_reads(&o, 8), 0);
	guest_faults(&o, "g_own_write", 8);
	OK(mprotect(o.p, o.size, PROT_READ | PROT_WRITE));
	vcpu_done(o.v);
	same_memory(&o, 7);
}

/* ---- the hypervisor's own accesses ---- */

/* The emulator's memory access hits a discarded page. */
TEST(mem_emulated_access_to_discarded)
{
	struct owner o = own_slot(4 * MIB, 0);

	for (int round = 0; round < 3; round++) {
		static const char *const access[] = { "g_own_movs", "g_own_push" };

		for (u64 i = 0; i < 2; i++) {
			guest_writes(&o, i, 5);
			OK(madvise(o.p, o.size, MADV_DONTNEED));
			vcpu_start(o.v, access[i], AT + i * PAGE);
			vcpu_expect(o.v, KVM_EXIT_MMIO);
			CHECK_EQ(o.v->run->mmio.is_write, 0);
			OK(madvise(o.p, o.size, MADV_DONTNEED));
			memset(o.v->run->mmio.data, 0x66, 8);
			vcpu_done(o.v);
			CHECK_EQ(*word(o.p, i), 0x6666666666666666);
			CHECK_EQ(guest_reads(&o, i), 0x6666666666666666);
		}
		OK(madvise(o.p, o.size, MADV_DONTNEED));
		guest_args(o.vm)[0] = 2;
		vcpu_start(o.v, "g_own_outsb", AT + 3 * PAGE);
		vcpu_expect(o.v, KVM_EXIT_IO);
		CHECK_EQ(((u8 *)o.v->run)[o.v->run->io.data_offset], 0);
	}
}

/* The same for an access that crosses two pages. */
TEST(mem_emulated_access_across_discarded)
{
	struct owner o = own_slot(4 * MIB, 0);
	static const char *const access[] = { "g_own_movs", "g_own_push" };
	u64 value;

	for (u64 i = 0; i < 6; i++) {
		u64 offset = (i + 1) * PAGE - 4;

		guest_writes(&o, i, 5);
		guest_writes(&o, i + 1, 5);
		OK(madvise(o.p, o.size, MADV_DONTNEED));
		vcpu_start(o.v, access[i % 2], AT + offset);
		vcpu_expect(o.v, KVM_EXIT_MMIO);
		OK(madvise(o.p + (i + i / 2 % 2) * PAGE, PAGE, MADV_DONTNEED));
		memcpy(o.v->run->mmio.data, "abcdefgh", 8);
		vcpu_done(o.v);
		CHECK(!memcmp(o.p + offset, "abcdefgh", 8));
		vcpu_call(o.v, "g_own_read", AT + offset);
		value = guest_results(o.vm)[0];
		CHECK(!memcmp(&value, "abcdefgh", 8));
	}
}

/* After EFAULT or an exit the emulated access is completed; nothing else is written. */
TEST(mem_emulated_access_to_unmapped)
{
	struct owner o = own_slot(4 * MIB, 0);
	u32 tries = 0;
	int r;

	if (is_stock())
		test_skip("stock KVM's emulator treats unmapped memory as a device");
	same_memory(&o, 3);
	guest_args(o.vm)[0] = 1;
	OK(munmap(o.p + 3 * PAGE, PAGE));
	vcpu_start(o.v, "g_own_insb", AT + 3 * PAGE);
	r = own_run(o.v);
	if (!r) {
		CHECK_EQ(o.v->run->exit_reason, KVM_EXIT_IO);
		((u8 *)o.v->run)[o.v->run->io.data_offset] = 0x55;
		r = own_run(o.v);
	}
	CHECK_EQ(r, -EFAULT);
	CHECK_EQ(own_run(o.v), -EFAULT);
	own_map_again(o.p + 3 * PAGE, PAGE);
	for (vcpu_run(o.v); o.v->run->exit_reason == KVM_EXIT_IO && o.v->run->io.port == 0x1100; vcpu_run(o.v)) {
		((u8 *)o.v->run)[o.v->run->io.data_offset] = 0x55;
		CHECK(tries++ == 0);
	}
	vcpu_check_done(o.v);
	CHECK_EQ(*word(o.p, 3), 0x55);
	CHECK_EQ(guest_reads(&o, 3), 0x55);
}

/* A discarded kvmclock page reads as zero until the clock is written again. */
TEST(mem_clock_page_discarded)
{
	struct owner o = own_slot(4 * MIB, 0);
	struct kvm_clock_data c = { .clock = 1000000000 };
	u64 *clock = word(o.p, 3);
	int r;

	vcpu_start(o.v, "g_own_clock", AT + 3 * PAGE);
	vcpu_expect(o.v, KVM_EXIT_IO);
	CHECK(clock[3]); /* tsc_to_system_mul */
	for (u32 round = 0; round < 3; round++) {
		OK(madvise(o.p, o.size, MADV_DONTNEED));
		OK(ioctl(o.vm->fd, KVM_SET_CLOCK, &c));
		vcpu_expect(o.v, KVM_EXIT_IO);
		CHECK(clock[3]);
		OK(munmap(o.p, o.size));
		OK(ioctl(o.vm->fd, KVM_SET_CLOCK, &c));
		r = own_run(o.v);
		CHECK(!r || r == -EFAULT);
		own_map_again(o.p, o.size);
		OK(ioctl(o.vm->fd, KVM_SET_CLOCK, &c));
		vcpu_expect(o.v, KVM_EXIT_IO);
		CHECK(clock[3]);
	}
}

/* The same for steal time, which is written when the vCPU's thread is scheduled in. */
TEST(mem_steal_page_discarded)
{
	struct owner o = own_slot(4 * MIB, 0);
	int r;

	vcpu_start(o.v, "g_own_steal", AT + 3 * PAGE);
	vcpu_expect(o.v, KVM_EXIT_IO);
	for (u32 round = 0; round < 3; round++) {
		OK(madvise(o.p, o.size, MADV_DONTNEED));
		*word(o.p, 4) = round;
		usleep(1000);
		vcpu_expect(o.v, KVM_EXIT_IO);
		OK(munmap(o.p, o.size));
		usleep(1000);
		r = own_run(o.v);
		CHECK(!r || r == -EFAULT);
		own_map_again(o.p, o.size);
		vcpu_expect(o.v, KVM_EXIT_IO);
	}
	vcpu_start(o.v, "g_own_read", AT + 3 * PAGE + 8); /* version, which must be even, and flags */
	vcpu_done(o.v);
	CHECK_EQ(guest_results(o.vm)[0], word(o.p, 3)[1]);
	CHECK_EQ(word(o.p, 3)[1] & 1, 0);
}

/* ---- changes of the client's pages by the kernel ---- */

/* After fork() parent and guest share the memory; the child has the contents at fork(). */
static void child_of_fork(const struct owner *o, int from_parent)
{
	bool good = true;
	char c;

	for (u64 i = 0; i < 1024; i += 2)
		*word(o->p, i) = 0xc0000 + i;
	good = read(from_parent, &c, 1) == 1;
	for (u64 i = 0; i < 1024; i++)
		good = good && *word(o->p, i) == (i % 2 ? i : 0xc0000 + i);
	_exit(good ? 0 : 1);
}

TEST(mem_fork)
{
	struct owner o = own_slot(4 * MIB, 0);
	int status, to_child[2];

	for (int round = 0; round < 3; round++) {
		pid_t pid;

		for (u64 i = 0; i < 1024; i++)
			*word(o.p, i) = i;
		CHECK_EQ(guest_reads(&o, 5), 5);
		OK(pipe(to_child));
		pid = (pid_t)OK(fork());
		if (!pid)
			child_of_fork(&o, to_child[0]);
		guest_writes_pages(&o, 0, 512, 1, 0x1000);
		usleep(20000);
		for (u64 i = 0; i < 512; i++)
			CHECK_EQ(*word(o.p, i), 0x1000 + i);
		for (u64 i = 512; i < 1024; i += 2)
			*word(o.p, i) = 0x2000 + i;
		for (u64 i = 512; i < 1024; i++)
			CHECK_EQ(guest_reads(&o, i), i % 2 ? i : 0x2000 + i);
		CHECK_EQ(write(to_child[1], "x", 1), 1);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
		guest_writes_pages(&o, 0, 1024, 1, 0x3000);
		for (u64 i = 0; i < 1024; i++)
			CHECK_EQ(*word(o.p, i), 0x3000 + i);
	}
}

static long number_in(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtol(text, NULL, 10);
}

static void wait_for_scans(long n)
{
	long until = number_in("/sys/kernel/mm/ksm/full_scans") + n;

	while (number_in("/sys/kernel/mm/ksm/full_scans") < until)
		usleep(10000);
}

/* KSM merges pages: a guest's write changes its own page only, for guest and client. */
TEST(mem_ksm)
{
	struct owner o = own_slot(4 * MIB, 0);

	if (file_write("/sys/kernel/mm/ksm/run", "0"))
		test_skip("needs KSM");
	file_write("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	file_write("/sys/kernel/mm/ksm/pages_to_scan", "4096");
	OK(madvise(o.p, o.size, MADV_MERGEABLE));
	for (int round = 0; round < 3; round++) {
		for (u64 i = 0; i < 1024; i++)
			*word(o.p, i) = 0x77;
		CHECK_EQ(guest_reads(&o, 5), 0x77);
		CHECK_EQ(file_write("/sys/kernel/mm/ksm/run", "1"), 0);
		wait_for_scans(3);
		guest_writes_pages(&o, 0, 512, 2, 0x1000);
		for (u64 i = 0; i < 1024; i++)
			CHECK_EQ(*word(o.p, i), i % 2 ? 0x77 : 0x1000 + i / 2);
		wait_for_scans(2);
		for (u64 i = 0; i < 1024; i++) {
			*word(o.p, i) += 1;
			CHECK_EQ(guest_reads(&o, i), i % 2 ? 0x78 : 0x1001 + i / 2);
		}
		/* 2: stop and unmerge all pages */
		CHECK_EQ(file_write("/sys/kernel/mm/ksm/run", round == 1 ? "2" : "0"), 0);
	}
	file_write("/sys/kernel/mm/ksm/run", "0");
}

/* A huge page is split: the parts that were not changed keep their contents, and guest and client still share them. */
TEST(mem_huge_page_split)
{
	struct owner o = own_none(8 * MIB);

	o.p = own_reserve(o.size);
	OK(madvise(o.p, o.size, MADV_HUGEPAGE));
	for (u64 i = 0; i < 2048; i++)
		*word(o.p, i) = i;
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	CHECK_EQ(guest_reads(&o, 0), 0);
	OK(madvise(o.p + 100 * PAGE, PAGE, MADV_DONTNEED));
	OK(mprotect(o.p + 700 * PAGE, PAGE, PROT_READ));
	OK(munmap(o.p + 1200 * PAGE, PAGE));
	guest_faults(&o, "g_own_write", 700);
	guest_faults(&o, "g_own_read", 1200);
	for (u64 i = 0; i < 2048; i += 7)
		CHECK_EQ(guest_reads(&o, i), i);
	CHECK_EQ(guest_reads(&o, 100), 0);
	same_memory(&o, 100);
	same_memory(&o, 99);
	same_memory(&o, 701);
	OK(mprotect(o.p + 700 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	own_map_again(o.p + 1200 * PAGE, PAGE);
	/* Collapse it again, if the kernel supports that. */
	if (madvise(o.p, o.size, 25 /* MADV_COLLAPSE */))
		CHECK(errno != EFAULT);
	CHECK_EQ(guest_reads(&o, 700), 700);
	for (u64 i = 0; i < 2048; i += 97)
		same_memory(&o, i);
}

TEST(mem_hugetlb)
{
	struct owner o = own_none(8 * MIB);
	int fd;

	file_write("/proc/sys/vm/nr_hugepages", "8");
	if (number_in("/proc/sys/vm/nr_hugepages") < 8)
		test_skip("needs 8 huge pages");
	fd = own_memfd(o.size, MFD_HUGETLB);
	o.p = own_map_file(own_reserve(o.size), o.size, fd);
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	for (int round = 0; round < 3; round++) {
		same_memory(&o, 3);
		same_memory(&o, 1500);
		OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * MIB));
		CHECK_EQ(guest_reads(&o, 3), 0);
		CHECK_EQ(guest_reads(&o, 1500), 0x3333 + 1500);
		OK(ftruncate(fd, 4 * MIB));
		guest_faults(&o, "g_own_read", 1500);
		OK(ftruncate(fd, 8 * MIB));
		CHECK_EQ(guest_reads(&o, 1500), 0);
		OK(munmap(o.p + 2 * MIB, 2 * MIB));
		guest_faults(&o, "g_own_read", 512);
		CHECK(mmap(o.p + 2 * MIB, 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 2 * MIB) ==
		      o.p + 2 * MIB);
		same_memory(&o, 512);
	}
	OK(vm_set_slot(o.vm, 1, 0, 0, NULL, 0));
	OK(munmap(o.p, o.size));
	close(fd);
	file_write("/proc/sys/vm/nr_hugepages", "0");
}

/* The pool has exactly the slot's huge pages: a discarded one is free for the next access at once. */
TEST(mem_hugetlb_exact_pool)
{
	struct owner o = own_none(4 * MIB);
	int fd;

	file_write("/proc/sys/vm/nr_hugepages", "2");
	if (number_in("/proc/sys/vm/nr_hugepages") != 2)
		test_skip("needs 2 huge pages");
	fd = own_memfd(o.size, MFD_HUGETLB);
	o.p = own_map_file(own_reserve(o.size), o.size, fd);
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	for (u64 round = 0; round < 20; round++) {
		same_memory(&o, 3);
		same_memory(&o, 600);
		OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * MIB));
		if (round % 2)
			*word(o.p, 3) = 0;
		CHECK_EQ(guest_reads(&o, 3), 0);
		CHECK_EQ(guest_reads(&o, 600), 0);
	}
	OK(vm_set_slot(o.vm, 1, 0, 0, NULL, 0));
	OK(munmap(o.p, o.size));
	close(fd);
	file_write("/proc/sys/vm/nr_hugepages", "0");
}

/* ---- the client's memlock limit, and the end of the client ---- */

static void as_user(u64 limit)
{
	struct rlimit r = { limit, 64 * MIB };

	if (is_stock())
		test_skip("stock KVM pins nothing");
	OK(setrlimit(RLIMIT_MEMLOCK, &r));
	device_open();
	OK(setgid(65534));
	OK(setuid(65534));
	OK(prctl(PR_SET_DUMPABLE, 1));
}

static void set_limit(u64 limit)
{
	struct rlimit r = { limit, 64 * MIB };

	OK(setrlimit(RLIMIT_MEMLOCK, &r));
}

/* Exactly at the limit: pages that replace discarded ones do not exceed it. */
TEST(mem_limit_repinned)
{
	struct owner o;

	as_user(GUEST_MEMORY + 8 * MIB);
	o = own_slot(8 * MIB, 0);
	for (u64 round = 1; round <= 5; round++) {
		for (u64 i = 0; i < 2048; i++)
			*word(o.p, i) = round * 0x10000 + i;
		for (u64 i = 0; i < 2048; i += 51)
			CHECK_EQ(guest_reads(&o, i), round * 0x10000 + i);
		OK(madvise(o.p + (round % 4) * MIB, round % 2 ? 4 * MIB : 3 * PAGE, MADV_DONTNEED));
		CHECK_EQ(guest_reads(&o, round % 4 * 256), 0);
	}
	same_memory(&o, 3);
}

/* With a limit that is too low KVM_RUN fails and the guest sees no stale page; it goes on after the limit is raised. */
TEST(mem_limit_lowered)
{
	struct owner o;
	int r;

	as_user(GUEST_MEMORY + 8 * MIB);
	o = own_slot(8 * MIB, 0);
	for (u64 round = 1; round <= 5; round++) {
		set_limit(GUEST_MEMORY + 8 * MIB);
		same_memory(&o, 600);
		set_limit(round % 2 ? 4096 : GUEST_MEMORY + 4 * MIB);
		OK(madvise(o.p, o.size, MADV_DONTNEED));
		*word(o.p, 600) = round;
		vcpu_start(o.v, "g_own_read", AT + 600 * PAGE);
		r = own_run(o.v);
		if (r) {
			CHECK(r == -EFAULT || r == -ENOMEM);
			set_limit(GUEST_MEMORY + 8 * MIB);
			vcpu_run(o.v);
		}
		vcpu_check_done(o.v);
		CHECK_EQ(guest_results(o.vm)[0], round);
	}
	vm_close(o.vm);
}

/* Number of pinned pages on the host. */
static long pinned_pages(void)
{
	FILE *f = fopen("/proc/vmstat", "r");
	char name[64];
	long n, pinned = 0;

	CHECK(f);
	while (fscanf(f, "%63s %ld", name, &n) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			pinned += n;
		else if (!strcmp(name, "nr_foll_pin_released"))
			pinned -= n;
	}
	fclose(f);
	return pinned;
}

static void send_descriptors(int socket, int a, int b)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {};
	char byte = 0;
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	const int fds[2] = { a, b };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	CHECK_EQ(sendmsg(socket, &m, 0), 1);
}

static void receive_descriptors(int socket, int *fds)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {};
	char byte;
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	CHECK_EQ(recvmsg(socket, &m, 0), 1);
	CHECK(CMSG_FIRSTHDR(&m));
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), 2 * sizeof(int));
}

#define OWNED (256 * MIB)

static void create_and_leave(int socket)
{
	struct owner o = own_none(OWNED);

	o.p = own_reserve(o.size);
	memset(o.p, 1, o.size);
	OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
	guest_writes_pages(&o, 0, OWNED / PAGE, 1, 0);
	send_descriptors(socket, o.vm->fd, o.v->fd);
	_exit(0);
}

static void memory_comes_back(long free_before, long pinned_before)
{
	long gone = 0, pinned = 0;

	for (int i = 0; i < 100; i++) {
		gone = free_before - free_kb();
		pinned = pinned_pages() - pinned_before;
		if (gone < (long)(OWNED / 4 / 1024) && pinned < 100)
			return;
		usleep(50000);
	}
	FAIL("%ld kB of %llu are not free again, %ld pages are pinned", gone, OWNED / 1024, pinned);
}

/* After its creator has ended, a VM holds no memory, although another process has its descriptors. */
TEST(mem_owner_gone)
{
	const long pinned = pinned_pages();
	long before;
	int sockets[2], fds[2], status;
	pid_t pid;

	before = free_kb();
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = (pid_t)OK(fork());
	if (!pid)
		create_and_leave(sockets[1]);
	receive_descriptors(sockets[0], fds);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	memory_comes_back(before, pinned);
	ERR(ioctl(fds[1], KVM_RUN, 0), EIO);
	memory_comes_back(before, pinned);
	close(fds[0]);
	close(fds[1]);
	memory_comes_back(before, pinned);
}

/* The same with a child that has inherited the descriptors: its memory is a copy, not the guest's. */
TEST(mem_owner_gone_child_stays)
{
	const long pinned = pinned_pages(), before = free_kb();
	int sockets[2], fds[2], status;
	pid_t pid;

	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = (pid_t)OK(fork());
	if (!pid) {
		struct owner o = own_none(OWNED);

		o.p = own_reserve(o.size);
		OK(vm_set_slot(o.vm, 1, AT, o.size, o.p, 0));
		guest_writes_pages(&o, 0, OWNED / PAGE, 1, 0);
		if (fork())
			_exit(0);
		OK(munmap(o.p, o.size));
		CHECK(vcpu_run_once(o.v) < 0);
		close(sockets[0]);
		send_descriptors(sockets[1], o.vm->fd, o.v->fd);
		_exit(read(sockets[1], fds, 1) > 0); /* when the test ends */
	}
	close(sockets[1]);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	receive_descriptors(sockets[0], fds);
	memory_comes_back(before, pinned);
	ERR(ioctl(fds[1], KVM_RUN, 0), EIO);
	memory_comes_back(before, pinned);
}
