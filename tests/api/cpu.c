// SPDX-License-Identifier: GPL-2.0-only
/* Instructions, CPUID, MSRs and exceptions in the guest. Guest side: guest/cpu.c. */
#include "harness.h"

#include <asm/hwcap2.h>
#include <asm/kvm_para.h>
#include <asm/ldt.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define GS_SELECTOR 7 /* entry 0 of the LDT, for CPL 3 */

static void wake_up(int signal)
{
	(void)signal;
}

/* One guest function that checks everything itself. */
#define GUEST_TEST(name_, function_, chip_, arg_)                                                  \
	TEST(name_)                                                                                \
	{                                                                                          \
		vcpu_call(vcpu_create(vm_create(chip_), 0), function_, arg_);                      \
	}

GUEST_TEST(cpu_exceptions, "g_exceptions", CHIP_NONE, 0)
GUEST_TEST(cpu_fault_often, "g_fault_often", CHIP_NONE, 200000)
GUEST_TEST(cpu_double_fault, "g_double", CHIP_NONE, 0)
GUEST_TEST(cpu_user_mode_faults, "g_user_faults", CHIP_NONE, 0)
GUEST_TEST(cpu_xsetbv, "g_xsetbv", CHIP_NONE, 0)
GUEST_TEST(cpu_task_switched, "g_task_switched", CHIP_NONE, 0)
GUEST_TEST(cpu_cr8_xapic, "g_cr8", CHIP_SPLIT, 1)
GUEST_TEST(cpu_cr8_x2apic, "g_cr8", CHIP_SPLIT, 2)
GUEST_TEST(cpu_wbinvd, "g_wbinvd", CHIP_NONE, 0)
GUEST_TEST(cpu_rdpmc, "g_rdpmc", CHIP_NONE, 0)
GUEST_TEST(cpu_efer, "g_efer", CHIP_NONE, 0)
GUEST_TEST(cpu_tsc, "g_tsc", CHIP_NONE, 0)
GUEST_TEST(cpu_self_modifying_code, "g_smc", CHIP_NONE, 50)
GUEST_TEST(cpu_paging, "g_paging", CHIP_NONE, 0)
GUEST_TEST(cpu_segment_bases, "g_seg", CHIP_NONE, 0)
GUEST_TEST(cpu_syscall, "g_syscall", CHIP_NONE, 0)
GUEST_TEST(cpu_cpuid_prefixes, "g_cpuid_prefix", CHIP_NONE, 0)
GUEST_TEST(cpu_msr_values, "g_msr_rw", CHIP_SPLIT, 0)
GUEST_TEST(debug_guest_single_step_cpuid, "g_step_cpuid", CHIP_NONE, 0)
GUEST_TEST(debug_guest_mov_dr, "g_mov_dr", CHIP_NONE, 0)
GUEST_TEST(debug_guest_data_breakpoint, "g_dr_break", CHIP_NONE, 0)
GUEST_TEST(debug_guest_general_detect, "g_gd", CHIP_NONE, 0)

/* A data segment of this process in %gs, with the base. */
static void set_gs(const u64 *base)
{
	struct user_desc d = { .base_addr = (u32)(uintptr_t)base, .limit = 0xfffff, .limit_in_pages = 1,
			       .seg_32bit = 1, .useable = 1 };

	OK(syscall(SYS_modify_ldt, 1, &d, sizeof(d)));
	asm volatile("movw %w0, %%gs" ::"r"(GS_SELECTOR));
}

static void check_gs(u64 want)
{
	u32 selector;
	u64 word;

	asm volatile("movl %%gs, %0\n\tmovq %%gs:0, %1" : "=r"(selector), "=r"(word)::"memory");
	CHECK_EQ(selector, GS_SELECTOR);
	CHECK_EQ(word, want);
}

/* The client's thread uses %gs, as programs of other systems do: client and guest each keep selector and base. */
TEST(cpu_kernel_gs_base)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);
	volatile u64 *args = guest_args(v->vm);
	u64 *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	u64 n = 4;

	CHECK(data != MAP_FAILED);
	data[0] = 0x1234;
	data[1] = 0x5678;
	args[0] = GPA_FREE;
	args[1] = (uintptr_t)data; /* the same as the client's */
	args[2] = 0;
	args[3] = (uintptr_t)(data + 1);
	set_gs(data);
	vcpu_start(v, "g_kernel_gs", n);
	for (u32 i = 0; i < n; i++) {
		bool moved = i == 3 && (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE);

		if (moved) /* a base that differs from the descriptor's */
			asm volatile("wrgsbase %0" ::"r"(data + 1));
		vcpu_sync(v, i);
		check_gs(data[moved]);
		CHECK_EQ(vcpu_get_msr(v, 0xc0000102), args[i]);
	}
	vcpu_done(v);
}

