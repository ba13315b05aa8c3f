/* SPDX-License-Identifier: GPL-2.0-only */
/* The entry failed: say why in the log. */
#ifndef TAXCUT_VMX_DUMP_H
#define TAXCUT_VMX_DUMP_H

#include "vmx.h"

/* vmx_dump.c: the entry failed; say why in the log. reason: the exit reason, or 0 and the instruction failed. */
void vmx_dump_failure(struct vcpu *v, u32 reason);

#endif /* TAXCUT_VMX_DUMP_H */
