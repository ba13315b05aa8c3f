/* SPDX-License-Identifier: GPL-2.0-only */
/* A halted vCPU: polling, then sleeping. */
#ifndef TAXCUT_RUN_HALT_H
#define TAXCUT_RUN_HALT_H

struct vcpu;

/*
 * Wait until the vCPU has something to do or a signal is pending. REQ_EVENT
 * may turn out not to wake it; the caller looks and comes back. As KVM counts:
 * a poll succeeds when the thread need not sleep, a wait is one where it did.
 */
void vcpu_block(struct vcpu *v);

#endif /* TAXCUT_RUN_HALT_H */
