// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts: LAPIC and its timer, IPIs, PIC, PIT, IOAPIC, MSIs, irqfds. Guest side: guest/irq.c. */
#include "harness.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

enum { XAPIC = 1, X2APIC = 2 };

static void guest(enum chip chip, const char *function, u64 arg)
{
	vcpu_call(vcpu_create(vm_create(chip), 0), function, arg);
}

#define GUEST_TEST(name_, chip_, function_, arg_)                                                  \
	TEST(name_)                                                                                \
	{                                                                                          \
		guest(chip_, function_, arg_);                                                     \
	}

GUEST_TEST(irq_self_ipi_xapic, CHIP_SPLIT, "g_self_ipi", XAPIC)
GUEST_TEST(irq_self_ipi_x2apic, CHIP_SPLIT, "g_self_ipi", X2APIC)
GUEST_TEST(irq_no_gate_xapic, CHIP_SPLIT, "g_irq_no_gate", XAPIC)
GUEST_TEST(irq_no_gate_x2apic, CHIP_SPLIT, "g_irq_no_gate", X2APIC)
GUEST_TEST(irq_off_xapic, CHIP_SPLIT, "g_irq_off", XAPIC)
GUEST_TEST(irq_off_x2apic, CHIP_SPLIT, "g_irq_off", X2APIC)
GUEST_TEST(irq_timer_oneshot_xapic, CHIP_SPLIT, "g_timer_oneshot", XAPIC)
GUEST_TEST(irq_timer_oneshot_x2apic, CHIP_FULL, "g_timer_oneshot", X2APIC)
GUEST_TEST(irq_timer_periodic, CHIP_SPLIT, "g_timer_periodic", X2APIC)
GUEST_TEST(irq_timer_deadline, CHIP_SPLIT, "g_timer_deadline", X2APIC)
GUEST_TEST(irq_timer_deadline_xapic, CHIP_SPLIT, "g_timer_deadline", XAPIC)
GUEST_TEST(irq_timer_wakes_hlt, CHIP_SPLIT, "g_timer_hlt", 30)
GUEST_TEST(irq_timer_masked, CHIP_SPLIT, "g_timer_masked", XAPIC)
GUEST_TEST(irq_nmi_self, CHIP_SPLIT, "g_nmi_self", 0)
GUEST_TEST(irq_pit_through_pic, CHIP_FULL, "g_pic_pit", 10)
GUEST_TEST(irq_pit_through_ioapic, CHIP_FULL, "g_pit_ioapic", 10)
GUEST_TEST(irq_ioapic_registers, CHIP_FULL, "g_ioapic_regs", 0)
GUEST_TEST(irq_sti_shadow, CHIP_SPLIT, "g_irq_shadow", 0)
GUEST_TEST(irq_priority, CHIP_SPLIT, "g_priority", 0)
GUEST_TEST(irq_storm, CHIP_SPLIT, "g_int_storm", 2000)

/* Stock KVM accepts a nonzero EOI and reserved TPR bits (SDM vol. 3, "x2APIC Register Address Space": #GP). */
TEST(irq_x2apic_faults)
{
	guest(CHIP_SPLIT, "g_x2apic_faults", !is_stock());
}

TEST(irq_apic_registers)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	vcpu_create(vm, 0);
	vcpu_create(vm, 7);
	vcpu_call(vm->vcpus[0], "g_x2apic_regs", 0);
	vcpu_call(vm->vcpus[1], "g_xapic_regs", 7);
	vcpu_call(vm->vcpus[1], "g_x2apic_regs", 7);
}

/*
 * The vCPU gets the error interrupt at once, not at the next KVM_RUN or HLT. The limits allow for the exits of kernel
 * work (task work).
 */
TEST(irq_apic_unknown_register)
{
	if (is_stock())
		test_skip("stock KVM sends no error interrupt");
	for (u32 halted = 0; halted < 2; halted++) {
		struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);

		vcpu_call(v, "g_unknown_register", halted);
		CHECK(stat_get(v->fd, "signal_exits") < 50);
		CHECK(stat_get(v->fd, "halt_exits") < 150);
		vm_close(v->vm);
	}
}

