/* SPDX-License-Identifier: GPL-2.0-only */
/* Callbacks of struct insn_ops (model/insn.h) for vector and x87 registers; the vCPU is loaded. */
#ifndef TAXCUT_RUN_EMULATE_FPU_H
#define TAXCUT_RUN_EMULATE_FPU_H

#include "model/insn/insn.h"

void emul_vec_read(struct insn_ctx *ctx, unsigned int n, void *buf, unsigned int len);
void emul_vec_write(struct insn_ctx *ctx, unsigned int n, const void *buf, unsigned int len);
void emul_mmx(struct insn_ctx *ctx, unsigned int n, u64 *val, bool write);
u16 emul_x87(struct insn_ctx *ctx, enum insn_x87 what);
bool emul_fx(struct insn_ctx *ctx, void *image, bool save, bool wide);

#endif /* TAXCUT_RUN_EMULATE_FPU_H */
