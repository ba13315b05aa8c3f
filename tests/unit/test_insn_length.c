// SPDX-License-Identifier: GPL-2.0-only
/*
 * insn_length() for the instructions that exit handlers skip, with prefixes and
 * in all modes. Every row is also tested at the end of a page before a missing
 * one: with one byte less than the length it must fault, with all bytes not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <asm/kvm.h>

#include "insn_machine.h"

struct row {
	const char *name;
	enum machine_mode mode;
	const char *code;
	unsigned int len; /* of the instruction; more bytes follow in code */
	unsigned int have;
};

#define ROW(name, mode, len, code) { name, mode, code, len, sizeof(code) - 1 }

static const struct row rows[] = {
	ROW("cpuid", LONG, 2, "\x0f\xa2\x90"),
	ROW("cpuid real mode", REAL, 2, "\x0f\xa2"),
	ROW("rex cpuid", LONG, 3, "\x48\x0f\xa2"),
	ROW("rdmsr", LONG, 2, "\x0f\x32"),
	ROW("wrmsr", PROT32, 2, "\x0f\x30"),
	ROW("hlt", REAL, 1, "\xf4"),
	ROW("66 hlt", LONG, 2, "\x66\xf4"),
	ROW("vmmcall", LONG, 3, "\x0f\x01\xd9"),
	ROW("vmcall", LONG, 3, "\x0f\x01\xc1"),
	ROW("vmrun", LONG, 3, "\x0f\x01\xd8"),
	ROW("monitor", LONG, 3, "\x0f\x01\xc8"),
	ROW("mwait", LONG, 3, "\x0f\x01\xc9"),
	ROW("pause", LONG, 2, "\xf3\x90"),
	ROW("wbinvd", LONG, 2, "\x0f\x09"),
	ROW("wbnoinvd", LONG, 3, "\xf3\x0f\x09"),
	ROW("invd", LONG, 2, "\x0f\x08"),
	ROW("rdpmc", LONG, 2, "\x0f\x33"),
	ROW("xsetbv", LONG, 3, "\x0f\x01\xd1"),
	ROW("xgetbv", LONG, 3, "\x0f\x01\xd0"),
	ROW("mov cr0, rax", LONG, 3, "\x0f\x22\xc0"),
	ROW("mov cr8, r8", LONG, 4, "\x45\x0f\x22\xc0"),
	ROW("mov ignores mod", LONG, 3, "\x0f\x22\x04\x25"),
	ROW("lock mov cr0 is cr8", PROT32, 4, "\xf0\x0f\x20\xc0"),
	ROW("mov dr7", LONG, 3, "\x0f\x23\xf8"),
	ROW("clts", LONG, 2, "\x0f\x06"),
	ROW("lmsw ax", REAL, 3, "\x0f\x01\xf0"),
	ROW("lmsw mem", REAL, 5, "\x0f\x01\x36\x34\x12"),
	ROW("smsw mem", LONG, 8, "\x0f\x01\x24\x25\x00\x50\x00\x00"),
	ROW("lgdt", REAL, 5, "\x0f\x01\x16\x34\x12"),
	ROW("lidt 32", PROT32, 7, "\x0f\x01\x1d\x00\x10\x00\x00"),
	ROW("sldt", LONG, 3, "\x0f\x00\x03"),
	ROW("ltr", LONG, 3, "\x0f\x00\xd8"),
	ROW("invlpg", LONG, 4, "\x0f\x01\x7b\x10"),
	ROW("swapgs", LONG, 3, "\x0f\x01\xf8"),
	ROW("rdtsc", LONG, 2, "\x0f\x31"),
	ROW("rdtscp", LONG, 3, "\x0f\x01\xf9"),
	ROW("int3", LONG, 1, "\xcc"),
	ROW("int1", LONG, 1, "\xf1"),
	ROW("int n", LONG, 2, "\xcd\x80"),
	ROW("into", PROT32, 1, "\xce"),
	ROW("iretq", LONG, 2, "\x48\xcf"),
	ROW("iret", REAL, 1, "\xcf"),
	ROW("rsm", REAL, 2, "\x0f\xaa"),
	ROW("stgi", LONG, 3, "\x0f\x01\xdc"),
	ROW("clgi", LONG, 3, "\x0f\x01\xdd"),
	ROW("vmload", LONG, 3, "\x0f\x01\xda"),
	ROW("invlpga", LONG, 3, "\x0f\x01\xdf"),
	ROW("skinit", LONG, 3, "\x0f\x01\xde"),
	ROW("invpcid", LONG, 5, "\x66\x0f\x38\x82\x03"),
	ROW("xsaves", LONG, 4, "\x48\x0f\xc7\x2b"),
	ROW("rdrand", LONG, 3, "\x0f\xc7\xf0"),
	ROW("pushf", LONG, 1, "\x9c"),
	ROW("popf", LONG, 1, "\x9d"),
	ROW("in imm", LONG, 2, "\xe4\x60"),
	ROW("rep outsb", LONG, 2, "\xf3\x6e"),
	ROW("enter", LONG, 4, "\xc8\x10\x00\x01"),
	ROW("ret imm", LONG, 3, "\xc2\x08\x00"),
	ROW("call rel32", LONG, 5, "\xe8\x00\x00\x00\x00"),
	ROW("call rel16", REAL, 3, "\xe8\x00\x00"),
	ROW("call rel32 in 16-bit", REAL, 6, "\x66\xe8\x00\x00\x00\x00"),
	ROW("jcc rel32", PROT32, 6, "\x0f\x84\x00\x00\x00\x00"),
	ROW("jcc rel8", LONG, 2, "\x74\x00"),
	ROW("far call", PROT32, 7, "\x9a\x00\x00\x00\x00\x08\x00"),
	ROW("far jmp 16", REAL, 5, "\xea\x00\x00\x00\xf0"),
	ROW("far jmp 66", REAL, 8, "\x66\xea\x00\x00\x00\x00\x08\x00"),
	ROW("mov imm64", LONG, 10, "\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08"),
	ROW("mov moffs", LONG, 9, "\xa0\x01\x02\x03\x04\x05\x06\x07\x08"),
	ROW("mov moffs 67", LONG, 6, "\x67\xa0\x01\x02\x03\x04"),
	ROW("test imm32", LONG, 6, "\xf7\x03\x01\x00\x00\x00"),
	ROW("test imm16", LONG, 6, "\x66\xf7\x43\x01\x01\x00"),
	ROW("not has no immediate", LONG, 2, "\xf7\x13"),
	ROW("longest mov", LONG, 15, "\x64\x66\x67\x48\xc7\x84\x8b\x00\x00\x00\x00\x01\x02\x03\x04"),
	ROW("les", PROT32, 2, "\xc4\x03"),
	ROW("lds real mode", REAL, 3, "\xc5\x46\x10\x90"),
	ROW("bound", PROT32, 2, "\x62\x03"),
	ROW("vex2", LONG, 4, "\xc5\xf8\x28\xc1"),
	ROW("vex2 32-bit", PROT32, 4, "\xc5\xf8\x28\xc1"),
	ROW("vex3 imm8", LONG, 6, "\xc4\xe3\x7d\x39\xc1\x01"),
	ROW("vpinsrw imm8", LONG, 5, "\xc5\xf1\xc4\xc0\x01"),
	ROW("vpsrldq imm8", LONG, 5, "\xc5\xf1\x73\xd8\x01"),
	ROW("vpand", LONG, 4, "\xc5\xf1\xdb\xc0"),
	ROW("vmovntdqa", LONG, 5, "\xc4\xe2\x79\x2a\x03"),
	ROW("vzeroupper", LONG, 3, "\xc5\xf8\x77"),
	ROW("evex", LONG, 7, "\x62\xf1\x7c\x48\x10\x43\x01"),
	ROW("evex imm8", LONG, 7, "\x62\xf3\x75\x48\x3f\xca\x05"),
	ROW("fninit", LONG, 2, "\xdb\xe3"),
	ROW("fld mem", LONG, 6, "\xdd\x05\x00\x00\x00\x00\x90"),
	ROW("pshufd", LONG, 5, "\x66\x0f\x70\xc1\x1b"),
	ROW("palignr", LONG, 6, "\x66\x0f\x3a\x0f\xc1\x08"),
	ROW("pshufb", LONG, 5, "\x66\x0f\x38\x00\xc1"),
	ROW("crc32", LONG, 5, "\xf2\x0f\x38\xf1\xc3"),
	ROW("3dnow", PROT32, 4, "\x0f\x0f\xc1\xb4"),
	ROW("extrq", LONG, 6, "\x66\x0f\x78\xc1\x08\x08"),
	ROW("vmread", LONG, 3, "\x0f\x78\xc1"),
	ROW("ud2 is no length", LONG, 0, "\x0f\x0b"),
	ROW("sysenter", LONG, 2, "\x0f\x34"),
	ROW("syscall", LONG, 2, "\x0f\x05"),
};

