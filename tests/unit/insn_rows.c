// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <asm/kvm.h>

#include "insn_rows.h"

static struct insn_machine now, then, want;

static void apply(struct insn_machine *m, const struct row *row, const char *text, bool *any_flags)
{
	if (!machine_apply(m, text, any_flags))
		fail_msg("%s: cannot read \"%s\"", row->name, text);
}

/* Sets up then, and its copy now, with the state before. */
static void prepare(const struct row *row)
{
	bool any;

	machine_init(&then, row->mode);
	machine_code(&then, row->code, row->len);
	apply(&then, row, row->before, &any);
	now = then;
}

static bool same_system(const struct insn_regs *a, const struct insn_regs *b)
{
	return a->cr0 == b->cr0 && a->cr2 == b->cr2 && a->cr3 == b->cr3 && a->cr4 == b->cr4 && a->cpl == b->cpl &&
	       a->efer == b->efer && a->gdt.base == b->gdt.base && a->gdt.limit == b->gdt.limit &&
	       a->idt.base == b->idt.base && a->idt.limit == b->idt.limit;
}

static bool same_state(const struct row *row, const struct insn_machine *a,
		       const struct insn_machine *b, u64 flags)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					     "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip" };
	const u64 *x = a->ctx.r.gpr, *y = b->ctx.r.gpr;
	unsigned int i;

	for (i = 0; i < 17; i++) {
		if (x[i] != y[i]) {
			print_error("%s: %s is %llx, not %llx\n", row->name, names[i],
				    (unsigned long long)x[i], (unsigned long long)y[i]);
			return false;
		}
	}
	if ((a->ctx.r.rflags ^ b->ctx.r.rflags) & flags) {
		print_error("%s: flags %llx, not %llx\n", row->name,
			    (unsigned long long)a->ctx.r.rflags, (unsigned long long)b->ctx.r.rflags);
		return false;
	}
	for (i = 0; i < MACHINE_SIZE; i++) {
		if (a->mem[i] != b->mem[i]) {
			print_error("%s: [%x] is %x, not %x\n", row->name, i, a->mem[i], b->mem[i]);
			return false;
		}
	}
	if (memcmp(a->ctx.r.seg, b->ctx.r.seg, sizeof(a->ctx.r.seg)) || !same_system(&a->ctx.r, &b->ctx.r)) {
		print_error("%s: system registers differ\n", row->name);
		return false;
	}
	if (memcmp(a->vec, b->vec, sizeof(a->vec)) || memcmp(a->mmx, b->mmx, sizeof(a->mmx)) ||
	    a->x87_status != b->x87_status) {
		print_error("%s: vector registers differ\n", row->name);
		return false;
	}
	return a->races == b->races;
}

/* Changes then to the expected state. */
static u64 expect(const struct row *row)
{
	bool any_flags = false;
	u64 rip = then.ctx.r.rip;

	want = then;
	if (row->result == INSN_DONE) {
		want.ctx.r.rip = rip + row->len;
		want.ctx.r.rflags &= ~0x10000ULL;
	}
	/* "fl" sets DF too; the instruction does not change it. */
	apply(&want, row, row->after, &any_flags);
	want.ctx.r.rflags |= then.ctx.r.rflags & 0x400;
	return any_flags ? ~(u64)MACHINE_STATUS : ~0ULL;
}

static bool check_row(const struct row *row)
{
	enum insn_result res;
	u64 flags;

	prepare(row);
	flags = expect(row);
	res = machine_step(&now);
	if (res != row->result) {
		print_error("%s: result %d, not %d (vector %u)\n", row->name, res, row->result,
			    now.ctx.fault.vector);
		return false;
	}
	if (res == INSN_DONE && now.ctx.len != row->len) {
		print_error("%s: length %u, not %u\n", row->name, now.ctx.len, row->len);
		return false;
	}
	if (res == INSN_FAULT && now.ctx.fault.vector != row->vector) {
		print_error("%s: vector %u, not %u\n", row->name, now.ctx.fault.vector, row->vector);
		return false;
	}
	if (res == INSN_EXIT && (now.ctx.exit != row->vector || now.ctx.len != row->len)) {
		print_error("%s: exit %u, length %u\n", row->name, now.ctx.exit, now.ctx.len);
		return false;
	}
	if (res == INSN_FAULT && row->error >= 0 && (!now.ctx.fault.has_error || now.ctx.fault.error != (u32)row->error)) {
		print_error("%s: error %x, not %x\n", row->name, now.ctx.fault.error, row->error);
		return false;
	}
	return same_state(row, &now, &want, flags);
}

/* With memory and ports that answer late, PENDING changes nothing, and the result is the same. */
static bool check_restart(const struct row *row)
{
	enum insn_result res;
	unsigned int i, page;
	u64 flags;

	if (row->result != INSN_DONE && row->result != INSN_AGAIN)
		return true;
	prepare(row);
	if (then.races)
		return true;
	flags = expect(row);
	page = row->mode == REAL || row->mode == PROT16 ? 0x10 : 1;
	for (i = 0; i < MACHINE_PAGES; i++)
		if (i != page && now.page[i] == PAGE_RW)
			now.page[i] = PAGE_DEVICE;
	now.pio_device = true;
	now.device_batches = true;
	for (i = 0; i < 80; i++) {
		now.answers = i;
		res = machine_step(&now);
		if (res != INSN_PENDING)
			break;
		if (now.writes || !same_state(row, &now, &then, ~0ULL)) {
			print_error("%s: changed although pending\n", row->name);
			return false;
		}
	}
	if (res != row->result) {
		print_error("%s: result %d with devices\n", row->name, res);
		return false;
	}
	return same_state(row, &now, &want, flags);
}

/* With one page missing or read-only, an instruction has the same result, or faults and changes nothing. */
static bool check_missing(const struct row *row, unsigned int page, enum machine_page kind)
{
	enum insn_result res;

	prepare(row);
	if (now.page[page] != PAGE_RW)
		return true;
	now.page[page] = kind;
	res = machine_step(&now);
	if (res != INSN_FAULT && res != row->result) {
		print_error("%s: result %d without page %x\n", row->name, res, page);
		return false;
	}
	if (res == INSN_FAULT && !now.writes)
		return same_state(row, &now, &then, ~0ULL);
	if (res == INSN_FAULT && !now.pio_calls) {
		print_error("%s: wrote before the fault\n", row->name);
		return false;
	}
	return true;
}

static unsigned int check_all_missing(const struct row *row)
{
	static const u8 pages[] = { 1, 4, 5, 6, 7, 8, 0x10, 0x20, 0x21, 0x25, 0x28, 0x30, 0x31 };
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		bad += !check_missing(row, pages[i], PAGE_NONE);
		bad += !check_missing(row, pages[i], PAGE_RO);
	}
	return bad;
}

void rows_test(void **state)
{
	const struct table *t = *state;
	unsigned int i, bad = 0;

	for (i = 0; i < t->count; i++) {
		bad += !check_row(&t->rows[i]);
		bad += !check_restart(&t->rows[i]);
		bad += check_all_missing(&t->rows[i]);
	}
	assert_int_equal(bad, 0);
}