TEST(irq_apic_disabled)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v;

	vm_enable_cap(vm, KVM_CAP_DISABLE_QUIRKS2, KVM_X86_QUIRK_LAPIC_MMIO_HOLE);
	v = vcpu_create(vm, 0);
	vcpu_start(v, "g_apic_disabled", 0);
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, 0xfee00030);
	*(u32 *)v->run->mmio.data = 0x11223344;
	vcpu_done(v);
}

/*
 * With the quirk LAPIC_MMIO_HOLE (the default) the page is a hole while the LAPIC is disabled or in x2APIC mode: user
 * space gets no exit.
 */
TEST(irq_apic_hole)
{
	vcpu_call(vcpu_create(vm_create(CHIP_SPLIT), 0), "g_apic_hole", 0);
	vcpu_call(vcpu_create(vm_create(CHIP_FULL), 0), "g_apic_hole", 0);
}

/* Without the quirk all accesses to the page exit to user space, also in x2APIC mode. */
TEST(irq_apic_hole_x2apic_to_user)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v;

	vm_enable_cap(vm, KVM_CAP_DISABLE_QUIRKS2, KVM_X86_QUIRK_LAPIC_MMIO_HOLE);
	v = vcpu_create(vm, 0);
	vcpu_start(v, "g_apic_page_x2apic", 0);
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, 0xfee00020);
	CHECK_EQ(v->run->mmio.is_write, 0);
	*(u32 *)v->run->mmio.data = 0x11223344;
	vcpu_expect(v, KVM_EXIT_MMIO);
	CHECK_EQ(v->run->mmio.phys_addr, 0xfee00040);
	CHECK_EQ(v->run->mmio.is_write, 1);
	CHECK_EQ(*(u32 *)v->run->mmio.data, 0x55);
	vcpu_done(v);
}

/* A halted vCPU waits in the host until the timer's interrupt; on an owned core it sleeps there, without an exit. */
TEST(irq_hlt_sleeps)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	vm_enable_cap(vm, KVM_CAP_HALT_POLL, 0);
	vcpu_call(v, "g_timer_hlt", 100);
	if (is_stock())
		return;
	CHECK_RANGE(stat_get(v->fd, "lapic_timer_fires"), 100, 101);
	if (vcpus_own_cpus()) {
		CHECK_EQ(stat_get(v->fd, "halt_exits"), 0);
		return;
	}
	CHECK_RANGE(stat_get(v->fd, "halt_exits"), 100, 1000);
	CHECK(stat_get(v->fd, "halt_wait_ns") > 0);
}

/* ---- between vCPUs ---- */

static void ping_pong(int mode, bool halt)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	guest_args(vm)[8] = mode;
	guest_args(vm)[9] = halt;
	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	vcpu_start(vm->vcpus[0], "g_ipi_sender", 200);
	vcpu_start(vm->vcpus[1], "g_ipi_receiver", 200);
	vcpu_thread(vm->vcpus[1]);
	vcpu_done(vm->vcpus[0]);
	vcpu_join(vm->vcpus[1]);
}

TEST(irq_ipi_xapic)
{
	ping_pong(XAPIC, false);
}

TEST(irq_ipi_x2apic)
{
	ping_pong(X2APIC, false);
}

TEST(irq_ipi_to_halted)
{
	ping_pong(X2APIC, true);
}

TEST(irq_ipi_broadcast)
{
	for (int mode = XAPIC; mode <= X2APIC; mode++) {
		struct vm *vm = vm_create(CHIP_SPLIT);

		guest_args(vm)[8] = mode;
		guest_args(vm)[10] = 0x76;
		for (int i = 0; i < 4; i++) {
			vcpu_create(vm, i);
			vcpu_start(vm->vcpus[i], i ? "g_hlt_ready" : "g_broadcast", 3);
			if (i)
				vcpu_thread(vm->vcpus[i]);
		}
		vcpu_done(vm->vcpus[0]);
		for (int i = 1; i < 4; i++)
			vcpu_join(vm->vcpus[i]);
	}
}

