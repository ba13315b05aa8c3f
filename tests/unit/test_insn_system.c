// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator: system instructions, segments, far transfers, and other
 * instructions without a memory operand. The GDT is at 4000, the LDT at 4800.
 * Descriptors are raw values at the offset of their selector.
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

/* Raw descriptors: flat, level 0, accessed, unless the name differs. */
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

static const struct row segment_instructions[] = {
	DONE("sldt to memory", PROT32, "\x0f\x00\x03", "rbx=5000 ld.sel=1234 [5000]:4=ffffffff", "[5000]:2=1234"),
	DONE("sldt to a register", LONG, "\x0f\x00\xc0", "ld.sel=1234 rax=ffffffffffffffff", "rax=1234"),
	DONE("str to memory", LONG, "\x48\x0f\x00\x0b", "rbx=5000 tr.sel=1234", "[5000]:2=1234"),
	FAULT("str with umip", LONG, "\x0f\x00\x0b", "cr4=40e20 cpl=3 rbx=5000", GP_VECTOR),
	FAULT("str in real mode", REAL, "\x0f\x00\x0f", "", UD_VECTOR),
	DONE("push ss, 16 bits", REAL, "\x16", "rsp=100 ss.sel=1234", "rsp=fe [300fe]:2=1234"),
	DONE("push ds", PROT32, "\x1e", "rsp=7000 ds.sel=1234 [6ffc]:4=ffffffff", "rsp=6ffc [6ffc]:2=1234"),
	DONE("push ds, AMD", PROT32, "\x1e", "cpu=amd rsp=7000 ds.sel=1234 [6ffc]:4=ffffffff", "rsp=6ffc [6ffc]:4=1234"),
	DONE("push fs, 64-bit mode", LONG, "\x0f\xa0", "rsp=7000 fs.sel=1234 [6ff8]:8=ffffffffffffffff",
	     "rsp=6ff8 [6ff8]:8=1234"),
	DONE("pop es", PROT32, "\x07", GDT "rsp=7000 [7000]:4=10 [4010]:8=" DATA, "rsp=7004 es.sel=10 es.attr=c93"),
	DONE("pop gs, 64-bit mode", LONG, "\x0f\xa9", GDT "rsp=7000 [7000]:8=0", "rsp=7008 gs.sel=0 gs.attr=0 gs.base=0 gs.limit=0"),
	DONE("pop ss in real mode", REAL, "\x17", "rsp=100 [30100]:2=3800", "rsp=102 ss.sel=3800 ss.base=38000"),
	FAULT_ERR("pop ds absent", PROT32, "\x1f", GDT "rsp=7000 [7000]:4=10 [4010]:8=" DATA_ABSENT, NP_VECTOR, 0x10),
	FAULT("pop es in 64-bit mode", LONG, "\x07", "", UD_VECTOR),
	DONE("les", PROT32, "\xc4\x0b", GDT "rbx=5000 [5000]:8=1012345678 [4010]:8=" DATA,
	     "rcx=12345678 es.sel=10 es.attr=c93"),
	DONE("lds in real mode", REAL, "\xc5\x0f", "[20000]:4=12345678", "rcx=5678 ds.sel=1234 ds.base=12340"),
	DONE("lss", LONG, "\x0f\xb2\x23", GDT "rbx=5000 [5000]:8=1000007000 [4010]:8=" DATA,
	     "rsp=7000 ss.sel=10 ss.attr=c93"),
	DONE("lgs, 64-bit offset", LONG, "\x48\x0f\xb5\x0b", GDT "rbx=5000 [5000]:8=1122334455667788 [5008]:2=10 [4010]:8=" DATA,
	     "rcx=1122334455667788 gs.sel=10 gs.attr=c93 gs.base=0"),
	DONE("lfs, 64-bit operand, AMD", LONG, "\x48\x0f\xb4\x0b",
	     GDT "cpu=amd rbx=5000 [5000]:8=1055667788 [4010]:8=" DATA, "rcx=55667788 fs.sel=10 fs.attr=c93 fs.base=0"),
	FAULT("les register", PROT32, "\x0f\xb2\xc0", "", UD_VECTOR),
	FAULT_ERR("lss absent leaves all", PROT32, "\x0f\xb2\x23", GDT "rbx=5000 [5000]:8=1000007000 [4010]:8=" DATA_ABSENT,
		  SS_VECTOR, 0x10),
	DONE("lar", PROT32, "\x0f\x02\xc3", GDT "rbx=10 rax=1 [4010]:8=" DATA, "rax=c09300 fl=z"),
	DONE("lar, 16 bits, from memory", PROT32, "\x66\x0f\x02\x03", GDT "rbx=5000 [5000]:2=10 [4010]:8=" DATA,
	     "rax=9300 fl=z"),
	DONE("lar not there", PROT32, "\x0f\x02\xc3", GDT "fl=z rbx=7f8 rax=1", "fl="),
	DONE("lar of a 32-bit gate", PROT32, "\x0f\x02\xc3", GDT "rbx=10 rax=1 [4010]:8=8c0000000000", "rax=8c00 fl=z"),
	DONE("lar of an interrupt gate", PROT32, "\x0f\x02\xc3", GDT "fl=z rbx=10 rax=1 [4010]:8=8e0000000000", "fl="),
	DONE("lar not visible", PROT32, "\x0f\x02\xc3", GDT "cpl=3 fl=z rbx=13 rax=1 [4010]:8=" DATA, "fl="),
	DONE("lsl", PROT32, "\x0f\x03\xc3", GDT "rbx=10 [4010]:8=" DATA, "rax=ffffffff fl=z"),
	DONE("lsl of a TSS", PROT32, "\x0f\x03\xc3", GDT "rbx=10 [4010]:8=" TSS_BUSY, "rax=67 fl=z"),
	DONE("lsl of a gate", PROT32, "\x0f\x03\xc3", GDT "rbx=10 rax=1 fl=z [4010]:8=8c0000000000", "fl="),
	DONE("verr", PROT32, "\x0f\x00\xe3", GDT "rbx=10 [4010]:8=" DATA_RO, "fl=z"),
	DONE("verr of execute-only code", PROT32, "\x0f\x00\xe3", GDT "fl=z rbx=10 [4010]:8=" CODE32_XONLY, "fl="),
	DONE("verw of read-only data", PROT32, "\x0f\x00\xeb", GDT "fl=z rbx=10 [4010]:8=" DATA_RO, "fl="),
	DONE("verw from memory", PROT32, "\x0f\x00\x2b", GDT "rbx=5000 [5000]:2=10 [4010]:8=" DATA, "fl=z"),
	DONE("verw of code", PROT32, "\x0f\x00\xeb", GDT "fl=z rbx=10 [4010]:8=" CODE32, "fl="),
	FAULT("verr in real mode", REAL, "\x0f\x00\xe3", "", UD_VECTOR),
};

