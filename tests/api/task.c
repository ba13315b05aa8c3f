// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware task switches of a 32-bit guest between two tasks, from A to B. The
 * running task writes its EAX to PORT_SYNC. Guest side: guest/task.S.
 */
#include "harness.h"

#define SEL_CODE 0x08
#define SEL_FLAT 0x10
#define SEL_A 0x18
#define SEL_B 0x20
#define SEL_GATE 0x28
#define SEL_LDT 0x30
#define SEL_CODE3 0x38
#define SEL_FLAT3 0x40
#define SEL_ABSENT 0x48 /* a data segment that is not present */
#define SEL_LDT_DATA 0x04 /* the first entry of the LDT */

#define GDT (GPA_FREE)
#define IDT (GPA_FREE + 0x1000)
#define TSS_A (GPA_FREE + 0x2000)
#define TSS_B (GPA_FREE + 0x3000)
#define LDT (GPA_FREE + 0x4000)
#define STACK_A (GPA_FREE + 0x6000)
#define STACK_B (GPA_FREE + 0x7000)
#define STACK_B0 (GPA_FREE + 0x8000)
#define PAGES_A (GPA_FREE + 0x9000)
#define PAGES_B (GPA_FREE + 0xa000)

#define EAX_A 0xa0000001U
#define EAX_B 0xb0000001U
#define NT 0x4000
#define TASK_BUSY 2

struct tss {
	u16 link, res0;
	u32 esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, iomap;
	u8 ports[64];
} __attribute__((packed));

struct tss_16 {
	u16 link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags, ax, cx, dx, bx, sp, bp, si, di, es, cs, ss, ds, ldt;
} __attribute__((packed));

struct tasks {
	struct vm *vm;
	struct vcpu *v;
	u64 *gdt, *idt;
	struct tss *a, *b;
	struct tss_16 *b16;
};

static u64 descriptor(u32 base, u32 limit, u8 access, u8 flags)
{
	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)access << 40 | (u64)(limit >> 16 & 15) << 48 |
	       (u64)flags << 52 | (u64)(base >> 24) << 56;
}

static u64 task_gate(u16 selector, u8 dpl)
{
	return (u64)selector << 16 | (u64)(0x85 | dpl << 5) << 40;
}

static u64 interrupt_gate(u32 at)
{
	return (at & 0xffff) | (u64)SEL_CODE << 16 | 0x8e00ULL << 32 | (u64)(at >> 16) << 48;
}

static u8 access_of(const struct tasks *t, u16 selector)
{
	return ((volatile u64 *)t->gdt)[selector / 8] >> 40;
}

static void fill_tables(struct tasks *t)
{
	u64 *ldt = (u64 *)(t->vm->mem + LDT);

	t->gdt[SEL_CODE / 8] = descriptor(0, 0xfffff, 0x9b, 0xc);
	t->gdt[SEL_FLAT / 8] = descriptor(0, 0xfffff, 0x93, 0xc);
	t->gdt[SEL_A / 8] = descriptor(TSS_A, sizeof(struct tss) - 1, 0x8b, 0);
	t->gdt[SEL_B / 8] = descriptor(TSS_B, sizeof(struct tss) - 1, 0x89, 0);
	t->gdt[SEL_GATE / 8] = task_gate(SEL_B, 0);
	t->gdt[SEL_LDT / 8] = descriptor(LDT, 7, 0x82, 0);
	t->gdt[SEL_CODE3 / 8] = descriptor(0, 0xfffff, 0xfa, 0xc); /* accessed bit clear */
	t->gdt[SEL_FLAT3 / 8] = descriptor(0, 0xfffff, 0xf2, 0xc);
	t->gdt[SEL_ABSENT / 8] = descriptor(0, 0xfffff, 0x72, 0xc);
	ldt[0] = descriptor(0x1000, 0xfff, 0x92, 4);
	for (u32 i = 0; i < 32; i++)
		t->idt[i] = interrupt_gate(guest_address("task_traps") + i * 16);
	t->idt[0x50] = task_gate(SEL_B, 0);
	t->idt[0x60] = task_gate(SEL_B, 0);
}

