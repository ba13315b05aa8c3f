/* SPDX-License-Identifier: GPL-2.0-only */
/* One running QEMU, from its start to its end. */
#ifndef TAXCUT_RUN_SUPERVISE_H
#define TAXCUT_RUN_SUPERVISE_H

#include "plan.h"

/*
 * Starts QEMU, pins its threads, starts the guest and waits for the end. @lock is
 * the run directory's lock (host/instance.h); it is released as soon as the
 * instance's record is written. Returns QEMU's exit status (128 + N when signal N
 * ended it), or EXIT_FAILED.
 */
int run_supervise(const struct run_plan *plan, char **argv, int lock);

#endif
