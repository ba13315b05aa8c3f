/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's half of a VMCS. */
#ifndef TAXCUT_VMX_HOST_STATE_H
#define TAXCUT_VMX_HOST_STATE_H

#include "vmx.h"

void vmx_load_host_state(struct vcpu *v);
void vmx_restore_host_state(struct vcpu *v);
/* The fields that are the same on every CPU. The VMCS is current. */
void vmx_write_host_constants(void);

#endif /* TAXCUT_VMX_HOST_STATE_H */
