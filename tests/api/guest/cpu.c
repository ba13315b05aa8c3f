// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for cpu.c and debug.c: instructions, MSRs, exceptions. */
#include "lib.h"

void g_nothing(u64 arg);
void g_cpuid_fill(u64 n);
void g_cpuid_loop(u64 n);
void g_count_forever(u64 arg);
void g_hlt_loop(u64 n);
void g_msr_unknown(u64 arg);
void g_msr_rw(u64 arg);
void g_read_msrs(u64 n);
void g_exceptions(u64 arg);
void g_fault_often(u64 n);
void g_triple(u64 arg);
void g_double(u64 arg);
void g_user_faults(u64 arg);
void g_alignment(u64 arg);
void g_step_cpuid(u64 arg);
void g_mov_dr(u64 arg);
void g_dr_break(u64 arg);
void g_gd(u64 arg);
void g_xsetbv(u64 arg);
void g_task_switched(u64 arg);
void g_cr8(u64 arg);
void g_wbinvd(u64 arg);
void g_monitor(u64 arg);
void g_rdpmc(u64 arg);
void g_foreign_hypercall(u64 which);
void g_svm(u64 arg);
void g_tsc(u64 arg);
void g_bp_target(void);
void g_bp(u64 arg);
void g_int3(u64 arg);
void g_steps(u64 arg);
void g_write_msr(u64 arg);
void g_keep_state(u64 arg);
void g_sse_keep(u64 arg);
void g_efer(u64 arg);
void g_smc(u64 arg);
void g_paging(u64 arg);
void g_seg(u64 arg);
void g_syscall(u64 arg);
void g_kernel_gs(u64 n);
void g_cpuid_prefix(u64 arg);
void g_lost(u64 arg);

void g_nothing(u64 arg)
{
	results[0] = arg;
}

/* args: leaf, index pairs; results: eax..edx of each. */
void g_cpuid_fill(u64 n)
{
	for (u64 i = 0; i < n; i++) {
		struct cpuid_regs r = cpuid(args[i * 2], args[i * 2 + 1]);

		results[i * 4] = r.eax;
		results[i * 4 + 1] = r.ebx;
		results[i * 4 + 2] = r.ecx;
		results[i * 4 + 3] = r.edx;
	}
}

void g_cpuid_loop(u64 n)
{
	while (n--)
		cpuid(0, 0);
}

void g_count_forever(u64 arg)
{
	for (;;)
		results[arg]++;
}

void g_hlt_loop(u64 n)
{
	while (n--)
		hlt();
}

/* An unknown MSR: #GP(0), and the registers do not change. */
void g_msr_unknown(u64 index)
{
	u64 v = 0;

	EXPECT(!try_rdmsr(index, &v));
	EXPECT_EQ(trap.vector, 13);
	EXPECT_EQ(trap.error, 0);
	EXPECT(!try_wrmsr(index, 1));
	EXPECT_EQ(trap.vector, 13);
	EXPECT_EQ(trap.error, 0);
	EXPECT_EQ(*(u8 *)trap.rip, 0x0f); /* a fault: points at the instruction */
}

static const struct {
	u32 index;
	u64 good, bad; /* bad 0: no bad value */
} msr_rows[] = {
	{ 0x174, 0x10, 0 }, /* SYSENTER_CS */
	{ 0x175, 0xffff800000001000, 0 },
	{ 0x176, 0xffff800000002000, 0 },
	{ 0x277, 0x0007040600070406, 0x0202020202020202 }, /* PAT */
	{ 0x2ff, 0xc06, 0x02 }, /* MTRRdefType */
	{ 0x250, 0x0606060606060606, 0x0303030303030303 },
	{ 0x200, 0x80000006, 0x80000002 },
	{ 0x201, 0xfc0000800, 0xfc0000001 },
	{ 0xc0000081, 0x0023001000000000, 0 }, /* STAR */
	{ 0xc0000082, 0xffffffff81000000, 0 },
	{ 0xc0000083, 0xffffffff82000000, 0 },
	{ 0xc0000084, 0x47700, 0 },
	{ 0xc0000100, 0xffff888000000000, 0 },
	{ 0xc0000101, 0xffff888000000000, 0 },
	{ 0xc0000102, 0xffff888000001000, 0 },
	{ 0x3b, 0x123456, 0 }, /* TSC_ADJUST */
};

