// SPDX-License-Identifier: GPL-2.0-only
/* Port I/O, MMIO, coalesced I/O and ioeventfds. Guest side: guest/io.c. */
#include "device.h"
#include "harness.h"

#include <sys/eventfd.h>
#include <sys/mman.h>

static void expect_io(struct vcpu *v, bool in, u16 port, u8 size)
{
	vcpu_expect(v, KVM_EXIT_IO);
	CHECK_EQ(v->run->io.direction, in ? KVM_EXIT_IO_IN : KVM_EXIT_IO_OUT);
	CHECK_EQ(v->run->io.port, port);
	CHECK_EQ(v->run->io.size, size);
}

static u8 *io_data(struct vcpu *v)
{
	return (u8 *)v->run + v->run->io.data_offset;
}

TEST(io_ports)
{
	static const struct {
		bool in;
		u16 port;
		u8 size;
		u32 value;
	} rows[] = {
		{ false, 0x1001, 1, 0x11 },	  { false, 0x1002, 2, 0x2211 }, { false, 0x1004, 4, 0x44332211 },
		{ false, 0x99, 1, 0x55 },	  { true, 0x1001, 1, 0xa1 },	{ true, 0x1002, 2, 0xb2a1 },
		{ true, 0x1004, 4, 0xd4c3b2a1 },
	};
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_start(v, "g_ports", 0);
	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect_io(v, rows[i].in, rows[i].port, rows[i].size);
		if (rows[i].in)
			memcpy(io_data(v), &rows[i].value, rows[i].size);
		else
			CHECK(!memcmp(io_data(v), &rows[i].value, rows[i].size));
	}
	vcpu_done(v);
}

/* Output strings arrive complete and in order, in any number of exits. */
static void string_out(u8 size, bool down)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 got[400];
	u32 n = 0;

	guest_args(vm)[1] = down;
	vcpu_start(v, "g_string_out", size);
	while (n < 100) {
		expect_io(v, false, 0x1100, size);
		CHECK_RANGE(v->run->io.count, 1, 100 - n);
		memcpy(got + n * size, io_data(v), v->run->io.count * size);
		n += v->run->io.count;
	}
	vcpu_done(v);
	for (u32 i = 0; i < 100; i++)
		for (u32 b = 0; b < size; b++)
			CHECK_EQ(got[i * size + b], (u8)((4096 - 10 * size + (down ? 99 - i : i) * size + b) * 7));
}

TEST(io_string_out)
{
	string_out(1, false);
	string_out(2, false);
	string_out(4, false);
	string_out(1, true);
	string_out(4, true);
}

static void string_in(u8 size)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);
	u32 sent = 0;

	vcpu_start(v, "g_string_in", size);
	while (sent < 100u * size) {
		expect_io(v, true, 0x1100, size);
		CHECK_RANGE(v->run->io.count, 1, 100 - sent / size);
		for (u32 i = 0; i < v->run->io.count * size; i++, sent++)
			io_data(v)[i] = sent * 3 + 1;
	}
	vcpu_done(v);
}

TEST(io_string_in)
{
	string_in(1);
	string_in(2);
	string_in(4);
}

TEST(io_string_page_fault)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_start(v, "g_string_faults", 0);
	for (u32 n = 0; n < 4; n += v->run->io.count)
		expect_io(v, false, 0x1100, 1);
	vcpu_done(v);
}

static struct device device;

static void run_device(struct vcpu *v, const char *function, u64 arg)
{
	vcpu_start(v, function, arg);
	device_run(v, &device);
	vcpu_check_done(v);
}

TEST(io_mmio_moves)
{
	run_device(vcpu_create(vm_create(CHIP_NONE), 0), "g_mmio_moves", 0);
}

TEST(io_mmio_read_modify_write)
{
	run_device(vcpu_create(vm_create(CHIP_NONE), 0), "g_mmio_alu", 0);
}

TEST(io_mmio_strings)
{
	run_device(vcpu_create(vm_create(CHIP_NONE), 0), "g_mmio_strings", 0);
}

TEST(io_mmio_sse)
{
	run_device(vcpu_create(vm_create(CHIP_NONE), 0), "g_mmio_sse", 0);
}

TEST(io_mmio_page_crossing)
{
	struct vm *vm = vm_create(CHIP_NONE);
	u8 *ram = vm_add_memory(vm, 1, GPA_MMIO - 0x1000, 0x1000, 0);
	struct vcpu *v = vcpu_create(vm, 0);

	run_device(v, "g_mmio_crossing", 1);
	CHECK_EQ(ram[0xfff], (u8)~0x02); /* the last write began 7 bytes before the end: byte 6 of ~v */
}

