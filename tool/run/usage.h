/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors of a command line that need no look at the machine. */
#ifndef TAXCUT_RUN_USAGE_H
#define TAXCUT_RUN_USAGE_H

#include "plan.h"

/* Are the vCPUs pinned, and other threads kept off their CPUs? */
bool run_pinned(const struct run_plan *plan);

/*
 * Checks the options and parses the CPU lists. Call it before run_check().
 * EXIT_OK, or EXIT_USAGE after a message.
 */
int run_usage(struct run_plan *plan);

#endif