void g_msr_rw(u64 arg)
{
	u64 v;

	(void)arg;
	for (u64 i = 0; i < sizeof(msr_rows) / sizeof(msr_rows[0]); i++) {
		u32 index = msr_rows[i].index;
		u64 old = rdmsr(index);

		if (!try_wrmsr(index, msr_rows[i].good))
			fail(__FILE__, __LINE__, "a good value faults; MSR", index, 0);
		EXPECT_EQ(rdmsr(index), msr_rows[i].good);
		if (msr_rows[i].bad) {
			if (try_wrmsr(index, msr_rows[i].bad))
				fail(__FILE__, __LINE__, "a bad value does not fault; MSR", index, 0);
			EXPECT_EQ(trap.vector, 13);
			EXPECT(try_rdmsr(index, &v));
			EXPECT_EQ(v, msr_rows[i].good);
		}
		wrmsr(index, old);
	}
}

void g_read_msrs(u64 n)
{
	for (u64 i = 0; i < n; i++)
		results[i] = rdmsr(args[i]);
}

void g_write_msr(u64 arg)
{
	(void)arg;
	results[0] = try_wrmsr(args[0], args[1]);
	results[1] = trap.vector;
}

void g_exceptions(u64 arg)
{
	(void)arg;
	TRY("ud2",, "a"(0));
	EXPECT_EQ(trap.vector, 6);
	TRY("divl %%ecx",, "a"(1), "d"(0), "c"(0));
	EXPECT_EQ(trap.vector, 0);
	TRY("mov %0, %%ds",, "r"(0x1000));
	EXPECT_EQ(trap.vector, 13);
	EXPECT_EQ(trap.error, 0x1000);
	TRY("movl $1, (%0)",, "r"(0x8000000000000000));
	EXPECT_EQ(trap.vector, 13);
	EXPECT_EQ(trap.error, 0);
	/* Page 0 is not present: read, write and fetch there. */
	TRY("movl (%0), %%eax",, "r"(0x10UL) : "rax");
	EXPECT_EQ(trap.vector, 14);
	EXPECT_EQ(trap.error, 0);
	EXPECT_EQ(trap.cr2, 0x10);
	TRY("movl %%eax, (%0)",, "r"(0x18UL));
	EXPECT_EQ(trap.vector, 14);
	EXPECT_EQ(trap.error, 2);
	EXPECT_EQ(trap.cr2, 0x18);
	TRY("jmp *%0",, "r"(0x20UL));
	EXPECT_EQ(trap.vector, 14);
	EXPECT_EQ(trap.error, 0x10);
	EXPECT_EQ(trap.cr2, 0x20);
	EXPECT_EQ(trap.rip, 0x20);
	TRY("int3",, "a"(0));
	EXPECT_EQ(trap.vector, 3);
}

/*
 * n page faults: each is taken once and returns to the address that the handler sets, with the stack pointer
 * unchanged.
 */
void g_fault_often(u64 n)
{
	u64 before, after, count = trap.count;

	for (u64 i = 0; i < n; i++) {
		asm volatile("movq $771f, resume\n\t"
			     "movq %%rsp, %0\n\t"
			     "movl (%2), %%eax\n"
			     "771:\n\t"
			     "movq %%rsp, %1\n\t"
			     "movq %0, %%rsp"
			     : "=&r"(before), "=&r"(after)
			     : "r"(0x10UL)
			     : "rax", "memory");
		EXPECT_EQ(after, before);
		EXPECT_EQ(trap.count - count, i + 1);
	}
}

/* Without an IDT the first exception becomes a triple fault. */
void g_triple(u64 arg)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) idt = { 0, 0 };

	(void)arg;
	asm volatile("lidt %0\n\tud2" ::"m"(idt));
}

/* The gate of #DE is not present: #NP while delivering #DE makes #DF. */
void g_double(u64 arg)
{
	volatile u32 *gate = (volatile u32 *)GPA_IDT;

	(void)arg;
	/* Once with the gate, so that the hypervisor has mapped all pages before. */
	TRY("divl %%ecx",, "a"(1), "d"(0), "c"(0));
	EXPECT_EQ(trap.vector, 0);
	gate[1] &= ~0x8000U;
	TRY("divl %%ecx",, "a"(1), "d"(0), "c"(0));
	gate[1] |= 0x8000;
	EXPECT_EQ(trap.vector, 8);
	EXPECT_EQ(trap.error, 0);
}

