/* SPDX-License-Identifier: GPL-2.0-only */
/* The instructions that test_insn_native.c runs in the emulator and on the CPU. */
#ifndef INSN_NATIVE_ROWS_H
#define INSN_NATIVE_ROWS_H

#include <asm/processor-flags.h>

#include "model/insn/insn.h"

#define CF X86_EFLAGS_CF
#define PF X86_EFLAGS_PF
#define AF X86_EFLAGS_AF
#define ZF X86_EFLAGS_ZF
#define SF X86_EFLAGS_SF
#define OF X86_EFLAGS_OF
#define STATUS (CF | PF | AF | ZF | SF | OF)

enum imm { NO_IMM, IMM8, IMMZ, IMMV, MOFFS, IMM_ENTER };

enum trait {
	MODRM = 1,
	LOCKABLE = 2,
	MEM_ONLY = 4,
	STRING = 8,
	STACK = 16,
	SHIFT = 32, /* count from imm, 1 or CL */
	DOUBLE_SHIFT = 64,
	ROTATE = 128,
	BITS = 256, /* bit offset in a register */
	EQUAL = 512, /* sometimes accumulator and destination are equal */
	DIVIDE = 1024,
	NO66 = 2048,
	VECTOR = 4096,
	AVX = 8192,
	MOVBE = 16384,
	CX16 = 32768,
	REP = 65536, /* REP has a meaning */
	BYTE = 1 << 17,
	WIDE1 = 1 << 18, /* VEX.L may be set */
	THREE = 1 << 19, /* VEX.vvvv is an operand */
	FRAME = 1 << 20, /* rBP leads to the data */
	XLATB = 1 << 21,
	BMI = 1 << 22,
	ABM = 1 << 23, /* LZCNT, POPCNT */
};

struct row {
	const char *name;
	u8 prefix; /* mandatory: 0, 66, f3, f2 */
	u8 map; /* 0: one byte, 1: 0f, 2: 0f38 */
	u8 first, last; /* opcodes */
	s8 reg; /* ModRM.reg, or -1 */
	u8 imm;
	u32 traits;
	u32 undefined; /* flags */
};

#define ALU(n, base, undef, lock)                                                                  \
	{ n, 0, 0, base, base, -1, NO_IMM, MODRM | BYTE | (lock), undef },                         \
	{ n, 0, 0, base + 1, base + 1, -1, NO_IMM, MODRM | (lock), undef },                        \
	{ n, 0, 0, base + 2, base + 2, -1, NO_IMM, MODRM | BYTE, undef },                          \
	{ n, 0, 0, base + 3, base + 3, -1, NO_IMM, MODRM, undef },                                 \
	{ n, 0, 0, base + 4, base + 4, -1, IMM8, BYTE, undef },                                    \
	{ n, 0, 0, base + 5, base + 5, -1, IMMZ, 0, undef },                                       \
	{ n, 0, 0, 0x80, 0x80, (base) / 8, IMM8, MODRM | BYTE | (lock), undef },                   \
	{ n, 0, 0, 0x81, 0x81, (base) / 8, IMMZ, MODRM | (lock), undef },                          \
	{ n, 0, 0, 0x83, 0x83, (base) / 8, IMM8, MODRM | (lock), undef }

#define SHIFTS(n, r, trait, undef)                                                                 \
	{ n, 0, 0, 0xc0, 0xc0, r, IMM8, MODRM | BYTE | (trait), undef },                           \
	{ n, 0, 0, 0xc1, 0xc1, r, IMM8, MODRM | (trait), undef },                                  \
	{ n, 0, 0, 0xd0, 0xd0, r, NO_IMM, MODRM | BYTE | (trait), undef },                         \
	{ n, 0, 0, 0xd1, 0xd1, r, NO_IMM, MODRM | (trait), undef },                                \
	{ n, 0, 0, 0xd2, 0xd2, r, NO_IMM, MODRM | BYTE | (trait), undef },                         \
	{ n, 0, 0, 0xd3, 0xd3, r, NO_IMM, MODRM | (trait), undef }

