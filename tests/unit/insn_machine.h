/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small machine for the instruction emulator: 256 KiB of memory in 64 pages
 * (also seen at the bottom of the upper canonical half), ports, and vector
 * registers. Shared by the unit tests and the fuzzer.
 *
 * A device page answers INSN_PENDING to a read until the caller has granted
 * enough answers; reads of one run are answered in order (the restart rule of
 * insn.h).
 */
#ifndef INSN_MACHINE_H
#define INSN_MACHINE_H

#include "model/insn/insn.h"

#define MACHINE_SIZE 0x40000
#define MACHINE_PAGES (MACHINE_SIZE / 0x1000)
#define MACHINE_HIGH 0xffff800000000000ULL
#define MACHINE_TSS 0x38000
#define MACHINE_STATUS 0x8d5 /* CF PF AF ZF SF OF */

enum machine_mode { REAL, PROT16, PROT32, LONG };

enum machine_page { PAGE_NONE, PAGE_RO, PAGE_RW, PAGE_DEVICE };

struct insn_machine {
	struct insn_ctx ctx; /* first: the callbacks cast back */
	u8 mem[MACHINE_SIZE];
	u8 page[MACHINE_PAGES];
	u8 vec[16][32];

	unsigned int reads, answers; /* device reads in this run; number of answered reads */
	unsigned int calls; /* callbacks in this run */
	unsigned int writes; /* memory writes and port accesses in this run */
	unsigned int races; /* number of compare-and-exchanges that fail first */

	u64 mmx[8];
	u16 x87_status;
	bool pio_device; /* ports answer like a device page */
	bool device_batches; /* string I/O treats device pages as memory */
	u8 pio_next; /* the next byte that a port returns */
	unsigned int pio_calls, pio_count; /* transfers, and elements of the last one */
	u16 pio_port;
	u8 pio_size;
	u8 pio_out[4096]; /* the bytes written to ports, up to this size */
	unsigned int pio_out_len;
};

void machine_init(struct insn_machine *m, enum machine_mode mode);
/* The TSS's I/O bitmap forbids all ports, or none. */
void machine_forbid_ports(struct insn_machine *m, bool forbid);
/* Copies code to CS:RIP. */
void machine_code(struct insn_machine *m, const void *code, unsigned int len);
/* Resets the counters and calls insn_emulate() once. */
enum insn_result machine_step(struct insn_machine *m);
/* Linear address to memory, or NULL. */
u8 *machine_at(struct insn_machine *m, u64 lin);

/*
 * Apply "rax=1 fl=cz [5000]:4=12345678 ds.limit=fff page5=dev ...": registers
 * by their 64-bit names, rip, cr0, cr4, cpl, fl (status flags and d for DF, all
 * others off), efl (or'ed in), clr (taken out), vN (low 8 bytes), vN.1 to vN.3 (the others),
 * SEG.base, SEG.limit, SEG.attr, SEG.sel (also ld and tr), gdt.base, gdt.limit,
 * idt.base, idt.limit, cr2, cr3, cr8, efer, xcr0, memory
 * with size in bytes (a repeated value), pageN=none|ro|rw|dev, races=N,
 * pio=deny|dev, mN (MMX), cpu=amd, sw (x87 status). Numbers are hexadecimal. "fl=?" says that flags do not matter.
 * Returns false on a word it does not understand.
 */
bool machine_apply(struct insn_machine *m, const char *text, bool *any_flags);

#endif /* INSN_MACHINE_H */
