// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer of guest behaviour.
 *
 *   fuzz_guest SECONDS [SEED]
 *
 * A case is a VM with one to four vCPUs that runs for some milliseconds. One of
 * the families below makes its code: random or nearly valid instructions in
 * 16-, 32- and 64-bit mode, loads and stores of every kind to a hole, accesses
 * to MSRs, ports, hypercalls and interrupt controllers (as lists for
 * guest_ops.S), control registers, page and descriptor tables with garbage.
 *
 * Requirements: each KVM_RUN ends with a valid exit, or with EINTR when it is
 * interrupted; the vCPUs' threads end; pages and memory are released. The caller
 * checks the kernel log.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "guest_ops.h"

#define RAM_SIZE (6u << 20)
#define CASE_MS 40
#define CASES_PER_PROCESS 12
#define LIMIT_MS 15000
#define MAX_EXITS 4000
#define SLACK_KB (64 << 10)

/* Guest addresses. */
#define IDT_GPA 0x8000ULL
#define GDT_GPA 0x9000ULL
#define CODE_GPA 0x10000ULL /* guest_ops.S */
#define RAW_GPA 0x20000ULL /* per vCPU: RAW_SIZE bytes */
#define RAW_SIZE 0x4000ULL
#define LIST_GPA 0x100000ULL /* per vCPU: LIST_OPS operations */
#define LIST_OPS 1024
#define STACK_GPA 0x200000ULL
/* MODE_TABLES_GPA: the last third of the RAM */
#define ROM_GPA 0x50000000ULL /* page tables, read-only; mapped nowhere */
#define HOLE_GPA 0xd0000000ULL
#define LOW_HOLE_GPA 0x3f800000ULL /* within the mapped first GiB, above the RAM */

struct guest {
	struct machine m;
	struct rng rng;
	volatile bool over;
	const char *wrong;
	int wrong_number;
	volatile pid_t tids[MACHINE_VCPUS];
};

struct runner {
	struct guest *g;
	unsigned int i;
	struct rng rng;
};

static u8 *guest_at(struct guest *g, u64 gpa)
{
	return g->m.ram + gpa;
}

/* ---- exits ---- */

static void answer_io(struct runner *r, struct kvm_run *run)
{
	if (run->io.direction == KVM_EXIT_IO_IN)
		rng_fill(&r->rng, (u8 *)run + run->io.data_offset, run->io.size * run->io.count);
}

static void open_window(struct runner *r, struct kvm_run *run)
{
	struct kvm_interrupt irq = { .irq = rng_below(&r->rng, 256) };

	ioctl(r->g->m.vcpu[r->i], KVM_INTERRUPT, &irq);
	run->request_interrupt_window = 0;
}

/* False: the VM has stopped. */
static bool answer(struct runner *r, struct kvm_run *run)
{
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		answer_io(r, run);
		return true;
	case KVM_EXIT_MMIO:
		if (!run->mmio.is_write)
			rng_fill(&r->rng, run->mmio.data, 8);
		return true;
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		open_window(r, run);
		return true;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		run->msr.error = rng_below(&r->rng, 2);
		run->msr.data = rng_next(&r->rng);
		return true;
	case KVM_EXIT_HLT:
	case KVM_EXIT_DEBUG:
	case KVM_EXIT_HYPERCALL:
	case KVM_EXIT_SET_TPR:
	case KVM_EXIT_TPR_ACCESS:
	case KVM_EXIT_IOAPIC_EOI:
	case KVM_EXIT_INTR:
		return true;
	case KVM_EXIT_SHUTDOWN:
	case KVM_EXIT_FAIL_ENTRY:
	case KVM_EXIT_INTERNAL_ERROR:
		/* Some clients continue anyway. */
		return rng_one_in(&r->rng, 4);
	default:
		r->g->wrong = "an exit with an unknown reason";
		r->g->wrong_number = run->exit_reason;
		return false;
	}
}

