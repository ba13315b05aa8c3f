/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of a vCPU. */
#ifndef TAXCUT_RUN_VCPU_H
#define TAXCUT_RUN_VCPU_H

#include "base/vcpu.h"

/*
 * KVM_CREATE_VCPU, vm->lock held. Creates and publishes it; the caller makes
 * the file. -EEXIST, -EINVAL (id or number out of range), -ENOMEM.
 */
struct vcpu *vcpu_create(struct vm *vm, u32 id, const struct vcpu_runner *runner);
void vcpu_destroy(struct vcpu *v);

/* Power-up, or INIT (init_event). The vCPU is not loaded. May sleep. */
void vcpu_reset(struct vcpu *v, bool init_event);
void vcpu_make_runnable_by_sipi(struct vcpu *v, u8 vector);

#endif /* TAXCUT_RUN_VCPU_H */
