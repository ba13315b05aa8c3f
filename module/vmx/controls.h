/* SPDX-License-Identifier: GPL-2.0-only */
/* The control fields of a VMCS. */
#ifndef TAXCUT_VMX_CONTROLS_H
#define TAXCUT_VMX_CONTROLS_H

#include "vmx.h"

void vmx_init_controls(struct vcpu *v);
void vmx_write_stale(struct vcpu *v);

#endif /* TAXCUT_VMX_CONTROLS_H */