/* A simple access is one exit with its address, size and data. */
TEST(io_mmio_exit_fields)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start(v, "g_mmio_one_write", GPA_MMIO + 0x10);
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, GPA_MMIO + 0x10);
	CHECK_EQ(v->run->mmio.len, 4);
	CHECK_EQ(v->run->mmio.is_write, 1);
	CHECK_EQ(*(u32 *)v->run->mmio.data, 0x600df00d);
	vcpu_done(v);
	vcpu_start(v, "g_mmio_one_read", GPA_MMIO + 0x20);
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, GPA_MMIO + 0x20);
	CHECK_EQ(v->run->mmio.is_write, 0);
	*(u32 *)v->run->mmio.data = 0xcafe0001;
	vcpu_done(v);
	CHECK_EQ(guest_results(vm)[0], 0xcafe0001);
}

/* An instruction that cannot be emulated is reported to user space with its bytes. */
TEST(io_mmio_not_emulated)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v;

	vm_enable_cap(vm, KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
	v = vcpu_create(vm, 0);
	vcpu_start(v, "g_mmio_bad", 0);
	if (is_stock())
		test_skip("stock KVM emulates FXSAVE");
	vcpu_expect(v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v->run->internal.suberror, KVM_INTERNAL_ERROR_EMULATION);
	CHECK(v->run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES);
	CHECK_RANGE(v->run->emulation_failure.insn_size, 3, 15);
	CHECK(memmem(v->run->emulation_failure.insn_bytes, 15, "\x0f\xae", 2));
}

TEST(io_mmio_fetch)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_start(v, "g_mmio_fetch", 0);
	vcpu_expect(v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v->run->internal.suberror, KVM_INTERNAL_ERROR_EMULATION);
}

/* ---- coalesced I/O ---- */

static struct kvm_coalesced_mmio_ring *ring_of(struct vcpu *v)
{
	return (void *)((u8 *)v->run + capability(KVM_CAP_COALESCED_MMIO) * 4096);
}

static void zone(struct vm *vm, unsigned long cmd, u64 addr, u32 size, u32 pio)
{
	struct kvm_coalesced_mmio_zone z = { .addr = addr, .size = size, .pio = pio };

	OK(ioctl(vm->fd, cmd, &z));
}

TEST(io_coalesced_mmio)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_coalesced_mmio_ring *ring = ring_of(v);

	zone(vm, KVM_REGISTER_COALESCED_MMIO, GPA_MMIO, 0x40, 0);
	vcpu_call(v, "g_write_series", 50);
	CHECK_EQ(ring->first, 0);
	CHECK_EQ(ring->last, 50);
	for (u32 i = 0; i < 50; i++) {
		CHECK_EQ(ring->coalesced_mmio[i].phys_addr, GPA_MMIO + i % 16 * 4);
		CHECK_EQ(ring->coalesced_mmio[i].len, 4);
		CHECK_EQ(*(u32 *)ring->coalesced_mmio[i].data, i);
		CHECK_EQ(ring->coalesced_mmio[i].pio, 0);
	}
	/* With a full ring, the next write is an exit. */
	vcpu_start(v, "g_write_series", 1000);
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ((ring->last + 1) % ((4096 - sizeof(*ring)) / sizeof(ring->coalesced_mmio[0])), ring->first);
	/* Invalid indexes in the ring: the write is an exit. */
	ring->first = 0xffffffff;
	ring->last = 0x7fffffff;
	CHECK_EQ(vcpu_run(v), KVM_EXIT_MMIO);
	ring->first = ring->last = 0;
	while (vcpu_run(v) == KVM_EXIT_MMIO)
		ring->first = ring->last;
	vcpu_check_done(v);
	zone(vm, KVM_UNREGISTER_COALESCED_MMIO, GPA_MMIO, 0x40, 0);
	vcpu_start(v, "g_write_series", 1);
	vcpu_expect(v, KVM_EXIT_MMIO);
}

TEST(io_coalesced_pio)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_coalesced_mmio_ring *ring = ring_of(v);
	struct kvm_coalesced_mmio_zone bad = { .addr = 0x1200, .size = 2, .pio = 2 };

	zone(vm, KVM_REGISTER_COALESCED_MMIO, 0x1200, 2, 1);
	vcpu_call(v, "g_out_series", 10);
	CHECK_EQ(ring->last, 10);
	CHECK_EQ(ring->coalesced_mmio[9].phys_addr, 0x1200);
	CHECK_EQ(ring->coalesced_mmio[9].len, 2);
	CHECK_EQ(ring->coalesced_mmio[9].pio, 1);
	CHECK_EQ(*(u16 *)ring->coalesced_mmio[9].data, 9);
	ERR(ioctl(vm->fd, KVM_REGISTER_COALESCED_MMIO, &bad), EINVAL);
}

/* ---- ioeventfds ---- */

static int assign(struct vm *vm, int fd, u64 addr, u32 len, u32 flags, u64 datamatch)
{
	struct kvm_ioeventfd e = { .addr = addr, .len = len, .fd = fd, .flags = flags, .datamatch = datamatch };

	return ioctl(vm->fd, KVM_IOEVENTFD, &e);
}

static u64 events(int fd)
{
	u64 n = 0;

	return read(fd, &n, 8) == 8 ? n : 0;
}