static const struct row far_transfers[] = {
	DONE("jmp far, memory", PROT32, "\xff\x2b", GDT "rbx=5000 [5000]:8=0800001234 [4008]:8=" CODE32,
	     "rip=1234 cs.sel=8"),
	DONE("jmp far, immediate", PROT32, "\xea\x34\x12\x00\x00\x08\x00", GDT "[4008]:8=" CODE32_NEW,
	     "rip=1234 cs.sel=8 [4008]:8=" CODE32),
	DONE("jmp far, real mode", REAL, "\xea\x34\x12\x00\xf0", "", "rip=1234 cs.sel=f000 cs.base=f0000"),
	DONE("jmp far, 32-bit operand in real mode", REAL, "\x66\xff\x2f", "[20000]:8=f00000001234",
	     "rip=1234 cs.sel=f000 cs.base=f0000"),
	DONE("jmp far to 64-bit code", LONG, "\xff\x2b", GDT "rbx=5000 [5000]:8=0800001234 [4008]:8=" CODE64,
	     "rip=1234 cs.sel=8"),
	DONE("jmp far, 64-bit offset", LONG, "\x48\xff\x2b",
	     GDT "rbx=5000 [5000]:8=ffff800000001234 [5008]:2=8 [4008]:8=" CODE64, "rip=ffff800000001234 cs.sel=8"),
	DONE("jmp far out of 64-bit mode", LONG, "\xff\x2b", GDT "rbx=5000 [5000]:8=0800001234 [4008]:8=" CODE32,
	     "rip=1234 cs.sel=8 cs.attr=c9b"),
	DONE("jmp far keeps the level", PROT32, "\xff\x2b",
	     GDT "cpl=3 rbx=5000 [5000]:8=0800001234 [4008]:8=" CODE32_CONFORMING, "rip=1234 cs.sel=b cs.attr=c9f"),
	FAULT_ERR("jmp far null", PROT32, "\xff\x2b", GDT "rbx=5000 [5000]:8=0000001234", GP_VECTOR, 0),
	FAULT_ERR("jmp far to data", PROT32, "\xff\x2b", GDT "rbx=5000 [5000]:8=0800001234 [4008]:8=" DATA, GP_VECTOR, 8),
	FAULT_ERR("jmp far to another level", PROT32, "\xff\x2b", GDT "cpl=3 rbx=5000 [5000]:8=0800001234 [4008]:8=" CODE32,
		  GP_VECTOR, 8),
	FAULT_ERR("jmp far with L and D", LONG, "\xff\x2b", GDT "rbx=5000 [5000]:8=0800001234 [4008]:8=" CODE_BOTH,
		  GP_VECTOR, 8),
	FAULT_ERR("jmp far absent", PROT32, "\xff\x2b", GDT "rbx=5000 [5000]:8=0800001234 [4008]:8=cf1b000000ffff",
		  NP_VECTOR, 8),
	FAULT_ERR("jmp far beyond the segment", PROT32, "\xff\x2b", GDT "rbx=5000 [5000]:8=0800011234 [4008]:8=409b00000fffff",
		  GP_VECTOR, 0),
	UNKNOWN("jmp far to a TSS", PROT32, "\xff\x2b", GDT "rbx=5000 [5000]:8=0800001234 [4008]:8=" TSS_FREE),
	FAULT("jmp far register", PROT32, "\xff\xeb", "", UD_VECTOR),
	DONE("call far", PROT32, "\xff\x1b", GDT "cs.sel=18 rsp=7000 rbx=5000 [5000]:8=0800001234 [4008]:8=" CODE32,
	     "rip=1234 cs.sel=8 rsp=6ff8 [6ff8]:4=1002 [6ffc]:4=18"),
	DONE("call far, real mode", REAL, "\x9a\x34\x12\x00\xf0", "rsp=100",
	     "rip=1234 cs.sel=f000 cs.base=f0000 rsp=fc [300fc]:2=105 [300fe]:2=1000"),
	UNKNOWN("call far through a gate", PROT32, "\xff\x1b", GDT "rbx=5000 [5000]:8=0800001234 [4008]:8=8c0000000000"),
	FAULT_ERR("call far, no stack", PROT32, "\xff\x1b", GDT "rsp=4 ss.limit=fff rbx=5000 [5000]:8=0800001234 [4008]:8=" CODE32,
		  SS_VECTOR, 0),
	DONE("ret far", PROT32, "\xcb", GDT "rsp=7000 [7000]:4=1234 [7004]:4=8 [4008]:8=" CODE32, "rip=1234 cs.sel=8 rsp=7008"),
	DONE("ret far with bytes", LONG, "\x48\xca\x10\x00", GDT "rsp=7000 [7000]:8=1234 [7008]:8=8 [4008]:8=" CODE64,
	     "rip=1234 cs.sel=8 rsp=7020"),
	DONE("ret far, real mode", REAL, "\xcb", "rsp=100 [30100]:2=1234 [30102]:2=f000",
	     "rip=1234 cs.sel=f000 cs.base=f0000 rsp=104"),
	UNKNOWN("ret far to an outer level", PROT32, "\xcb", GDT "rsp=7000 [7000]:4=1234 [7004]:4=b [4008]:8=" CODE32),
	FAULT_ERR("ret far to an inner level", PROT32, "\xcb", GDT "cpl=3 rsp=7000 [7000]:4=1234 [7004]:4=8 [4008]:8=" CODE32,
		  GP_VECTOR, 8),
	DONE("iret, real mode", REAL, "\xcf", "rsp=100 [30100]:2=1234 [30102]:2=f000 [30104]:2=ed7",
	     "rip=1234 cs.sel=f000 cs.base=f0000 rsp=106 fl=cpazsod efl=200"),
	UNKNOWN("iret, protected mode", PROT32, "\xcf", "rsp=7000"),
	DONE("int, real mode", REAL, "\xcd\x21", "efl=300 idt.limit=3ff rsp=100 [84]:4=f0001234",
	     "rip=1234 cs.sel=f000 cs.base=f0000 rsp=fa [300fa]:2=102 [300fc]:2=1000 [300fe]:2=302 clr=300"),
	DONE("int3, real mode", REAL, "\xcc", "idt.limit=3ff rsp=100 [c]:4=f0001234",
	     "rip=1234 cs.sel=f000 cs.base=f0000 rsp=fa [300fa]:2=101 [300fc]:2=1000 [300fe]:2=2"),
	DONE("into, not taken", REAL, "\xce", "", ""),
	FAULT("int beyond the table", REAL, "\xcd\x21", "idt.limit=86 rsp=100", GP_VECTOR),
	UNKNOWN("int, protected mode", PROT32, "\xcd\x80", "rsp=7000"),
};

