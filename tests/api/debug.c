// SPDX-License-Identifier: GPL-2.0-only
/* KVM_SET_GUEST_DEBUG: breakpoints and single steps for a debugger in user space. Guest side: guest/cpu.c. */
#include "harness.h"

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>

static void guest_debug(struct vcpu *v, u32 control, u64 address)
{
	struct kvm_guest_debug d = { .control = control };

	if (control & KVM_GUESTDBG_USE_HW_BP) {
		d.arch.debugreg[0] = address;
		d.arch.debugreg[7] = 0x402; /* G0: execution */
	}
	OK(ioctl(v->fd, KVM_SET_GUEST_DEBUG, &d));
}

TEST(debug_software_breakpoint)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	/* Without the debugger the guest's handler gets #BP. */
	vcpu_call(v, "g_int3", 0);
	CHECK_EQ(guest_results(vm)[0], 3);
	if (is_emulated_cpu())
		test_skip("the emulated CPU does not intercept INT3");
	guest_debug(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP, 0);
	vcpu_start(v, "g_int3", 0);
	vcpu_expect(v, KVM_EXIT_DEBUG);
	CHECK_EQ(v->run->debug.arch.exception, 3);
	CHECK_EQ(vm->mem[v->run->debug.arch.pc], 0xcc);
	CHECK_EQ(v->run->debug.arch.pc, vcpu_regs(v).rip);
	/* After the debugger is off, the guest's handler gets it. */
	guest_debug(v, 0, 0);
	vcpu_done(v);
}

TEST(debug_single_step)
{
	static const u8 lengths[] = { 1, 5, 2, 1, 2, 1 }; /* nop, mov, cpuid, nop, out, nop */
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);
	struct kvm_regs r;
	u64 at;

	vcpu_start(v, "g_steps", 0);
	r = vcpu_regs(v);
	at = r.rip = guest_address("steps_start");
	vcpu_set_regs(v, r);
	guest_debug(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0);
	for (u32 i = 0; i < sizeof(lengths); i++) {
		vcpu_run(v);
		/* A step over OUT: first the I/O exit, then the debug exit. */
		if (v->run->exit_reason == KVM_EXIT_IO)
			vcpu_run(v);
		CHECK_EQ(v->run->exit_reason, KVM_EXIT_DEBUG);
		at += lengths[i];
		CHECK_EQ(v->run->debug.arch.exception, 1);
		CHECK_EQ(v->run->debug.arch.pc, at);
		CHECK_EQ(v->run->debug.arch.dr6 & 0x4000, 0x4000);
	}
	/* The guest does not see the debugger's trap flag. */
	CHECK_EQ(vcpu_regs(v).rflags & 0x100, 0);
	guest_debug(v, 0, 0);
}

TEST(debug_hardware_breakpoint)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_start(v, "g_bp", 3);
	guest_debug(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP, guest_address("g_bp_target"));
	for (int i = 0; i < 3; i++) {
		struct kvm_regs r;

		vcpu_expect(v, KVM_EXIT_DEBUG);
		CHECK_EQ(v->run->debug.arch.exception, 1);
		CHECK_EQ(v->run->debug.arch.pc, guest_address("g_bp_target"));
		CHECK_EQ(v->run->debug.arch.dr6 & 0xf, 1);
		r = vcpu_regs(v);
		r.rflags |= 0x10000; /* RF: ignore the breakpoint once */
		vcpu_set_regs(v, r);
	}
	vcpu_done(v);
}

/* The debugger's breakpoints do not appear in the guest's debug registers. */
TEST(debug_guest_registers_kept)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_call(v, "g_mov_dr", 0);
	guest_debug(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP, guest_address("g_bp_target"));
	vcpu_call(v, "g_mov_dr", 0);
	guest_debug(v, 0, 0);
	vcpu_call(v, "g_mov_dr", 0);
	vcpu_call(v, "g_dr_break", 0);
}

TEST(debug_inject)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start(v, "g_nothing", 0);
	guest_debug(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_DB, 0);
	vcpu_done(v);
	CHECK_EQ(((volatile u64 *)guest_symbol(vm, "trap"))[0], 1);
	CHECK_EQ(((volatile u64 *)guest_symbol(vm, "trap"))[6], 1);
}

/* ---- the host's own breakpoints ---- */

static volatile u64 watched __attribute__((aligned(8)));