static void *run_vcpu(void *arg)
{
	struct runner *r = arg;
	struct guest *g = r->g;
	struct kvm_run *run = g->m.run[r->i];
	unsigned int exits;

	g->tids[r->i] = syscall(SYS_gettid);
	for (exits = 0; !g->over && exits < MAX_EXITS; exits++) {
		if (!ioctl(g->m.vcpu[r->i], KVM_RUN, 0)) {
			if (!answer(r, run))
				break;
		} else if (errno != EINTR && errno != EAGAIN) {
			/* Stock KVM returns EFAULT for missing memory. */
			if (!strcmp(client_module(), "taxcut")) {
				g->wrong_number = errno;
				g->wrong = "KVM_RUN failed";
			}
			break;
		}
		if (rng_one_in(&r->rng, 50))
			run->request_interrupt_window = 1;
	}
	return NULL;
}

/* ---- families: the vCPUs' code and state ---- */

/* Registers, most of which point into the hole. */
static void point_into_hole(struct guest *g, unsigned int i, u64 hole)
{
	struct kvm_regs regs;
	u64 *r = (u64 *)&regs;
	unsigned int k;

	if (ioctl(g->m.vcpu[i], KVM_GET_REGS, &regs))
		return;
	for (k = 0; k < 16; k++)
		if (&r[k] != (u64 *)&regs.rsp)
			r[k] = rng_one_in(&g->rng, 8) ? rng_interesting(&g->rng) : hole + rng_below(&g->rng, 0x2000);
	regs.rcx = rng_below(&g->rng, 64);
	if (rng_one_in(&g->rng, 4))
		regs.rflags |= 0x400; /* DF */
	ioctl(g->m.vcpu[i], KVM_SET_REGS, &regs);
}

static unsigned int put_prefixes(struct guest *g, u8 *p, enum cpu_mode mode)
{
	static const u8 prefixes[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x64, 0x65 };
	unsigned int n = 0;

	while (rng_one_in(&g->rng, 3) && n < 4)
		p[n++] = prefixes[rng_below(&g->rng, ARRAY_SIZE(prefixes))];
	if (mode == MODE_64 && rng_one_in(&g->rng, 2))
		p[n++] = 0x40 | rng_below(&g->rng, 16);
	return n;
}

/* An instruction with a memory operand (mod != 3), of any opcode map, sometimes with VEX. */
static unsigned int put_instruction(struct guest *g, u8 *p, enum cpu_mode mode)
{
	unsigned int n = put_prefixes(g, p, mode), k;
	u32 dice = rng_below(&g->rng, 8);

	if (dice < 3) {
		p[n++] = 0x0f;
		if (!dice)
			p[n++] = rng_one_in(&g->rng, 2) ? 0x38 : 0x3a;
	} else if (dice == 3) {
		p[n++] = 0xc5;
		p[n++] = rng_next(&g->rng);
	} else if (dice == 4) {
		static const u8 strings[] = { 0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad, 0xa6, 0xae, 0x6c, 0x6d, 0x6e, 0x6f };

		p[n++] = rng_one_in(&g->rng, 2) ? 0xf3 : 0x90;
		p[n++] = strings[rng_below(&g->rng, ARRAY_SIZE(strings))];
		return n;
	}
	p[n++] = rng_next(&g->rng);
	p[n++] = rng_below(&g->rng, 3) << 6 | rng_below(&g->rng, 64);
	for (k = 0; k < 6; k++)
		p[n++] = rng_one_in(&g->rng, 2) ? 0 : rng_next(&g->rng);
	return n;
}

static u64 raw_gpa(enum cpu_mode mode, unsigned int i)
{
	return mode == MODE_16 ? 0xa000 + i * 0x1000 : RAW_GPA + i * RAW_SIZE;
}

static void start_raw(struct guest *g, unsigned int i, enum cpu_mode mode)
{
	if (mode == MODE_64)
		mode_tables(&g->m, MODE_TABLES_GPA);
	machine_enter(&g->m, i, mode, raw_gpa(mode, i), mode == MODE_16 ? 0x7000 - i * 0x100 : STACK_GPA + i * PAGE);
}

