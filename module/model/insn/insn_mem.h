/* SPDX-License-Identifier: GPL-2.0-only */
/* Operands: registers, memory, faults. */
#ifndef TAXCUT_MODEL_INSN_INSN_MEM_H
#define TAXCUT_MODEL_INSN_INSN_MEM_H

#include "insn_priv.h"

/* Faults; each returns INSN_FAULT. */
enum insn_result insn_raise(struct insn_ctx *ctx, u8 vector, bool has_error);
static inline enum insn_result insn_ud(struct insn_ctx *ctx)
{
	return insn_raise(ctx, UD_VECTOR, false);
}

static inline enum insn_result insn_gp(struct insn_ctx *ctx)
{
	return insn_raise(ctx, GP_VECTOR, true);
}

bool insn_canonical(const struct insn_ctx *ctx, u64 lin);
u64 insn_reg_read(const struct insn_ctx *ctx, unsigned int reg, unsigned int size);
void insn_reg_write(struct insn_ctx *ctx, unsigned int reg, u64 val, unsigned int size);
/* The address without a fault: can len bytes at seg:off be accessed as far as segmentation goes? */
bool insn_reachable(const struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg, u64 off,
		    unsigned int len, bool write, u64 *lin);
/* The same with the fault, and with the alignment check (#AC). */
enum insn_result insn_linear(struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg,
			     u64 off, unsigned int len, bool write, u64 *lin);
enum insn_result insn_mem_read(struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg,
			       u64 off, void *buf, unsigned int len);
enum insn_result insn_mem_write(struct insn_ctx *ctx, const struct insn_dec *d, unsigned int seg,
				u64 off, const void *buf, unsigned int len);
/* May len bytes at lin be written? Both pages are asked. */
enum insn_result insn_check_write(struct insn_ctx *ctx, u64 lin, unsigned int len);
u64 insn_ea(const struct insn_dec *d);
enum insn_result insn_load(struct insn_ctx *ctx, const struct insn_dec *d, struct insn_operand *o);
enum insn_result insn_store(struct insn_ctx *ctx, const struct insn_dec *d,
			    const struct insn_operand *o);
/* Is a misaligned access an exception now? SDM vol. 3, 6.15, "Alignment Check Exception". */
bool insn_checks_alignment(u8 cpl, u64 cr0, u64 rflags);

#endif /* TAXCUT_MODEL_INSN_INSN_MEM_H */