TEST(irq_ipi_logical)
{
	for (int mode = XAPIC; mode <= X2APIC; mode++) {
		struct vm *vm = vm_create(CHIP_SPLIT);

		guest_args(vm)[8] = mode;
		for (int i = 0; i < 4; i++) {
			vcpu_create(vm, i);
			vcpu_start(vm->vcpus[i], i ? "g_lowest" : "g_logical", i ? i : 3);
			if (i)
				vcpu_thread(vm->vcpus[i]);
		}
		vcpu_done(vm->vcpus[0]);
		for (int i = 1; i < 4; i++)
			vcpu_join(vm->vcpus[i]);
	}
}

/* An AP, which waits for INIT and SIPI repeatedly. The thread ends with the test's process. */
static void *run_forever(void *v)
{
	for (;;)
		vcpu_run_once(v);
	return NULL;
}

static void start_ap(int mode)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct kvm_mp_state mp;
	pthread_t t;

	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	OK(ioctl(vm->vcpus[1]->fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(mp.mp_state, KVM_MP_STATE_UNINITIALIZED);
	memcpy(vm->mem + GPA_REAL, vm->mem + guest_address("sipi_start"),
	       guest_address("sipi_end") - guest_address("sipi_start"));
	CHECK_EQ(pthread_create(&t, NULL, run_forever, vm->vcpus[1]), 0);
	if (mode == X2APIC)
		/* The sender's mode differs from the receiver's: INIT and SIPI must reach an xAPIC. */
		CHECK_EQ(vcpu_set_msr(vm->vcpus[0], 0x1b, 0xfee00d00), 1);
	vcpu_call(vm->vcpus[0], "g_ap_starter", mode);
}

TEST(irq_init_sipi_xapic)
{
	start_ap(XAPIC);
}

TEST(irq_init_sipi_x2apic)
{
	start_ap(X2APIC);
}

/* ---- from user space ---- */

TEST(irq_nmi_ioctl)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);

	vcpu_start(v, "g_nmi_wait", 0);
	vcpu_sync(v, 1);
	OK(ioctl(v->fd, KVM_NMI, 0));
	vcpu_done(v);
	CHECK_EQ(guest_irqs(v->vm)[2], 1);
}

static int signal_msi(struct vm *vm, u64 address, u32 data)
{
	struct kvm_msi m = { .address_lo = address, .address_hi = address >> 32, .data = data };

	return ioctl(vm->fd, KVM_SIGNAL_MSI, &m);
}

TEST(irq_msi)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start(v, "g_wait_irq", 0x64);
	vcpu_sync(v, 1);
	CHECK_EQ(OK(signal_msi(vm, 0xfee00000, 0x64)), 1);
	CHECK_EQ(OK(signal_msi(vm, 0xfee00000, 0x64)), 1);
	vcpu_done(v);
	/* An MSI to an APIC ID without a vCPU is not delivered. */
	CHECK(signal_msi(vm, 0xfee05000, 0x64) <= 0);
	ERR(signal_msi(vm_create_bare(), 0xfee00000, 0x64), EINVAL);
}

static void routes(struct vm *vm, const struct kvm_irq_routing_entry *e, u32 n)
{
	struct kvm_irq_routing *r = calloc(1, sizeof(*r) + n * sizeof(*e));

	r->nr = n;
	memcpy(r->entries, e, n * sizeof(*e));
	OK(ioctl(vm->fd, KVM_SET_GSI_ROUTING, r));
	free(r);
}

static struct kvm_irq_routing_entry msi_route(u32 gsi, u32 data)
{
	return (struct kvm_irq_routing_entry){ .gsi = gsi, .type = KVM_IRQ_ROUTING_MSI,
					       .u.msi = { .address_lo = 0xfee00000, .data = data } };
}

static int irqfd(struct vm *vm, int fd, u32 gsi, u32 flags, int resample)
{
	struct kvm_irqfd f = { .fd = fd, .gsi = gsi, .flags = flags, .resamplefd = resample };

	return ioctl(vm->fd, KVM_IRQFD, &f);
}

static void signal_event(int fd)
{
	u64 one = 1;

	CHECK_EQ(write(fd, &one, 8), 8);
}