static void family_random_bytes(struct guest *g, unsigned int i)
{
	enum cpu_mode mode = rng_below(&g->rng, 3);

	start_raw(g, i, mode);
	rng_fill(&g->rng, guest_at(g, raw_gpa(mode, i)), 0x1000);
	if (rng_one_in(&g->rng, 2))
		point_into_hole(g, i, LOW_HOLE_GPA);
}

static void family_hole(struct guest *g, unsigned int i)
{
	enum cpu_mode mode = rng_below(&g->rng, 3);
	u8 *code;
	unsigned int n = 0;

	start_raw(g, i, mode);
	code = guest_at(g, raw_gpa(mode, i));
	while (n < 512)
		n += put_instruction(g, code + n, mode);
	point_into_hole(g, i, rng_one_in(&g->rng, 3) ? HOLE_GPA : LOW_HOLE_GPA - rng_below(&g->rng, 2) * 8);
}

/* IDT, GDT and the interpreter; op lists start empty. */
static void start_ops(struct guest *g, unsigned int i)
{
	u64 *idt = (u64 *)guest_at(g, IDT_GPA), *gdt = (u64 *)guest_at(g, GDT_GPA);
	struct kvm_sregs s;
	struct kvm_regs regs;
	unsigned int v;

	mode_tables(&g->m, MODE_TABLES_GPA);
	memcpy(guest_at(g, CODE_GPA), guest_ops_start, guest_ops_end - guest_ops_start);
	for (v = 0; v < 256; v++) {
		const u8 *handler = v == 2 ? guest_ops_nmi : v < 32 ? guest_ops_exception : guest_ops_interrupt;
		u64 at = CODE_GPA + (handler - guest_ops_start);

		idt[2 * v] = (at & 0xffff) | 8 << 16 | (u64)(v < 32 && v != 2 ? 0x8f00 : 0x8e00) << 32 |
			     (at >> 16 & 0xffff) << 48;
		idt[2 * v + 1] = at >> 32;
	}
	gdt[0] = 0;
	gdt[1] = 0x00af9b000000ffffULL;
	gdt[2] = 0x00cf93000000ffffULL;
	machine_cpuid(&g->m, i);
	machine_enter(&g->m, i, MODE_64, CODE_GPA, STACK_GPA + (i + 1) * 4 * PAGE);
	if (ioctl(g->m.vcpu[i], KVM_GET_SREGS, &s) || ioctl(g->m.vcpu[i], KVM_GET_REGS, &regs))
		return;
	s.idt.base = IDT_GPA;
	s.idt.limit = PAGE - 1;
	s.gdt.base = GDT_GPA;
	s.gdt.limit = 8 * 8 - 1;
	regs.rdi = LIST_GPA + i * LIST_OPS * OP_SIZE;
	ioctl(g->m.vcpu[i], KVM_SET_SREGS, &s);
	ioctl(g->m.vcpu[i], KVM_SET_REGS, &regs);
}

static struct guest_op *list_of(struct guest *g, unsigned int i)
{
	struct guest_op *list = (void *)guest_at(g, LIST_GPA + i * LIST_OPS * OP_SIZE);

	memset(list, 0, LIST_OPS * OP_SIZE);
	return list;
}

static u64 some_msr(struct guest *g)
{
	static const u32 ranges[][2] = {
		{ 0, 0x2000 }, { 0, 0x500 }, { 0x800, 0x100 }, { 0x40000000, 0x200 }, { 0x4b564d00, 0x10 },
		{ 0xc0000000, 0x2000 }, { 0xc0000080, 0x8 }, { 0xc0000100, 8 }, { 0xc0010000, 0x2000 },
		{ 0xc0010000, 0x140 },
	};
	unsigned int k = rng_below(&g->rng, ARRAY_SIZE(ranges));

	if (rng_one_in(&g->rng, 20))
		return rng_interesting(&g->rng);
	return ranges[k][0] + rng_below(&g->rng, ranges[k][1]);
}