#define BOTH(n, op, r, imm, traits, undef)                                                         \
	{ n, 0, 0, op, op, r, imm, (traits) | BYTE, undef },                                       \
	{ n, 0, 0, (op) + 1, (op) + 1, r, imm, traits, undef }

#define SSE(n, pfx, op, traits) { n, pfx, 1, op, op, -1, NO_IMM, MODRM | MEM_ONLY | VECTOR | NO66 | (traits), 0 }
#define SSE_AVX(n, pfx, op, traits)                                                                \
	SSE(n, pfx, op, 0), SSE("v" n, pfx, op, AVX | (traits))

static const struct row rows[] = {
	ALU("add", 0x00, 0, LOCKABLE),
	ALU("or", 0x08, AF, LOCKABLE),
	ALU("adc", 0x10, 0, LOCKABLE),
	ALU("sbb", 0x18, 0, LOCKABLE),
	ALU("and", 0x20, AF, LOCKABLE),
	ALU("sub", 0x28, 0, LOCKABLE),
	ALU("xor", 0x30, AF, LOCKABLE),
	ALU("cmp", 0x38, 0, 0),
	{ "push", 0, 0, 0x50, 0x57, -1, NO_IMM, STACK, 0 },
	{ "pop", 0, 0, 0x58, 0x5f, -1, NO_IMM, STACK, 0 },
	{ "movsxd", 0, 0, 0x63, 0x63, -1, NO_IMM, MODRM, 0 },
	{ "push imm", 0, 0, 0x68, 0x68, -1, IMMZ, STACK, 0 },
	{ "push imm8", 0, 0, 0x6a, 0x6a, -1, IMM8, STACK, 0 },
	{ "imul3", 0, 0, 0x69, 0x69, -1, IMMZ, MODRM, SF | ZF | AF | PF },
	{ "imul3", 0, 0, 0x6b, 0x6b, -1, IMM8, MODRM, SF | ZF | AF | PF },
	BOTH("test", 0x84, -1, NO_IMM, MODRM, AF),
	BOTH("xchg", 0x86, -1, NO_IMM, MODRM | LOCKABLE, 0),
	BOTH("mov store", 0x88, -1, NO_IMM, MODRM, 0),
	BOTH("mov load", 0x8a, -1, NO_IMM, MODRM, 0),
	{ "mov sreg", 0, 0, 0x8c, 0x8c, 2, NO_IMM, MODRM, 0 },
	{ "mov sreg", 0, 0, 0x8c, 0x8c, 1, NO_IMM, MODRM, 0 },
	{ "lea", 0, 0, 0x8d, 0x8d, -1, NO_IMM, MODRM | MEM_ONLY, 0 },
	{ "pop mem", 0, 0, 0x8f, 0x8f, 0, NO_IMM, MODRM | STACK, 0 },
	{ "push mem", 0, 0, 0xff, 0xff, 6, NO_IMM, MODRM | STACK, 0 },
	{ "xchg acc", 0, 0, 0x90, 0x97, -1, NO_IMM, 0, 0 },
	{ "mov moffs", 0, 0, 0xa0, 0xa0, -1, MOFFS, BYTE, 0 },
	{ "mov moffs", 0, 0, 0xa1, 0xa1, -1, MOFFS, 0, 0 },
	{ "mov moffs", 0, 0, 0xa2, 0xa2, -1, MOFFS, BYTE, 0 },
	{ "mov moffs", 0, 0, 0xa3, 0xa3, -1, MOFFS, 0, 0 },
	BOTH("movs", 0xa4, -1, NO_IMM, STRING | REP, 0),
	BOTH("cmps", 0xa6, -1, NO_IMM, STRING | REP, 0),
	BOTH("stos", 0xaa, -1, NO_IMM, STRING | REP, 0),
	BOTH("lods", 0xac, -1, NO_IMM, STRING | REP, 0),
	BOTH("scas", 0xae, -1, NO_IMM, STRING | REP, 0),
	{ "test acc", 0, 0, 0xa8, 0xa8, -1, IMM8, BYTE, AF },
	{ "test acc", 0, 0, 0xa9, 0xa9, -1, IMMZ, 0, AF },
	{ "mov imm", 0, 0, 0xb0, 0xb7, -1, IMM8, BYTE, 0 },
	{ "mov imm", 0, 0, 0xb8, 0xbf, -1, IMMV, 0, 0 },
	{ "mov imm", 0, 0, 0xc6, 0xc6, 0, IMM8, MODRM | BYTE, 0 },
	{ "mov imm", 0, 0, 0xc7, 0xc7, 0, IMMZ, MODRM, 0 },
	SHIFTS("rol", 0, ROTATE, 0),
	SHIFTS("ror", 1, ROTATE, 0),
	SHIFTS("rcl", 2, ROTATE, 0),
	SHIFTS("rcr", 3, ROTATE, 0),
	SHIFTS("shl", 4, SHIFT, AF),
	SHIFTS("shr", 5, SHIFT, AF),
	SHIFTS("sal", 6, SHIFT, AF),
	SHIFTS("sar", 7, SHIFT, AF),
	{ "test imm", 0, 0, 0xf6, 0xf6, 0, IMM8, MODRM | BYTE, AF },
	{ "test imm", 0, 0, 0xf7, 0xf7, 0, IMMZ, MODRM, AF },
	{ "test imm", 0, 0, 0xf7, 0xf7, 1, IMMZ, MODRM, AF },
	BOTH("not", 0xf6, 2, NO_IMM, MODRM | LOCKABLE, 0),
	BOTH("neg", 0xf6, 3, NO_IMM, MODRM | LOCKABLE, 0),
	BOTH("mul", 0xf6, 4, NO_IMM, MODRM, SF | ZF | AF | PF),
	BOTH("imul", 0xf6, 5, NO_IMM, MODRM, SF | ZF | AF | PF),
	BOTH("div", 0xf6, 6, NO_IMM, MODRM | DIVIDE, STATUS),
	BOTH("idiv", 0xf6, 7, NO_IMM, MODRM | DIVIDE, STATUS),
	BOTH("inc", 0xfe, 0, NO_IMM, MODRM | LOCKABLE, 0),
	BOTH("dec", 0xfe, 1, NO_IMM, MODRM | LOCKABLE, 0),
	{ "prefetch", 0, 1, 0x0d, 0x0d, 1, NO_IMM, MODRM | MEM_ONLY, 0 },
	{ "prefetch", 0, 1, 0x18, 0x18, 1, NO_IMM, MODRM | MEM_ONLY, 0 },
	{ "nop", 0, 1, 0x1f, 0x1f, 0, NO_IMM, MODRM, 0 },
	{ "cmov", 0, 1, 0x40, 0x4f, -1, NO_IMM, MODRM, 0 },
	{ "setcc", 0, 1, 0x90, 0x9f, -1, NO_IMM, MODRM | BYTE, 0 },
	{ "bt", 0, 1, 0xa3, 0xa3, -1, NO_IMM, MODRM | BITS, OF | SF | AF | PF },
	{ "bts", 0, 1, 0xab, 0xab, -1, NO_IMM, MODRM | BITS | LOCKABLE, OF | SF | AF | PF },
	{ "btr", 0, 1, 0xb3, 0xb3, -1, NO_IMM, MODRM | BITS | LOCKABLE, OF | SF | AF | PF },
	{ "btc", 0, 1, 0xbb, 0xbb, -1, NO_IMM, MODRM | BITS | LOCKABLE, OF | SF | AF | PF },
	{ "bt imm", 0, 1, 0xba, 0xba, 4, IMM8, MODRM, OF | SF | AF | PF },
	{ "bts imm", 0, 1, 0xba, 0xba, 5, IMM8, MODRM | LOCKABLE, OF | SF | AF | PF },
	{ "btr imm", 0, 1, 0xba, 0xba, 6, IMM8, MODRM | LOCKABLE, OF | SF | AF | PF },
	{ "btc imm", 0, 1, 0xba, 0xba, 7, IMM8, MODRM | LOCKABLE, OF | SF | AF | PF },
	{ "shld imm", 0, 1, 0xa4, 0xa4, -1, IMM8, MODRM | DOUBLE_SHIFT, AF },
	{ "shld cl", 0, 1, 0xa5, 0xa5, -1, NO_IMM, MODRM | DOUBLE_SHIFT, AF },
	{ "shrd imm", 0, 1, 0xac, 0xac, -1, IMM8, MODRM | DOUBLE_SHIFT, AF },
	{ "shrd cl", 0, 1, 0xad, 0xad, -1, NO_IMM, MODRM | DOUBLE_SHIFT, AF },
	{ "imul2", 0, 1, 0xaf, 0xaf, -1, NO_IMM, MODRM, SF | ZF | AF | PF },
	/* With a register destination, CPUs differ: a mismatch may zero-extend it. */
	{ "cmpxchg", 0, 1, 0xb0, 0xb0, -1, NO_IMM, MODRM | MEM_ONLY | BYTE | LOCKABLE | EQUAL, 0 },
	{ "cmpxchg", 0, 1, 0xb1, 0xb1, -1, NO_IMM, MODRM | MEM_ONLY | LOCKABLE | EQUAL, 0 },
	{ "movzx", 0, 1, 0xb6, 0xb7, -1, NO_IMM, MODRM, 0 },
	{ "movsx", 0, 1, 0xbe, 0xbf, -1, NO_IMM, MODRM, 0 },
	{ "xadd", 0, 1, 0xc0, 0xc0, -1, NO_IMM, MODRM | BYTE | LOCKABLE, 0 },
	{ "xadd", 0, 1, 0xc1, 0xc1, -1, NO_IMM, MODRM | LOCKABLE, 0 },
	{ "bsf", 0, 1, 0xbc, 0xbc, -1, NO_IMM, MODRM, CF | OF | SF | AF | PF },
	{ "bsr", 0, 1, 0xbd, 0xbd, -1, NO_IMM, MODRM, CF | OF | SF | AF | PF },
	{ "tzcnt", 0xf3, 1, 0xbc, 0xbc, -1, NO_IMM, MODRM | BMI, OF | SF | AF | PF },
	{ "lzcnt", 0xf3, 1, 0xbd, 0xbd, -1, NO_IMM, MODRM | ABM, OF | SF | AF | PF },
	{ "popcnt", 0xf3, 1, 0xb8, 0xb8, -1, NO_IMM, MODRM | ABM, 0 },
	{ "bswap", 0, 1, 0xc8, 0xcf, -1, NO_IMM, NO66, 0 },
	{ "cbw", 0, 0, 0x98, 0x99, -1, NO_IMM, 0, 0 },
	{ "sahf", 0, 0, 0x9e, 0x9f, -1, NO_IMM, 0, 0 },
	{ "cmc", 0, 0, 0xf5, 0xf5, -1, NO_IMM, 0, 0 },
	{ "clc", 0, 0, 0xf8, 0xf9, -1, NO_IMM, 0, 0 },
	{ "cld", 0, 0, 0xfc, 0xfd, -1, NO_IMM, 0, 0 },
	{ "xlat", 0, 0, 0xd7, 0xd7, -1, NO_IMM, BYTE | XLATB, 0 },
	{ "pushf", 0, 0, 0x9c, 0x9c, -1, NO_IMM, STACK, 0 },
	{ "push fs", 0, 1, 0xa0, 0xa0, -1, NO_IMM, STACK, 0 },
	{ "push gs", 0, 1, 0xa8, 0xa8, -1, NO_IMM, STACK, 0 },
	{ "enter", 0, 0, 0xc8, 0xc8, -1, IMM_ENTER, STACK | FRAME, 0 },
	{ "leave", 0, 0, 0xc9, 0xc9, -1, NO_IMM, FRAME, 0 },
	{ "fnstcw", 0, 0, 0xd9, 0xd9, 7, NO_IMM, MODRM | MEM_ONLY | NO66, 0 },
	{ "fnstsw", 0, 0, 0xdd, 0xdd, 7, NO_IMM, MODRM | MEM_ONLY | NO66, 0 },
	{ "mmx movd load", 0, 1, 0x6e, 0x6e, -1, NO_IMM, MODRM | MEM_ONLY | NO66, 0 },
	{ "mmx movq load", 0, 1, 0x6f, 0x6f, -1, NO_IMM, MODRM | MEM_ONLY | NO66, 0 },
	{ "mmx movd store", 0, 1, 0x7e, 0x7e, -1, NO_IMM, MODRM | MEM_ONLY | NO66, 0 },
	{ "mmx movq store", 0, 1, 0x7f, 0x7f, -1, NO_IMM, MODRM | MEM_ONLY | NO66, 0 },
	{ "movntq", 0, 1, 0xe7, 0xe7, -1, NO_IMM, MODRM | MEM_ONLY | NO66, 0 },
	{ "movnti", 0, 1, 0xc3, 0xc3, -1, NO_IMM, MODRM | MEM_ONLY | NO66, 0 },
	{ "cmpxchg8b", 0, 1, 0xc7, 0xc7, 1, NO_IMM, MODRM | MEM_ONLY | LOCKABLE | EQUAL | CX16, 0 },
	{ "movbe", 0, 2, 0xf0, 0xf1, -1, NO_IMM, MODRM | MEM_ONLY | MOVBE, 0 },
	SSE_AVX("movups load", 0, 0x10, WIDE1),
	SSE_AVX("movupd load", 0x66, 0x10, WIDE1),
	SSE_AVX("movss load", 0xf3, 0x10, WIDE1),
	SSE_AVX("movsd load", 0xf2, 0x10, WIDE1),
	SSE_AVX("movups store", 0, 0x11, WIDE1),
	SSE_AVX("movupd store", 0x66, 0x11, WIDE1),
	SSE_AVX("movss store", 0xf3, 0x11, WIDE1),
	SSE_AVX("movsd store", 0xf2, 0x11, WIDE1),
	SSE_AVX("movlps load", 0, 0x12, THREE),
	SSE_AVX("movlpd load", 0x66, 0x12, THREE),
	SSE_AVX("movlps store", 0, 0x13, 0),
	SSE_AVX("movlpd store", 0x66, 0x13, 0),
	SSE_AVX("movhps load", 0, 0x16, THREE),
	SSE_AVX("movhpd load", 0x66, 0x16, THREE),
	SSE_AVX("movhps store", 0, 0x17, 0),
	SSE_AVX("movhpd store", 0x66, 0x17, 0),
	SSE_AVX("movaps load", 0, 0x28, WIDE1),
	SSE_AVX("movapd load", 0x66, 0x28, WIDE1),
	SSE_AVX("movaps store", 0, 0x29, WIDE1),
	SSE_AVX("movapd store", 0x66, 0x29, WIDE1),
	SSE_AVX("movntps", 0, 0x2b, WIDE1),
	SSE_AVX("movntpd", 0x66, 0x2b, WIDE1),
	SSE_AVX("movd load", 0x66, 0x6e, 0),
	SSE_AVX("movdqa load", 0x66, 0x6f, WIDE1),
	SSE_AVX("movdqu load", 0xf3, 0x6f, WIDE1),
	SSE_AVX("movd store", 0x66, 0x7e, 0),
	SSE_AVX("movq load", 0xf3, 0x7e, 0),
	SSE_AVX("movdqa store", 0x66, 0x7f, WIDE1),
	SSE_AVX("movdqu store", 0xf3, 0x7f, WIDE1),
	SSE_AVX("movq store", 0x66, 0xd6, 0),
	SSE_AVX("movntdq", 0x66, 0xe7, WIDE1),
	SSE_AVX("lddqu", 0xf2, 0xf0, WIDE1),
	{ "movntdqa", 0x66, 2, 0x2a, 0x2a, -1, NO_IMM, MODRM | MEM_ONLY | VECTOR | NO66, 0 },
	{ "vmovntdqa", 0x66, 2, 0x2a, 0x2a, -1, NO_IMM, MODRM | MEM_ONLY | VECTOR | NO66 | AVX, 0 },
};

#endif /* INSN_NATIVE_ROWS_H */
