// SPDX-License-Identifier: GPL-2.0-only
/*
 * States and events that a CPU refuses at the entry to a guest, or barely
 * accepts: user space sets them, and gets an ordinary exit for each. The lab
 * checks that the host's kernel log has no warning, and the vCPU works after it
 * has a valid state again.
 */
#include "harness.h"

#include <signal.h>
#include <sys/time.h>

#define ROUNDS_IN_A_ROW 16
#define RUN_US 2000

static u64 rng;

static u32 draw(u32 below)
{
	rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(rng >> 33) % below;
}

static void no_action(int signal)
{
	(void)signal;
}

static const u64 odd_addresses[] = { 0, 0xfff, 0xffffffff, 1ULL << 47, 0x800000000000ULL - 1, 1ULL << 63, ~0ULL,
				     0xffff800000000000ULL, 0x1234000000000ULL };

static u64 odd_address(void)
{
	return odd_addresses[draw(sizeof(odd_addresses) / sizeof(*odd_addresses))];
}

static struct kvm_segment *odd_segment(struct kvm_sregs *s)
{
	struct kvm_segment *all[] = { &s->cs, &s->ss, &s->ds, &s->es, &s->fs, &s->gs, &s->ldt, &s->tr };

	return all[draw(sizeof(all) / sizeof(*all))];
}

static void bend_segment(struct kvm_segment *s)
{
	switch (draw(8)) {
	case 0:
		s->base = odd_address();
		break;
	case 1:
		s->limit = draw(2) ? 0 : 0xfffff;
		break;
	case 2:
		s->type = draw(16);
		break;
	case 3:
		s->dpl = draw(4);
		break;
	case 4:
		s->l ^= 1;
		break;
	case 5:
		s->db ^= 1;
		break;
	case 6:
		s->unusable ^= 1;
		break;
	default:
		s->s ^= 1;
	}
}

static void bend_sregs(struct vcpu *v)
{
	static const u64 cr0[] = { 1, 1 << 16, 1 << 29, 1 << 30, 1ULL << 31 };
	static const u64 cr4[] = { 1 << 5, 1 << 12, 1 << 13, 1 << 17, 1 << 20, 1 << 6 };
	static const u64 efer[] = { 1, 1 << 8, 1 << 10, 1 << 11, 3 << 10 };
	struct kvm_sregs s = vcpu_sregs(v);

	switch (draw(8)) {
	case 0:
		s.cr0 ^= cr0[draw(5)];
		break;
	case 1:
		s.cr4 ^= cr4[draw(6)];
		break;
	case 2:
		s.efer ^= efer[draw(5)];
		break;
	case 3:
		s.cr3 ^= 1ULL << draw(64);
		break;
	case 4:
		*(draw(2) ? &s.gdt.base : &s.idt.base) = odd_address();
		break;
	case 5:
		s.apic_base ^= 1ULL << (10 + draw(2));
		break;
	default:
		bend_segment(odd_segment(&s));
	}
	s.cr8 = draw(17);
	if (!draw(4))
		s.interrupt_bitmap[draw(4)] = 1ULL << draw(64);
	ioctl(v->fd, KVM_SET_SREGS, &s); /* may be refused */
}

static void bend_regs(struct vcpu *v)
{
	static const u64 flags[] = { 1 << 8, 1 << 9, 1 << 14, 1 << 16, 1 << 17, 1ULL << 40, 1 << 15 };
	struct kvm_regs r = vcpu_regs(v);

	r.rflags ^= flags[draw(7)];
	if (!draw(4))
		r.rip = odd_address();
	vcpu_set_regs(v, r);
}

static void bend_events(struct vcpu *v)
{
	struct kvm_vcpu_events e;

	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e));
	e.exception.injected = !draw(3);
	e.exception.nr = draw(32);
	e.exception.has_error_code = draw(2);
	e.exception.error_code = draw(2) ? 0 : ~0U;
	e.exception.pending = !draw(4);
	e.interrupt.injected = !draw(3);
	e.interrupt.nr = draw(256);
	e.interrupt.soft = !draw(3);
	e.interrupt.shadow = draw(4);
	e.nmi.injected = !draw(4);
	e.nmi.masked = !draw(3);
	e.nmi.pending = draw(4);
	ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e);
}

