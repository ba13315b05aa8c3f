/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Getting a vCPU's attention. The vCPU:                       Anyone else:
 *     mode = VCPU_IN_GUEST                     set a request bit (or
 *     full barrier                                raise mem_writers)
 *     requests or mem_writers? leave           full barrier
 *     enter the guest                          mode == VCPU_IN_GUEST? send an
 *                                                 interrupt to vcpu->cpu
 * One of the two sees the other. A blocked vCPU does the same with its task
 * state in the place of mode (rcuwait).
 */
#ifndef TAXCUT_BASE_KICK_H
#define TAXCUT_BASE_KICK_H

struct vcpu;

/* Any context that does not hold a run-queue lock: wake the vCPU, or get it out of the guest. */
void vcpu_kick(struct vcpu *v);

#endif /* TAXCUT_BASE_KICK_H */
