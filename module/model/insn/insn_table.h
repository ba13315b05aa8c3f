/* SPDX-License-Identifier: GPL-2.0-only */
/* The opcode tables. */
#ifndef TAXCUT_MODEL_INSN_INSN_TABLE_H
#define TAXCUT_MODEL_INSN_INSN_TABLE_H

#include "insn_priv.h"

/* Never NULL. */
const struct insn_desc *insn_lookup(const struct insn_dec *d);

#endif /* TAXCUT_MODEL_INSN_INSN_TABLE_H */