static const struct row stack[] = {
	DONE("call rel", LONG, "\xe8\x10\x00\x00\x00", "rsp=7000", "rip=1015 rsp=6ff8 [6ff8]:8=1005"),
	DONE("call rel wraps 16 bits", REAL, "\xe8\x00\xff", "rsp=100", "rip=3 rsp=fe [300fe]:2=103"),
	DONE("jmp rel8 back", LONG, "\xeb\xfe", "", "rip=1000"),
	DONE("jmp rel32", PROT32, "\xe9\x00\x01\x00\x00", "", "rip=1105"),
	DONE("jmp rel8, 16-bit operand", PROT32, "\x66\xeb\x10", "rip=11000 [11000]:3=10eb66", "rip=1013"),
	FAULT("jmp rel beyond CS", PROT32, "\xe9\x00\x10\x00\x00", "cs.limit=1fff", GP_VECTOR),
	FAULT("jmp rel non-canonical", LONG, "\xe9\x00\x00\x00\x80", "rip=ffff800000001000", GP_VECTOR),
	DONE("jz taken", LONG, "\x74\x10", "fl=z", "rip=1012"),
	DONE("jnz not taken", LONG, "\x75\x10", "fl=z", ""),
	DONE("jg near", PROT32, "\x0f\x8f\x10\x00\x00\x00", "", "rip=1016"),
	DONE("loop", PROT32, "\xe2\xfe", "rcx=2", "rcx=1 rip=1000"),
	DONE("loop ends", LONG, "\xe2\xfe", "rcx=1", "rcx=0"),
	DONE("loop counts in the address size", LONG, "\x67\xe2\xfe", "rcx=100000000", "rcx=ffffffff rip=1001"),
	DONE("loope", REAL, "\xe1\x10", "fl=z rcx=10002", "rcx=10001 rip=112"),
	DONE("loopne ends by flag", REAL, "\xe0\x10", "fl=z rcx=2", "rcx=1"),
	DONE("jcxz", REAL, "\xe3\x10", "rcx=10000", "rip=112"),
	DONE("jecxz not taken", REAL, "\x67\xe3\x10", "rcx=10000", ""),
	DONE("ret", LONG, "\xc3", "rsp=7000 [7000]:8=1234", "rip=1234 rsp=7008"),
	DONE("ret with bytes", PROT32, "\xc2\x08\x00", "rsp=7000 [7000]:4=1234", "rip=1234 rsp=700c"),
	FAULT("ret non-canonical", LONG, "\xc3", "rsp=7000 [7000]:8=800000000000", GP_VECTOR),
	DONE("pusha", REAL, "\x60", "rax=1 rcx=2 rdx=3 rbx=4 rsp=100 rbp=5 rsi=6 rdi=7",
	     "rsp=f0 [300fe]:2=1 [300fc]:2=2 [300fa]:2=3 [300f8]:2=4 [300f6]:2=100 [300f4]:2=5 [300f2]:2=6 [300f0]:2=7"),
	DONE("pushad", PROT32, "\x60", "rax=1 rdi=7 rsp=7010", "rsp=6ff0 [700c]:4=1 [6ffc]:4=7010 [6ff0]:4=7"),
	DONE("popa", REAL, "\x61", "rsp=f0 [300fe]:2=1 [300f6]:2=ffff [300f0]:2=7 rax=ffff0000", "rsp=100 rax=ffff0001 rdi=7"),
	FAULT("pusha in 64-bit mode", LONG, "\x60", "", UD_VECTOR),
	FAULT("pusha beyond the stack limit", PROT32, "\x60", "rsp=7010 ss.limit=7000", SS_VECTOR),
	DONE("enter", LONG, "\xc8\x20\x00\x00", "rsp=7000 rbp=1234", "rsp=6fd8 rbp=6ff8 [6ff8]:8=1234"),
	DONE("enter, two levels", PROT32, "\xc8\x10\x00\x02", "rsp=7000 rbp=7100 [70fc]:4=77",
	     "rsp=6fe4 rbp=6ffc [6ffc]:4=7100 [6ff8]:4=77 [6ff4]:4=6ffc"),
	DONE("enter, real mode", REAL, "\xc8\x10\x00\x01", "rsp=100 rbp=ffff1234",
	     "rsp=ec rbp=ffff00fe [300fe]:2=1234 [300fc]:2=fe"),
	DONE("leave", LONG, "\xc9", "rsp=1 rbp=7000 [7000]:8=1234", "rsp=7008 rbp=1234"),
	DONE("leave, 16 bits", REAL, "\xc9", "rsp=fff00000 rbp=ffff0100 [30100]:2=1234", "rsp=fff00102 rbp=ffff1234"),
	DONE("pushf", LONG, "\x9c", "fl=cz efl=10200 rsp=7000", "rsp=6ff8 [6ff8]:8=243"),
	DONE("popf, level 0", LONG, "\x9d", "rsp=7000 [7000]:8=253ed7", "rsp=7008 fl=cpazsod efl=243200"),
	DONE("popf, level 3", LONG, "\x9d", "cpl=3 efl=200 rsp=7000 [7000]:8=3000", "rsp=7008"),
	DONE("popf, level 3 and IOPL 3", LONG, "\x9d", "cpl=3 efl=3200 rsp=7000 [7000]:8=240201", "rsp=7008 fl=c efl=240000"),
	DONE("popf, 16 bits", REAL, "\x9d", "rsp=100 efl=40000 [30100]:2=1", "rsp=102 fl=c"),
	FAULT("popf, virtual-8086 mode", REAL, "\x9d", "cr0=11 cpl=3 efl=20000", GP_VECTOR),
	UNKNOWN("pushf, virtual-8086 mode with VME", REAL, "\x9c", "cr0=11 cr4=1 cpl=3 efl=20000"),
	DONE("cli", PROT32, "\xfa", "efl=200", "clr=200"),
	DONE("sti", PROT32, "\xfb", "", "efl=200"),
	FAULT("sti, level 3", PROT32, "\xfb", "cpl=3", GP_VECTOR),
};

