/* SPDX-License-Identifier: GPL-2.0-only */
/* The stack, and near branches; rSP itself changes when the instruction retires. */
#ifndef TAXCUT_MODEL_INSN_INSN_STACK_H
#define TAXCUT_MODEL_INSN_INSN_STACK_H

#include "insn_priv.h"

/* len bytes at rSP + off */
enum insn_result insn_peek_stack(struct insn_ctx *ctx, const struct insn_dec *d, u64 off, void *buf, unsigned int len);
enum insn_result insn_write_stack(struct insn_ctx *ctx, const struct insn_dec *d, u64 sp, const void *buf,
				  unsigned int len);
void insn_move_sp(const struct insn_ctx *ctx, struct insn_dec *d, u64 delta);
/* All of them or, where one faults, none. */
enum insn_result insn_push_all(struct insn_ctx *ctx, struct insn_dec *d, const u64 *vals, unsigned int n);
u64 insn_flags_popped(const struct insn_ctx *ctx, u64 rflags, u64 val, unsigned int size);

#endif /* TAXCUT_MODEL_INSN_INSN_STACK_H */