static void guest_write(struct vcpu *v, bool port, u64 addr, u64 value, u64 width)
{
	guest_args(v->vm)[0] = addr;
	guest_args(v->vm)[1] = value;
	vcpu_start(v, port ? "g_out_arg" : "g_mmio_write_arg", width);
}

TEST(io_ioeventfd_mmio)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	int any = eventfd(0, EFD_NONBLOCK), match = eventfd(0, EFD_NONBLOCK), zero = eventfd(0, EFD_NONBLOCK);

	OK(assign(vm, any, GPA_MMIO, 4, 0, 0));
	OK(assign(vm, match, GPA_MMIO + 8, 4, KVM_IOEVENTFD_FLAG_DATAMATCH, 7));
	OK(assign(vm, zero, GPA_MMIO + 16, 0, 0, 0));
	guest_write(v, false, GPA_MMIO, 1, 4);
	vcpu_done(v);
	CHECK_EQ(events(any), 1);
	guest_write(v, false, GPA_MMIO + 8, 7, 4);
	vcpu_done(v);
	CHECK_EQ(events(match), 1);
	guest_write(v, false, GPA_MMIO + 8, 6, 4); /* no match */
	vcpu_expect(v, KVM_EXIT_MMIO);
	vcpu_done(v);
	guest_write(v, false, GPA_MMIO, 1, 2); /* another width */
	vcpu_expect(v, KVM_EXIT_MMIO);
	vcpu_done(v);
	CHECK_EQ(events(any) + events(match), 0);
	for (u64 width = 1; width <= 8; width *= 2) {
		guest_write(v, false, GPA_MMIO + 16, 1, width);
		vcpu_done(v);
		CHECK_EQ(events(zero), 1);
	}
	OK(assign(vm, any, GPA_MMIO, 4, KVM_IOEVENTFD_FLAG_DEASSIGN, 0));
	guest_write(v, false, GPA_MMIO, 1, 4);
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(events(any), 0);
}

TEST(io_ioeventfd_pio)
{
	const u32 pio = KVM_IOEVENTFD_FLAG_PIO, match = KVM_IOEVENTFD_FLAG_DATAMATCH;
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	int a = eventfd(0, EFD_NONBLOCK), b = eventfd(0, EFD_NONBLOCK);

	OK(assign(vm, a, 0x1300, 2, pio | match, 1));
	OK(assign(vm, b, 0x1300, 2, pio | match, 2));
	guest_write(v, true, 0x1300, 2, 2);
	vcpu_done(v);
	CHECK_EQ(events(a), 0);
	CHECK_EQ(events(b), 1);
	guest_write(v, true, 0x1300, 1, 2);
	vcpu_done(v);
	CHECK_EQ(events(a), 1);
	guest_write(v, true, 0x1300, 3, 2);
	vcpu_expect(v, KVM_EXIT_IO);
	/* An ioeventfd for a memory address does not match the same port. */
	OK(assign(vm, a, 0x1300, 2, pio | match | KVM_IOEVENTFD_FLAG_DEASSIGN, 1));
	OK(assign(vm, b, 0x1300, 2, pio | match | KVM_IOEVENTFD_FLAG_DEASSIGN, 2));
	OK(assign(vm, a, 0x1300, 2, 0, 0));
	guest_write(v, true, 0x1300, 1, 2);
	vcpu_expect(v, KVM_EXIT_IO);
}

TEST(io_ioeventfd_errors)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	int fd = eventfd(0, 0), other = eventfd(0, 0);

	ERR(assign(vm, fd, GPA_MMIO, 3, 0, 0), EINVAL);
	ERR(assign(vm, fd, GPA_MMIO, 16, 0, 0), EINVAL);
	ERR(assign(vm, fd, ~0ULL, 4, 0, 0), EINVAL);
	ERR(assign(vm, fd, GPA_MMIO, 4, 1 << 10, 0), EINVAL);
	ERR(assign(vm, fd, GPA_MMIO, 0, KVM_IOEVENTFD_FLAG_DATAMATCH, 0), EINVAL);
	ERR(assign(vm, 9999, GPA_MMIO, 4, 0, 0), EBADF);
	ERR(assign(vm, vm->fd, GPA_MMIO, 4, 0, 0), EINVAL);
	ERR(assign(vm, fd, GPA_MMIO, 4, KVM_IOEVENTFD_FLAG_DEASSIGN, 0), ENOENT);
	OK(assign(vm, fd, GPA_MMIO, 4, 0, 0));
	ERR(assign(vm, other, GPA_MMIO, 4, 0, 0), EEXIST);
	ERR(assign(vm, other, GPA_MMIO, 4, KVM_IOEVENTFD_FLAG_DEASSIGN, 0), ENOENT);
	ERR(ioctl(vm->fd, KVM_IOEVENTFD, NULL), EFAULT);
	/* The eventfd is closed while assigned: the VM holds a reference. */
	close(fd);
	vm_close(vm);
}