/* Counts writes to watched: by this thread (@cpu < 0), or by all threads on a CPU. */
static int breakpoint(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr), .bp_type = HW_BREAKPOINT_W,
		.bp_addr = (unsigned long)&watched, .bp_len = HW_BREAKPOINT_LEN_8, .exclude_kernel = 1,
	};

	return syscall(SYS_perf_event_open, &attr, cpu < 0 ? 0 : -1, cpu, -1, 0);
}

static u64 hits(int fd)
{
	u64 n;

	CHECK_EQ(read(fd, &n, 8), 8);
	return n;
}

/* The host's breakpoint works around guests with and without breakpoints of their own. */
static void host_breakpoint(int cpu, const char *function)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);
	int fd = breakpoint(cpu);

	if (fd < 0)
		test_skip("the host has no free breakpoint");
	for (u64 i = 1; i <= 100; i++) {
		vcpu_start(v, function, i);
		vcpu_run(v);
		watched++;
		CHECK_EQ(hits(fd), i);
		vcpu_check_done(v);
	}
	close(fd);
	/* After close(), the guest's exit does not restore the breakpoint. */
	vcpu_call(v, function, 1);
	watched++;
	fd = breakpoint(cpu);
	CHECK_EQ(hits(fd), 0);
	watched++;
	CHECK_EQ(hits(fd), 1);
	close(fd);
	vm_close(v->vm);
}

TEST(debug_host_breakpoint_thread)
{
	host_breakpoint(-1, "g_nothing");
	host_breakpoint(-1, "g_dr_break");
}

TEST(debug_host_breakpoint_cpu)
{
	pin(first_cpu());
	host_breakpoint(first_cpu(), "g_nothing");
	host_breakpoint(first_cpu(), "g_dr_break");
}

/* A host breakpoint is set and removed while a guest with breakpoints of its own runs: neither disturbs the other. */
TEST(debug_host_breakpoint_comes)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);
	cpu_set_t set;
	int fd;

	CPU_ZERO(&set);
	CPU_SET(first_cpu(), &set);
	vcpu_start(v, "g_dr_break_forever", 0);
	vcpu_thread(v);
	vcpu_set_affinity(v, &set);
	for (u32 i = 0; i < 50; i++) {
		u64 count = guest_results(v->vm)[0];

		fd = breakpoint(first_cpu());
		if (fd < 0)
			test_skip("the host has no free breakpoint");
		while (guest_results(v->vm)[0] < count + 100)
			usleep(100);
		CHECK_EQ(hits(fd), 0);
		close(fd);
	}
	guest_args(v->vm)[0] = 1;
	vcpu_join(v);
}

/* ---- KVM_GUESTDBG_BLOCKIRQ ---- */

/* Steps enter no handler: NMIs and interrupts stay pending until BLOCKIRQ is cleared. */
static void block_irq(enum chip chip, u64 mode)
{
	struct vm *vm = vm_create(chip);
	struct vcpu *v = vcpu_create(vm, 0);
	u32 step = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_BLOCKIRQ;
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 0x66 };

	CHECK(capability(KVM_CAP_SET_GUEST_DEBUG2) & KVM_GUESTDBG_BLOCKIRQ);
	vcpu_start(v, "g_blocked", mode);
	vcpu_sync(v, 1);
	guest_debug(v, step, 0);
	OK(ioctl(vm->fd, KVM_SIGNAL_MSI, &msi));
	OK(ioctl(v->fd, KVM_NMI, 0));
	for (u32 i = 0; i < 20; i++) {
		vcpu_run(v);
		CHECK_EQ(v->run->exit_reason, KVM_EXIT_DEBUG);
		CHECK_EQ(v->run->debug.arch.exception, 1);
		CHECK_EQ(guest_irqs(vm)[0x66] + guest_irqs(vm)[2], 0);
	}
	/* The guest goes on without the debugger and takes both. */
	guest_debug(v, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_BLOCKIRQ, 0);
	vcpu_sync(v, 2);
	CHECK_EQ(guest_irqs(vm)[0x66] + guest_irqs(vm)[2], 0);
	guest_debug(v, 0, 0);
	vcpu_sync(v, 3);
	CHECK_EQ(guest_irqs(vm)[0x66], 1);
	CHECK_EQ(guest_irqs(vm)[2], 1);
	vcpu_done(v);
}

TEST(debug_block_irq_xapic)
{
	block_irq(CHIP_SPLIT, 1);
}

TEST(debug_block_irq_x2apic)
{
	block_irq(CHIP_FULL, 2);
}
