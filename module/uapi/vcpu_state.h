/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a vCPU as user space sees it. */
#ifndef TAXCUT_UAPI_VCPU_STATE_H
#define TAXCUT_UAPI_VCPU_STATE_H

#include "base/backend.h"
#include "base/vcpu.h"

/* KVM_CAP_SYNC_REGS, around KVM_RUN; the vCPU is not loaded. from_run: 0 or -EINVAL. */
void state_sync_to_run(struct vcpu *v);
int state_sync_from_run(struct vcpu *v);
#define STATE_SYNC_FIELDS (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS)

/* Every vCPU ioctl but KVM_RUN and KVM_SET_SIGNAL_MASK; *handled is cleared for others. vcpu->mutex held, not loaded. */
int vcpu_state_ioctl(struct vcpu *v, unsigned int cmd, void __user *arg, bool *handled);

#endif /* TAXCUT_UAPI_VCPU_STATE_H */