static struct insn_machine m;

/* The code ends at the end of page 1 (of CS); page 2 is missing. */
static int length_with(const struct row *row, unsigned int bytes)
{
	machine_init(&m, row->mode);
	m.ctx.r.rip = (row->mode == LONG || row->mode == PROT32 ? 0x2000 : 0x1000) - bytes;
	machine_code(&m, row->code, bytes);
	m.page[row->mode == LONG || row->mode == PROT32 ? 2 : 0x11] = PAGE_NONE;
	return insn_length(&m.ctx);
}

static void test_lengths(void **state)
{
	const struct row *row;
	unsigned int i, bad = 0;
	int len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		row = &rows[i];
		machine_init(&m, row->mode);
		machine_code(&m, row->code, row->have);
		len = insn_length(&m.ctx);
		if (len != (int)row->len && (row->len || len != -INSN_FAULT)) {
			print_error("%s: length %d, not %u\n", row->name, len, row->len);
			bad++;
		}
		if (len <= 0)
			continue;
		if (length_with(row, len) != len || length_with(row, len - 1) != -INSN_FAULT ||
		    m.ctx.fault.vector != PF_VECTOR) {
			print_error("%s: does not stop at the page\n", row->name);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* insn_length() calls back only fetch, and changes no register. */
static void test_only_fetch(void **state)
{
	struct insn_regs before;
	struct insn_ops only = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		machine_init(&m, rows[i].mode);
		machine_code(&m, rows[i].code, rows[i].have);
		only.fetch = m.ctx.ops->fetch;
		m.ctx.ops = &only;
		before = m.ctx.r;
		insn_length(&m.ctx);
		assert_memory_equal(&before, &m.ctx.r, sizeof(before));
	}
}

static void test_too_long(void **state)
{
	(void)state;
	machine_init(&m, LONG);
	memset(m.mem + 0x1000, 0x66, 20);
	assert_int_equal(insn_length(&m.ctx), -INSN_FAULT);
	assert_int_equal(m.ctx.fault.vector, GP_VECTOR);
	assert_true(m.ctx.fault.has_error);
	m.mem[0x100e] = 0xf4;
	assert_int_equal(insn_length(&m.ctx), 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_only_fetch),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests_name("insn length", tests, NULL, NULL);
}
