// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs: what the VMCS carries, what is swapped when the vCPU is loaded and
 * unloaded, and which of them the guest may touch without an exit.
 */
#include <asm/msr.h>

#include "access.h"
#include "caps.h"
#include "cpu/msr.h"
#include "cpu/msr_filter.h"
#include "msr.h"
#include "vmcs.h"
#include "vmx.h"

#define PAT_RESET 0x0007040600070406ULL

/* The MSR bitmap: reads of low and high MSRs, then writes of both, 1 KiB each (SDM vol. 3, "MSR-Bitmap Address"). */
#define BITMAP_WRITE 2048
#define BITMAP_HIGH 1024
#define BITMAP_MSRS 8192
#define BITMAP_HIGH_BASE 0xc0000000u

static const u32 swapped[VMX_NR_SWAPPED] = {
	[VMX_STAR] = MSR_STAR,
	[VMX_LSTAR] = MSR_LSTAR,
	[VMX_SFMASK] = MSR_SYSCALL_MASK,
	[VMX_KERNEL_GS_BASE] = MSR_KERNEL_GS_BASE,
	[VMX_TSC_AUX] = MSR_TSC_AUX,
};

static const u32 direct_msrs[] = {
	MSR_STAR, MSR_LSTAR, MSR_SYSCALL_MASK, MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_EIP, MSR_IA32_SYSENTER_ESP,
};

static unsigned int vmx_nr_swapped(void)
{
	return vmx_features.rdtscp ? VMX_NR_SWAPPED : VMX_TSC_AUX;
}

/* Where the swapped value of an MSR is kept; NULL: it is not one of them. */
static u64 *vmx_swapped_value(struct vmx_vcpu *s, u32 index)
{
	unsigned int i;

	for (i = 0; i < vmx_nr_swapped(); i++) {
		if (swapped[i] == index)
			return &s->msrs[i];
	}
	return NULL;
}

/* The VMCS field of an MSR that entry and exit switch; 0: none. */
static unsigned long vmx_vmcs_field(u32 index)
{
	switch (index) {
	case MSR_FS_BASE:
		return GUEST_FS_BASE;
	case MSR_GS_BASE:
		return GUEST_GS_BASE;
	case MSR_IA32_SYSENTER_CS:
		return GUEST_SYSENTER_CS;
	case MSR_IA32_SYSENTER_EIP:
		return GUEST_SYSENTER_EIP;
	case MSR_IA32_SYSENTER_ESP:
		return GUEST_SYSENTER_ESP;
	default:
		return 0;
	}
}

/* On each CPU, when VMX goes on there. All but KERNEL_GS_BASE stay as they are. */
void vmx_read_host_msrs(struct vmx_cpu *c)
{
	unsigned int i;

	for (i = 0; i < vmx_nr_swapped(); i++)
		rdmsrl(swapped[i], c->msrs[i]);
}

void vmx_load_msrs(struct vcpu *v)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpus);
	unsigned int i;

	rdmsrl(MSR_KERNEL_GS_BASE, c->msrs[VMX_KERNEL_GS_BASE]);
	for (i = 0; i < vmx_nr_swapped(); i++) {
		if (c->msrs[i] != v->vmx->msrs[i])
			wrmsrl(swapped[i], v->vmx->msrs[i]);
	}
}

void vmx_unload_msrs(struct vcpu *v)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpus);
	u64 *guest = v->vmx->msrs;
	unsigned int i;

	for (i = 0; i < vmx_nr_swapped(); i++)
		rdmsrl(swapped[i], guest[i]);
	for (i = 0; i < vmx_nr_swapped(); i++) {
		if (c->msrs[i] != guest[i])
			wrmsrl(swapped[i], c->msrs[i]);
	}
}

/* RESET or INIT; INIT keeps PAT, which is 0 only before the first reset. The VMCS is current. */
void vmx_reset_msrs(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;

	memset(s->msrs, 0, sizeof(s->msrs));
	s->cstar = 0;
	s->pat = s->pat ?: PAT_RESET;
	s->spec_ctrl_used = false;
	s->entry.guest_spec_ctrl = 0;
	vmx_write(GUEST_IA32_PAT, s->pat);
	vmx_write(GUEST_SYSENTER_CS, 0);
	vmx_write(GUEST_SYSENTER_EIP, 0);
	vmx_write(GUEST_SYSENTER_ESP, 0);
}

static void vmx_set_exit(u8 *bitmap, unsigned int bit, bool on)
{
	__assign_bit(bit, (unsigned long *)bitmap, on);
}

