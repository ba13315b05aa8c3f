// SPDX-License-Identifier: GPL-2.0-only
/* Ioctls in general: errors, permitted callers, signals, many vCPUs. */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

TEST(vm_system_ioctls)
{
	int fd = device_open();

	CHECK_EQ(ioctl(fd, KVM_GET_API_VERSION, 0), 12);
	ERR(ioctl(fd, KVM_GET_API_VERSION, 1), EINVAL);
	ERR(ioctl(fd, KVM_CREATE_VM, 0x7777), EINVAL);
	ERR(ioctl(fd, _IO(KVMIO, 0xfe), 0), EINVAL);
	ERR(ioctl(fd, KVM_RUN, 0), EINVAL);
	ERR(ioctl(fd, KVM_CREATE_VCPU, 0), EINVAL);
	CHECK_EQ(ioctl(fd, KVM_CHECK_EXTENSION, 0x7fffffff), 0);
	CHECK_EQ(ioctl(fd, KVM_CHECK_EXTENSION, -1), 0);
	CHECK_EQ(OK(ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 0)) % 4096, 0);
	ERR(ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 1), EINVAL);
	ERR(ioctl(fd, KVM_GET_SUPPORTED_CPUID, NULL), EFAULT);
}

/* Capabilities that QEMU requires, and limits that taxcut promises. */
TEST(vm_capabilities)
{
	static const int needed[] = {
		KVM_CAP_USER_MEMORY, KVM_CAP_DESTROY_MEMORY_REGION_WORKS, KVM_CAP_JOIN_MEMORY_REGIONS_WORKS,
		KVM_CAP_INTERNAL_ERROR_DATA, KVM_CAP_IOEVENTFD, KVM_CAP_IOEVENTFD_ANY_LENGTH, KVM_CAP_IRQFD,
		KVM_CAP_IRQ_ROUTING, KVM_CAP_SIGNAL_MSI, KVM_CAP_IRQCHIP, KVM_CAP_SET_TSS_ADDR,
		KVM_CAP_SET_IDENTITY_MAP_ADDR, KVM_CAP_EXT_CPUID, KVM_CAP_MP_STATE, KVM_CAP_DEBUGREGS, KVM_CAP_XSAVE,
		KVM_CAP_VCPU_EVENTS, KVM_CAP_X86_ROBUST_SINGLESTEP, KVM_CAP_ADJUST_CLOCK, KVM_CAP_MCE,
		KVM_CAP_IMMEDIATE_EXIT, KVM_CAP_PIT2, KVM_CAP_PIT_STATE2, KVM_CAP_READONLY_MEM,
		KVM_CAP_TSC_DEADLINE_TIMER, KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_BINARY_STATS_FD,
	};

	for (u32 i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (capability(needed[i]) < 1)
			FAIL("capability %d is missing", needed[i]);
	CHECK(capability(KVM_CAP_MCE) >= 10);
	CHECK(capability(KVM_CAP_MAX_VCPUS) >= 64);
	CHECK(capability(KVM_CAP_NR_MEMSLOTS) >= 512);
}

/* VM and vCPU files refuse unknown ioctls with KVM's errors. */
TEST(vm_wrong_file)
{
	u8 buffer[64] = {};
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	ERR(ioctl(vm->fd, KVM_RUN, 0), ENOTTY);
	ERR(ioctl(vm->fd, KVM_GET_REGS, 0), ENOTTY);
	ERR(ioctl(vm->fd, KVM_CREATE_VM, 0), ENOTTY);
	ERR(ioctl(vm->fd, _IO(KVMIO, 0xfe), 0), ENOTTY);
	ERR(ioctl(v->fd, KVM_CREATE_VCPU, 1), EINVAL);
	ERR(ioctl(v->fd, KVM_SET_USER_MEMORY_REGION, buffer), EINVAL);
	ERR(ioctl(v->fd, _IO(KVMIO, 0xfe), 0), EINVAL);
	ERR(ioctl(v->fd, 0x5401, 0), EINVAL); /* TCGETS: another ioctl type */
	ERR(ioctl(v->fd, KVM_RUN, 1), EINVAL);
}

TEST(vm_irqchip_order)
{
	struct vm *vm = vm_create_bare();
	struct kvm_pit_config pit = {};
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };

	ERR(ioctl(vm->fd, KVM_CREATE_PIT2, &pit), ENOENT);
	OK(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0));
	ERR(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0), EEXIST);
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &split), EEXIST);
	OK(ioctl(vm->fd, KVM_CREATE_PIT2, &pit));
	ERR(ioctl(vm->fd, KVM_CREATE_PIT2, &pit), EEXIST);
	vm = vm_create_bare();
	OK(ioctl(vm->fd, KVM_ENABLE_CAP, &split));
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &split), EEXIST);
	ERR(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0), EEXIST);
	/* An irqchip can be created before the first vCPU only. */
	vm = vm_create_bare();
	vcpu_create_bare(vm, 0);
	ERR(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0), EINVAL);
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &split), EEXIST);
	vm = vm_create_bare();
	split.args[0] = 100000;
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &split), EINVAL);
}