static void fill_task(struct tss *s, u32 eip, u32 eax, u32 esp)
{
	*s = (struct tss){
		.eip = eip, .eflags = 2, .eax = eax, .ecx = eax + 1, .edx = eax + 2, .ebx = eax + 3, .esp = esp,
		.ebp = eax + 5, .esi = eax + 6, .edi = eax + 7, .es = SEL_FLAT, .cs = SEL_CODE, .ss = SEL_FLAT,
		.ds = SEL_FLAT, .fs = SEL_FLAT, .gs = SEL_FLAT, .iomap = offsetof(struct tss, ports),
		.esp0 = STACK_B0, .ss0 = SEL_FLAT,
	};
}

static struct kvm_segment flat(u16 selector, u8 type)
{
	return (struct kvm_segment){ .limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .s = 1,
				     .db = 1, .g = 1 };
}

/* A is about to run @function; B's TSS has the entry point @entry. */
static struct tasks start(const char *function, const char *entry)
{
	struct tasks t = { .vm = vm_create(CHIP_SPLIT) };
	struct kvm_sregs s;

	t.v = vcpu_create(t.vm, 0);
	t.gdt = (u64 *)(t.vm->mem + GDT);
	t.idt = (u64 *)(t.vm->mem + IDT);
	t.a = (struct tss *)(t.vm->mem + TSS_A);
	t.b = (struct tss *)(t.vm->mem + TSS_B);
	t.b16 = (struct tss_16 *)(t.vm->mem + TSS_B);
	fill_tables(&t);
	fill_task(t.a, 0xdead, 0xdead, 0xdead);
	fill_task(t.b, guest_address(entry), EAX_B, STACK_B);
	s = vcpu_sregs(t.v);
	s.cs = flat(SEL_CODE, 0xb);
	s.ds = s.es = s.ss = s.fs = s.gs = flat(SEL_FLAT, 3);
	s.tr = (struct kvm_segment){ .base = TSS_A, .limit = sizeof(struct tss) - 1, .selector = SEL_A, .type = 11,
				     .present = 1 };
	s.ldt = (struct kvm_segment){ .unusable = 1 };
	s.gdt = (struct kvm_dtable){ .base = GDT, .limit = 0xff };
	s.idt = (struct kvm_dtable){ .base = IDT, .limit = 0x7ff };
	s.cr0 = 0x33;
	s.cr4 = s.efer = 0;
	OK(ioctl(t.v->fd, KVM_SET_SREGS, &s));
	vcpu_set_regs(t.v, (struct kvm_regs){ .rip = guest_address(function), .rflags = 2, .rax = EAX_A, .rcx = EAX_A + 1,
					      .rdx = EAX_A + 2, .rbx = EAX_A + 3, .rsp = STACK_A, .rbp = EAX_A + 5,
					      .rsi = EAX_A + 6, .rdi = EAX_A + 7 });
	return t;
}

static void expect(struct tasks *t, u32 eax)
{
	vcpu_expect(t->v, KVM_EXIT_IO);
	CHECK_EQ(t->v->run->io.port, PORT_SYNC);
	CHECK_EQ(*(u32 *)((u8 *)t->v->run + t->v->run->io.data_offset), eax);
}

/* B has the state of its TSS; @nested: it was entered by a call. */
static void check_b(struct tasks *t, bool nested)
{
	struct kvm_sregs s = vcpu_sregs(t->v);
	struct kvm_regs r = vcpu_regs(t->v);

	CHECK_EQ(s.tr.selector, SEL_B);
	CHECK_EQ(s.tr.base, TSS_B);
	CHECK_EQ(s.tr.type & TASK_BUSY, TASK_BUSY);
	CHECK_EQ(s.cr0 & 8, 8);
	CHECK_EQ(access_of(t, SEL_B), 0x8b);
	CHECK_EQ(access_of(t, SEL_A), nested ? 0x8b : 0x89);
	CHECK_EQ(r.rflags & NT, nested ? NT : 0);
	CHECK_EQ(r.rcx, EAX_B + 1);
	CHECK_EQ(r.rdi, EAX_B + 7);
	CHECK_EQ(r.rbp, EAX_B + 5);
	CHECK_EQ(r.rsp, STACK_B);
	if (nested)
		CHECK_EQ(t->b->link, SEL_A);
}

