/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a vCPU as user space sees it. vcpu_state_ioctl() and the register helpers are declared in hv.h. */
#ifndef TAXCUT_STATE_H
#define TAXCUT_STATE_H

#include "hv.h"

/* Once per module load, before anything else here: host_xcr0, host_xstate_size, the CPUID offer. */
void state_init_host(void);

/* The parts of a vCPU that live here: xstate, msrs, pv, TSC, CPUID. Call before hv->vcpu_create(). */
int state_vcpu_create(struct vcpu *v);
void state_vcpu_destroy(struct vcpu *v);
/*
 * Reset (init_event false) or INIT of the general registers, RFLAGS, RIP, DRs,
 * XCR0, FPU, MSRs and PV features (SDM vol. 3, table "IA-32 and Intel 64
 * Processor States Following Power-up, Reset, or INIT"). Segments and control
 * registers are hv->vcpu_reset()'s.
 */
void state_vcpu_reset(struct vcpu *v, bool init_event);

/* KVM_CAP_SYNC_REGS, around KVM_RUN; the vCPU is not loaded. from_run: 0 or -EINVAL. */
void state_sync_to_run(struct vcpu *v);
int state_sync_from_run(struct vcpu *v);
#define STATE_SYNC_FIELDS (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS)

#endif /* TAXCUT_STATE_H */