void vmx_pass_msr(struct vcpu *v, u32 index, bool read, bool write)
{
	u8 *bitmap = v->vmx->msr_bitmap;

	if (index >= BITMAP_HIGH_BASE) {
		bitmap += BITMAP_HIGH;
		index -= BITMAP_HIGH_BASE;
	}
	if (WARN_ON_ONCE(index >= BITMAP_MSRS))
		return;
	vmx_set_exit(bitmap, index, !read);
	vmx_set_exit(bitmap + BITMAP_WRITE, index, !write);
}

static void vmx_allow_msr(struct vcpu *v, u32 index, bool allow)
{
	vmx_pass_msr(v, index, allow && msr_filter_allows(v->vm, index, false),
		     allow && msr_filter_allows(v->vm, index, true));
}

void vmx_update_msr_bitmap(struct vcpu *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(direct_msrs); i++)
		vmx_allow_msr(v, direct_msrs[i], true);
	vmx_allow_msr(v, MSR_TSC_AUX, vmx_features.rdtscp);
	vmx_allow_msr(v, MSR_IA32_SPEC_CTRL, v->vmx->spec_ctrl_used);
	for (i = 0; i < MSR_HOST_READS; i++)
		vmx_pass_msr(v, msr_host_reads[i], msr_host_read_allowed(v->vm, i), false);
}

static u64 vmx_read_field(struct vcpu *v, unsigned long field)
{
	u64 value;

	vmx_get(v);
	value = vmx_read(field);
	vmx_put(v);
	return value;
}

static void vmx_write_field(struct vcpu *v, unsigned long field, u64 value)
{
	vmx_get(v);
	vmx_write(field, value);
	vmx_put(v);
}

int vmx_get_msr(struct vcpu *v, u32 index, u64 *value)
{
	struct vmx_vcpu *s = v->vmx;
	u64 *kept = vmx_swapped_value(s, index);

	if (kept) {
		/* Live in the CPU while loaded. */
		if (v->loaded)
			rdmsrl(index, *kept);
		*value = *kept;
		return 0;
	}
	if (vmx_vmcs_field(index)) {
		*value = vmx_read_field(v, vmx_vmcs_field(index));
		return 0;
	}
	switch (index) {
	case MSR_CSTAR:
		*value = s->cstar;
		return 0;
	case MSR_IA32_CR_PAT:
		*value = s->pat;
		return 0;
	case MSR_IA32_SPEC_CTRL:
		*value = s->entry.guest_spec_ctrl;
		return 0;
	default:
		return -ENOENT;
	}
}

static int vmx_set_spec_ctrl(struct vcpu *v, u64 value, bool host)
{
	struct vmx_vcpu *s = v->vmx;

	if (!boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL))
		return value ? -EINVAL : 0;
	if (value & ~(u64)(SPEC_CTRL_IBRS | SPEC_CTRL_STIBP | SPEC_CTRL_SSBD))
		return -EINVAL;
	s->entry.guest_spec_ctrl = value;
	if (host || !value || s->spec_ctrl_used)
		return 0;
	/* The guest uses it: from now on without exits, at the price of a read after every exit. */
	s->spec_ctrl_used = true;
	vmx_update_msr_bitmap(v);
	s->entry.flags |= ENTRY_GUEST_SPEC | ENTRY_READ_SPEC;
	return 0;
}

int vmx_set_msr(struct vcpu *v, u32 index, u64 value, bool host)
{
	struct vmx_vcpu *s = v->vmx;
	u64 *kept = vmx_swapped_value(s, index);

	if (kept) {
		/* The upper half is reserved (SDM vol. 3, 5.8.8), and writing it faults, in the host as well. */
		if (index == MSR_SYSCALL_MASK && value >> 32)
			return -EINVAL;
		*kept = value;
		if (v->loaded)
			wrmsrl(index, value);
		return 0;
	}
	if (vmx_vmcs_field(index)) {
		vmx_write_field(v, vmx_vmcs_field(index), value);
		return 0;
	}
	switch (index) {
	case MSR_CSTAR:
		s->cstar = value;
		return 0;
	case MSR_IA32_CR_PAT:
		s->pat = value;
		vmx_write_field(v, GUEST_IA32_PAT, value);
		return 0;
	case MSR_IA32_SPEC_CTRL:
		return vmx_set_spec_ctrl(v, value, host);
	default:
		return -ENOENT;
	}
}
