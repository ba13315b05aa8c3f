/* SPDX-License-Identifier: GPL-2.0-only */
/* An interrupt reaches a LAPIC. Any context. */
#ifndef TAXCUT_IRQ_VLAPIC_ACCEPT_H
#define TAXCUT_IRQ_VLAPIC_ACCEPT_H

#include <linux/types.h>

#include "model/lapic.h"

struct vcpu;

/*
 * An interrupt was accepted (LAPIC_NEW), edge-triggered and unwatched: tell the
 * CPU, if the vCPU is in the guest there and takes it without an exit. False:
 * REQ_EVENT is set, and a kick is due. Any context.
 */
bool vlapic_notify(struct vcpu *v);

/*
 * Accept a message of this delivery mode (bits 10:8 of an ICR). later: deliver_late_kicks() does what there is to do
 * for the vCPU. *kick: a request is set, and the caller has to kick the vCPU for it, whatever the result.
 */
enum lapic_irr_result vlapic_accept(struct vcpu *v, u8 vector, u8 mode, bool level, bool later, bool *kick);

#endif /* TAXCUT_IRQ_VLAPIC_ACCEPT_H */