static void user_hlt(void)
{
	TRY("hlt",, "a"(0));
	USER_END();
}

static void user_rdmsr(void)
{
	TRY("rdmsr",, "c"(0x10) : "rax", "rdx");
	USER_END();
}

static void user_out(void)
{
	TRY("outb %%al, $0x80",, "a"(0));
	USER_END();
}

static void user_xsetbv(void)
{
	TRY("xsetbv",, "a"(1), "d"(0), "c"(0));
	USER_END();
}

static void user_cpuid(void)
{
	results[0] = cpuid(0, 0).ebx;
	USER_END();
}

void g_user_faults(u64 arg)
{
	static void (*const fns[])(void) = { user_hlt, user_rdmsr, user_out, user_xsetbv };

	(void)arg;
	for (u64 i = 0; i < 4; i++) {
		results[1] = i;
		asm volatile("mov %0, %%cr4" ::"r"(0x40620UL));
		run_user(fns[i]);
		EXPECT_EQ(trap.vector, 13);
		EXPECT_EQ(trap.error, 0);
	}
	run_user(user_cpuid);
	EXPECT_EQ(results[0], cpuid(0, 0).ebx);
}

#define READ_MISALIGNED "movl 1(%%rax), %%ecx"
#define WITH_AC(insn) "pushfq\n\torq $0x40000, (%%rsp)\n\tpopfq\n\t" insn
#define NO_AC "pushfq\n\tandq $~0x40000, (%%rsp)\n\tpopfq"

static void user_misaligned(void)
{
	TRY(READ_MISALIGNED,, "a"(results) : "rcx", "memory");
	USER_END();
}

static void user_misaligned_ac(void)
{
	TRY(WITH_AC(READ_MISALIGNED),, "a"(results) : "rcx", "memory");
	asm volatile(NO_AC ::: "memory", "cc");
	USER_END();
}

/* A misaligned access is #AC at CPL 3 with CR0.AM and EFLAGS.AC only; the hypervisor's #AC exit injects it. */
void g_alignment(u64 arg)
{
	u64 cr0;

	(void)arg;
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %0, %%cr0" ::"r"(cr0 & ~(1UL << 18)));
	run_user(user_misaligned_ac);
	EXPECT_EQ(trap.vector, NO_TRAP);
	asm volatile("mov %0, %%cr0" ::"r"(cr0 | 1UL << 18));
	run_user(user_misaligned);
	EXPECT_EQ(trap.vector, NO_TRAP);
	TRY(WITH_AC(READ_MISALIGNED),, "a"(results) : "rcx", "memory");
	asm volatile(NO_AC ::: "memory", "cc");
	EXPECT_EQ(trap.vector, NO_TRAP);
	trap.count = 0;
	run_user(user_misaligned_ac);
	EXPECT_EQ(trap.vector, 17);
	EXPECT_EQ(trap.error, 0);
	EXPECT_EQ(trap.count, 1);
}

/* TF on an instruction that the hypervisor emulates: one #DB after it, with BS set. */
void g_step_cpuid(u64 arg)
{
	u64 after;

	(void)arg;
	trap.count = 0;
	asm volatile("movq $0, resume\n\t"
		     "pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
		     "cpuid\n"
		     "881:\n\tnop\n\t"
		     "movq $881b, %0"
		     : "=r"(after) : "a"(0), "c"(0) : "rbx", "rdx", "memory");
	EXPECT_EQ(trap.vector, 1);
	EXPECT_EQ(trap.count, 1);
	EXPECT_EQ(trap.rip, after);
	EXPECT_EQ(trap.dr6 & 0x4000, 0x4000);
}

