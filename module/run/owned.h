/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU that owns a CPU: its thread runs on another one, and handles the exits that the core hands over. */
#ifndef TAXCUT_RUN_OWNED_H
#define TAXCUT_RUN_OWNED_H

#include "base/vcpu.h"

/*
 * One turn of the core, in place of vcpu_enter(): loaded before and after, not in
 * between. False when the guest was not entered.
 */
bool owned_enter(struct vcpu *v);

/*
 * The vCPU's mutex is held, it does not run. Takes the CPU from Linux for it, or
 * gives it back. May sleep. 0, -EPERM (no CAP_SYS_ADMIN), -EOPNOTSUPP (this host or backend), -EBUSY, -EINVAL,
 * -ENOMEM, -EIO: see core_take().
 */
int owned_take(struct vcpu *v, unsigned int cpu);
void owned_give_back(struct vcpu *v);

#endif /* TAXCUT_RUN_OWNED_H */
