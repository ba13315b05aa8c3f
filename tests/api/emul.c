// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions that need the emulator: those with operands or stacks in MMIO,
 * and any instruction while the guest's page tables are in ROM. Guest side:
 * guest/emul.c, guest/emul.S.
 */
#include "device.h"
#include "harness.h"

#define GPA_ROM 0x20000000ULL
#define ROM_PAGES 16

static struct device device;

static void run(const char *function, u64 arg)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_start(v, function, arg);
	device_run(v, &device);
	vcpu_check_done(v);
}

TEST(emul_mmio_bit_search)
{
	run("g_emul_bits", 0);
}

TEST(emul_mmio_mmx)
{
	run("g_emul_mmx", 0);
}

TEST(emul_mmio_stack)
{
	run("g_emul_stack", 0);
}

/* Several reads: stock KVM restarts the instruction after each, with the rSP of the interrupted attempt. */
TEST(emul_mmio_stack_far)
{
	if (is_stock())
		test_skip("stock KVM pops twice");
	run("g_emul_stack_far", 0);
}

TEST(emul_mmio_descriptor_tables)
{
	if (is_stock())
		test_skip("stock KVM restarts them without end");
	run("g_emul_dtables", 0);
}

TEST(emul_mmio_descriptors)
{
	run("g_emul_descriptors", 0);
}

TEST(emul_mmio_descriptor_faults)
{
	run("g_emul_faults", 0);
}

TEST(emul_mmio_beyond_kvm)
{
	if (is_stock())
		test_skip("stock KVM emulates none of them");
	run("g_emul_beyond", 0);
}

/* INS and OUTS of more bytes than one exit carries, to and from MMIO. */
static void string_io(u64 size, u64 n)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	memset(&device, 0, sizeof(device));
	guest_args(vm)[0] = n;
	vcpu_start(v, "g_emul_string_io", size);
	device_run(v, &device);
	vcpu_check_done(v);
	CHECK_EQ(device.out_len, n * size);
	for (u32 i = 0; i < n * size; i++) {
		CHECK_EQ(device.mem[i], (u8)i);
		CHECK_EQ(device.out[i], (u8)i);
	}
	CHECK_EQ(device.mem[n * size], 0);
}

TEST(emul_mmio_string_io)
{
	string_io(1, 3);
	string_io(1, 200);
	string_io(2, 300);
	string_io(4, 700);
}

/* Runs the code to its next sync; the device then holds the same as stack, except the value of ESP at esp_at. */
static void run_stack(struct vcpu *v, u8 *stack, u8 *results, u32 esp_at)
{
	memset(device.mem, 0, sizeof(device.mem));
	CHECK_EQ(device_run(v, &device), KVM_EXIT_IO);
	memcpy(results, v->vm->mem + GPA_REAL_DATA, 32);
	memset(v->vm->mem + GPA_REAL_DATA, 0, 32);
	if (!stack)
		return;
	for (u32 i = 0; i < 0x100; i += 4)
		CHECK_EQ(*(u32 *)(device.mem + i), i == esp_at ? GPA_MMIO + 0x100 : *(u32 *)(stack + i));
}

static void set_stack(struct vcpu *v, u64 base, u64 rsp)
{
	struct kvm_regs r = vcpu_regs(v);
	struct kvm_sregs s = vcpu_sregs(v);

	r.rbx = rsp;
	r.rdi = GPA_REAL_DATA;
	vcpu_set_regs(v, r);
	s.ss.base = base;
	OK(ioctl(v->fd, KVM_SET_SREGS, &s));
}

TEST(emul_mmio_stack_32)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 memory[32], mmio[32];

	if (is_stock())
		test_skip("stock KVM pops twice, and has room for two writes");
	vcpu_start_prot(v, "stack32_start", "stack32_end");
	set_stack(v, 0, GPA_FREE + 0x100);
	run_stack(v, NULL, memory, 0);
	set_stack(v, 0, GPA_MMIO + 0x100);
	run_stack(v, vm->mem + GPA_FREE, mmio, 0xec); /* PUSHA */
	CHECK(!memcmp(memory, mmio, sizeof(mmio)));
	CHECK_EQ(*(u32 *)mmio, 0x22222222);
}