/* Half of the values are addresses of guest structures: at the end of RAM, across pages, outside memory. */
static u64 some_gpa_value(struct guest *g)
{
	switch (rng_below(&g->rng, 4)) {
	case 0:
		return RAM_SIZE - rng_below(&g->rng, 64);
	case 1:
		return rng_below(&g->rng, RAM_SIZE) | 1;
	default:
		return rng_interesting(&g->rng);
	}
}

static void family_msrs(struct guest *g, unsigned int i)
{
	struct guest_op *op = list_of(g, i);
	unsigned int k;

	start_ops(g, i);
	for (k = 0; k < LIST_OPS - 1; k++)
		op[k] = (struct guest_op){ .op = OP_RDMSR + rng_below(&g->rng, 2), .a = some_msr(g),
					   .b = some_gpa_value(g) };
}

static void family_ports(struct guest *g, unsigned int i)
{
	static const u16 chips[] = { 0x20, 0x21, 0x40, 0x41, 0x42, 0x43, 0x61, 0xa0, 0xa1, 0x4d0, 0x4d1 };
	struct guest_op *op = list_of(g, i);
	u32 port = rng_next(&g->rng);
	unsigned int k;

	start_ops(g, i);
	for (k = 0; k < LIST_OPS - 1; k++)
		op[k] = (struct guest_op){
			.op = OP_IN + rng_below(&g->rng, 2),
			.a = rng_one_in(&g->rng, 2) ? chips[rng_below(&g->rng, ARRAY_SIZE(chips))] : (u16)(port + k),
			.b = 1u << rng_below(&g->rng, 3),
			.c = rng_next(&g->rng),
		};
}

static void family_hypercalls(struct guest *g, unsigned int i)
{
	struct guest_op *op = list_of(g, i);
	unsigned int k;

	start_ops(g, i);
	for (k = 0; k < LIST_OPS - 1; k++)
		op[k] = (struct guest_op){
			.op = rng_one_in(&g->rng, 10) ? OP_OPEN : OP_VMMCALL,
			.a = rng_one_in(&g->rng, 4) ? rng_interesting(&g->rng) : rng_below(&g->rng, 13),
			.b = some_gpa_value(g),
			.c = rng_interesting(&g->rng),
			.d = rng_interesting(&g->rng),
			.e = rng_one_in(&g->rng, 2) ? rng_interesting(&g->rng) : rng_below(&g->rng, 0x800),
		};
}

/* LAPIC (both modes), IOAPIC, timers at full speed, IPIs of every kind to all vCPUs. */
static struct guest_op chip_op(struct guest *g)
{
	u64 value = rng_one_in(&g->rng, 2) ? rng_interesting(&g->rng) : rng_below(&g->rng, 1 << 20);

	switch (rng_below(&g->rng, 8)) {
	case 0: /* ICR */
		return (struct guest_op){ OP_STORE, 0xfee00300, 4, value & 0xcffff, 0, 0, 0, 0 };
	case 1:
		return (struct guest_op){ OP_STORE, 0xfee00310, 4, (u64)rng_below(&g->rng, 5) << 24, 0, 0, 0, 0 };
	case 2: /* the timer with the shortest period */
		return (struct guest_op){ OP_STORE, 0xfee00380, 4, rng_below(&g->rng, 100), 0, 0, 0, 0 };
	case 3:
		return (struct guest_op){ OP_STORE + (value & 1) * (OP_LOAD - OP_STORE),
					  0xfee00000 + rng_below(&g->rng, 0x400), 1u << rng_below(&g->rng, 4), value,
					  0, 0, 0, 0 };
	case 4:
		return (struct guest_op){ OP_STORE, 0xfec00000 + rng_below(&g->rng, 2) * 0x10, 4,
					  rng_one_in(&g->rng, 2) ? value : 0x10 + rng_below(&g->rng, 48), 0, 0, 0, 0 };
	case 5:
		return (struct guest_op){ OP_WRMSR, rng_one_in(&g->rng, 8) ? 0x1b : 0x800 + rng_below(&g->rng, 0x40),
					  value, 0, 0, 0, 0, 0 };
	case 6:
		return (struct guest_op){ OP_CR8, rng_below(&g->rng, 20), 0, 0, 0, 0, 0, 0 };
	default:
		return (struct guest_op){ rng_one_in(&g->rng, 8) ? OP_HLT : OP_OPEN, 0, 0, 0, 0, 0, 0, 0 };
	}
}

