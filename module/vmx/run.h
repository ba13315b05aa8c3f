/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading, entry and exit on Intel. */
#ifndef TAXCUT_VMX_RUN_H
#define TAXCUT_VMX_RUN_H

#include "vmx.h"

void vmx_load(struct vcpu *v);
void vmx_unload(struct vcpu *v);
void vmx_run(struct vcpu *v);

#endif /* TAXCUT_VMX_RUN_H */
