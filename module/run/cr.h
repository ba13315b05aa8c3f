/* SPDX-License-Identifier: GPL-2.0-only */
/* MOV to CR0 and CR4 that exits. */
#ifndef TAXCUT_RUN_CR_H
#define TAXCUT_RUN_CR_H

#include <linux/types.h>

struct vcpu;

/* The guest's MOV to CR0 or CR4 has exited; the instruction is done, or #GP queued. An enum run_next. */
int cr_write(struct vcpu *v, unsigned int cr, u64 value);

#endif /* TAXCUT_RUN_CR_H */
