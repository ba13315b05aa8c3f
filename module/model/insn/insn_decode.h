/* SPDX-License-Identifier: GPL-2.0-only */
/* From bytes to struct insn_dec. */
#ifndef TAXCUT_MODEL_INSN_INSN_DECODE_H
#define TAXCUT_MODEL_INSN_INSN_DECODE_H

#include "insn_priv.h"

enum insn_result insn_decode_bytes(struct insn_ctx *ctx, struct insn_dec *d);

/* Operand and address size, LOCK, REP and segment prefixes. */
bool insn_is_legacy_prefix(u8 byte);

#endif /* TAXCUT_MODEL_INSN_INSN_DECODE_H */