static const struct row control[] = {
	DONE("sgdt", PROT32, "\x0f\x01\x03", "rbx=5000 gdt.base=12345678 gdt.limit=abcd [5000]:8=ffffffffffffffff",
	     "[5000]:2=abcd [5002]:4=12345678"),
	DONE("sgdt, 16-bit operand", REAL, "\x0f\x01\x07", "gdt.base=12345678 gdt.limit=abcd", "[20000]:2=abcd [20002]:4=345678"),
	DONE("sgdt, 16-bit operand, AMD", REAL, "\x0f\x01\x07", "cpu=amd gdt.base=12345678 gdt.limit=abcd",
	     "[20000]:2=abcd [20002]:4=12345678"),
	DONE("sidt, 64-bit mode", LONG, "\x0f\x01\x0b", "rbx=5000 idt.base=ffff800000001000 idt.limit=fff",
	     "[5000]:2=fff [5002]:8=ffff800000001000"),
	FAULT("sidt with umip", LONG, "\x0f\x01\x0b", "cr4=40e20 cpl=3 rbx=5000", GP_VECTOR),
	DONE("lgdt", PROT32, "\x0f\x01\x13", "rbx=5000 [5000]:8=12345678abcd", "gdt.base=12345678 gdt.limit=abcd"),
	DONE("lgdt, 16-bit operand", REAL, "\x0f\x01\x17", "[20000]:8=12345678abcd", "gdt.base=345678 gdt.limit=abcd"),
	DONE("lidt, 64-bit mode", LONG, "\x0f\x01\x1b", "rbx=5000 [5000]:2=fff [5002]:8=ffff800000001000",
	     "idt.base=ffff800000001000 idt.limit=fff"),
	FAULT("lidt non-canonical", LONG, "\x0f\x01\x1b", "rbx=5000 [5000]:2=fff [5002]:8=800000001000", GP_VECTOR),
	FAULT("lgdt, level 3", PROT32, "\x0f\x01\x13", "cpl=3 rbx=5000", GP_VECTOR),
	DONE("smsw to memory", LONG, "\x0f\x01\x23", "rbx=5000 [5000]:4=ffffffff", "[5000]:2=11"),
	DONE("smsw to a register", LONG, "\x48\x0f\x01\xe0", "rax=ffffffffffffffff", "rax=80000011"),
	DONE("smsw, 16 bits", REAL, "\x0f\x01\xe0", "rax=ffffffff", "rax=ffff0010"),
	FAULT("smsw with umip", LONG, "\x0f\x01\x23", "cr4=40e20 cpl=3 rbx=5000", GP_VECTOR),
	DONE("lmsw", LONG, "\x0f\x01\x33", "rbx=5000 [5000]:2=fffe", "cr0=8000001f"),
	DONE("lmsw keeps PE", PROT32, "\x0f\x01\xf0", "rax=0", "cr0=11"),
	DONE("lmsw enters protected mode", REAL, "\x0f\x01\xf0", "rax=1", "cr0=11"),
	DONE("clts", LONG, "\x0f\x06", "cr0=80000019", "cr0=80000011"),
	FAULT("clts, level 3", LONG, "\x0f\x06", "cpl=3", GP_VECTOR),
	DONE("invlpg", LONG, "\x0f\x01\x3b", "rbx=800000000000", ""),
	DONE("mov from cr0", PROT32, "\x0f\x20\xc3", "rbx=ffffffff", "rbx=11"),
	DONE("mov from cr2", LONG, "\x0f\x20\xd3", "cr2=1122334455667788", "rbx=1122334455667788"),
	DONE("mov from cr3", LONG, "\x0f\x20\xdb", "cr3=1000", "rbx=1000"),
	DONE("mov from cr4", LONG, "\x0f\x20\xe3", "", "rbx=40620"),
	DONE("mov from cr8", LONG, "\x44\x0f\x20\xc3", "cr8=5", "rbx=5"),
	DONE("mov from cr8, by lock", PROT32, "\xf0\x0f\x20\xc3", "cr8=5", "rbx=5"),
	FAULT("mov from cr1", LONG, "\x0f\x20\xcb", "", UD_VECTOR),
	FAULT("mov from cr12", LONG, "\x44\x0f\x20\xe3", "", UD_VECTOR),
	FAULT("mov from cr0, level 3", LONG, "\x0f\x20\xc3", "cpl=3", GP_VECTOR),
	DONE("mov to cr0", PROT32, "\x0f\x22\xc3", "rbx=80050033", "cr0=80050033"),
	DONE("mov to cr0, into long mode", PROT32, "\x0f\x22\xc3", "cr4=20 efer=100 rbx=80000011", "cr0=80000011 efer=500"),
	DONE("mov to cr0, out of long mode", LONG, "\x0f\x22\xc3", "cs.attr=c9b rbx=11", "cr0=11 efer=100"),
	FAULT("mov to cr0, out of 64-bit mode", LONG, "\x0f\x22\xc3", "rbx=11", GP_VECTOR),
	FAULT("mov to cr0, long mode without PAE", PROT32, "\x0f\x22\xc3", "efer=100 rbx=80000011", GP_VECTOR),
	FAULT("mov to cr0, PG without PE", PROT32, "\x0f\x22\xc3", "rbx=80000010", GP_VECTOR),
	FAULT("mov to cr0, NW without CD", PROT32, "\x0f\x22\xc3", "rbx=20000011", GP_VECTOR),
	DONE("mov to cr2", LONG, "\x0f\x22\xd3", "rbx=5", "cr2=5"),
	DONE("mov to cr3", LONG, "\x0f\x22\xdb", "rbx=2000", "cr3=2000"),
	DONE("mov to cr3, no flush", LONG, "\x0f\x22\xdb", "cr4=60620 rbx=8000000000002001", "cr3=2001"),
	DONE("mov to cr4", LONG, "\x0f\x22\xe3", "rbx=406a0", "cr4=406a0"),
	FAULT("mov to cr4, no PAE in long mode", LONG, "\x0f\x22\xe3", "rbx=40600", GP_VECTOR),
	FAULT("mov to cr4, PCIDE outside long mode", PROT32, "\x0f\x22\xe3", "rbx=20020", GP_VECTOR),
	FAULT("mov to cr6", LONG, "\x0f\x22\xf3", "", UD_VECTOR),
	DONE("rdtsc", LONG, "\x0f\x31", "rax=ffffffffffffffff", "rax=55667788 rdx=11223344"),
	FAULT("rdtsc with tsd", LONG, "\x0f\x31", "cr4=40624 cpl=3", GP_VECTOR),
	DONE("rdpid", LONG, "\xf3\x0f\xc7\xf8", "", "rax=a5a5"),
	EXIT("cpuid", LONG, "\x0f\xa2", "", INSN_EXIT_CPUID),
	EXIT("rdmsr", LONG, "\x48\x0f\x32", "", INSN_EXIT_RDMSR),
	EXIT("wrmsr", REAL, "\x0f\x30", "", INSN_EXIT_WRMSR),
	FAULT("wrmsr, level 3", LONG, "\x0f\x30", "cpl=3", GP_VECTOR),
	EXIT("rdpmc", LONG, "\x0f\x33", "", INSN_EXIT_RDPMC),
	EXIT("hlt", LONG, "\xf4", "", INSN_EXIT_HLT),
	FAULT("hlt, level 3", LONG, "\xf4", "cpl=3", GP_VECTOR),
	EXIT("wbinvd", LONG, "\x0f\x09", "", INSN_EXIT_WBINVD),
	EXIT("invd", LONG, "\x0f\x08", "", INSN_EXIT_WBINVD),
	EXIT("xsetbv", LONG, "\x0f\x01\xd1", "", INSN_EXIT_XSETBV),
	FAULT("xsetbv without osxsave", PROT32, "\x0f\x01\xd1", "", UD_VECTOR),
	EXIT("vmcall", LONG, "\x0f\x01\xc1", "", INSN_EXIT_HYPERCALL),
	EXIT("vmmcall", LONG, "\x0f\x01\xd9", "", INSN_EXIT_HYPERCALL),
	EXIT("mov from dr6", LONG, "\x0f\x21\xf0", "", INSN_EXIT_DR),
	EXIT("mov to dr7", LONG, "\x0f\x23\xf8", "", INSN_EXIT_DR),
	EXIT("mov to cr8", LONG, "\x44\x0f\x22\xc0", "", INSN_EXIT_CR8),
	DONE("syscall", LONG, "\x0f\x05", "efer=501 efl=10300 cpl=3 cs.attr=afb ss.attr=cf3",
	     "rip=ffff800000004444 rcx=1002 r11=302 clr=300 cpl=0 cs.sel=10 cs.attr=a9b ss.sel=18 ss.attr=c93 fl="),
	DONE("syscall, compatibility mode, AMD", LONG, "\x0f\x05", "cpu=amd efer=501 cpl=3 cs.attr=cfb ss.attr=cf3",
	     "rip=5555 rcx=1002 r11=2 cpl=0 cs.sel=10 cs.attr=a9b ss.sel=18 ss.attr=c93"),
	FAULT("syscall, compatibility mode", LONG, "\x0f\x05", "efer=501 cpl=3 cs.attr=cfb", UD_VECTOR),
	FAULT("syscall without SCE", LONG, "\x0f\x05", "", UD_VECTOR),
	DONE("sysenter", PROT32, "\x0f\x34", "efl=200 cpl=3 cs.attr=cfb ss.attr=cf3",
	     "rip=1234 rsp=7000 clr=200 cpl=0 cs.sel=10 cs.attr=c9b ss.sel=18 ss.attr=c93"),
	DONE("sysexit", LONG, "\x48\x0f\x35", "rdx=5000 rcx=6000",
	     "rip=5000 rsp=6000 cpl=3 cs.sel=33 cs.attr=afb ss.sel=3b ss.attr=cf3"),
	DONE("sysexit, 32 bits", PROT32, "\x0f\x35", "rdx=5000 rcx=6000",
	     "rip=5000 rsp=6000 cpl=3 cs.sel=23 cs.attr=cfb ss.sel=2b ss.attr=cf3"),
	FAULT("sysexit, level 3", PROT32, "\x0f\x35", "cpl=3", GP_VECTOR),
};