/* A's saved state; it continues at @next. */
static void check_saved_a(struct tasks *t, u32 next)
{
	CHECK_EQ(t->a->eip, next);
	CHECK_EQ(t->a->eflags & ~0x10000U, 2);
	CHECK_EQ(t->a->eax, EAX_A);
	CHECK_EQ(t->a->ebx, EAX_A + 3);
	CHECK_EQ(t->a->esp, STACK_A);
	CHECK_EQ(t->a->edi, EAX_A + 7);
	CHECK_EQ(t->a->cs, SEL_CODE);
	CHECK_EQ(t->a->ss, SEL_FLAT);
	CHECK_EQ(t->a->gs, SEL_FLAT);
	CHECK_EQ(t->a->cr3, 0); /* static fields: not written */
	CHECK_EQ(t->a->ldt, 0);
	CHECK_EQ(t->a->esp0, STACK_B0);
}

static void check_a_again(struct tasks *t, u8 access_b)
{
	struct kvm_sregs s = vcpu_sregs(t->v);
	struct kvm_regs r = vcpu_regs(t->v);

	CHECK_EQ(s.tr.selector, SEL_A);
	CHECK_EQ(access_of(t, SEL_A), 0x8b);
	CHECK_EQ(access_of(t, SEL_B), access_b);
	CHECK_EQ(r.rflags & NT, 0);
	CHECK_EQ(r.rsp, STACK_A);
	CHECK_EQ(r.rdi, EAX_A + 7);
}

TEST(task_jump)
{
	struct tasks t = start("task_jmp", "task_b_jmp");

	expect(&t, EAX_B);
	check_b(&t, false);
	check_saved_a(&t, guest_address("task_jmp_next"));
	expect(&t, EAX_A);
	check_a_again(&t, 0x89);
	CHECK_EQ(t.b->eip, guest_address("task_b_jmp_next"));
	CHECK_EQ(t.b->eax, EAX_B);
}

TEST(task_jump_by_gate)
{
	struct tasks t = start("task_jmp_gate", "task_b_jmp");

	expect(&t, EAX_B);
	check_b(&t, false);
	check_saved_a(&t, guest_address("task_jmp_gate_next"));
}

/* Called twice: B continues after its IRET. */
TEST(task_call_and_return)
{
	struct tasks t = start("task_call", "task_b");

	expect(&t, EAX_B);
	check_b(&t, true);
	check_saved_a(&t, guest_address("task_call_next"));
	expect(&t, EAX_A);
	check_a_again(&t, 0x89);
	CHECK_EQ(t.b->eip, guest_address("task_b_next"));
	CHECK_EQ(t.b->eflags & NT, 0);
	expect(&t, EAX_B);
	check_b(&t, true);
	expect(&t, EAX_A);
	check_a_again(&t, 0x89);
}

TEST(task_interrupt_instruction)
{
	static const char *const functions[][2] = { { "task_int", "task_int_next" }, { "task_int3", "task_int3_next" } };

	for (u32 i = 0; i < 2; i++) {
		struct tasks t = start(functions[i][0], "task_b");

		t.idt[3] = task_gate(SEL_B, 0);
		expect(&t, EAX_B);
		check_b(&t, true);
		check_saved_a(&t, guest_address(functions[i][1]));
		expect(&t, EAX_A);
		check_a_again(&t, 0x89);
	}
}

/* After a fault A restarts the instruction; RF is set, so that a breakpoint there does not trap twice. */
TEST(task_exception)
{
	struct tasks t = start("task_ud", "task_b");

	t.idt[6] = task_gate(SEL_B, 0);
	expect(&t, EAX_B);
	check_b(&t, true);
	check_saved_a(&t, guest_address("task_ud"));
	t.a->eip += 2;
	expect(&t, EAX_A);
	check_a_again(&t, 0x89);
}

TEST(task_exception_with_error)
{
	struct tasks t = start("task_gp", "task_b_pop");

	t.idt[13] = task_gate(SEL_B, 0);
	expect(&t, EAX_B);
	CHECK_EQ(vcpu_regs(t.v).rcx, 0x1008);
	CHECK_EQ(vcpu_regs(t.v).rsp, STACK_B);
	CHECK_EQ(*(u32 *)(t.vm->mem + STACK_B - 4), 0x1008);
}

