// SPDX-License-Identifier: GPL-2.0-only
/* 512 vCPUs, and APIC IDs of more than eight bits. Guest side: guest/scale.c. */
#include "harness.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define VECTOR 0x81
#define MSI_LOW 0xfee00000u

/* Each vCPU needs a file. */
static void allow_files(rlim_t n)
{
	struct rlimit limit;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur >= n)
		return;
	limit.rlim_cur = n;
	if (limit.rlim_max < n)
		limit.rlim_max = n;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		test_skip("RLIMIT_NOFILE is too low");
}

/* Bits 63:40 of an MSI's address are bits 31:8 of the ID (KVM_X2APIC_API_USE_32BIT_IDS). */
static int send_msi(struct vm *vm, u32 id, u32 data)
{
	struct kvm_msi msi = { .address_lo = MSI_LOW | (id & 0xff) << 12, .address_hi = id & ~0xffu, .data = data };

	return ioctl(vm->fd, KVM_SIGNAL_MSI, &msi);
}

/* ---- many vCPUs ---- */

#define HOST_CPUS 512

/* The ID of vCPU @i: first every ID, then every second, then every eighth; the last one is 4024. */
static int many_id(int i)
{
	if (i < 128)
		return i;
	return i < 384 ? 256 + (i - 128) * 2 : 3008 + (i - 384) * 8;
}

static void start_many(struct vcpu *v, int number, const char *function, u64 arg)
{
	struct kvm_regs r;
	u64 back = guest_address("guest_return");

	vcpu_start(v, function, arg);
	r = vcpu_regs(v);
	r.rsp = GPA_FREE + (u64)(number + 1) * MANY_STACK - 8;
	memcpy(v->vm->mem + r.rsp, &back, 8);
	vcpu_set_regs(v, r);
}

/* Sends an interrupt by an irqfd, whose route has a 32-bit ID. */
static void send_by_irqfd(struct vm *vm, u32 id)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e;
	} routes = { .head.nr = 1,
		     .e = { .gsi = 30, .type = KVM_IRQ_ROUTING_MSI,
			    .u.msi = { MSI_LOW | (id & 0xff) << 12, id & ~0xffu, .data = VECTOR } } };
	struct kvm_irqfd f = { .fd = eventfd(0, EFD_NONBLOCK), .gsi = 30 };
	u64 one = 1;

	OK(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &routes));
	OK(ioctl(vm->fd, KVM_IRQFD, &f));
	CHECK_EQ(write(f.fd, &one, 8), 8);
}

static void many_at_work(int n)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	volatile u32 *ids = guest_symbol(vm, "many_ids");

	allow_files(n + 64);
	vm_enable_cap(vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS);
	for (int i = 0; i < n; i++) {
		struct vcpu *v = vcpu_create(vm, many_id(i));

		ids[i] = (u32)many_id(i);
		start_many(v, i, i ? "g_many_target" : "g_many_sender", (u64)n);
		if (i)
			vcpu_thread(v);
	}
	vcpu_sync(vm->vcpus[0], 1);
	guest_args(vm)[1] = ids[n - 3];
	CHECK(send_msi(vm, 4095, VECTOR) <= 0);
	CHECK_EQ(send_msi(vm, ids[n - 3], VECTOR), 1);
	vcpu_sync(vm->vcpus[0], 2);
	guest_args(vm)[2] = ids[n - 2];
	send_by_irqfd(vm, ids[n - 2]);
	vcpu_done(vm->vcpus[0]);
	for (int i = 1; i < n; i++)
		vcpu_join(vm->vcpus[i]);
	vm_close(vm);
}

/* Each of 512 vCPUs gets the interrupts sent to it, by every kind of destination, and no others. */
TEST(scale_512_vcpus)
{
	many_at_work(HOST_CPUS);
}

/* One more vCPU than a 64-bit word has bits. */
TEST(scale_65_vcpus)
{
	many_at_work(65);
}

/* ---- APIC IDs of more than eight bits ---- */

/* In xAPIC mode, too, a vCPU receives for its full ID only. */
TEST(scale_xapic_mode)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct kvm_lapic_state s;

	vm_enable_cap(vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS);
	vcpu_create(vm, 0);
	vcpu_create(vm, 300);
	OK(ioctl(vm->vcpus[1]->fd, KVM_GET_LAPIC, &s));
	CHECK_EQ(*(u32 *)(s.regs + 0x20), (u32)300 << 24); /* the ID register has bits 31:24 only */
	OK(ioctl(vm->vcpus[1]->fd, KVM_SET_LAPIC, &s)); /* stock KVM puts the vCPU on its map only now */
	CHECK_EQ(send_msi(vm, 300, 0x400), 1);
	/* Stock KVM delivers this to vCPU 300, unless there is a vCPU 44. */
	if (!is_stock())
		CHECK(send_msi(vm, 300 & 0xff, 0x400) <= 0);
}

