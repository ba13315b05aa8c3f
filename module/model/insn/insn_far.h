/* SPDX-License-Identifier: GPL-2.0-only */
/* Far branches. */
#ifndef TAXCUT_MODEL_INSN_INSN_FAR_H
#define TAXCUT_MODEL_INSN_INSN_FAR_H

#include "insn_priv.h"

struct insn_far_pointer {
	u64 off;
	u16 sel;
};

enum insn_result insn_read_far_pointer(struct insn_ctx *ctx, const struct insn_dec *d, struct insn_far_pointer *p);

#endif /* TAXCUT_MODEL_INSN_INSN_FAR_H */