/* Tries it in this process: Linux sets CR0.AM. */
static bool cpu_checks_alignment(void)
{
	static u64 words[2];
	int status;
	pid_t pid = fork();

	if (!pid) {
		asm volatile("pushfq\n\torq $0x40000, (%%rsp)\n\tpopfq\n\tmovl 1(%0), %%ecx\n\t"
			     "pushfq\n\tandq $~0x40000, (%%rsp)\n\tpopfq" ::"r"(words)
			     : "rcx", "memory", "cc");
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
}

TEST(cpu_alignment_check)
{
	if (!cpu_checks_alignment())
		test_skip("this CPU, an emulated one, does not check alignment");
	vcpu_call(vcpu_create(vm_create(CHIP_NONE), 0), "g_alignment", 0);
}

/* taxcut does not offer nested virtualization; stock KVM does. */
TEST(cpu_no_nested_svm)
{
	if (is_stock())
		test_skip("stock KVM supports nested virtualization");
	vcpu_call(vcpu_create(vm_create(CHIP_NONE), 0), "g_svm", 0);
}

TEST(cpu_triple_fault)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_start(v, "g_triple", 0);
	vcpu_expect(v, KVM_EXIT_SHUTDOWN);
	/* The vCPU is usable again once it has a new state. */
	vcpu_call(v, "g_nothing", 0x55);
	CHECK_EQ(guest_results(v->vm)[0], 0x55);
}

/* CR3 points outside memory: only the guest is affected. KVM_RUN ends by itself or by a signal. */
TEST(cpu_page_tables_nowhere)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);
	struct sigaction a = { .sa_handler = wake_up };
	struct kvm_vcpu_events none = {};
	int r;

	OK(sigaction(SIGALRM, &a, NULL));
	alarm(2);
	vcpu_start(v, "g_lost", GPA_MMIO);
	r = vcpu_run_once(v);
	CHECK(r == -EINTR || r == -EFAULT || v->run->exit_reason == KVM_EXIT_SHUTDOWN ||
	      v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR);
	OK(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &none));
	vcpu_call(v, "g_nothing", 0x66);
	CHECK_EQ(guest_results(v->vm)[0], 0x66);
}

/* The guest reads the values of the list, except fields that depend on its state. */
TEST(cpu_cpuid_values)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 5);
	struct kvm_cpuid2 *c = offered_cpuid();
	volatile u64 *got = guest_results(vm);

	CHECK(c->nent > 10);
	for (u32 i = 0; i < c->nent; i++) {
		const struct kvm_cpuid_entry2 *e = &c->entries[i];

		guest_args(vm)[0] = e->function;
		guest_args(vm)[1] = e->index;
		vcpu_call(v, "g_cpuid_fill", 1);
		if (e->function == 0xd || e->function == 0xb || e->function == 0x1f)
			continue; /* depend on XCR0 and the ID */
		if (got[0] != e->eax || (e->function != 1 && (got[1] != e->ebx || got[2] != e->ecx || got[3] != e->edx)))
			FAIL("leaf 0x%x.%u: %llx %llx %llx %llx, not %x %x %x %x", e->function, e->index,
			     (long long)got[0], (long long)got[1], (long long)got[2], (long long)got[3], e->eax,
			     e->ebx, e->ecx, e->edx);
		if (e->function == 1)
			CHECK_EQ(got[1] >> 24, 5);
	}
}

/* On an AMD CPU, leaves that are not in the list are zero; KVM's own leaves exist. */
TEST(cpu_cpuid_limits)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	static const u32 missing[] = { 0x3fffffff, 0x40000002, 0x7fffffff, 0x8fffffff, 0xffffffff };
	volatile u64 *got = guest_results(vm);

	for (u32 i = 0; i < 5; i++) {
		guest_args(vm)[i * 2] = missing[i];
		guest_args(vm)[i * 2 + 1] = 0;
	}
	guest_args(vm)[10] = KVM_CPUID_SIGNATURE;
	guest_args(vm)[12] = KVM_CPUID_FEATURES;
	guest_args(vm)[11] = guest_args(vm)[13] = 0;
	vcpu_call(v, "g_cpuid_fill", 7);
	for (u32 i = 0; i < 20; i++)
		CHECK_EQ(got[i], 0);
	CHECK_EQ(got[20], KVM_CPUID_FEATURES);
	CHECK_EQ(got[21], 0x4b4d564b);
	CHECK_EQ(got[22], 0x564b4d56);
	CHECK_EQ(got[23], 0x4d);
	CHECK(got[24] & 1 << KVM_FEATURE_CLOCKSOURCE2);
	CHECK(got[24] & 1 << KVM_FEATURE_STEAL_TIME);
	CHECK(got[24] & 1 << KVM_FEATURE_PV_SEND_IPI);
	CHECK(got[24] & 1 << KVM_FEATURE_POLL_CONTROL);
}

