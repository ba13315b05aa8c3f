// SPDX-License-Identifier: GPL-2.0-only
/* NMIs are blocked from delivery to the completion of the handler's IRET. Guest side: guest/nmi.c, guest/nmi.S. */
#include "harness.h"

static void storm(const char *function, u64 n, bool in_pairs)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	/* Stock KVM on SVM single-steps through interrupt shadows, and the guest can see its trap flag. */
	guest_args(vm)[0] = !is_stock();
	OK(ioctl(vm->vcpus[1]->fd, KVM_SET_MP_STATE, &mp));
	vcpu_start(vm->vcpus[0], function, n);
	vcpu_start(vm->vcpus[1], "g_nmi_sender", in_pairs);
	vcpu_thread(vm->vcpus[1]);
	vcpu_done(vm->vcpus[0]);
	vcpu_join(vm->vcpus[1]);
}

TEST(nmi_not_at_iret)
{
	storm("g_nmi_storm", 5000, false);
}

/* An IRET that faults unblocks NMIs, and its exception frame has the guest's own flags. */
TEST(nmi_iret_faults)
{
	if (is_stock() && is_emulated_cpu())
		test_skip("stock KVM on SVM leaves its own trap flag in the frame of the fault");
	storm("g_nmi_storm_bad_iret", 2000, true);
}

/* The guest's single steps are neither lost nor doubled. */
TEST(nmi_single_steps)
{
	if (is_stock())
		test_skip("stock KVM on SVM loses single steps when NMIs arrive");
	storm("g_nmi_storm_stepped", 2000, false);
}

/* A vCPU that is restored inside its NMI handler takes the next NMI after the handler's end, not before. */
TEST(nmi_masked_by_user)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_vcpu_events e;

	vcpu_start(v, "g_nmi_masked", 0);
	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e));
	e.nmi.masked = 1;
	OK(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e));
	/* The IRET is executed without a pending NMI. */
	vcpu_sync(v, 1);
	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK_EQ(e.nmi.masked, 0);
	OK(ioctl(v->fd, KVM_NMI, 0));
	vcpu_sync(v, 2);
	CHECK_EQ(guest_irqs(vm)[2], 1);
	/* Masked again: the NMI stays pending until the IRET. */
	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e));
	e.nmi.masked = 1;
	OK(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e));
	OK(ioctl(v->fd, KVM_NMI, 0));
	vcpu_sync(v, 3);
	CHECK_EQ(guest_irqs(vm)[2], 1);
	vcpu_sync(v, 4);
	CHECK_EQ(guest_irqs(vm)[2], 2);
	vcpu_done(v);
}
