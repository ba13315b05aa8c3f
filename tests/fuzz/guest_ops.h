/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest program that executes a list of operations in 64-bit mode. An exception
 * ends the operation, not the program. The fuzzer writes the list (struct
 * guest_op). Shared with guest_ops.S.
 */
#ifndef GUEST_OPS_H
#define GUEST_OPS_H

#define OP_END 0
#define OP_RDMSR 1 /* a: index */
#define OP_WRMSR 2 /* a: index, b: value */
#define OP_IN 3 /* a: port, b: size */
#define OP_OUT 4 /* a: port, b: size, c: value */
#define OP_VMMCALL 5 /* a..e: RAX, RBX, RCX, RDX, RSI */
#define OP_LOAD 6 /* a: address, b: size */
#define OP_STORE 7 /* a: address, b: size, c: value */
#define OP_OPEN 8 /* interrupts on, then off */
#define OP_HLT 9 /* interrupts on, halt */
#define OP_CR0 10 /* a: value */
#define OP_CR3 11
#define OP_CR4 12
#define OP_CR8 13
#define OP_LIDT 14 /* a: address of ten bytes */
#define OP_LGDT 15
#define OP_XSETBV 16 /* a: index, b: value */
#define OP_DR7 17 /* a: value of DR0 and DR7 */
#define OP_INT 18 /* INT 32, INT3, UD2 */
#define OP_LTR 19 /* a: selector */
#define OP_STACK 20 /* a: new RSP, b: bytes pushed there */
#define OP_JUMP 21 /* a: address; b..g: RAX, RCX, RDX, RSI, RDI, RBP; the code there returns with JMP *R15 */
#define NR_OPS 22

#define OP_SIZE 64

#ifndef __ASSEMBLER__

#include <stdint.h>

struct guest_op {
	uint64_t op, a, b, c, d, e, f, g;
};

_Static_assert(sizeof(struct guest_op) == OP_SIZE, "as in guest_ops.S");

/* Position-independent; starts with RDI = the list, RSP = a stack. */
extern const uint8_t guest_ops_start[], guest_ops_end[];
/* Handlers for the IDT: exceptions, NMI, interrupts. */
extern const uint8_t guest_ops_exception[], guest_ops_nmi[], guest_ops_interrupt[];

#endif
#endif /* GUEST_OPS_H */
