/* SPDX-License-Identifier: GPL-2.0-only */
/* vCPUs that own their CPUs: the ioctl on QEMU's vCPUs. */
#ifndef TAXCUT_RUN_OWN_H
#define TAXCUT_RUN_OWN_H

#include <sys/types.h>

#include "plan.h"

/* Has this open hypervisor device owned cores on this host? EXIT_OK, or says why not. */
int own_check(int device);

/*
 * QEMU is stopped: each of its vCPUs takes its CPU of @plan out of Linux, which takes
 * some tenths of a second. The CPUs come back when QEMU ends. EXIT_OK, or says what failed.
 */
int own_cpus(const struct run_plan *plan, pid_t qemu);

#endif