/* KVM_GET_SUPPORTED_CPUID does not pass on the host's topology: it has one empty entry for it. */
TEST(cpu_cpuid_topology_not_offered)
{
	struct kvm_cpuid2 *c = offered_cpuid();
	u32 found = 0;

	for (u32 i = 0; i < c->nent; i++) {
		const struct kvm_cpuid_entry2 *e = &c->entries[i];

		if (e->function != 0xb && e->function != 0x1f && e->function != 0x8000001e)
			continue;
		found += e->function == 0xb;
		CHECK_EQ(e->index, 0);
		CHECK_EQ(e->eax | e->ebx | e->ecx, 0);
		if (!is_stock()) /* stock KVM: the ID of the CPU that ran the ioctl */
			CHECK_EQ(e->edx, 0);
	}
	CHECK_EQ(found, 1);
}

static struct kvm_cpuid_entry2 topology_level(u32 index, u32 eax, u32 ebx, u32 ecx, u32 id)
{
	return (struct kvm_cpuid_entry2){ .function = 0xb, .index = index, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
					  .eax = eax, .ebx = ebx, .ecx = ecx, .edx = id };
}

/* A guest sees the topology that the client sets: the vCPU's own x2APIC ID in every sub-leaf. */
TEST(cpu_cpuid_topology_of_client)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create_bare(vm, 5);
	struct kvm_cpuid2 *c = offered_cpuid();
	volatile u64 *args = guest_args(vm), *got = guest_results(vm);
	u32 n = c->nent;

	for (u32 i = 0; i < n; i++)
		if (c->entries[i].function == 0xb)
			c->entries[i] = c->entries[--n];
	c->entries[n++] = topology_level(0, 0, 1, 0x100, 5);
	c->entries[n++] = topology_level(1, 3, 8, 0x201, 5);
	c->nent = n;
	OK(ioctl(v->fd, KVM_SET_CPUID2, c));
	for (u32 i = 0; i < 4; i++) {
		args[i * 2] = 0xb;
		args[i * 2 + 1] = i;
	}
	vcpu_call(v, "g_cpuid_fill", 4);
	for (u32 i = 0; i < 4; i++)
		CHECK_EQ(got[i * 4 + 3], 5);
	CHECK_EQ(got[4], 3);
	CHECK_EQ(got[5], 8);
	CHECK_EQ(got[6], 0x201);
	CHECK_EQ(got[8], 0);
	CHECK_EQ(got[9], 0);
	CHECK_EQ(got[10], 2); /* the level does not exist; the sub-leaf is echoed */
}

/* Without KVM_SET_CPUID2 all leaves are zero. */
TEST(cpu_cpuid_unset)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create_bare(vm, 0);

	guest_args(vm)[0] = guest_args(vm)[1] = 0;
	vcpu_start_real(v, "real_start", "real_end");
	vcpu_expect(v, KVM_EXIT_IO);
}

TEST(cpu_cpuid_errors)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_cpuid2 *c = offered_cpuid();
	u32 all = c->nent;

	c->nent = 1;
	ERR(ioctl(device_open(), KVM_GET_SUPPORTED_CPUID, c), E2BIG);
	c->nent = all;
	OK(ioctl(device_open(), KVM_GET_SUPPORTED_CPUID, c));
	c->nent = 1000;
	ERR(ioctl(v->fd, KVM_SET_CPUID2, c), E2BIG);
	ERR(ioctl(v->fd, KVM_SET_CPUID2, NULL), EFAULT);
	c->nent = 1;
	ERR(ioctl(v->fd, KVM_GET_CPUID2, c), E2BIG);
	c->nent = all;
	OK(ioctl(v->fd, KVM_GET_CPUID2, c));
	CHECK_EQ(c->nent, all);
	/* After the first run only the same list is accepted. */
	vcpu_call(v, "g_nothing", 0);
	OK(ioctl(v->fd, KVM_GET_CPUID2, c));
	OK(ioctl(v->fd, KVM_SET_CPUID2, c));
	c->entries[0].eax ^= 1;
	ERR(ioctl(v->fd, KVM_SET_CPUID2, c), EINVAL);
}

