/* SPDX-License-Identifier: GPL-2.0-only */
/* vCPU lifecycle and KVM_RUN, for vm.c. */
#ifndef TAXCUT_VCPU_H
#define TAXCUT_VCPU_H

#include "hv.h"

struct vcpu *vcpu_create(struct vm *vm, u32 id);
void vcpu_destroy(struct vcpu *v);
int vcpu_run(struct vcpu *v);

#endif /* TAXCUT_VCPU_H */