static void bend_msr(struct vcpu *v)
{
	static const u32 msrs[] = { 0x1b, 0x174, 0x175, 0x176, 0x277, 0x1d9, 0x6e0, 0xc0000080, 0xc0000081, 0xc0000082,
				    0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0x808, 0x80b, 0x83f, 0x832, 0x838 };
	u32 index = msrs[draw(sizeof(msrs) / sizeof(*msrs))];

	vcpu_set_msr(v, index, draw(2) ? odd_address() : draw(256));
}

static void bend_lapic(struct vcpu *v)
{
	struct kvm_lapic_state l;

	OK(ioctl(v->fd, KVM_GET_LAPIC, &l));
	for (u32 n = draw(4); n < 8; n++)
		*(u32 *)(l.regs + draw(64) * 16) = draw(2) ? ~0U : 1U << draw(32);
	ioctl(v->fd, KVM_SET_LAPIC, &l);
}

static void bend(struct vcpu *v)
{
	struct kvm_mp_state mp = { draw(4) };
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = draw(256) };

	switch (draw(8)) {
	case 0:
		bend_regs(v);
		break;
	case 1:
	case 2:
		bend_sregs(v);
		break;
	case 3:
		bend_msr(v);
		break;
	case 4:
		bend_lapic(v);
		break;
	case 5:
		ioctl(v->vm->fd, KVM_SIGNAL_MSI, &msi);
		if (!draw(4))
			ioctl(v->fd, KVM_SET_MP_STATE, &mp);
		break;
	default:
		bend_events(v);
	}
}

/* Runs for about RUN_US; the guest's behaviour does not matter. */
static bool run_refused(struct vcpu *v)
{
	struct itimerval soon = { .it_value.tv_usec = RUN_US, .it_interval.tv_usec = RUN_US };
	int r;

	setitimer(ITIMER_REAL, &soon, NULL);
	r = vcpu_run_once(v);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	CHECK(!r || r == -EINTR);
	return !r && v->run->exit_reason == KVM_EXIT_FAIL_ENTRY;
}

/* Restores the state after a reset; vcpu_start() sets the rest. */
static void honest(struct vcpu *v)
{
	struct kvm_vcpu_events none = { .flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW };
	static struct kvm_lapic_state lapic;
	static struct kvm_sregs sregs;

	if (!sregs.apic_base) {
		sregs = vcpu_sregs(v);
		OK(ioctl(v->fd, KVM_GET_LAPIC, &lapic));
	}
	OK(ioctl(v->fd, KVM_SET_SREGS, &sregs));
	OK(ioctl(v->fd, KVM_SET_LAPIC, &lapic));
	OK(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &none));
	CHECK_EQ(vcpu_set_msr(v, 0x277, 0x0007040600070406), 1);
	for (u32 msr = 0x174; msr <= 0x176; msr++)
		CHECK_EQ(vcpu_set_msr(v, msr, 0), 1);
}

/* Sets a growing number of bad events and states, then a valid state. */
static void refused(u64 exits_off)
{
	u64 end = now_ns() + stress_seconds * 1000000000ULL, runs = 0, failed = 0;
	struct vm *vm;
	struct vcpu *v;

	if (is_emulated_cpu())
		test_skip("QEMU's SVM does not check such states");
	vm = vm_create(CHIP_SPLIT);
	if (exits_off)
		vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS, exits_off);
	v = vcpu_create(vm, 0);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = no_action }, NULL);
	for (rng = 1; now_ns() < end; rng++) {
		honest(v);
		vcpu_start(v, "g_refused", 0);
		for (u32 i = draw(ROUNDS_IN_A_ROW); i < ROUNDS_IN_A_ROW; i++) {
			bend(v);
			if (draw(2))
				continue;
			failed += run_refused(v);
			runs++;
		}
		run_refused(v); /* completes a pending exit to user space */
		honest(v);
		vcpu_call(v, "g_nothing", 0);
	}
	printf("# %llu runs, %llu entries refused\n", (unsigned long long)runs, (unsigned long long)failed);
	CHECK(failed > 0);
	vm_close(vm);
}

TEST(stress_refused)
{
	refused(0);
}

TEST(stress_refused_hlt_off)
{
	refused(KVM_X86_DISABLE_EXITS_HLT);
}