static void family_chips(struct guest *g, unsigned int i)
{
	struct guest_op *op = list_of(g, i);
	unsigned int k;

	start_ops(g, i);
	op[0] = (struct guest_op){ OP_STORE, 0xfee000f0, 4, 0x1ff, 0, 0, 0, 0 };
	op[1] = (struct guest_op){ OP_STORE, 0xfee00320, 4, 0x20030 | rng_below(&g->rng, 2) << 16, 0, 0, 0, 0 };
	for (k = 2; k < LIST_OPS - 1; k++)
		op[k] = chip_op(g);
}

static struct guest_op control_op(struct guest *g, unsigned int i)
{
	u32 n = OP_CR0 + rng_below(&g->rng, OP_STACK - OP_CR0 + 1);
	struct guest_op op = { n, rng_interesting(&g->rng), rng_interesting(&g->rng), 0, 0, 0, 0, 0 };
	u8 *code;

	switch (n) {
	case OP_CR0: /* paging stays on in most cases */
		op.a = 0x80000011 ^ (rng_one_in(&g->rng, 2) ? op.a : 1u << rng_below(&g->rng, 32));
		break;
	case OP_CR3:
		op.a = MODE_TABLES_GPA | (rng_one_in(&g->rng, 4) ? op.a : op.a & 0xfff);
		break;
	case OP_CR4:
		op.a = 0x620 ^ (1u << rng_below(&g->rng, 32));
		break;
	case OP_LIDT:
	case OP_LGDT:
		op.a = rng_one_in(&g->rng, 4) ? op.a : (n == OP_LIDT ? IDT_GPA : GDT_GPA) << 16 | 0xfff;
		op.b = op.a >> 63;
		break;
	case OP_XSETBV:
		op.a = rng_below(&g->rng, 3);
		op.b = rng_one_in(&g->rng, 2) ? 1 | op.b : rng_below(&g->rng, 1024);
		break;
	case OP_DR7:
		if (rng_one_in(&g->rng, 2))
			op.a = 0x2700 | rng_below(&g->rng, 256);
		break;
	case OP_STACK:
		op.op = OP_JUMP;
		code = guest_at(g, RAW_GPA + i * RAW_SIZE);
		op.a = RAW_GPA + i * RAW_SIZE + rng_below(&g->rng, RAW_SIZE - 64);
		rng_fill(&g->rng, code + (op.a - RAW_GPA - i * RAW_SIZE), 16);
		break;
	}
	return op;
}

static void family_control(struct guest *g, unsigned int i)
{
	struct guest_op *op = list_of(g, i);
	unsigned int k;

	start_ops(g, i);
	for (k = 0; k < LIST_OPS - 1; k++)
		op[k] = control_op(g, i);
}

/* Page tables with reserved bits, loops and invalid addresses, under a guest that accesses all memory. */
static void family_tables(struct guest *g, unsigned int i)
{
	struct guest_op *op = list_of(g, i);
	u64 *tables = (u64 *)guest_at(g, MODE_TABLES_GPA);
	unsigned int k;

	start_ops(g, i);
	for (k = 0; k < 24; k++) {
		unsigned int at = 512 * 2 + 8 + rng_below(&g->rng, 500);

		tables[at] = rng_one_in(&g->rng, 2) ? rng_interesting(&g->rng) :
						      tables[at] ^ 1ULL << rng_below(&g->rng, 64);
	}
	tables[1 + rng_below(&g->rng, 511)] = rng_next(&g->rng);
	tables[512 + 4 + rng_below(&g->rng, 500)] = MODE_TABLES_GPA | 7;
	for (k = 0; k < LIST_OPS - 1; k++)
		op[k] = (struct guest_op){ OP_LOAD + rng_below(&g->rng, 2),
					   (16 + rng_below(&g->rng, 500)) * 0x200000ULL - rng_below(&g->rng, 8),
					   1u << rng_below(&g->rng, 4), rng_next(&g->rng), 0, 0, 0, 0 };
	if (rng_one_in(&g->rng, 2))
		op[rng_below(&g->rng, 64)] = (struct guest_op){ OP_CR4, 0x620 | 1u << rng_below(&g->rng, 23), 0, 0, 0,
								0, 0, 0 };
}

