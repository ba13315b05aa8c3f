/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's RDMSR and WRMSR, and exits to user space for those it answers. */
#ifndef TAXCUT_CPU_MSR_EXIT_H
#define TAXCUT_CPU_MSR_EXIT_H

#include <linux/types.h>

struct vcpu;
struct vm;

enum msr_result {
	MSR_DONE, /* registers are right: move RIP past the instruction */
	MSR_FAULT, /* inject #GP(0) */
	MSR_USER, /* KVM_EXIT_X86_RDMSR/WRMSR: vcpu->run and vcpu->completion are set, RIP stays */
};

/*
 * The guest's RDMSR/WRMSR: index in RCX, value in EDX:EAX. Applies the VM's
 * MSR filter and KVM_CAP_X86_USER_SPACE_MSR. The vCPU's own thread.
 */
enum msr_result msr_emulate(struct vcpu *v, bool write);
/* Back from MSR_USER (COMPLETE_MSR_READ/WRITE): MSR_DONE or MSR_FAULT. */
enum msr_result msr_complete_user(struct vcpu *v);

/* KVM_CAP_X86_USER_SPACE_MSR: 0 or -EINVAL. vm->lock held. */
int msr_set_user_mask(struct vm *vm, u64 mask);

#endif /* TAXCUT_CPU_MSR_EXIT_H */
