// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator on system instructions, segments and far transfers, and what
 * else has no operand in memory. The GDT is at 4000, the LDT at 4800:
 * descriptors are raw values, at the offset that is their selector.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <asm/kvm.h>

#include "insn_rows.h"

#define GDT "gdt.base=4000 gdt.limit=3ff "
#define LDT GDT "ld.base=4800 ld.limit=3ff ld.attr=82 "

/* Raw descriptors; flat, of level 0, accessed, unless the name says otherwise. */
#define CODE32 "cf9b000000ffff"
#define CODE32_NEW "cf9a000000ffff" /* not accessed */
#define CODE32_CONFORMING "cf9f000000ffff"
#define CODE32_XONLY "cf99000000ffff"
#define CODE64 "af9b000000ffff"
#define CODE_BOTH "ef9b000000ffff" /* L and D */
#define DATA "cf93000000ffff"
#define DATA_NEW "cf92000000ffff"
#define DATA_RO "cf91000000ffff"
#define DATA_USER "cff3000000ffff"
#define DATA_ABSENT "cf13000000ffff"
#define TSS_FREE "890050000067" /* base 5000, limit 67 */
#define TSS_BUSY "8b0050000067"
#define TSS16_FREE "810050000067"
#define LDT_DESC "82006000002f" /* base 6000, limit 2f */
#define LDT_ABSENT "2006000002f"