TEST(cpu_msr_unknown_gp)
{
	static const u32 unknown[] = { 0x12345678, 0x4b564dff, 0xc0008888, 0x3fffffff, 0xffffffff, 0x0c };
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);

	for (u32 i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		vcpu_call(v, "g_msr_unknown", unknown[i]);
}

/* MSR_PLATFORM_INFO can be hidden. */
TEST(cpu_msr_platform_info)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	guest_args(vm)[0] = 0xce;
	vcpu_call(v, "g_read_msrs", 1);
	vm_enable_cap(vm, KVM_CAP_MSR_PLATFORM_INFO, 0);
	vcpu_call(v, "g_msr_unknown", 0xce);
}

/* User space emulates an unknown MSR. */
TEST(cpu_msr_user_exit)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v;

	vm_enable_cap(vm, KVM_CAP_X86_USER_SPACE_MSR, KVM_MSR_EXIT_REASON_UNKNOWN);
	v = vcpu_create(vm, 0);
	guest_args(vm)[0] = 0x12345678;
	vcpu_start(v, "g_read_msrs", 1);
	vcpu_expect(v, KVM_EXIT_X86_RDMSR);
	CHECK_EQ(v->run->msr.index, 0x12345678);
	CHECK_EQ(v->run->msr.reason, KVM_MSR_EXIT_REASON_UNKNOWN);
	v->run->msr.data = 0x1122334455667788;
	v->run->msr.error = 0;
	vcpu_done(v);
	CHECK_EQ(guest_results(vm)[0], 0x1122334455667788);

	guest_args(vm)[1] = 0x99;
	vcpu_start(v, "g_write_msr", 0);
	vcpu_expect(v, KVM_EXIT_X86_WRMSR);
	CHECK_EQ(v->run->msr.data, 0x99);
	v->run->msr.error = 1;
	vcpu_done(v);
	CHECK_EQ(guest_results(vm)[0], 0);
	CHECK_EQ(guest_results(vm)[1], 13);
}

TEST(cpu_msr_filter)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);
	u8 bitmap[8] = { 0 };
	struct kvm_msr_filter f = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = { .flags = KVM_MSR_FILTER_WRITE, .nmsrs = 8, .base = 0x174, .bitmap = bitmap },
	};

	OK(ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &f));
	guest_args(vm)[0] = 0x174;
	guest_args(vm)[1] = 8;
	vcpu_call(v, "g_read_msrs", 1);
	vcpu_call(v, "g_write_msr", 0);
	CHECK_EQ(guest_results(vm)[1], 13);
	memset(&f, 0, sizeof(f));
	OK(ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &f));
	vcpu_call(v, "g_write_msr", 0);
	CHECK_EQ(guest_results(vm)[0], 1);
	f.flags = KVM_MSR_FILTER_DEFAULT_DENY;
	ERR(ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &f), EINVAL);
}

/* MONITOR and MWAIT do nothing; with the quirk MWAIT_NEVER_UD_FAULTS disabled they are #UD. */
TEST(cpu_monitor_mwait)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_call(v, "g_monitor", 0);
	CHECK_EQ(guest_results(vm)[0], 0x1000);
	CHECK_EQ(guest_results(vm)[1], 0x1000);
	vm = vm_create(CHIP_NONE);
	vm_enable_cap(vm, KVM_CAP_DISABLE_QUIRKS2, KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS);
	v = vcpu_create(vm, 0);
	vcpu_call(v, "g_monitor", 0);
	CHECK_EQ(guest_results(vm)[0], 6);
	CHECK_EQ(guest_results(vm)[1], 6);
}

/*
 * The other vendor's hypercall instruction works until the quirk FIX_HYPERCALL_INSN is disabled; the vCPU has run by
 * then.
 */
TEST(cpu_foreign_hypercall)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_call(v, "g_foreign_hypercall", 0);
	CHECK_EQ(guest_results(vm)[0], 0x1000);
	vm_enable_cap(vm, KVM_CAP_DISABLE_QUIRKS2, KVM_X86_QUIRK_FIX_HYPERCALL_INSN);
	vcpu_call(v, "g_foreign_hypercall", 1);
	CHECK_EQ(guest_results(vm)[0], 6);
}