/* The x2APIC ID in KVM_GET_LAPIC and KVM_SET_LAPIC, with and without 32-bit IDs. */
static void lapic_state(bool wide)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	const u32 id = 3003;
	struct kvm_lapic_state s;
	struct vcpu *v;
	u32 *reg = (u32 *)(s.regs + 0x20), *ldr = (u32 *)(s.regs + 0xd0);

	if (wide)
		vm_enable_cap(vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS);
	v = vcpu_create(vm, id);
	CHECK_EQ(vcpu_set_msr(v, 0x1b, 0xfee00c00), 1);
	OK(ioctl(v->fd, KVM_GET_LAPIC, &s));
	CHECK_EQ(*reg, wide ? id : id << 24);
	CHECK_EQ(*ldr, (id >> 4) << 16 | 1 << (id & 15));
	OK(ioctl(v->fd, KVM_SET_LAPIC, &s));
	*reg = wide ? id + 1 : 7 << 24;
	if (wide)
		ERR(ioctl(v->fd, KVM_SET_LAPIC, &s), EINVAL);
	else
		OK(ioctl(v->fd, KVM_SET_LAPIC, &s)); /* the format has no room for the ID, which is ignored */
	CHECK_EQ(vcpu_get_msr(v, 0x802), id);
	CHECK_EQ(vcpu_get_msr(v, 0x80d), (id >> 4) << 16 | 1 << (id & 15));
}

TEST(scale_lapic_state)
{
	lapic_state(true);
	lapic_state(false);
}

/* Without 32-bit IDs an MSI has an 8-bit ID; with them bits 39:32 of its address are reserved. */
TEST(scale_msi_address)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct kvm_msi reserved = { .address_lo = MSI_LOW, .address_hi = 0x101, .data = 0x400 };
	struct kvm_irq_routing_entry e = { .gsi = 30, .type = KVM_IRQ_ROUTING_MSI,
					   .u.msi = { MSI_LOW, 0x101, .data = VECTOR } };
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e;
	} routes = { { .nr = 1 }, e };

	vcpu_create(vm, 300);
	vcpu_create(vm, 44);
	CHECK_EQ(vcpu_set_msr(vm->vcpus[0], 0x1b, 0xfee00c00), 1);
	CHECK_EQ(send_msi(vm, 300, 0x400), 1); /* delivered to the vCPU with ID 300 & 0xff */
	CHECK(send_msi(vm, 300 + 1, 0x400) <= 0);
	vm_enable_cap(vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS);
	CHECK_EQ(send_msi(vm, 300, 0x400), 1);
	CHECK(send_msi(vm, 300 + 1, 0x400) <= 0);
	ERR(ioctl(vm->fd, KVM_SIGNAL_MSI, &reserved), EINVAL);
	ERR(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &routes), EINVAL);
}

/* ---- limits ---- */

/* The maximum number of vCPUs, with IDs from the top down; one more is refused, and so is an ID in use. */
TEST(scale_limits)
{
	struct vm *vm = vm_create_bare();
	long max = capability(KVM_CAP_MAX_VCPUS), max_id = capability(KVM_CAP_MAX_VCPU_ID);

	CHECK(max >= HOST_CPUS);
	CHECK(max_id >= 4096);
	CHECK(capability(KVM_CAP_NR_VCPUS) <= max);
	if (max > MANY_VCPUS)
		max = MANY_VCPUS; /* stock KVM has up to 4096 */
	allow_files(max + 64);
	vm_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	for (long i = 0; i < max; i++)
		OK(ioctl(vm->fd, KVM_CREATE_VCPU, max_id - 1 - i * 2));
	ERR(ioctl(vm->fd, KVM_CREATE_VCPU, max_id), EINVAL);
	if (is_stock()) {
		ERR(ioctl(vm->fd, KVM_CREATE_VCPU, max_id - 1), EEXIST);
		return;
	}
	ERR(ioctl(vm->fd, KVM_CREATE_VCPU, 0), EINVAL);
	ERR(ioctl(vm->fd, KVM_CREATE_VCPU, max_id - 1), EINVAL);
}

/* Creates and runs 512 vCPUs. It runs in a child process, so that only the kernel could keep their memory. */
static void many_come_and_go(void)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	allow_files(HOST_CPUS + 64);
	for (int i = 0; i < HOST_CPUS; i++)
		start_many(vcpu_create(vm, many_id(i)), i, "g_cpuid_loop", 3);
	for (int i = 0; i < HOST_CPUS; i += 8)
		vcpu_done(vm->vcpus[i]);
}

static void in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		fn();
		_exit(0);
	}
	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (status)
		_exit(1); /* the child has printed its message */
}

#define VMS 4
#define LEAK_KB (24 << 10) /* less than the memory of one VM with 512 vCPUs, 60 kB each */

/* The memory of 512 vCPUs is freed when the process ends, repeatedly. */
TEST(scale_memory_given_back)
{
	long before, tries;

	in_child(many_come_and_go); /* fills caches */
	before = free_kb();
	for (int i = 0; i < VMS; i++)
		in_child(many_come_and_go);
	for (tries = 0; free_kb() < before - LEAK_KB && tries < 100; tries++)
		usleep(100000); /* some memory is freed with a delay */
	CHECK(free_kb() >= before - LEAK_KB);
}
