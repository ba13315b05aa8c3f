// SPDX-License-Identifier: GPL-2.0-only
/* KVM_SET_GUEST_DEBUG: breakpoints and single steps for a debugger outside. Guest side: guest/cpu.c. */
#include "harness.h"

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

	/* Without the debugger INT3 is the guest's own. */
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
	/* Off again: the guest gets it after all. */
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
		/* A step over OUT to user space is that exit first, then the step. */
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
		r.rflags |= 0x10000; /* RF: past the breakpoint */
		vcpu_set_regs(v, r);
	}
	vcpu_done(v);
}

/* The debugger's breakpoints and the guest's own registers do not mix. */
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