TEST(vm_enable_cap_errors)
{
	struct vm *vm = vm_create_bare();
	struct kvm_enable_cap c = { .cap = 0x7777 };

	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &c), EINVAL);
	c = (struct kvm_enable_cap){ .cap = KVM_CAP_X86_DISABLE_EXITS, .args = { ~0ULL } };
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &c), EINVAL);
	c = (struct kvm_enable_cap){ .cap = KVM_CAP_X86_DISABLE_EXITS, .flags = 1 };
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &c), EINVAL);
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, NULL), EFAULT);
	vcpu_create_bare(vm, 0);
	c = (struct kvm_enable_cap){ .cap = KVM_CAP_MAX_VCPU_ID, .args = { 1 << 30 } };
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &c), EINVAL);
}

TEST(vm_vcpu_ids)
{
	struct vm *vm = vm_create_bare();
	long max = capability(KVM_CAP_MAX_VCPU_ID);

	ERR(ioctl(vm->fd, KVM_CREATE_VCPU, max), EINVAL);
	ERR(ioctl(vm->fd, KVM_CREATE_VCPU, 0xffffffffL), EINVAL);
	OK(ioctl(vm->fd, KVM_CREATE_VCPU, max - 1));
	OK(ioctl(vm->fd, KVM_CREATE_VCPU, 3));
	ERR(ioctl(vm->fd, KVM_CREATE_VCPU, 3), EEXIST);
	ERR(ioctl(vm->fd, KVM_SET_BOOT_CPU_ID, 1), EBUSY);
}

/* The boot CPU's ID must be below the VM's limit on IDs; set in either order. */
TEST(vm_boot_cpu_within_limit)
{
	struct kvm_enable_cap c = { .cap = KVM_CAP_MAX_VCPU_ID, .args = { 1 } };
	struct vm *vm = vm_create_bare();
	long max = capability(KVM_CAP_MAX_VCPU_ID);

	ERR(ioctl(vm->fd, KVM_SET_BOOT_CPU_ID, max + 1), EINVAL);
	ERR(ioctl(vm->fd, KVM_SET_BOOT_CPU_ID, 1L << 32), EINVAL);
	OK(ioctl(vm->fd, KVM_SET_BOOT_CPU_ID, 2));
	ERR(ioctl(vm->fd, KVM_ENABLE_CAP, &c), EINVAL);
	vm_enable_cap(vm, KVM_CAP_MAX_VCPU_ID, 2);
	ERR(ioctl(vm->fd, KVM_SET_BOOT_CPU_ID, 3), EINVAL);
	OK(ioctl(vm->fd, KVM_SET_BOOT_CPU_ID, 0));
	ERR(ioctl(vm->fd, KVM_CREATE_VCPU, 2), EINVAL);
	OK(ioctl(vm->fd, KVM_CREATE_VCPU, 0));
}

TEST(vm_nr_mmu_pages)
{
	struct vm *vm = vm_create_bare();

	ERR(ioctl(vm->fd, KVM_SET_NR_MMU_PAGES, 63), EINVAL);
	OK(ioctl(vm->fd, KVM_SET_NR_MMU_PAGES, 64));
}

/* 64 vCPUs, each running in its own thread. */
TEST(vm_64_vcpus)
{
	struct vm *vm = vm_create(CHIP_SPLIT);

	for (int i = 0; i < 64; i++)
		vcpu_create(vm, i);
	for (int i = 0; i < 64; i++) {
		vcpu_start(vm->vcpus[i], "g_cpuid_loop", 200);
		vcpu_thread(vm->vcpus[i]);
	}
	for (int i = 0; i < 64; i++)
		vcpu_join(vm->vcpus[i]);
}