static const struct row segments[] = {
	DONE("mov ds", PROT32, "\x8e\xd8", GDT "rax=10 [4010]:8=" DATA, "ds.sel=10 ds.attr=c93"),
	DONE("mov ds from memory", LONG, "\x8e\x1b", GDT "rbx=5000 [5000]:2=10 [4010]:8=" DATA, "ds.sel=10 ds.attr=c93"),
	DONE("mov es sets accessed", PROT32, "\x8e\xc0", GDT "rax=10 [4010]:8=" DATA_NEW,
	     "es.sel=10 es.attr=c93 [4010]:8=" DATA),
	DONE("mov fs, base and byte limit", PROT32, "\x8e\xe0", GDT "rax=18 [4018]:8=1140933322110fff",
	     "fs.sel=18 fs.attr=493 fs.base=11332211 fs.limit=fff"),
	DONE("mov gs from the LDT", PROT32, "\x8e\xe8", LDT "rax=1c [4818]:8=" DATA, "gs.sel=1c gs.base=0 gs.attr=c93"),
	DONE("mov ds null", PROT32, "\x8e\xd8", GDT "rax=3", "ds.sel=3 ds.attr=0 ds.base=0 ds.limit=0"),
	DONE("mov ss", PROT32, "\x8e\xd0", GDT "rax=10 [4010]:8=" DATA, "ss.sel=10 ss.attr=c93"),
	DONE("mov ss null, 64-bit mode", LONG, "\x8e\xd0", GDT "rax=0", "ss.sel=0 ss.attr=0 ss.limit=0"),
	FAULT_ERR("mov ss null with a level", LONG, "\x8e\xd0", GDT "rax=1", GP_VECTOR, 0),
	FAULT_ERR("mov ss null, 32-bit mode", PROT32, "\x8e\xd0", GDT "rax=0", GP_VECTOR, 0),
	FAULT_ERR("mov ss read-only", PROT32, "\x8e\xd0", GDT "rax=10 [4010]:8=" DATA_RO, GP_VECTOR, 0x10),
	FAULT_ERR("mov ss of another level", PROT32, "\x8e\xd0", GDT "rax=10 [4010]:8=" DATA_USER, GP_VECTOR, 0x10),
	FAULT_ERR("mov ss absent", PROT32, "\x8e\xd0", GDT "rax=10 [4010]:8=" DATA_ABSENT, SS_VECTOR, 0x10),
	FAULT_ERR("mov ds absent", PROT32, "\x8e\xd8", GDT "rax=10 [4010]:8=" DATA_ABSENT, NP_VECTOR, 0x10),
	FAULT_ERR("mov ds beyond the GDT", PROT32, "\x8e\xd8", GDT "rax=400", GP_VECTOR, 0x400),
	FAULT_ERR("mov ds without an LDT", PROT32, "\x8e\xd8", GDT "rax=1f", GP_VECTOR, 0x1c),
	FAULT_ERR("mov ds execute-only", PROT32, "\x8e\xd8", GDT "rax=10 [4010]:8=" CODE32_XONLY, GP_VECTOR, 0x10),
	DONE("mov ds readable code", PROT32, "\x8e\xd8", GDT "rax=10 [4010]:8=" CODE32, "ds.sel=10 ds.attr=c9b"),
	FAULT_ERR("mov ds of level 0 at level 3", PROT32, "\x8e\xd8", GDT "cpl=3 rax=10 [4010]:8=" DATA, GP_VECTOR, 0x10),
	FAULT_ERR("mov ds of level 0 by RPL 3", PROT32, "\x8e\xd8", GDT "rax=13 [4010]:8=" DATA, GP_VECTOR, 0x10),
	DONE("mov ds conforming at level 3", PROT32, "\x8e\xd8", GDT "cpl=3 rax=13 [4010]:8=" CODE32_CONFORMING,
	     "ds.sel=13 ds.attr=c9f"),
	FAULT_ERR("mov ds of a system segment", PROT32, "\x8e\xd8", GDT "rax=10 [4010]:8=" TSS_FREE, GP_VECTOR, 0x10),
	FAULT("mov cs", PROT32, "\x8e\xc8", "rax=8", UD_VECTOR),
	FAULT("mov segment 6", PROT32, "\x8e\xf0", "rax=8", UD_VECTOR),
	DONE("mov ds, real mode", REAL, "\x8e\xd8", "rax=1234 ds.limit=ffffffff", "ds.sel=1234 ds.base=12340"),
	DONE("mov ds, virtual-8086 mode", REAL, "\x8e\xd8", "cr0=11 cpl=3 efl=20000 rax=1234 ds.limit=ff",
	     "ds.sel=1234 ds.base=12340 ds.limit=ffff ds.attr=f3"),
	DONE("lldt", PROT32, "\x0f\x00\xd0", GDT "rax=10 [4010]:8=" LDT_DESC,
	     "ld.sel=10 ld.base=6000 ld.limit=2f ld.attr=82"),
	DONE("lldt from memory, 64-bit base", LONG, "\x0f\x00\x13",
	     GDT "rbx=5000 [5000]:2=10 [4010]:8=" LDT_DESC " [4018]:8=ffff8000",
	     "ld.sel=10 ld.base=ffff800000006000 ld.limit=2f ld.attr=82"),
	DONE("lldt null", PROT32, "\x0f\x00\xd0", LDT "rax=0", "ld.sel=0 ld.base=0 ld.limit=0 ld.attr=0"),
	FAULT_ERR("lldt not an LDT", PROT32, "\x0f\x00\xd0", GDT "rax=10 [4010]:8=" DATA, GP_VECTOR, 0x10),
	FAULT_ERR("lldt from the LDT", PROT32, "\x0f\x00\xd0", LDT "rax=14 [4810]:8=" LDT_DESC, GP_VECTOR, 0x14),
	FAULT_ERR("lldt absent", PROT32, "\x0f\x00\xd0", GDT "rax=10 [4010]:8=" LDT_ABSENT, NP_VECTOR, 0x10),
	FAULT_ERR("lldt non-canonical base", LONG, "\x0f\x00\xd0", GDT "rax=10 [4010]:8=" LDT_DESC " [4018]:8=ff8000",
		  GP_VECTOR, 0x10),
	FAULT_ERR("lldt half beyond the GDT", LONG, "\x0f\x00\xd0", GDT "gdt.limit=17 rax=10 [4010]:8=" LDT_DESC,
		  GP_VECTOR, 0x10),
	FAULT_ERR("lldt above level 0", PROT32, "\x0f\x00\xd0", GDT "cpl=3 rax=10 [4010]:8=" LDT_DESC, GP_VECTOR, 0),
	FAULT("lldt in real mode", REAL, "\x0f\x00\xd0", "rax=10", UD_VECTOR),
	DONE("ltr", PROT32, "\x0f\x00\xd8", GDT "rax=10 [4010]:8=" TSS_FREE,
	     "tr.sel=10 tr.base=5000 tr.limit=67 tr.attr=8b [4010]:8=" TSS_BUSY),
	DONE("ltr 16-bit TSS", PROT32, "\x0f\x00\xd8", GDT "rax=10 [4010]:8=" TSS16_FREE,
	     "tr.sel=10 tr.base=5000 tr.limit=67 tr.attr=83 [4010]:8=830050000067"),
	DONE("ltr from memory", LONG, "\x0f\x00\x1b", GDT "rbx=5000 [5000]:2=10 [4010]:8=" TSS_FREE " [4018]:8=0",
	     "tr.sel=10 tr.base=5000 tr.limit=67 tr.attr=8b [4010]:8=" TSS_BUSY),
	FAULT_ERR("ltr busy", PROT32, "\x0f\x00\xd8", GDT "rax=10 [4010]:8=" TSS_BUSY, GP_VECTOR, 0x10),
	FAULT_ERR("ltr 16-bit TSS, 64-bit mode", LONG, "\x0f\x00\xd8", GDT "rax=10 [4010]:8=" TSS16_FREE, GP_VECTOR, 0x10),
	FAULT_ERR("ltr null", PROT32, "\x0f\x00\xd8", GDT "rax=0", GP_VECTOR, 0),
	FAULT("lock ltr", PROT32, "\xf0\x0f\x00\x1b", "rbx=5000", UD_VECTOR),
};

static const struct table tables[] = {
	TABLE(segments),
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "segments", rows_test, NULL, NULL, (void *)&tables[0] },
	};

	return cmocka_run_group_tests_name("insn system", tests, NULL, NULL);
}
