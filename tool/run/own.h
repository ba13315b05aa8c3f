/* SPDX-License-Identifier: GPL-2.0-only */
/* vCPUs that own their CPUs: the ioctl on QEMU's vCPUs. */
#ifndef TAXCUT_RUN_OWN_H
#define TAXCUT_RUN_OWN_H

#include <sys/types.h>

#include "plan.h"

/*
 * Does the hypervisor behind @device (open) support owned cores on this host? EXIT_OK, or EXIT_FAILED after a message.
 */
int own_check(int device);

/*
 * Takes the CPU of each vCPU of @plan out of Linux, which takes some tenths of a second. QEMU must be stopped.
 * The CPUs return to Linux when QEMU ends. EXIT_OK, or EXIT_FAILED after a message.
 */
int own_cpus(const struct run_plan *plan, pid_t qemu);

#endif
