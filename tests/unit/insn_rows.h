/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of instructions: a row has the machine's state before, and the changes
 * after; nothing else may change. insn_machine.h describes the text.
 * Code is at 1000 (16-bit modes: 100 in CS).
 *
 * Every row also tests the restart rule: with pages and ports as devices that
 * answer each read late, and with each page missing.
 */
#ifndef INSN_ROWS_H
#define INSN_ROWS_H

#include "insn_machine.h"

#define NOTHING 0xff

struct row {
	const char *name;
	enum machine_mode mode;
	const char *code;
	unsigned int len;
	const char *before, *after;
	enum insn_result result;
	u8 vector; /* INSN_EXIT: enum insn_exit */
	int error; /* -1: any, or none */
};

#define DONE(name, mode, code, before, after)                                                      \
	{ name, mode, code, sizeof(code) - 1, before, after, INSN_DONE, NOTHING, -1 }
#define AGAIN(name, mode, code, before, after)                                                     \
	{ name, mode, code, sizeof(code) - 1, before, after, INSN_AGAIN, NOTHING, -1 }
#define FAULT(name, mode, code, before, vector)                                                    \
	{ name, mode, code, sizeof(code) - 1, before, "", INSN_FAULT, vector, -1 }
/* With its error code. */
#define FAULT_ERR(name, mode, code, before, vector, error)                                         \
	{ name, mode, code, sizeof(code) - 1, before, "", INSN_FAULT, vector, error }
/* Passed on to the exit handler. */
#define EXIT(name, mode, code, before, exit)                                                       \
	{ name, mode, code, sizeof(code) - 1, before, "", INSN_EXIT, exit, -1 }
#define UNKNOWN(name, mode, code, before)                                                          \
	{ name, mode, code, sizeof(code) - 1, before, "", INSN_UNKNOWN, NOTHING, -1 }

struct table {
	const char *name;
	const struct row *rows;
	unsigned int count;
};

#define TABLE(t) { #t, t, ARRAY_SIZE(t) }

/* A cmocka test; *state is a struct table. */
void rows_test(void **state);

#endif /* INSN_ROWS_H */
