/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPUID that user space gave a vCPU. The holder of vcpu->mutex. */
#ifndef TAXCUT_CPU_CPUID_H
#define TAXCUT_CPU_CPUID_H

#include <asm/cpufeature.h>

#include "base/vcpu.h"

/* vCPU ioctls; -EINVAL once the vCPU has run, unless nothing changes. */
int cpuid_set(struct vcpu *v, struct kvm_cpuid __user *arg);
int cpuid_set2(struct vcpu *v, struct kvm_cpuid2 __user *arg);
int cpuid_get2(struct vcpu *v, struct kvm_cpuid2 __user *arg);
void cpuid_vcpu_destroy(struct vcpu *v);

/* Exits were switched off: what the guest is told of paravirtual features. */
void cpuid_update_pv(struct vcpu *v);
/* XCR0 (or XSS) changed: leaf 0xD reports other sizes. */
void cpuid_xcr0_changed(struct vcpu *v);

/*
 * Whether the guest's CPUID has a feature bit. reg: CPUID_EAX... of
 * <asm/cpufeature.h> (0..3 = EAX, EBX, ECX, EDX).
 */
bool cpuid_has(const struct vcpu *v, u32 function, u32 index, unsigned int reg, unsigned int bit);
/* The guest's vendor: AMD or Hygon. */
bool cpuid_is_amd(const struct vcpu *v);

/* Bits of EFER and CR4 that no guest on this host can set. */
u64 cpuid_host_efer_reserved(void);
u64 cpuid_host_cr4_reserved(void);

const struct kvm_cpuid_entry2 *cpuid_find(const struct vcpu *v, u32 function, u32 index);
/* The guest's CPUID instruction: #GP(0) is due instead of an answer. */
bool cpuid_faults(struct vcpu *v);
/* Its answer: reads and writes vcpu->regs only. */
void cpuid_emulate(struct vcpu *v);

#endif /* TAXCUT_CPU_CPUID_H */