void g_mov_dr(u64 arg)
{
	u64 v;

	(void)arg;
	asm volatile("mov %0, %%dr0" ::"r"(0x1122334455667788UL));
	asm volatile("mov %0, %%dr3" ::"r"(0xdeadUL));
	asm volatile("mov %%dr0, %0" : "=r"(v));
	EXPECT_EQ(v, 0x1122334455667788);
	asm volatile("mov %%dr3, %0" : "=r"(v));
	EXPECT_EQ(v, 0xdead);
	asm volatile("mov %0, %%dr6" ::"r"(0UL));
	asm volatile("mov %%dr6, %0" : "=r"(v));
	EXPECT_EQ(v & 0xffff0000, 0xffff0000);
	EXPECT_EQ(v & 0xf, 0);
	asm volatile("mov %%dr7, %0" : "=r"(v));
	EXPECT_EQ(v, 0x400);
	TRY("mov %0, %%dr7",, "r"(0x100000000UL));
	EXPECT_EQ(trap.vector, 13);
	/* DR4 is DR6, unless CR4.DE. */
	asm volatile("mov %%db4, %0" : "=r"(v));
	EXPECT_EQ(v & 0xffff0000, 0xffff0000);
	asm volatile("mov %%cr4, %0" : "=r"(v));
	asm volatile("mov %0, %%cr4" ::"r"(v | 8));
	TRY("mov %%db4, %%rax",, "c"(0) : "rax");
	EXPECT_EQ(trap.vector, 6);
	asm volatile("mov %0, %%cr4" ::"r"(v));
}

/* Breakpoints of the guest: data write, then execution. */
void g_dr_break(u64 arg)
{
	static volatile u64 target;

	(void)arg;
	asm volatile("mov %0, %%dr6" ::"r"(0UL));
	asm volatile("mov %0, %%dr0" ::"r"(&target));
	asm volatile("mov %0, %%dr7" ::"r"(0xd0401UL)); /* L0, write, 4 bytes */
	trap.vector = NO_TRAP;
	target = 1;
	EXPECT_EQ(trap.vector, 1);
	EXPECT_EQ(trap.dr6 & 0xf, 1);
	asm volatile("mov %0, %%dr7" ::"r"(0x400UL));
	trap.vector = NO_TRAP;
	target = 2;
	EXPECT_EQ(trap.vector, NO_TRAP);
}

/* DR7.GD: the next access to a debug register is a #DB with BD; GD is clear in the handler. */
void g_gd(u64 arg)
{
	u64 v;

	(void)arg;
	asm volatile("mov %0, %%dr6" ::"r"(0UL));
	asm volatile("mov %0, %%dr7" ::"r"(0x2400UL));
	TRY("mov %%dr0, %%rax",, "c"(0) : "rax");
	EXPECT_EQ(trap.vector, 1);
	EXPECT_EQ(trap.dr6 & 0x2000, 0x2000);
	asm volatile("mov %%dr7, %0" : "=r"(v));
	EXPECT_EQ(v & 0x2000, 0);
}

void g_xsetbv(u64 arg)
{
	u32 lo, hi, supported = cpuid(0xd, 0).eax;
	u64 cr4;

	(void)arg;
	EXPECT_EQ(cpuid(1, 0).ecx >> 27 & 1, 0);
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	asm volatile("mov %0, %%cr4" ::"r"(cr4 | 0x40000));
	EXPECT_EQ(cpuid(1, 0).ecx >> 27 & 1, 1);
	TRY("xsetbv",, "a"(3), "d"(0), "c"(0));
	EXPECT_EQ(trap.vector, NO_TRAP);
	TRY("xgetbv", "=a"(lo) COMMA "=d"(hi), "c"(0));
	EXPECT_EQ(lo, 3);
	EXPECT_EQ(hi, 0);
	if (supported & 4) {
		TRY("xsetbv",, "a"(7), "d"(0), "c"(0));
		EXPECT_EQ(trap.vector, NO_TRAP);
		EXPECT_EQ(cpuid(0xd, 0).ebx >= 832, 1);
	}
	TRY("xsetbv",, "a"(2), "d"(0), "c"(0)); /* x87 must be on */
	EXPECT_EQ(trap.vector, 13);
	TRY("xsetbv",, "a"(5), "d"(0), "c"(0)); /* AVX without SSE */
	EXPECT_EQ(trap.vector, 13);
	TRY("xsetbv",, "a"(3), "d"(0x40000000), "c"(0));
	EXPECT_EQ(trap.vector, 13);
	TRY("xsetbv",, "a"(3), "d"(0), "c"(1)); /* only XCR0 exists */
	EXPECT_EQ(trap.vector, 13);
}