TEST(irq_irqfd_msi)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_irq_routing_entry r[2] = { msi_route(30, 0x70), msi_route(31, 0x71) };
	int fd = eventfd(0, EFD_NONBLOCK);

	routes(vm, r, 2);
	OK(irqfd(vm, fd, 30, 0, 0));
	vcpu_start(v, "g_wait_irqs", 10);
	vcpu_sync(v, 1);
	for (int i = 0; i < 10; i++) {
		signal_event(fd);
		vcpu_sync(v, 2 + i);
	}
	vcpu_done(v);
	/* A new route for the same GSI takes effect at once. */
	r[0].u.msi.data = 0x79;
	routes(vm, r, 2);
	vcpu_start(v, "g_wait_irq", 0x79);
	vcpu_sync(v, 1);
	signal_event(fd);
	vcpu_done(v);
	OK(irqfd(vm, fd, 30, KVM_IRQFD_FLAG_DEASSIGN, 0));
	signal_event(fd);
	CHECK_EQ(guest_irqs(vm)[0x79], 1);
}

TEST(irq_irqfd_wakes_hlt)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_irq_routing_entry r = msi_route(30, 0x70);
	int fd = eventfd(0, EFD_NONBLOCK);

	routes(vm, &r, 1);
	OK(irqfd(vm, fd, 30, 0, 0));
	vcpu_start(v, "g_wait_hlt", 0x70);
	vcpu_sync(v, 1);
	vcpu_thread(v);
	usleep(200000);
	signal_event(fd);
	vcpu_join(v);
}

TEST(irq_irqfd_errors)
{
	struct vm *vm = vm_create(CHIP_SPLIT), *bare = vm_create_bare();
	int fd = eventfd(0, 0);

	ERR(irqfd(bare, fd, 5, 0, 0), EINVAL);
	ERR(irqfd(vm, 9999, 5, 0, 0), EBADF);
	ERR(irqfd(vm, vm->fd, 5, 0, 0), EINVAL);
	ERR(irqfd(vm, fd, 5, 1 << 7, 0), EINVAL);
	ERR(irqfd(vm, fd, 5, KVM_IRQFD_FLAG_RESAMPLE, fd), EINVAL); /* needs an in-kernel IOAPIC */
	OK(irqfd(vm, fd, 5, 0, 0));
	ERR(irqfd(vm, fd, 6, 0, 0), EBUSY);
	OK(irqfd(vm, fd, 5, KVM_IRQFD_FLAG_DEASSIGN, 0));
	OK(irqfd(vm, fd, 5, KVM_IRQFD_FLAG_DEASSIGN, 0)); /* not assigned: no error */
	OK(irqfd(vm, fd, 5, 0, 0));
	/* The eventfd is closed before the VM: the irqfd is removed. */
	close(fd);
	fd = eventfd(0, 0);
	OK(irqfd(vm, fd, 5, 0, 0));
	vm_close(vm);
	signal_event(fd);
}

