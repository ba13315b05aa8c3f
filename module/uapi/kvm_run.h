/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM_RUN. */
#ifndef TAXCUT_UAPI_KVM_RUN_H
#define TAXCUT_UAPI_KVM_RUN_H

struct vcpu;

/* vcpu->mutex held. 0 with run->exit_reason set, or -errno. */
int vcpu_run(struct vcpu *v);

#endif /* TAXCUT_UAPI_KVM_RUN_H */