/* Real mode: the base of the stack segment is in the device. */
TEST(emul_mmio_stack_16)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 memory[32], mmio[32];

	if (is_stock())
		test_skip("stock KVM pops twice, and has room for two writes");
	vcpu_start_real(v, "stack16_start", "stack16_end");
	set_stack(v, 0x60000, 0x100);
	run_stack(v, NULL, memory, 0);
	set_stack(v, GPA_MMIO, 0x100);
	run_stack(v, vm->mem + 0x60000, mmio, 0x100);
	CHECK(!memcmp(memory, mmio, sizeof(mmio)));
	CHECK_EQ(*(u16 *)mmio, 0x2222);
}

/* Copies the guest's page tables to a read-only slot; clear: without accessed and dirty bits. */
static u8 *tables_in_rom(struct vm *vm, bool clear)
{
	static const u32 from[] = { GPA_PML4, GPA_PDPT, GPA_PD, GPA_PD + 0x1000, GPA_PD + 0x2000, GPA_PD + 0x3000, GPA_PT };
	u8 *rom = vm_add_memory(vm, 1, GPA_ROM, ROM_PAGES * 4096, KVM_MEM_READONLY);

	for (u32 t = 0; t < sizeof(from) / sizeof(from[0]); t++) {
		u64 *old = (u64 *)(vm->mem + from[t]), *new = (u64 *)(rom + t * 4096);

		for (u32 i = 0; i < 512; i++) {
			u64 to = old[i] & 0xffffffffff000;

			new[i] = clear ? old[i] & ~0x60ULL : old[i] | (old[i] & 1 ? 0x60 : 0);
			for (u32 n = 0; n < sizeof(from) / sizeof(from[0]); n++)
				if (old[i] & 1 && t != 6 && to == from[n])
					new[i] = (new[i] & 0xfff) | (GPA_ROM + n * 4096);
		}
	}
	return rom;
}

static void rom_tables(bool clear)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 *rom = tables_in_rom(vm, clear), *before = malloc(ROM_PAGES * 4096);
	u32 syncs = 0;

	memset(&device, 0x5a, sizeof(device));
	memcpy(before, rom, ROM_PAGES * 4096);
	vcpu_start(v, "g_emul_rom", GPA_ROM);
	while (device_run(v, &device) == KVM_EXIT_IO && v->run->io.port == PORT_SYNC)
		syncs++;
	vcpu_check_done(v);
	CHECK_EQ(syncs, 2);
	CHECK(!memcmp(before, rom, ROM_PAGES * 4096));
	free(before);
}

TEST(emul_rom_page_tables)
{
	rom_tables(false);
}

TEST(emul_rom_page_tables_not_accessed)
{
	rom_tables(true);
}

/* A write through them reaches memory. (At offset 0 stock KVM writes to the table entry that caused the exit.) */
TEST(emul_rom_page_tables_write)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	tables_in_rom(vm, true);
	guest_args(vm)[0] = GPA_FREE + 0x124;
	vcpu_call(v, "g_emul_rom_write", GPA_ROM);
	CHECK_EQ(guest_results(vm)[0], 0x77);
}

/* The CPU would mark a segment as accessed; in ROM it cannot. */
TEST(emul_rom_gdt)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 *rom = vm_add_memory(vm, 1, GPA_ROM, 4096, KVM_MEM_READONLY);
	u64 data = 0x00cf92000000ffff;

	if (is_stock())
		test_skip("not checked on stock KVM");
	memcpy(rom + 0x100, vm->mem + GPA_GDT, 0x100);
	memcpy(rom + 0x100 + 0x60, &data, 8);
	vcpu_call(v, "g_emul_rom_gdt", GPA_ROM + 0x100);
	CHECK(!memcmp(rom + 0x100 + 0x60, &data, 8));
}