/* The tables of mode_tables() in a read-only slot: every page walk exits. */
static void tables_in_rom(struct guest *g)
{
	u64 *tables = (u64 *)guest_at(g, MODE_TABLES_GPA);

	mode_tables(&g->m, MODE_TABLES_GPA);
	tables[0] = (ROM_GPA + PAGE) | 7;
	tables[512] = (ROM_GPA + 2 * PAGE) | 7;
	machine_slot(g->m.vm, 1, KVM_MEM_READONLY, ROM_GPA, 3 * PAGE, tables);
}

/* System instructions, far transfers, stack instructions: forms with and without a memory operand. */
static unsigned int put_system_instruction(struct guest *g, u8 *p)
{
	static const char *const codes[] = {
		"\x0f\x00", "\x0f\x01", "\x0f\x02", "\x0f\x03", "\x0f\x20", "\x0f\x22", "\x0f\x21", "\x0f\x23", "\x8e",
		"\x0f\xb2", "\x0f\xb4", "\xff", "\x0f\xa1", "\x0f\x30", "\x0f\x32", "\x0f\x05", "\x0f\x34", "\x0f\x35",
		"\xcb", "\xc3", "\xc9", "\x9d", "\xfb", "\x0f\x06", "\x0f\xa2", "\x0f\x31", "\xd9", "\xdd", "\x0f\xae", "\xeb",
	};
	unsigned int n = put_prefixes(g, p, MODE_64);
	const char *code = codes[rng_below(&g->rng, ARRAY_SIZE(codes))];

	do
		p[n++] = *code++;
	while (*code);
	p[n++] = rng_next(&g->rng);
	return n;
}

/*
 * All instructions are emulated: random bytes, nearly valid ones, and system instructions, with all kinds of
 * descriptors.
 */
static void family_rom(struct guest *g, unsigned int i)
{
	u8 *code = guest_at(g, raw_gpa(MODE_64, i));
	u64 *gdt = (u64 *)guest_at(g, GDT_GPA);
	struct kvm_sregs s;
	unsigned int n;

	start_raw(g, i, MODE_64);
	tables_in_rom(g);
	for (n = 1; n < 16; n++)
		gdt[n] = 0x00cf00000000ffffULL | rng_next(&g->rng) << 40 >> 16;
	rng_fill(&g->rng, code, 0x1000);
	for (n = 0; n < 0xf00;)
		n += rng_one_in(&g->rng, 2) ? put_instruction(g, code + n, MODE_64) : put_system_instruction(g, code + n);
	point_into_hole(g, i, rng_one_in(&g->rng, 2) ? LOW_HOLE_GPA : GDT_GPA);
	if (ioctl(g->m.vcpu[i], KVM_GET_SREGS, &s))
		return;
	s.cr3 = ROM_GPA;
	s.gdt.base = GDT_GPA;
	s.gdt.limit = 16 * 8 - 1;
	ioctl(g->m.vcpu[i], KVM_SET_SREGS, &s);
}

