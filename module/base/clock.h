/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest time: the TSC of each vCPU and the clock of the VM.
 *
 * guest TSC = host TSC * vcpu->tsc_ratio >> hv->tsc_ratio_frac_bits, plus
 * vcpu->tsc_offset. VM clock (ns, what KVM_GET_CLOCK and kvmclock show) = a
 * linear function of the host TSC, the same for all vCPUs.
 */
#ifndef TAXCUT_BASE_CLOCK_H
#define TAXCUT_BASE_CLOCK_H

#include <asm/msr.h>
#include <asm/tsc.h>
#include <linux/kvm.h>
#include <linux/math64.h>

#include "backend.h"
#include "model/port.h"
#include "vcpu.h"

/* A number of host TSC cycles (or a host TSC value), in guest cycles. */
static inline u64 clock_scale_tsc(const struct vcpu *v, u64 host)
{
	if (likely(v->tsc_ratio == hv->tsc_ratio_default))
		return host;
	return mul_u64_u64_shr(host, v->tsc_ratio, hv->tsc_ratio_frac_bits);
}

static inline u64 clock_guest_tsc_at(const struct vcpu *v, u64 host)
{
	return clock_scale_tsc(v, host) + v->tsc_offset;
}

/* The guest's TSC now. */
static inline u64 clock_guest_tsc(const struct vcpu *v)
{
	return clock_guest_tsc_at(v, rdtsc_ordered());
}

/* A span of guest TSC cycles in ns; saturates at S64_MAX, so it is a valid ktime_t. */
u64 clock_guest_cycles_to_ns(const struct vcpu *v, u64 cycles);

/* vm->clock and vm->default_tsc_khz (the host's). */
int clock_vm_create(struct vm *vm);
void clock_vm_destroy(struct vm *vm);
/* Before the vCPU's first run: default frequency, TSC in step with the VM's other vCPUs. */
void clock_vcpu_create(struct vcpu *v);

/* KVM_SET_TSC_KHZ on a vCPU; khz 0 means the host's. -EINVAL when it needs scaling that the host lacks. */
int clock_set_tsc_khz(struct vcpu *v, u32 khz);
/* KVM_SET_TSC_KHZ on the VM, under vm->lock: the default of vCPUs to come. */
int clock_set_default_tsc_khz(struct vm *vm, u32 khz);
/*
 * User space writes IA32_TSC. As in KVM, a write of 0, or of what the other
 * vCPUs' TSC shows to within a second, means "in step with them".
 */
void clock_write_tsc(struct vcpu *v, u64 value);
/* The guest wrote IA32_TSC or IA32_TSC_ADJUST: move its TSC by delta cycles. */
void clock_move_tsc(struct vcpu *v, u64 delta);

/* True when the VM clock is a function of the TSC, and so the same for all vCPUs. */
bool clock_is_stable(const struct vm *vm);

/* The kvmclock parameters of a vCPU: ns = system_time + (tsc - tsc_timestamp) * mul * 2^shift / 2^32. */
struct pvclock_vcpu_time_info;
void clock_pvclock_params(struct vcpu *v, struct pvclock_vcpu_time_info *t);
/* The wall clock (CLOCK_REALTIME, ns) at VM clock 0. */
u64 clock_wall_base_ns(struct vm *vm);
/* KVM_CAP_MSR_PLATFORM_INFO: false once user space has hidden that MSR from the guest. */
bool clock_platform_info_visible(const struct vm *vm);
void clock_set_platform_info_visible(struct vm *vm, bool visible);

/* KVM_GET_CLOCK, KVM_SET_CLOCK (VM ioctls). */
int clock_get(struct vm *vm, struct kvm_clock_data *data);
int clock_set(struct vm *vm, const struct kvm_clock_data *data);
/* KVM_CAP_ADJUST_CLOCK's value: the flags of struct kvm_clock_data. */
u32 clock_capability(void);

/* KVM_SET/GET/HAS_DEVICE_ATTR on a vCPU (KVM_VCPU_TSC_CTRL). */
int clock_device_attr(struct vcpu *v, unsigned int cmd, const struct kvm_device_attr *attr);

/*
 * Host suspend: every VM, no vCPU running, interrupts off. The host's TSC may restart at any
 * value; guest TSCs go on where they stopped, the VM clock counts the sleep.
 */
void clock_suspend(struct vm *vm);
void clock_resume(struct vm *vm);

#endif /* TAXCUT_BASE_CLOCK_H */