void g_task_switched(u64 arg)
{
	u64 cr0;

	(void)arg;
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	TRY("mov %0, %%cr0",, "r"(cr0 | 8)); /* TS */
	EXPECT_EQ(trap.vector, NO_TRAP);
	TRY("fnop",, "a"(0));
	EXPECT_EQ(trap.vector, 7);
	asm volatile("clts");
	TRY("fnop",, "a"(0));
	EXPECT_EQ(trap.vector, NO_TRAP);
}

/* CR8 is bits 7:4 of the TPR, in both directions. */
void g_cr8(u64 mode)
{
	u64 v;

	apic_enable(mode);
	for (u64 i = 0; i < 16; i++) {
		asm volatile("mov %0, %%cr8" ::"r"(i));
		EXPECT_EQ(apic_read(0x80), i << 4);
		asm volatile("mov %%cr8, %0" : "=r"(v));
		EXPECT_EQ(v, i);
	}
	apic_write(0x80, 0x35);
	asm volatile("mov %%cr8, %0" : "=r"(v));
	EXPECT_EQ(v, 3);
	/* A self-IPI of a class that the TPR blocks is delivered after the TPR is lowered. */
	asm volatile("mov %0, %%cr8" ::"r"(9UL));
	apic_icr(apic_read(0x20) >> (mode == EOI_X2APIC ? 0 : 24), 0x4090);
	EXPECT_EQ(wait_count(&irqs[0x90], 1, 200000), 0);
	asm volatile("mov %0, %%cr8" ::"r"(8UL));
	EXPECT_EQ(wait_count(&irqs[0x90], 1, 2000000000), 1);
	EXPECT_EQ(irqs[0x90], 1);
}

void g_wbinvd(u64 arg)
{
	(void)arg;
	asm volatile("wbinvd\n\tinvd" ::: "memory");
}

void g_monitor(u64 arg)
{
	(void)arg;
	TRY("monitor",, "a"(&trap), "c"(0), "d"(0));
	results[0] = trap.vector;
	TRY("mwait",, "a"(0), "c"(0));
	results[1] = trap.vector;
}

/* Two copies, because the hypervisor patches the instruction. */
void g_foreign_hypercall(u64 which)
{
	int amd = cpuid(0, 0).ecx == 0x444d4163; /* "cAMD" */

	if (amd && which)
		TRY("vmcall", "=a"(results[1]), "a"(0x7777));
	else if (amd)
		TRY("vmcall", "=a"(results[1]), "a"(0x7777));
	else if (which)
		TRY("vmmcall", "=a"(results[1]), "a"(0x7777));
	else
		TRY("vmmcall", "=a"(results[1]), "a"(0x7777));
	results[0] = trap.vector;
}

void g_rdpmc(u64 arg)
{
	(void)arg;
	TRY("rdpmc",, "c"(0x12345) : "rax", "rdx");
	EXPECT_EQ(trap.vector, 13);
}

/* The guest has no SVM. */
void g_svm(u64 arg)
{
	u64 v;

	(void)arg;
	EXPECT_EQ(cpuid(0x80000001, 0).ecx & 4, 0);
	TRY("vmrun",, "a"(0x1000));
	EXPECT_EQ(trap.vector, 6);
	TRY("vmload",, "a"(0x1000));
	EXPECT_EQ(trap.vector, 6);
	TRY("stgi",, "a"(0));
	EXPECT_EQ(trap.vector, 6);
	TRY("clgi",, "a"(0));
	EXPECT_EQ(trap.vector, 6);
	EXPECT(!try_wrmsr(0xc0000080, rdmsr(0xc0000080) | 0x1000));
	EXPECT_EQ(trap.vector, 13);
	EXPECT(try_rdmsr(0xc0000080, &v));
	EXPECT_EQ(v & 0x1000, 0);
}

void g_efer(u64 arg)
{
	u64 efer = rdmsr(0xc0000080);

	(void)arg;
	EXPECT_EQ(efer, 0xd00);
	EXPECT(!try_wrmsr(0xc0000080, efer & ~0x100UL)); /* LME cannot change while paging is on */
	EXPECT(!try_wrmsr(0xc0000080, efer | 2));
	EXPECT(try_wrmsr(0xc0000080, efer | 1));
	EXPECT_EQ(rdmsr(0xc0000080), efer | 1);
	wrmsr(0xc0000080, efer);
}

