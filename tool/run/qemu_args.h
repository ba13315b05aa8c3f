/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's command line. */
#ifndef TAXCUT_RUN_QEMU_ARGS_H
#define TAXCUT_RUN_QEMU_ARGS_H

#include "plan.h"

/* Appends QEMU's command line for a checked plan. */
void run_qemu_args(const struct run_plan *plan, struct strv *argv);

#endif
