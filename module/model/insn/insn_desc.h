/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors and segment registers, for instructions and task switches. */
#ifndef TAXCUT_MODEL_INSN_INSN_DESC_H
#define TAXCUT_MODEL_INSN_INSN_DESC_H

#include "insn.h"

/*
 * Segment registers. The CPU loads one by an instruction (kind DATA: MOV, POP,
 * LDS, LLDT, LTR; JUMP: far JMP and CALL; RET: far RET to the same level) or in
 * a task switch (TASK: #TS takes the place of #GP).
 */
enum insn_load_kind { INSN_LOAD_DATA, INSN_LOAD_JUMP, INSN_LOAD_RET, INSN_LOAD_TASK };

struct insn_load {
	u8 seg, kind;
	u8 cpl;
	u16 sel;
};

struct insn_descriptor {
	u64 lin; /* where it is */
	struct insn_segment seg; /* of system segments, bits 31:0 of the base only */
};

/*
 * What the segment register will hold: the descriptor is found by ctx->r (GDT,
 * LDTR, mode), checked, and marked as used in its table. ctx->r does not change.
 */
enum insn_result insn_load_segment(struct insn_ctx *ctx, const struct insn_load *l, struct insn_segment *out);
/* A descriptor unchecked; vector (with the selector) where its table has none, or for a null selector. */
enum insn_result insn_read_descriptor(struct insn_ctx *ctx, u16 sel, u8 vector, struct insn_descriptor *desc);
/* Write its access byte (present, DPL, type). */
enum insn_result insn_write_access(struct insn_ctx *ctx, const struct insn_descriptor *desc, u8 access);

#endif /* TAXCUT_MODEL_INSN_INSN_DESC_H */
