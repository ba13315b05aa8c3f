/* SPDX-License-Identifier: GPL-2.0-only */
/* Arithmetic and flags. */
#ifndef TAXCUT_MODEL_INSN_INSN_ALU_H
#define TAXCUT_MODEL_INSN_INSN_ALU_H

#include "insn_priv.h"

u64 insn_flags_sub(u64 rflags, u64 a, u64 b, unsigned int size);

#endif /* TAXCUT_MODEL_INSN_INSN_ALU_H */