TEST(irq_routing_errors)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e[4];
	} r = { .head = { .nr = 1 } };

	r.e[0] = msi_route(100000, 1);
	ERR(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.e[0] = msi_route(5, 1);
	r.e[0].type = 99;
	ERR(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.e[0] = msi_route(5, 1);
	r.e[0].flags = 0x80;
	ERR(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.e[0] = msi_route(5, 1);
	r.head.flags = 1;
	ERR(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.head.flags = 0;
	r.head.nr = 1 << 20;
	ERR(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.head.nr = 2;
	r.e[1] = r.e[0]; /* two MSI routes for one GSI */
	ERR(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.head.nr = 0;
	OK(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &r));
}

static void irq_line(struct vm *vm, u32 gsi, u32 level)
{
	struct kvm_irq_level l = { .irq = gsi, .level = level };

	OK(ioctl(vm->fd, KVM_IRQ_LINE, &l));
}

/* ExtINT: lines of both PICs, each with its vector. */
TEST(irq_pic_lines)
{
	static const u32 lines[] = { 1, 5, 10, 15 };

	for (u32 i = 0; i < 4; i++) {
		struct vm *vm = vm_create(CHIP_FULL);
		struct vcpu *v = vcpu_create(vm, 0);

		vcpu_start(v, "g_pic_wait", 0x20 + lines[i]);
		vcpu_sync(v, 1);
		irq_line(vm, lines[i], 1);
		irq_line(vm, lines[i], 0);
		vcpu_done(v);
	}
}

/* A level-triggered line that stays asserted interrupts again after each EOI. */
TEST(irq_ioapic_level)
{
	struct vm *vm = vm_create(CHIP_FULL);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start(v, "g_ioapic_level", 4);
	vcpu_sync(v, 1);
	irq_line(vm, 10, 1);
	for (int i = 0; i < 3; i++)
		vcpu_sync(v, 2 + i);
	vcpu_sync(v, 5);
	irq_line(vm, 10, 0);
	vcpu_done(v);
	CHECK(guest_irqs(vm)[0x73] >= 4);
}

TEST(irq_irqfd_resample)
{
	struct vm *vm = vm_create(CHIP_FULL);
	struct vcpu *v = vcpu_create(vm, 0);
	int fd = eventfd(0, EFD_NONBLOCK), resample = eventfd(0, EFD_NONBLOCK);
	u64 n;

	OK(irqfd(vm, fd, 10, KVM_IRQFD_FLAG_RESAMPLE, resample));
	vcpu_start(v, "g_ioapic_level", 3);
	vcpu_sync(v, 1);
	for (int i = 0; i < 3; i++) {
		signal_event(fd);
		vcpu_sync(v, 2 + i);
		CHECK_EQ(read(resample, &n, 8), 8);
		CHECK_EQ(n, 1);
	}
	vcpu_done(v);
	CHECK_EQ(guest_irqs(vm)[0x73], 3);
}

/* A device with a resampling irqfd, like VFIO's INTx: the device's interrupt is masked when the line rises. */
static void device_rises(int fd)
{
	signal_event(fd);
}

static u64 times_asked(int resample)
{
	u64 n;

	return read(resample, &n, 8) == 8 ? n : 0;
}

/*
 * The guest masks the pin, then ends the interrupt while the line is still asserted: the line rises again at the masked
 * pin. After the guest unmasks it there is a second interrupt only if the line is still asserted, by the device or by
 * user space.
 */
TEST(irq_irqfd_resample_masked)
{
	struct vm *vm = vm_create(CHIP_FULL);
	struct vcpu *v = vcpu_create(vm, 0);
	int fd = eventfd(0, EFD_NONBLOCK), resample = eventfd(0, EFD_NONBLOCK);
	static const bool still_up[] = { false, true, false };

	OK(irqfd(vm, fd, 10, KVM_IRQFD_FLAG_RESAMPLE, resample));
	for (u32 i = 0; i < 3; i++)
		guest_args(vm)[i] = still_up[i];
	vcpu_start(v, "g_ioapic_oneshot", 3);
	vcpu_sync(v, 1);
	for (u32 i = 0; i < 3; i++) {
		device_rises(fd);
		vcpu_sync(v, 2);
		CHECK_EQ(times_asked(resample), 1);
		device_rises(fd);
		/* Here the guest handles the device, so that the line is deasserted, or does not. */
		vcpu_sync(v, 3);
		CHECK_EQ(times_asked(resample), 1);
		if (still_up[i])
			device_rises(fd);
		vcpu_sync(v, 4);
		times_asked(resample);
	}
	vcpu_done(v);
	CHECK_EQ(guest_irqs(vm)[0x73], 4);
}

/* User space asserts a line while its pin is masked: the interrupt comes after the pin is unmasked. */
TEST(irq_ioapic_masked_level)
{
	struct vm *vm = vm_create(CHIP_FULL);
	struct vcpu *v = vcpu_create(vm, 0);

	guest_args(vm)[0] = 1;
	vcpu_start(v, "g_ioapic_oneshot", 1);
	vcpu_sync(v, 1);
	irq_line(vm, 10, 1);
	vcpu_sync(v, 2);
	vcpu_sync(v, 3);
	irq_line(vm, 10, 0);
	vcpu_sync(v, 4);
	vcpu_done(v);
	CHECK_EQ(guest_irqs(vm)[0x73], 2);
}

/* Split irqchip: the EOI of a level interrupt goes to the IOAPIC in user space. */
TEST(irq_split_ioapic_eoi)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_irq_routing_entry r = msi_route(4, 0xc064); /* level, assert */

	routes(vm, &r, 1);
	vcpu_start(v, "g_wait_irq", 0x64);
	vcpu_sync(v, 1);
	irq_line(vm, 4, 1);
	vcpu_expect(v, KVM_EXIT_IOAPIC_EOI);
	CHECK_EQ(v->run->eoi.vector, 0x64);
	vcpu_done(v);
}

/* An illegal vector causes an error interrupt, which wakes a vCPU in HLT. */
TEST(irq_illegal_vector)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 5 };

	if (is_stock())
		test_skip("stock KVM sends no error interrupt");
	vcpu_start(v, "g_error_irq", 0x64);
	vcpu_thread(v);
	while (!guest_results(vm)[0])
		usleep(1000);
	usleep(100000); /* most likely it sleeps now */
	CHECK_EQ(OK(ioctl(vm->fd, KVM_SIGNAL_MSI, &msi)), 1); /* 1: delivered, although not as an interrupt */
	vcpu_join(v);
	CHECK_EQ(guest_irqs(vm)[0x64], 1);
}

/* No in-kernel irqchip: user space injects when the vCPU is ready, else requests a window. */
TEST(irq_user_pic)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_interrupt irq = { .irq = 0x31 };
	u32 windows = 0, sent = 0;

	vcpu_start(v, "g_user_irq", 5);
	vcpu_sync(v, 1);
	CHECK_EQ(v->run->ready_for_interrupt_injection, 0);
	CHECK_EQ(v->run->if_flag, 0);
	while (sent < 5) {
		v->run->request_interrupt_window = 1;
		vcpu_expect(v, KVM_EXIT_IRQ_WINDOW_OPEN);
		windows++;
		CHECK_EQ(v->run->ready_for_interrupt_injection, 1);
		CHECK_EQ(v->run->if_flag, 1);
		OK(ioctl(v->fd, KVM_INTERRUPT, &irq));
		sent++;
	}
	v->run->request_interrupt_window = 0;
	vcpu_done(v);
	CHECK_EQ(windows, 5);
	irq.irq = 256;
	ERR(ioctl(v->fd, KVM_INTERRUPT, &irq), EINVAL);
	v = vcpu_create(vm_create(CHIP_FULL), 0);
	irq.irq = 0x31;
	ERR(ioctl(v->fd, KVM_INTERRUPT, &irq), ENXIO);
}