/* The TSC counts, and a write to it changes TSC_ADJUST by the same amount. */
void g_tsc(u64 arg)
{
	u64 a = rdtsc(), b = rdmsr(0x10), c = rdtsc(), adjust = rdmsr(0x3b);

	(void)arg;
	EXPECT(a < b && b < c);
	wrmsr(0x10, 0x1000);
	EXPECT(rdtsc() < c);
	EXPECT(rdmsr(0x3b) != adjust);
	wrmsr(0x3b, adjust);
	EXPECT(rdtsc() > c);
}

void g_bp_target(void)
{
	asm volatile("nop");
}

void g_bp(u64 n)
{
	while (n--)
		asm volatile("call g_bp_target" ::: "memory");
}

void g_int3(u64 arg)
{
	(void)arg;
	TRY("int3",, "a"(0));
	results[0] = trap.vector;
}

void g_steps(u64 arg)
{
	(void)arg;
	asm volatile(".globl steps_start\n"
		     "steps_start:\n\tnop\n\tmovl $1, %%eax\n\tcpuid\n\tnop\n\toutl %%eax, $0xf8\n\tnop" ::: "rax",
		     "rbx", "rcx", "rdx");
}

/* R8 to R15 survive an exit to user space. */
void g_keep_state(u64 n)
{
	u64 bad = 0;

	while (n--)
		asm volatile("movq $0x88, %%r8\n\tmovq $0x99, %%r9\n\tmovq $0x1010, %%r10\n\tmovq $0x1111, %%r11\n\t"
			     "movq $0x1212, %%r12\n\tmovq $0x1313, %%r13\n\tmovq $0x1414, %%r14\n\tmovq $0x1515, %%r15\n\t"
			     "movl $7, %%eax\n\toutl %%eax, $0xf8\n\t"
			     "cmpq $0x88, %%r8\n\tjne 1f\n\tcmpq $0x99, %%r9\n\tjne 1f\n\tcmpq $0x1010, %%r10\n\tjne 1f\n\t"
			     "cmpq $0x1111, %%r11\n\tjne 1f\n\tcmpq $0x1212, %%r12\n\tjne 1f\n\tcmpq $0x1313, %%r13\n\tjne 1f\n\t"
			     "cmpq $0x1414, %%r14\n\tjne 1f\n\tcmpq $0x1515, %%r15\n\tje 2f\n"
			     "1:\tincq %0\n2:"
			     : "+m"(bad)::"rax", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
	EXPECT_EQ(bad, 0);
}

/* SSE registers survive exits. */
void g_sse_keep(u64 n)
{
	u64 in[2] = { 0x1234567812345678, 0x8765432187654321 }, out[2];

	asm volatile("movdqu %0, %%xmm3\n\tmovdqu %0, %%xmm15" ::"m"(in));
	while (n--) {
		cpuid(0, 0);
		sync_host(3);
	}
	asm volatile("movdqu %%xmm3, %0" : "=m"(out));
	EXPECT_EQ(out[0], in[0]);
	EXPECT_EQ(out[1], in[1]);
	asm volatile("movdqu %%xmm15, %0" : "=m"(out));
	EXPECT_EQ(out[0], in[0]);
}

/* Self-modifying code: the guest executes what it wrote last. */
void g_smc(u64 n)
{
	volatile u8 *code = (volatile u8 *)GPA_FREE;

	for (u64 i = 0; i < n; i++) {
		u32 r;

		code[0] = 0xb8; /* mov $i, %eax; ret */
		*(volatile u32 *)(code + 1) = i;
		code[5] = 0xc3;
		asm volatile("call *%1" : "=a"(r) : "r"(code) : "memory");
		EXPECT_EQ(r, i);
	}
}

/* A changed mapping takes effect after a flush; accessed and dirty bits are set. */
void g_paging(u64 arg)
{
	volatile u64 *pt = (volatile u64 *)GPA_PT, old = pt[0x1f0];
	volatile u64 *at = (volatile u64 *)0x1f0000;

	(void)arg;
	*(volatile u64 *)GPA_FREE = 0x1111;
	*(volatile u64 *)(GPA_FREE + 0x1000) = 0x2222;
	pt[0x1f0] = GPA_FREE | 3;
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
	EXPECT_EQ(*at, 0x1111);
	EXPECT_EQ(pt[0x1f0] & 0x60, 0x20);
	*at = 0x3333;
	EXPECT_EQ(pt[0x1f0] & 0x60, 0x60);
	EXPECT_EQ(*(volatile u64 *)GPA_FREE, 0x3333);
	pt[0x1f0] = (GPA_FREE + 0x1000) | 3;
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
	EXPECT_EQ(*at, 0x2222);
	pt[0x1f0] = (GPA_FREE + 0x1000) | 1 | 1UL << 63; /* read-only, no execution */
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
	TRY("movl $1, (%0)",, "r"(at));
	EXPECT_EQ(trap.vector, 14);
	EXPECT_EQ(trap.error, 3);
	TRY("jmp *%0",, "r"(at));
	EXPECT_EQ(trap.vector, 14);
	EXPECT_EQ(trap.error, 0x11);
	pt[0x1f0] = old | 1UL << 51; /* a reserved address bit, where the CPU has fewer */
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
	if ((cpuid(0x80000008, 0).eax & 0xff) < 52) {
		TRY("movl (%0), %%eax",, "r"(at) : "rax");
		EXPECT_EQ(trap.vector, 14);
	}
	pt[0x1f0] = old;
	asm volatile("invlpg (%0)" ::"r"(at) : "memory");
}

void g_seg(u64 arg)
{
	u64 v;

	(void)arg;
	wrmsr(0xc0000100, GPA_FREE);
	*(volatile u64 *)(GPA_FREE + 8) = 0x77;
	asm volatile("movq %%fs:8, %0" : "=r"(v));
	EXPECT_EQ(v, 0x77);
	wrmsr(0xc0000101, GPA_FREE + 0x1000);
	wrmsr(0xc0000102, GPA_FREE + 0x2000);
	asm volatile("swapgs");
	cpuid(0, 0);
	EXPECT_EQ(rdmsr(0xc0000101), GPA_FREE + 0x2000);
	EXPECT_EQ(rdmsr(0xc0000102), GPA_FREE + 0x1000);
}

/* KERNEL_GS_BASE keeps its value, although the host uses its own meanwhile. */
void g_kernel_gs(u64 n)
{
	for (u64 i = 0; i < n; i++) {
		wrmsr(0xc0000102, args[i]);
		sync_host(i);
		EXPECT_EQ(rdmsr(0xc0000102), args[i]);
	}
}

/* SYSCALL at CPL 3 enters at LSTAR. */
static void user_syscall(void)
{
	asm volatile("syscall" ::: "rcx", "r11", "memory");
	USER_END();
}

void g_syscall(u64 arg)
{
	extern char syscall_target[];

	(void)arg;
	wrmsr(0xc0000080, rdmsr(0xc0000080) | 1);
	wrmsr(0xc0000081, (u64)SEL_CODE64 << 32 | ((u64)(SEL_USER_DATA - 8) | 3) << 48);
	wrmsr(0xc0000082, (u64)syscall_target);
	wrmsr(0xc0000084, 0x200);
	results[0] = 0;
	run_user(user_syscall);
	EXPECT_EQ(results[0], 0x5ca11);
}

asm(".text\n.globl syscall_target\nsyscall_target:\n\tmovq $0x5ca11, results\n\tcpuid\n\tint $0x80\n");

/* Prefixes make the intercepted instruction longer; execution continues after its real end. */
void g_cpuid_prefix(u64 arg)
{
	u32 r;

	(void)arg;
	asm volatile(".byte 0x66, 0x66, 0x2e, 0x0f, 0xa2\n\tmovl $0x5a5a, %0" : "=r"(r) : "a"(0), "c"(0) : "rbx", "rdx");
	EXPECT_EQ(r, 0x5a5a);
	asm volatile(".byte 0x48, 0x0f, 0xa2\n\tmovl $0x5a5b, %0" : "=r"(r) : "a"(0), "c"(0) : "rbx", "rdx");
	EXPECT_EQ(r, 0x5a5b);
}

/* CR3 points outside memory: no instruction can be fetched any more. */
void g_lost(u64 cr3)
{
	asm volatile("mov %0, %%cr3\n\tnop\n\tnop" ::"r"(cr3) : "memory");
}