TEST(task_external_interrupt)
{
	struct tasks t = start("task_wait", "task_b");
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 0x60 };

	vcpu_set_msr(t.v, 0x1b, 0xfee00d00);
	CHECK_EQ(vcpu_set_msr(t.v, 0x80f, 0x1ff), 1);
	expect(&t, EAX_A);
	CHECK_EQ(OK(ioctl(t.vm->fd, KVM_SIGNAL_MSI, &msi)), 1);
	expect(&t, EAX_B);
	check_b(&t, true);
	CHECK_EQ(t.a->eflags & 0x200, 0x200);
}

/* NMIs are blocked in B until it returns by IRET. */
TEST(task_nmi)
{
	struct tasks t = start("task_wait", "task_b");
	struct kvm_vcpu_events e;

	t.idt[2] = task_gate(SEL_B, 0);
	expect(&t, EAX_A);
	OK(ioctl(t.v->fd, KVM_NMI, 0));
	expect(&t, EAX_B);
	check_b(&t, true);
	OK(ioctl(t.v->fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK_EQ(e.nmi.masked, 1);
	OK(ioctl(t.v->fd, KVM_NMI, 0));
	/* Back in A, the second NMI is delivered, and B continues. */
	expect(&t, EAX_B);
	check_b(&t, true);
	CHECK_EQ(t.b->eip, guest_address("task_b_next"));
}

/* Another privilege level, an LDT, null selectors; the accessed bits are set. */
TEST(task_user_with_ldt)
{
	struct tasks t = start("task_jmp", "task_b_jmp");
	struct kvm_sregs s;

	t.b->cs = SEL_CODE3 | 3;
	t.b->ss = t.b->ds = SEL_FLAT3 | 3;
	t.b->es = t.b->gs = 0;
	t.b->fs = SEL_LDT_DATA | 3;
	t.b->ldt = SEL_LDT;
	t.b->eflags = 0x3002; /* IOPL 3 */
	((u64 *)(t.vm->mem + LDT))[0] = descriptor(0x1000, 0xfff, 0xf2, 4);
	expect(&t, EAX_B);
	s = vcpu_sregs(t.v);
	CHECK_EQ(s.cs.selector, SEL_CODE3 | 3);
	CHECK_EQ(s.cs.dpl, 3);
	CHECK_EQ(s.ss.dpl, 3);
	CHECK_EQ(s.ldt.selector, SEL_LDT);
	CHECK_EQ(s.ldt.base, LDT);
	CHECK_EQ(s.fs.selector, SEL_LDT_DATA | 3);
	CHECK_EQ(s.fs.base, 0x1000);
	CHECK_EQ(s.fs.limit, 0xfff);
	CHECK_EQ(s.gs.selector, 0);
	if (is_emulated_cpu())
		return; /* it sets no accessed bits here */
	CHECK_EQ(access_of(&t, SEL_CODE3), 0xfb);
	CHECK_EQ(access_of(&t, SEL_FLAT3), 0xf3);
}

TEST(task_v86)
{
	struct tasks t = start("task_jmp", "task_b");
	struct kvm_sregs s;

	memcpy(t.vm->mem + GPA_REAL, t.vm->mem + guest_address("task_v86"),
	       guest_address("task_v86_end") - guest_address("task_v86"));
	t.b->eip = 0;
	t.b->cs = GPA_REAL >> 4;
	t.b->ss = t.b->ds = 0x1234;
	t.b->eflags = 0x20002;
	expect(&t, EAX_B);
	s = vcpu_sregs(t.v);
	CHECK_EQ(s.cs.base, GPA_REAL);
	CHECK_EQ(s.ds.base, 0x12340);
	CHECK_EQ(s.ds.limit, 0xffff);
	CHECK_EQ(vcpu_regs(t.v).rflags & 0x20000, 0x20000);
}

/* With paging, CR3 and the mappings change. */
TEST(task_paging)
{
	struct tasks t = start("task_jmp", "task_b_jmp");
	u32 *pages_a = (u32 *)(t.vm->mem + PAGES_A), *pages_b = (u32 *)(t.vm->mem + PAGES_B);
	struct kvm_sregs s = vcpu_sregs(t.v);

	for (u32 i = 0; i < 1024; i++)
		pages_a[i] = pages_b[i] = i << 22 | 0x87; /* 4 MiB pages */
	s.cr3 = PAGES_A;
	s.cr4 = 0x10;
	s.cr0 |= 0x80000000;
	OK(ioctl(t.v->fd, KVM_SET_SREGS, &s));
	t.b->cr3 = PAGES_B;
	expect(&t, EAX_B);
	check_b(&t, false);
	CHECK_EQ(vcpu_sregs(t.v).cr3, PAGES_B);
	CHECK_EQ(t.a->cr3, 0);
}

/* A 16-bit TSS (80286); its IP reaches code below 64 KiB only. */
TEST(task_16bit)
{
	struct tasks t = start("task_call", "task_b");
	u32 at = guest_address("task_b");
	struct kvm_regs r;

	memcpy(t.vm->mem + GPA_REAL, t.vm->mem + at, guest_address("task_b_end") - at);
	memset(t.b, 0, sizeof(*t.b));
	*t.b16 = (struct tss_16){ .ip = GPA_REAL, .flags = 2, .ax = 0xb001, .cx = 0xb002, .di = 0xb008, .sp = 0x7000,
				  .es = SEL_FLAT, .cs = SEL_CODE, .ss = SEL_FLAT, .ds = SEL_FLAT };
	t.gdt[SEL_B / 8] = descriptor(TSS_B, sizeof(struct tss_16) - 1, 0x81, 0);
	vcpu_expect(t.v, KVM_EXIT_IO);
	r = vcpu_regs(t.v);
	CHECK_EQ(r.rax & 0xffff, 0xb001);
	CHECK_EQ(r.rcx & 0xffff, 0xb002);
	CHECK_EQ(r.rdi & 0xffff, 0xb008);
	CHECK_EQ(r.rsp & 0xffff, 0x7000);
	CHECK_EQ(r.rflags & NT, NT);
	CHECK_EQ(t.b16->link, SEL_A);
	CHECK_EQ(access_of(&t, SEL_B), 0x83);
	CHECK_EQ(vcpu_sregs(t.v).fs.selector, 0);
	check_saved_a(&t, guest_address("task_call_next"));
	expect(&t, EAX_A);
	check_a_again(&t, 0x81);
	CHECK_EQ(t.b16->ip, GPA_REAL + guest_address("task_b_next") - at);
	CHECK_EQ(t.b16->flags & NT, 0);
	CHECK_EQ(t.b16->di, 0xb008);
}

/* Faults after the switch are taken in B, at its first instruction. */
static void new_task_faults(struct tasks *t, u8 vector, u16 error)
{
	const u32 *frame;

	expect(t, 0xe0000000U + vector);
	CHECK_EQ(vcpu_sregs(t->v).tr.selector, SEL_B);
	frame = (const u32 *)(t->vm->mem + vcpu_regs(t->v).rsp);
	CHECK_EQ(frame[0], error);
	CHECK_EQ(frame[1], guest_address("task_b"));
	CHECK_EQ(access_of(t, SEL_B), 0x8b);
}

TEST(task_bad_segments)
{
	static const struct {
		u16 cs, ss, ds, ldt;
		u8 vector;
		u16 error;
	} cases[] = {
		{ SEL_CODE3 | 3, SEL_FLAT3 | 3, SEL_ABSENT | 3, 0, 11, SEL_ABSENT },
		{ SEL_CODE3 | 3, SEL_FLAT3 | 3, SEL_FLAT | 3, 0, 10, SEL_FLAT }, /* its DPL is 0 */
		{ SEL_CODE3 | 3, SEL_FLAT | 3, SEL_FLAT3 | 3, 0, 10, SEL_FLAT },
		{ SEL_CODE3 | 3, SEL_ABSENT | 3, SEL_FLAT3 | 3, 0, 12, SEL_ABSENT },
		{ SEL_CODE3 | 3, SEL_FLAT3 | 3, 0x80, 0, 10, 0x80 }, /* an empty descriptor */
		{ SEL_CODE3 | 3, SEL_FLAT3 | 3, 0x1000, 0, 10, 0x1000 }, /* beyond the table */
		{ SEL_CODE3 | 3, SEL_FLAT3 | 3, SEL_FLAT3 | 3, SEL_FLAT, 10, SEL_FLAT }, /* no LDT */
		{ SEL_CODE3 | 3, SEL_FLAT3 | 3, SEL_LDT_DATA, 0, 10, SEL_LDT_DATA },
		/* a readable code segment is valid for data */
		{ SEL_CODE3 | 3, SEL_FLAT3 | 3, SEL_CODE3 | 3, 0, 0, 0 },
	};

	if (is_emulated_cpu())
		test_skip("QEMU's CPU, which switches tasks itself on SVM, has other faults and A's address in the frame");
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tasks t = start("task_call", "task_b");

		t.b->cs = cases[i].cs;
		t.b->ss = cases[i].ss;
		t.b->ds = cases[i].ds;
		t.b->ldt = cases[i].ldt;
		t.b->es = t.b->fs = t.b->gs = 0;
		t.b->eflags = 0x3002;
		if (cases[i].vector)
			new_task_faults(&t, cases[i].vector, cases[i].error);
		else
			expect(&t, EAX_B);
		vm_close(t.vm);
	}
}

/* The debug trap flag of the TSS: #DB with BT before the first instruction. */
TEST(task_trap_flag)
{
	struct tasks t = start("task_call", "task_b");
	struct kvm_debugregs d;

	if (is_emulated_cpu() || is_stock())
		test_skip("neither QEMU's CPU nor stock KVM supports the trap flag of a TSS");
	t.b->trap = 1;
	expect(&t, 0xe0000001);
	OK(ioctl(t.v->fd, KVM_GET_DEBUGREGS, &d));
	CHECK_EQ(d.dr6 & 0x8000, 0x8000);
	CHECK_EQ(*(u32 *)(t.vm->mem + vcpu_regs(t.v).rsp), guest_address("task_b"));
}

/* A task switch clears local breakpoints. */
TEST(task_local_breakpoints)
{
	struct tasks t = start("task_jmp", "task_b_jmp");
	struct kvm_debugregs d;

	if (is_emulated_cpu())
		test_skip("QEMU's CPU does not change DR7");
	OK(ioctl(t.v->fd, KVM_GET_DEBUGREGS, &d));
	d.db[0] = d.db[1] = 0x1000;
	d.dr7 = 0x400 | 1 | 8; /* L0, G1 */
	OK(ioctl(t.v->fd, KVM_SET_DEBUGREGS, &d));
	expect(&t, EAX_B);
	OK(ioctl(t.v->fd, KVM_GET_DEBUGREGS, &d));
	CHECK_EQ(d.dr7 & 0xff, 8);
}

/* A TSS at an unmapped address: #PF in A, and no task switch. */
TEST(task_tss_not_mapped)
{
	struct tasks t = start("task_jmp", "task_b_jmp");
	u32 *pages = (u32 *)(t.vm->mem + PAGES_A);
	struct kvm_sregs s = vcpu_sregs(t.v);

	for (u32 i = 0; i < 1024; i++)
		pages[i] = i << 22 | 0x87;
	pages[0x10000000 >> 22] = 0;
	t.gdt[SEL_B / 8] = descriptor(0x10000000, sizeof(struct tss) - 1, 0x89, 0);
	s.cr3 = PAGES_A;
	s.cr4 = 0x10;
	s.cr0 |= 0x80000000;
	OK(ioctl(t.v->fd, KVM_SET_SREGS, &s));
	expect(&t, 0xe000000e);
	s = vcpu_sregs(t.v);
	CHECK_EQ(s.tr.selector, SEL_A);
	CHECK_RANGE(s.cr2, 0x10000000, 0x100000ff);
	CHECK_EQ(((u32 *)(t.vm->mem + vcpu_regs(t.v).rsp))[1], guest_address("task_jmp"));
	CHECK_EQ(access_of(&t, SEL_A), 0x8b);
	CHECK_EQ(access_of(&t, SEL_B), 0x89);
}