/* Without an in-kernel APIC, HLT exits to user space. */
TEST(irq_user_hlt)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_start(v, "g_hlt_loop", 2);
	vcpu_expect(v, KVM_EXIT_HLT);
	vcpu_expect(v, KVM_EXIT_HLT);
	vcpu_done(v);
}

/* The state of PICs, IOAPIC and PIT reads back as it was set. */
TEST(irq_chip_state)
{
	struct vm *vm = vm_create(CHIP_FULL);
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC }, again = { .chip_id = KVM_IRQCHIP_IOAPIC };
	struct kvm_pit_state2 pit, pit2;

	OK(ioctl(vm->fd, KVM_GET_IRQCHIP, &chip));
	CHECK_EQ(chip.chip.ioapic.base_address, 0xfec00000);
	chip.chip.ioapic.redirtbl[7].bits = 0x10000 | 0x55;
	OK(ioctl(vm->fd, KVM_SET_IRQCHIP, &chip));
	OK(ioctl(vm->fd, KVM_GET_IRQCHIP, &again));
	CHECK_EQ(again.chip.ioapic.redirtbl[7].bits, 0x10055);
	for (u32 id = 0; id < 2; id++) {
		chip = (struct kvm_irqchip){ .chip_id = id };
		again = chip;
		OK(ioctl(vm->fd, KVM_GET_IRQCHIP, &chip));
		chip.chip.pic.imr = 0xa5;
		chip.chip.pic.irq_base = 0x40 + id * 8;
		OK(ioctl(vm->fd, KVM_SET_IRQCHIP, &chip));
		OK(ioctl(vm->fd, KVM_GET_IRQCHIP, &again));
		CHECK_EQ(again.chip.pic.imr, 0xa5);
		CHECK_EQ(again.chip.pic.irq_base, 0x40 + id * 8);
	}
	chip.chip_id = 3;
	ERR(ioctl(vm->fd, KVM_GET_IRQCHIP, &chip), EINVAL);
	ERR(ioctl(vm->fd, KVM_SET_IRQCHIP, &chip), EINVAL);
	OK(ioctl(vm->fd, KVM_GET_PIT2, &pit));
	pit.channels[0].count = 0x1234;
	pit.channels[0].mode = 2;
	OK(ioctl(vm->fd, KVM_SET_PIT2, &pit));
	OK(ioctl(vm->fd, KVM_GET_PIT2, &pit2));
	CHECK_EQ(pit2.channels[0].count, 0x1234);
	CHECK_EQ(pit2.channels[0].mode, 2);
	memset(&pit, 0xff, sizeof(pit));
	ioctl(vm->fd, KVM_SET_PIT2, &pit); /* invalid state: must not harm the host */
	vm = vm_create(CHIP_SPLIT);
	chip.chip_id = 0;
	ERR(ioctl(vm->fd, KVM_GET_IRQCHIP, &chip), ENXIO);
	ERR(ioctl(vm->fd, KVM_GET_PIT2, &pit), ENXIO);
}