static const struct row registers[] = {
	DONE("bsf", LONG, "\x0f\xbc\x03", "rbx=5000 [5000]:4=8 rax=ffffffffffffffff", "rax=3 fl=?"),
	DONE("bsf of 0", LONG, "\x0f\xbc\x03", "rbx=5000 rax=ffffffffffffffff", "fl=z"),
	DONE("bsf with f3", LONG, "\xf3\x0f\xbc\x03", "rbx=5000 rax=7", "fl=z"),
	DONE("tzcnt of 0", LONG, "\xf3\x0f\xbc\x03", "cpu=amd rbx=5000 rax=7", "rax=20 fl=c"),
	DONE("bsr", REAL, "\x0f\xbd\x07", "[20000]:2=4000", "rax=e fl=?"),
	DONE("lzcnt", LONG, "\xf3\x48\x0f\xbd\x03", "cpu=amd rbx=5000 [5000]:8=1", "rax=3f fl=?"),
	DONE("popcnt", LONG, "\xf3\x0f\xb8\x03", "fl=co rbx=5000 [5000]:4=f0f", "rax=8 fl="),
	DONE("bswap", LONG, "\x0f\xc8", "rax=ff11223344", "rax=44332211"),
	DONE("bswap 64", LONG, "\x49\x0f\xc9", "r9=1122334455667788", "r9=8877665544332211"),
	DONE("cbw", REAL, "\x98", "rax=11111180", "rax=1111ff80"),
	DONE("cdqe", LONG, "\x48\x98", "rax=80000000", "rax=ffffffff80000000"),
	DONE("cdq", LONG, "\x99", "rax=80000000", "rdx=ffffffff"),
	DONE("cwd", REAL, "\x99", "rax=7fff rdx=11111111", "rdx=11110000"),
	DONE("cmc", LONG, "\xf5", "fl=cz", "fl=z"),
	DONE("stc", LONG, "\xf9", "", "fl=c"),
	DONE("clc", LONG, "\xf8", "fl=cz", "fl=z"),
	DONE("std", LONG, "\xfd", "", "fl=d"),
	DONE("sahf", PROT32, "\x9e", "fl=o rax=ff00", "fl=cpazso"),
	DONE("lahf", PROT32, "\x9f", "fl=cso rax=11111111", "rax=11118311"),
	DONE("salc", PROT32, "\xd6", "fl=c rax=100", "rax=1ff"),
	DONE("aam", PROT32, "\xd4\x0a", "rax=37", "rax=505 fl=p"),
	FAULT("aam 0", PROT32, "\xd4\x00", "rax=37", DE_VECTOR),
	DONE("aad", PROT32, "\xd5\x0a", "rax=505", "rax=37 fl="),
	DONE("daa", PROT32, "\x27", "rax=ae", "rax=14 fl=cpa"),
	DONE("das", PROT32, "\x2f", "fl=a rax=2", "rax=fc fl=cpas"),
	DONE("aaa", PROT32, "\x37", "rax=10f", "rax=205 fl=ca"),
	DONE("aas", PROT32, "\x3f", "fl=a rax=202", "rax=c fl=ca"),
	FAULT("daa in 64-bit mode", LONG, "\x27", "", UD_VECTOR),
	DONE("fnstcw", LONG, "\xd9\x3b", "rbx=5000 [5000]:4=ffffffff", "[5000]:2=37f"),
	DONE("fnstsw", LONG, "\xdd\x3b", "sw=80 rbx=5000", "[5000]:2=80"),
	DONE("fninit", LONG, "\xdb\xe3", "sw=80", "sw=0"),
	FAULT("fnstcw with ts", LONG, "\xd9\x3b", "cr0=80000019 rbx=5000", NM_VECTOR),
	UNKNOWN("fnclex", LONG, "\xdb\xe2", ""),
	UNKNOWN("fldcw", LONG, "\xd9\x2b", "rbx=5000"),
	FAULT("fxsave unaligned", LONG, "\x0f\xae\x03", "rbx=5008", GP_VECTOR),
	FAULT("fxsave with em", LONG, "\x0f\xae\x03", "cr0=80000015 rbx=5000", NM_VECTOR),
	UNKNOWN("fxsave to a device", LONG, "\x0f\xae\x03", "page5=dev rbx=5000"),
	FAULT("fxrstor, bad mxcsr", LONG, "\x0f\xae\x0b", "rbx=5000 [5018]:4=ff000000", GP_VECTOR),
};