TEST(vm_mmap)
{
	struct vcpu *v = vcpu_create_bare(vm_create_bare(), 0);
	long pages = ioctl(device_open(), KVM_GET_VCPU_MMAP_SIZE, 0) / 4096;
	volatile u8 *p = mmap(NULL, 4096 * (pages + 2), PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	int status;
	pid_t pid;

	CHECK(p != MAP_FAILED);
	for (long i = 0; i < pages; i++)
		p[i * 4096] = 0;
	pid = fork();
	if (!pid) {
		p[pages * 4096] = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

/* A child process that inherits the files is not the VM's owner: its ioctls fail. */
TEST(vm_forked_child)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_regs r;
	pid_t pid = fork();
	int status;

	if (!pid) {
		ERR(ioctl(v->fd, KVM_RUN, 0), EIO);
		ERR(ioctl(v->fd, KVM_GET_REGS, &r), EIO);
		ERR(ioctl(vm->fd, KVM_CREATE_VCPU, 1), EIO);
		ERR(vm_set_slot(vm, 5, 0x40000000, 0x1000, vm->mem, 0), EIO);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	vcpu_call(v, "g_nothing", 0);
}

/* A vCPU may run in different threads one after the other; its ioctls wait for the end of KVM_RUN. */
TEST(vm_run_from_threads)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);

	for (int i = 0; i < 10; i++) {
		vcpu_start(v, "g_cpuid_loop", 50);
		vcpu_thread(v);
		vcpu_join(v);
		vcpu_call(v, "g_nothing", i);
	}
}

static void *run_until_signal(void *v)
{
	return (void *)(long)vcpu_run_once(v);
}

static void ignore(int signal)
{
	(void)signal;
}

static void catch_signals(void)
{
	struct sigaction a = { .sa_handler = ignore };

	OK(sigaction(SIGUSR1, &a, NULL));
}

static void wait_progress(volatile u64 *progress)
{
	u64 before = *progress;

	for (int i = 0; i < 10000 && *progress == before; i++)
		usleep(1000);
	CHECK(*progress != before);
}

static void kick_thread(pthread_t t, volatile u64 *progress)
{
	wait_progress(progress);
	CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
}

TEST(vm_signal_while_running)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	pthread_t t;
	void *r;

	catch_signals();
	vcpu_start(v, "g_count_forever", 0);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(pthread_create(&t, NULL, run_until_signal, v), 0);
		kick_thread(t, guest_results(vm));
		pthread_join(t, &r);
		CHECK_EQ((long)r, -EINTR);
		CHECK_EQ(v->run->exit_reason, KVM_EXIT_INTR);
	}
}

TEST(vm_signal_while_halted)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	pthread_t t;
	void *r;

	catch_signals();
	vcpu_start(v, "g_hlt_loop", 1);
	CHECK_EQ(pthread_create(&t, NULL, run_until_signal, v), 0);
	usleep(200000);
	CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
	pthread_join(t, &r);
	CHECK_EQ((long)r, -EINTR);
}

/* KVM_RUN of a vCPU that runs in another thread waits; it does not fail or hang. */
TEST(vm_two_threads_one_vcpu)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	pthread_t a, b;
	void *r;

	catch_signals();
	vcpu_start(v, "g_count_forever", 0);
	CHECK_EQ(pthread_create(&a, NULL, run_until_signal, v), 0);
	wait_progress(guest_results(vm));
	CHECK_EQ(pthread_create(&b, NULL, run_until_signal, v), 0);
	kick_thread(a, guest_results(vm));
	pthread_join(a, &r);
	CHECK_EQ((long)r, -EINTR);
	kick_thread(b, guest_results(vm));
	pthread_join(b, &r);
	CHECK_EQ((long)r, -EINTR);
}

/* immediate_exit: the pending exit is completed, the guest does not run, KVM_RUN returns -EINTR. */
TEST(vm_immediate_exit)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start(v, "g_nothing", 0);
	v->run->immediate_exit = 1;
	CHECK_EQ(vcpu_run_once(v), -EINTR);
	CHECK_EQ(vcpu_regs(v).rip, guest_address("g_nothing"));
	v->run->immediate_exit = 0;
	vcpu_start(v, "g_mmio_one_read", GPA_MMIO);
	vcpu_expect(v, KVM_EXIT_MMIO);
	*(u32 *)v->run->mmio.data = 0x77665544;
	v->run->immediate_exit = 1;
	CHECK_EQ(vcpu_run_once(v), -EINTR);
	CHECK_EQ(v->run->exit_reason, KVM_EXIT_MMIO); /* of the exit before */
	memset(v->run->mmio.data, 0, 8);
	v->run->immediate_exit = 0;
	vcpu_done(v);
	CHECK_EQ(guest_results(vm)[0], 0x77665544);
}