/* APIC IDs above 255 need x2APIC, and the extended address in MSIs. */
TEST(irq_large_apic_id)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *big;

	vm_enable_cap(vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK);
	vcpu_create(vm, 0);
	big = vcpu_create(vm, 300);
	vcpu_call(big, "g_x2apic_regs", 300);
	vcpu_call(big, "g_self_ipi", X2APIC);
	vcpu_start(big, "g_wait_irq", 0x64);
	vcpu_sync(big, 1);
	CHECK_EQ(OK(signal_msi(vm, (300ULL & ~0xff) << 32 | 0xfee00000 | (300 & 0xff) << 12, 0x64)), 1);
	vcpu_done(big);
}

TEST(irq_boot_cpu)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct kvm_mp_state m;

	OK(ioctl(vm->fd, KVM_SET_BOOT_CPU_ID, 1));
	vcpu_create(vm, 0);
	vcpu_create(vm, 1);
	CHECK_EQ(vcpu_sregs(vm->vcpus[0]).apic_base, 0xfee00800);
	CHECK_EQ(vcpu_sregs(vm->vcpus[1]).apic_base, 0xfee00900);
	OK(ioctl(vm->vcpus[0]->fd, KVM_GET_MP_STATE, &m));
	CHECK_EQ(m.mp_state, KVM_MP_STATE_UNINITIALIZED);
	OK(ioctl(vm->vcpus[1]->fd, KVM_GET_MP_STATE, &m));
	CHECK_EQ(m.mp_state, KVM_MP_STATE_RUNNABLE);
}

/* HLT without exits: the timer's interrupt ends it. */
TEST(irq_hlt_without_exit)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v;

	CHECK(capability(KVM_CAP_X86_DISABLE_EXITS) & KVM_X86_DISABLE_EXITS_HLT);
	vm_enable_cap(vm, KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_HLT);
	v = vcpu_create(vm, 0);
	vcpu_call(v, "g_timer_hlt", 20);
	CHECK_EQ(stat_get(v->fd, "halt_exits"), 0);
}

/* KVM_CAP_X86_APIC_BUS_CYCLES_NS slows the APIC timer's input clock. */
TEST(irq_apic_bus_clock)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v;

	vm_enable_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS, 100);
	v = vcpu_create(vm, 0);
	guest_args(vm)[0] = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
	vcpu_call(v, "g_bus_clock", 100);
	CHECK_RANGE(guest_results(vm)[0], 80, 125);
}