static const struct table tables[] = {
	TABLE(segments), TABLE(segment_instructions), TABLE(far_transfers), TABLE(stack), TABLE(control), TABLE(registers),
};

static struct insn_machine now;

/* The XMM registers that are transferred, by mode. */
static void test_fxsave_fxrstor(void **state)
{
	bool any;

	(void)state;
	machine_init(&now, LONG);
	machine_code(&now, "\x48\x0f\xae\x03\x48\x0f\xae\x0b", 8);
	assert_true(machine_apply(&now, "rbx=5000 v0=1 v7=7 v8=8 v15=f [51a0]:8=9999 [5000]:8=0", &any));
	assert_int_equal(machine_step(&now), INSN_DONE);
	assert_int_equal(now.mem[0x5000], 0x64);
	assert_int_equal(now.mem[0x50a0], 1);
	assert_int_equal(now.mem[0x5190], 0xf);
	assert_int_equal(now.mem[0x51a0], 0x99);
	assert_true(machine_apply(&now, "v0=0 v15=0", &any));
	assert_int_equal(machine_step(&now), INSN_DONE);
	assert_int_equal(now.vec[0][0], 1);
	assert_int_equal(now.vec[15][0], 0xf);

	machine_init(&now, PROT32);
	machine_code(&now, "\x0f\xae\x03\x0f\xae\x0b", 6);
	assert_true(machine_apply(&now, "rbx=5000 v7=7 v8=8 [5120]:8=9999", &any));
	assert_int_equal(machine_step(&now), INSN_DONE);
	assert_int_equal(now.mem[0x5000], 0x32);
	assert_int_equal(now.mem[0x5110], 7);
	assert_int_equal(now.mem[0x5120], 0x99);
	assert_true(machine_apply(&now, "v7=0", &any));
	assert_int_equal(machine_step(&now), INSN_DONE);
	assert_int_equal(now.vec[7][0], 7);
	assert_int_equal(now.vec[8][0], 8);
}