/* 16-bit real mode: arithmetic in memory, port input and output. */
TEST(cpu_real_mode)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start_real(v, "real_start", "real_end");
	vcpu_expect(v, KVM_EXIT_IO);
	CHECK_EQ(v->run->io.port, 0x71);
	CHECK_EQ(v->run->io.direction, KVM_EXIT_IO_IN);
	*((u8 *)v->run + v->run->io.data_offset) = 0x42;
	vcpu_expect(v, KVM_EXIT_IO);
	CHECK_EQ(v->run->io.port, PORT_SYNC);
	CHECK_EQ(v->run->io.size, 2);
	CHECK_EQ(*(u16 *)((u8 *)v->run + v->run->io.data_offset), 0x1234);
	CHECK_EQ(*(u16 *)(vm->mem + GPA_REAL_DATA), 300);
	CHECK_EQ(vm->mem[GPA_REAL_DATA + 2], 0x42);
	vcpu_expect(v, KVM_EXIT_HLT);
}

TEST(cpu_protected_mode)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start_prot(v, "prot_start", "prot_end");
	vcpu_expect(v, KVM_EXIT_IO);
	CHECK_EQ(*(u32 *)(vm->mem + GPA_REAL_DATA), 0x12345678);
	CHECK_EQ(*(u32 *)((u8 *)v->run + v->run->io.data_offset) & 1, 1);
}

/* General and SSE registers survive exits to user space, although the host uses SSE registers too. */
TEST(cpu_registers_survive_exits)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_NONE), 0);

	vcpu_start(v, "g_keep_state", 20);
	for (int i = 0; i < 20; i++)
		vcpu_sync(v, 7);
	vcpu_done(v);
	vcpu_start(v, "g_sse_keep", 20);
	for (int i = 0; i < 20; i++) {
		vcpu_sync(v, 3);
		asm volatile("pxor %%xmm3, %%xmm3\n\tpcmpeqb %%xmm15, %%xmm15" ::: "xmm3", "xmm15");
	}
	vcpu_done(v);
}

/* Exit counts are exact: N CPUIDs are N exits, and the reasons add up to the total. */
TEST(stat_exits_exact)
{
	static const char *const reasons[] = {
		"backend_exits", "irq_exits", "nmi_exits", "cpuid_exits", "msr_exits", "io_exits", "memory_exits",
		"halt_exits", "hypercalls", "irq_window_exits", "nmi_window_exits", "cr_exits", "cr8_exits", "dr_exits",
		"xsetbv_exits", "wbinvd_exits", "invd_exits", "monitor_exits", "mwait_exits", "pause_exits",
		"rdpmc_exits", "task_switch_exits", "eoi_exits", "undefined_insn_exits", "exception_exits", "shutdown_exits",
		"failed_entry_exits", "unknown_exits",
	};
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);
	u64 cpuid, exits, sum = 0;

	if (is_stock())
		test_skip("stock KVM does not count exits by reason");
	vcpu_call(v, "g_nothing", 0);
	cpuid = stat_get(v->fd, "cpuid_exits");
	vcpu_call(v, "g_cpuid_loop", 1000);
	CHECK_EQ(stat_get(v->fd, "cpuid_exits") - cpuid, 1000);
	exits = stat_get(v->fd, "exits");
	for (u32 i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		sum += stat_get(v->fd, reasons[i]);
	CHECK_EQ(sum, exits);
	CHECK(stat_get(v->fd, "io_exits") >= 2);
	CHECK_EQ(stat_get(v->fd, "io_exits"), stat_get(v->fd, "io_exits"));
	CHECK(stat_get(v->fd, "outside_cycles") > 0);
}

TEST(stat_files)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_stats_header h;
	char id[256] = "";
	int fd = OK(ioctl(vm->fd, KVM_GET_STATS_FD, 0));

	CHECK_EQ(pread(fd, &h, sizeof(h), 0), sizeof(h));
	CHECK_RANGE(h.name_size, 1, sizeof(id));
	CHECK(pread(fd, id, h.name_size, h.id_offset) > 0);
	CHECK(memchr(id, 0, h.name_size) && *id);
	ERR(write(fd, id, 1), EBADF);
	/* The statistics file still works after the vCPU's file is closed. */
	close(fd);
	fd = OK(ioctl(v->fd, KVM_GET_STATS_FD, 0));
	close(v->fd);
	close(vm->fd);
	CHECK_EQ(pread(fd, &h, sizeof(h), 0), sizeof(h));
	CHECK(h.num_desc > 5);
	/* A read past the end returns 0. */
	CHECK_EQ(pread(fd, id, sizeof(id), 1 << 20), 0);
}