/* Runs with a state that no CPU reaches by itself, set by user space. */
static void family_state(struct guest *g, unsigned int i)
{
	struct kvm_vcpu_events e;
	struct kvm_sregs s;
	u8 *bytes = (u8 *)&s;
	unsigned int k;

	if (rng_one_in(&g->rng, 2))
		family_random_bytes(g, i);
	else
		family_control(g, i);
	if (ioctl(g->m.vcpu[i], KVM_GET_SREGS, &s))
		return;
	for (k = rng_below(&g->rng, 12); k; k--)
		bytes[rng_below(&g->rng, 8 * sizeof(struct kvm_segment))] ^= 1u << rng_below(&g->rng, 8);
	if (rng_one_in(&g->rng, 2))
		s.cr4 ^= 1u << rng_below(&g->rng, 24);
	if (rng_one_in(&g->rng, 2))
		s.cr0 ^= 1u << rng_below(&g->rng, 32);
	if (rng_one_in(&g->rng, 3))
		s.cr3 = rng_interesting(&g->rng);
	spare_emulator(&s);
	ioctl(g->m.vcpu[i], KVM_SET_SREGS, &s);
	if (ioctl(g->m.vcpu[i], KVM_GET_VCPU_EVENTS, &e))
		return;
	e.exception.injected = rng_below(&g->rng, 2);
	/* Vector 31: QEMU refuses the VMRUN only after it has loaded the guest, and locks up. */
	e.exception.nr = rng_below(&g->rng, 31);
	if (e.exception.nr == 2)
		e.exception.injected = 0;
	e.exception.has_error_code = rng_below(&g->rng, 2);
	e.interrupt.injected = rng_below(&g->rng, 2);
	e.interrupt.nr = rng_below(&g->rng, 256);
	e.interrupt.soft = rng_below(&g->rng, 2);
	e.nmi.injected = rng_below(&g->rng, 2);
	e.nmi.masked = rng_below(&g->rng, 2);
	e.nmi.pending = rng_below(&g->rng, 3);
	ioctl(g->m.vcpu[i], KVM_SET_VCPU_EVENTS, &e);
}

static const struct {
	const char *name;
	void (*setup)(struct guest *g, unsigned int i);
} families[] = {
	{ "random bytes", family_random_bytes }, { "accesses to a hole", family_hole },
	{ "MSRs", family_msrs },		 { "ports", family_ports },
	{ "hypercalls", family_hypercalls },	 { "interrupt controllers", family_chips },
	{ "control registers", family_control }, { "page tables", family_tables },
	{ "impossible states", family_state },	 { "page tables in ROM", family_rom },
};

/* ---- cases ---- */

/* Interrupt lines, MSIs and NMIs from user space while the vCPUs run. */
static void disturb(struct guest *g)
{
	struct kvm_irq_level line = { .irq = rng_below(&g->rng, 24), .level = rng_below(&g->rng, 2) };
	struct kvm_msi msi = { .address_lo = 0xfee00000 | rng_below(&g->rng, 5) << 12, .data = rng_below(&g->rng, 0x900) };
	unsigned int k;

	for (k = 0; k < 10; k++) {
		line.irq = rng_below(&g->rng, 24);
		ioctl(g->m.vm, KVM_IRQ_LINE, &line);
		ioctl(g->m.vm, KVM_SIGNAL_MSI, &msi);
	}
}

static void interrupt_all(struct guest *g)
{
	unsigned int i;

	for (i = 0; i < g->m.nr; i++)
		if (g->tids[i])
			syscall(SYS_tgkill, getpid(), g->tids[i], SIGUSR1);
}

static bool run_guest(struct guest *g)
{
	struct runner r[MACHINE_VCPUS];
	pthread_t threads[MACHINE_VCPUS];
	u64 end = now_ms() + CASE_MS;
	unsigned int i, alive;

	for (i = 0; i < g->m.nr; i++) {
		r[i] = (struct runner){ .g = g, .i = i, .rng.state = rng_next(&g->rng) };
		if (pthread_create(&threads[i], NULL, run_vcpu, &r[i]))
			_exit(2);
	}
	while (now_ms() < end) {
		sleep_us(4000);
		disturb(g);
		if (rng_one_in(&g->rng, 3))
			interrupt_all(g);
	}
	g->over = true;
	end = now_ms() + LIMIT_MS;
	do {
		interrupt_all(g);
		sleep_us(500);
		for (i = 0, alive = 0; i < g->m.nr; i++) {
			if (threads[i] && !pthread_tryjoin_np(threads[i], NULL))
				threads[i] = 0;
			alive += threads[i] != 0;
		}
	} while (alive && now_ms() < end);
	return !alive;
}

