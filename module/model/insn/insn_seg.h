/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions on segment registers. */
#ifndef TAXCUT_MODEL_INSN_INSN_SEG_H
#define TAXCUT_MODEL_INSN_INSN_SEG_H

#include "insn_priv.h"

enum insn_result insn_check_umip(struct insn_ctx *ctx);

#endif /* TAXCUT_MODEL_INSN_INSN_SEG_H */
