// SPDX-License-Identifier: GPL-2.0-only
/* The guest's RDMSR and WRMSR. */
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "base/vcpu.h"
#include "msr.h"
#include "msr_exit.h"
#include "msr_filter.h"

int msr_set_user_mask(struct vm *vm, u64 mask)
{
	if (mask & ~(u64)(KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER))
		return -EINVAL;
	WRITE_ONCE(vm->user_msr_mask, mask);
	return 0;
}

/* A failed access: does user space handle this reason? */
static enum msr_result msr_failed(struct vcpu *v, u32 reason, bool write, u32 index, u64 value)
{
	struct kvm_run *run = v->run;

	if (!(READ_ONCE(v->vm->user_msr_mask) & reason))
		return MSR_FAULT;
	run->exit_reason = write ? KVM_EXIT_X86_WRMSR : KVM_EXIT_X86_RDMSR;
	memset(&run->msr, 0, sizeof(run->msr));
	run->msr.reason = reason;
	run->msr.index = index;
	run->msr.data = write ? value : 0;
	v->completion = write ? COMPLETE_MSR_WRITE : COMPLETE_MSR_READ;
	return MSR_USER;
}

static void msr_result_to_regs(struct vcpu *v, u64 value)
{
	v->regs[GPR_RAX] = (u32)value;
	v->regs[GPR_RDX] = value >> 32;
}

enum msr_result msr_emulate(struct vcpu *v, bool write)
{
	u32 index = v->regs[GPR_RCX];
	u64 value = (u32)v->regs[GPR_RAX] | v->regs[GPR_RDX] << 32;
	int r;

	if (unlikely(rcu_access_pointer(v->vm->msr_filter)) && !msr_filter_allows(v->vm, index, write))
		return msr_failed(v, KVM_MSR_EXIT_REASON_FILTER, write, index, value);
	if (write) {
		r = msr_set(v, index, value, false);
	} else {
		r = msr_get(v, index, &value, false);
		if (!r)
			msr_result_to_regs(v, value);
	}
	if (!r)
		return MSR_DONE;
	return msr_failed(v, r == -ENOENT ? KVM_MSR_EXIT_REASON_UNKNOWN : KVM_MSR_EXIT_REASON_INVAL, write, index,
			  value);
}

enum msr_result msr_complete_user(struct vcpu *v)
{
	bool read = v->completion == COMPLETE_MSR_READ;

	v->completion = COMPLETE_NONE;
	if (READ_ONCE(v->run->msr.error))
		return MSR_FAULT;
	if (read)
		msr_result_to_regs(v, READ_ONCE(v->run->msr.data));
	return MSR_DONE;
}