/* A signal that the thread blocks and the vCPU's mask does not block ends KVM_RUN and stays pending. */
TEST(vm_signal_mask)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct {
		struct kvm_signal_mask head;
		u8 set[8];
	} mask = { .head.len = 8 };
	sigset_t usr1, pending;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &usr1, NULL));
	catch_signals();
	OK(ioctl(v->fd, KVM_SET_SIGNAL_MASK, &mask));
	OK(kill(getpid(), SIGUSR1));
	vcpu_start(v, "g_count_forever", 0);
	CHECK_EQ(vcpu_run_once(v), -EINTR);
	sigpending(&pending);
	CHECK(sigismember(&pending, SIGUSR1));
	mask.head.len = 4;
	ERR(ioctl(v->fd, KVM_SET_SIGNAL_MASK, &mask), EINVAL);
	/* Without the vCPU's mask the thread's applies: the blocked signal does not end KVM_RUN. */
	OK(ioctl(v->fd, KVM_SET_SIGNAL_MASK, NULL));
	vcpu_call(v, "g_nothing", 0);
}

/* Files are closed in any order, also while the vCPU's run page is mapped. */
TEST(vm_close_order)
{
	for (int i = 0; i < 8; i++) {
		struct vm *vm = vm_create(i & 1 ? CHIP_SPLIT : CHIP_FULL);
		struct vcpu *v = vcpu_create(vm, 0);

		if (i & 2)
			vcpu_call(v, "g_nothing", 0);
		if (i & 4) {
			close(vm->fd);
			vcpu_call(v, "g_nothing", 1);
			close(v->fd);
			v->run->exit_reason = 0;
		} else {
			close(v->fd);
			close(vm->fd);
		}
	}
}

/* Bad pointers: EFAULT. */
TEST(vm_bad_pointers)
{
	static const unsigned long vm_cmds[] = {
		KVM_SET_USER_MEMORY_REGION, KVM_SET_GSI_ROUTING, KVM_IRQFD, KVM_IOEVENTFD, KVM_SIGNAL_MSI,
		KVM_IRQ_LINE, KVM_GET_IRQCHIP, KVM_SET_IRQCHIP, KVM_GET_PIT2, KVM_SET_PIT2, KVM_GET_CLOCK,
		KVM_SET_CLOCK, KVM_ENABLE_CAP, KVM_X86_SET_MSR_FILTER, KVM_GET_DIRTY_LOG,
		KVM_REGISTER_COALESCED_MMIO,
	};
	static const unsigned long vcpu_cmds[] = {
		KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_GET_SREGS2, KVM_SET_SREGS2,
		KVM_GET_FPU, KVM_SET_FPU, KVM_GET_XSAVE, KVM_SET_XSAVE, KVM_GET_XCRS, KVM_SET_XCRS,
		KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, KVM_GET_MSRS, KVM_SET_MSRS, KVM_GET_LAPIC, KVM_SET_LAPIC,
		KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, KVM_GET_MP_STATE, KVM_SET_MP_STATE, KVM_SET_CPUID2,
		KVM_GET_CPUID2, KVM_SET_GUEST_DEBUG, KVM_TRANSLATE, KVM_X86_SETUP_MCE, KVM_SET_SIGNAL_MASK,
		KVM_GET_XSAVE2,
	};
	struct vm *vm = vm_create(CHIP_FULL);
	struct vcpu *v = vcpu_create(vm, 0);

	for (u32 i = 0; i < sizeof(vm_cmds) / sizeof(vm_cmds[0]); i++) {
		errno = 0;
		if (ioctl(vm->fd, vm_cmds[i], (void *)0x10UL) >= 0 || errno != EFAULT)
			FAIL("VM ioctl 0x%lx: %s", vm_cmds[i], strerror(errno));
	}
	for (u32 i = 0; i < sizeof(vcpu_cmds) / sizeof(vcpu_cmds[0]); i++) {
		errno = 0;
		if (ioctl(v->fd, vcpu_cmds[i], (void *)0x10UL) >= 0 || errno != EFAULT)
			FAIL("vCPU ioctl 0x%lx: %s", vcpu_cmds[i], strerror(errno));
	}
	vcpu_call(v, "g_nothing", 0);
}
