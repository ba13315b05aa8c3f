/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks of a plan against the host and the running instances. */
#ifndef TAXCUT_RUN_CHECK_H
#define TAXCUT_RUN_CHECK_H

#include "plan.h"

/*
 * Checks the plan and completes it; starts and changes nothing. EXIT_OK, or
 * EXIT_FAILED after a message that says what to do. run_check_place() leaves out
 * network, device and QEMU.
 */
int run_check(struct run_plan *plan);
int run_check_place(struct run_plan *plan);

#endif
