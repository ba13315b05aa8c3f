/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUID: what guests are offered, what each vCPU was given. cpuid_emulate() and cpuid_find() are in hv.h. */
#ifndef TAXCUT_CPUID_H
#define TAXCUT_CPUID_H

#include <asm/cpufeature.h>

#include "hv.h"

/* System ioctls KVM_GET_SUPPORTED_CPUID, KVM_GET_EMULATED_CPUID. */
int cpuid_get_supported(struct kvm_cpuid2 __user *arg);
int cpuid_get_emulated(struct kvm_cpuid2 __user *arg);

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

/* One sub-leaf as KVM_GET_SUPPORTED_CPUID shows it (cpuid_offer.c). */
void cpuid_offered_entry(u32 function, u32 index, struct kvm_cpuid_entry2 *e);
/* Bytes of an XSAVE area that holds these features. */
u32 cpuid_xsave_size(u64 features, bool compacted);

/* Bits of EFER and CR4 that no guest on this host can set. */
u64 cpuid_host_efer_reserved(void);
u64 cpuid_host_cr4_reserved(void);

#endif /* TAXCUT_CPUID_H */