/* Instructions that block interrupts for one instruction, and that unblock NMIs. */
static void test_side_effects(void **state)
{
	static const struct {
		enum machine_mode mode;
		const char *code, *before;
		u8 shadow;
		bool iret;
	} cases[] = {
		{ REAL, "\x8e\xd0", "", INSN_SHADOW_MOV_SS, false }, /* mov ss */
		{ REAL, "\x17", "rsp=100", INSN_SHADOW_MOV_SS, false }, /* pop ss */
		{ REAL, "\x8e\xd8", "", 0, false }, /* mov ds */
		{ PROT32, "\xfb", "", INSN_SHADOW_STI, false },
		{ PROT32, "\xfb", "efl=200", 0, false },
		{ REAL, "\xcf", "rsp=100", 0, true }, /* iret */
		{ REAL, "\xcb", "rsp=100", 0, false }, /* ret far */
	};
	unsigned int i;
	bool any;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		machine_init(&now, cases[i].mode);
		machine_code(&now, cases[i].code, strlen(cases[i].code));
		assert_true(machine_apply(&now, cases[i].before, &any));
		assert_int_equal(machine_step(&now), INSN_DONE);
		assert_int_equal(now.ctx.shadow, cases[i].shadow);
		assert_int_equal(now.ctx.iret, cases[i].iret);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "segments", rows_test, NULL, NULL, (void *)&tables[0] },
		{ "segment instructions", rows_test, NULL, NULL, (void *)&tables[1] },
		{ "far transfers", rows_test, NULL, NULL, (void *)&tables[2] },
		{ "stack", rows_test, NULL, NULL, (void *)&tables[3] },
		{ "control", rows_test, NULL, NULL, (void *)&tables[4] },
		{ "registers", rows_test, NULL, NULL, (void *)&tables[5] },
		cmocka_unit_test(test_fxsave_fxrstor),
		cmocka_unit_test(test_side_effects),
	};

	return cmocka_run_group_tests_name("insn system", tests, NULL, NULL);
}