/* The current case, for the report of a failure. */
static volatile u64 *current_case;

static void one_case(u64 seed)
{
	struct guest g = { .rng.state = seed };
	unsigned int family = rng_below(&g.rng, ARRAY_SIZE(families)), i;
	enum irqchip irqchip = rng_below(&g.rng, NR_IRQCHIPS);
	struct kvm_enable_cap msrs = { .cap = KVM_CAP_X86_USER_SPACE_MSR, .args = { 3 } };

	*current_case = seed;
	if (!machine_create(&g.m, irqchip, 1 + rng_below(&g.rng, MACHINE_VCPUS), RAM_SIZE)) {
		printf("# seed %llu: no VM: %s\n", (unsigned long long)seed, strerror(errno));
		_exit(2);
	}
	if (rng_one_in(&g.rng, 4))
		ioctl(g.m.vm, KVM_ENABLE_CAP, &msrs);
	for (i = 0; i < g.m.nr; i++) {
		struct kvm_mp_state run = { .mp_state = KVM_MP_STATE_RUNNABLE };

		families[family].setup(&g, i);
		ioctl(g.m.vcpu[i], KVM_SET_MP_STATE, &run);
	}
	if (!run_guest(&g)) {
		printf("# seed %llu (%s): a vCPU does not return\n", (unsigned long long)seed, families[family].name);
		fflush(stdout);
		_exit(3);
	}
	if (g.wrong) {
		printf("# seed %llu (%s): %s (%d)\n", (unsigned long long)seed, families[family].name, g.wrong,
		       g.wrong_number);
		fflush(stdout);
		_exit(4);
	}
	machine_destroy(&g.m);
}

static void no_action(int signal)
{
	(void)signal;
}

static const char *some_cases(u64 seed, unsigned int n)
{
	pid_t child = fork();
	int status;

	if (!child) {
		struct sigaction sa = { .sa_handler = no_action };
		u64 last = seed + n;

		sigaction(SIGUSR1, &sa, NULL);
		for (; seed < last; seed++)
			one_case(seed);
		_exit(0);
	}
	if (child < 0)
		return "fork failed";
	if (!reap(child, n * CASE_MS * 20 + 2 * LIMIT_MS, &status))
		return "a killed client does not die";
	if (WIFSIGNALED(status))
		return "the client crashed or did not end in time";
	switch (WEXITSTATUS(status)) {
	case 0:
		return NULL;
	case 3:
		return "a vCPU does not return";
	case 4:
		return "an invalid result of KVM_RUN";
	default:
		return "a case could not be set up";
	}
}

int main(int argc, char **argv)
{
	const char *name = "guests: any instruction, MSR, port, hypercall, table, interrupt";
	u64 end, seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, next = seed;
	bool single = argc > 3;
	const char *wrong = NULL;
	struct ledger before;

	if (argc < 2) {
		fprintf(stderr, "usage: fuzz_guest SECONDS [SEED [one]]\n");
		return 2;
	}
	current_case = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	end = now_ms() + strtoull(argv[1], NULL, 10) * 1000;
	ledger_take(&before);
	do {
		wrong = some_cases(next, single ? 1 : CASES_PER_PROCESS);
		next += single ? 1 : CASES_PER_PROCESS;
	} while (!single && !wrong && now_ms() < end);
	if (!wrong)
		wrong = ledger_check(&before, SLACK_KB);
	printf("# fuzz_guest: %llu cases from seed %llu on\n", (unsigned long long)(next - seed),
	       (unsigned long long)seed);
	if (wrong)
		report_failed(name, "%s (seed %llu)", wrong, (unsigned long long)*current_case);
	else
		report_ok(name);
	return report_failures != 0;
}
