// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities: what KVM_CHECK_EXTENSION answers and what KVM_ENABLE_CAP
 * switches on. What is not in the table does not exist; docs/abi.md says why.
 */
#include <linux/cpumask.h>
#include <asm/cpufeature.h>

#include "base/clock.h"
#include "base/compat.h"
#include "base/host_cpu.h"
#include "base/kick.h"
#include "caps.h"
#include "core/core.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/msr_exit.h"
#include "irq/destmap.h"
#include "irq/irq_vm.h"
#include "irq/irqchip.h"
#include "taxcut.h"
#include "vm_fd.h"

#define HV_MAX_BUS_CYCLE_NS 1000000000
#define HV_QUIRKS                                                                                  \
	(KVM_X86_QUIRK_LINT0_REENABLED | KVM_X86_QUIRK_CD_NW_CLEARED |                             \
	 KVM_X86_QUIRK_LAPIC_MMIO_HOLE | KVM_X86_QUIRK_OUT_7E_INC_RIP |                            \
	 KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT | KVM_X86_QUIRK_FIX_HYPERCALL_INSN |                   \
	 KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS)

static int caps_nr_vcpus(void)
{
	return min_t(unsigned int, num_online_cpus(), HV_MAX_VCPUS);
}

static int caps_adjust_clock(void)
{
	return clock_capability();
}

static int caps_tsc_control(void)
{
	return hv->tsc_ratio_max != 0;
}

static int caps_xsave2(void)
{
	return max_t(int, host_xstate_size, sizeof(struct kvm_xsave));
}

/*
 * MWAIT in the guest needs a LAPIC timer that keeps running in deep C-states
 * and a MONITOR that misses no store. CSTATE is there on every CPU, as in KVM:
 * where the CPU has no such MSRs, reading them still faults.
 */
static int caps_disable_exits(void)
{
	int exits = KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE | KVM_X86_DISABLE_EXITS_CSTATE;

	if (boot_cpu_has(X86_FEATURE_ARAT) && boot_cpu_has(X86_FEATURE_MWAIT) && !boot_cpu_has_bug(X86_BUG_MONITOR))
		exits |= KVM_X86_DISABLE_EXITS_MWAIT;
	if (boot_cpu_has(X86_FEATURE_APERFMPERF))
		exits |= HV_DISABLE_EXITS_APERFMPERF;
	return exits;
}

static int caps_owned_cores(void)
{
	return core_usable() && hv->core_setup;
}

static const struct {
	u32 cap;
	int value;
	int (*fn)(void);
} caps[] = {
	{ KVM_CAP_IRQCHIP, 1 },
	{ KVM_CAP_HLT, 1 },
	{ KVM_CAP_USER_MEMORY, 1 },
	{ KVM_CAP_USER_MEMORY2, 1 },
	{ KVM_CAP_SYNC_MMU, 1 },
	{ KVM_CAP_PRE_FAULT_MEMORY, 1 },
	{ KVM_CAP_SET_TSS_ADDR, 1 },
	{ KVM_CAP_EXT_CPUID, 1 },
	{ KVM_CAP_EXT_EMUL_CPUID, 1 },
	{ KVM_CAP_NR_VCPUS, .fn = caps_nr_vcpus },
	{ KVM_CAP_MAX_VCPUS, HV_MAX_VCPUS },
	{ KVM_CAP_MAX_VCPU_ID, HV_MAX_VCPU_ID },
	{ KVM_CAP_NR_MEMSLOTS, HV_MAX_SLOTS },
	{ KVM_CAP_PIT, 1 },
	{ KVM_CAP_NOP_IO_DELAY, 1 },
	{ KVM_CAP_MP_STATE, 1 },
	{ KVM_CAP_COALESCED_MMIO, KVM_COALESCED_MMIO_PAGE_OFFSET },
	{ KVM_CAP_COALESCED_PIO, 1 },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1 },
	{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1 },
	{ KVM_CAP_USER_NMI, 1 },
	{ KVM_CAP_SET_GUEST_DEBUG, 1 },
	{ KVM_CAP_SET_GUEST_DEBUG2, VCPU_GUESTDBG_FLAGS },
	{ KVM_CAP_REINJECT_CONTROL, 1 },
	{ KVM_CAP_IRQ_ROUTING, IRQ_MAX_GSI },
	{ KVM_CAP_IRQ_INJECT_STATUS, 1 },
	{ KVM_CAP_IRQFD, 1 },
	{ KVM_CAP_IRQFD_RESAMPLE, 1 },
	{ KVM_CAP_PIT2, 1 },
	{ KVM_CAP_PIT_STATE2, 1 },
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, 1 },
	{ KVM_CAP_ADJUST_CLOCK, .fn = caps_adjust_clock },
	{ KVM_CAP_INTERNAL_ERROR_DATA, 1 },
	{ KVM_CAP_VCPU_EVENTS, 1 },
	{ KVM_CAP_DEBUGREGS, 1 },
	{ KVM_CAP_X86_ROBUST_SINGLESTEP, 1 },
	{ KVM_CAP_XSAVE, 1 },
	{ KVM_CAP_XSAVE2, .fn = caps_xsave2 },
	{ KVM_CAP_XCRS, 1 },
	{ KVM_CAP_MCE, MSR_MCE_BANKS },
	{ KVM_CAP_IOEVENTFD, 1 },
	{ KVM_CAP_IOEVENTFD_ANY_LENGTH, 1 },
	{ KVM_CAP_SET_BOOT_CPU_ID, 1 },
	{ KVM_CAP_SPLIT_IRQCHIP, 1 },
	{ KVM_CAP_IMMEDIATE_EXIT, 1 },
	{ KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK },
	{ KVM_CAP_GET_TSC_KHZ, 1 },
	{ KVM_CAP_TSC_CONTROL, .fn = caps_tsc_control },
	{ KVM_CAP_VM_TSC_CONTROL, .fn = caps_tsc_control },
	{ KVM_CAP_TSC_DEADLINE_TIMER, 1 },
	{ KVM_CAP_KVMCLOCK_CTRL, 1 },
	{ KVM_CAP_SIGNAL_MSI, 1 },
	{ KVM_CAP_DEVICE_CTRL, 1 },
	{ KVM_CAP_READONLY_MEM, 1 },
	{ KVM_CAP_SYS_ATTRIBUTES, 1 },
	{ KVM_CAP_VCPU_ATTRIBUTES, 1 },
	{ KVM_CAP_DISABLE_QUIRKS, 1 },
	{ KVM_CAP_DISABLE_QUIRKS2, HV_QUIRKS },
	{ KVM_CAP_X86_DISABLE_EXITS, .fn = caps_disable_exits },
	{ KVM_CAP_SREGS2, 1 },
	{ KVM_CAP_SYNC_REGS, KVM_SYNC_X86_VALID_FIELDS },
	{ KVM_CAP_GET_MSR_FEATURES, 1 },
	{ KVM_CAP_MSR_PLATFORM_INFO, 1 },
	{ KVM_CAP_EXCEPTION_PAYLOAD, 1 },
	{ KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1 },
	{ KVM_CAP_X86_USER_SPACE_MSR,
	  KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER },
	{ KVM_CAP_X86_MSR_FILTER, 1 },
	{ KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1 },
	{ KVM_CAP_EXIT_HYPERCALL, BIT(KVM_HC_MAP_GPA_RANGE) },
	{ KVM_CAP_BINARY_STATS_FD, 1 },
	{ KVM_CAP_ENABLE_CAP, 1 },
	{ KVM_CAP_ENABLE_CAP_VM, 1 },
	{ KVM_CAP_CHECK_EXTENSION_VM, 1 },
	{ KVM_CAP_HALT_POLL, 1 },
	{ KVM_CAP_ENFORCE_PV_FEATURE_CPUID, 1 },
	{ KVM_CAP_X86_APIC_BUS_CYCLES_NS, 1 },
	{ TAXCUT_CAP_OWNED_CORES, .fn = caps_owned_cores },
	{ KVM_CAP_VM_TYPES, BIT(KVM_X86_DEFAULT_VM) },
};

int caps_check(struct vm *vm, long cap)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		if (caps[i].cap == cap)
			return caps[i].fn ? caps[i].fn() : caps[i].value;
	}
	return 0;
}

static int caps_enable_x2apic_api(struct vm *vm, u64 flags)
{
	if (flags & ~(u64)(KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK))
		return -EINVAL;
	if (flags & KVM_X2APIC_API_USE_32BIT_IDS)
		vm->x2apic_32bit_ids = true;
	if (flags & KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK)
		destmap_set_strict_broadcast(vm);
	return 0;
}

static int caps_enable_max_vcpu_id(struct vm *vm, u64 max)
{
	if (!max || max > HV_MAX_VCPU_ID || vm->nr_vcpus)
		return -EINVAL;
	/* An ID that equals the limit passes, as in KVM; no vCPU can have it. */
	if (vm->bsp_id > max)
		return -EINVAL;
	if (vm->max_vcpu_id_set && vm->max_vcpu_id != max)
		return -EINVAL;
	vm->max_vcpu_id = max;
	vm->max_vcpu_id_set = true;
	return 0;
}

/* The frequency the guest's CPUID and user space agree on: APIC bus cycles of ns nanoseconds. */
static int caps_enable_bus_cycle(struct vm *vm, u64 ns)
{
	if (!ns || ns > HV_MAX_BUS_CYCLE_NS || !irq_has_lapic(vm) || vm->nr_vcpus)
		return -EINVAL;
	vm->apic_bus_cycle_ns = ns;
	return 0;
}

static int caps_enable_hypercall_exits(struct vm *vm, u64 mask)
{
	if (mask & ~(u64)BIT(KVM_HC_MAP_GPA_RANGE))
		return -EINVAL;
	vm->hypercall_exits = mask;
	return 0;
}

/* vCPUs that exist learn of it before their next entry; the backend's state belongs to their threads. */
static void caps_request_intercepts(struct vm *vm)
{
	int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		vcpu_request(vm->vcpus[i], REQ_INTERCEPTS);
		vcpu_kick(vm->vcpus[i]);
	}
}

static int caps_disable_quirks(struct vm *vm, u64 quirks)
{
	WRITE_ONCE(vm->disabled_quirks, vm->disabled_quirks | (quirks & HV_QUIRKS));
	caps_request_intercepts(vm);
	return 0;
}

/* A guest that has run may have seen PV_UNHALT, and wait in a HLT that only an exit ends. */
static int caps_enable_disable_exits(struct vm *vm, u64 exits)
{
	int i;

	if (exits & ~(u64)caps_disable_exits())
		return -EINVAL;
	for (i = 0; i < vm->nr_vcpus; i++)
		if (READ_ONCE(vm->vcpus[i]->has_run))
			return -EINVAL;
	WRITE_ONCE(vm->disabled_exits, vm->disabled_exits | exits); /* what is off stays off */
	caps_request_intercepts(vm);
	return 0;
}

static int caps_enable_locked(struct vm *vm, const struct kvm_enable_cap *c)
{
	u64 arg = c->args[0];

	switch (c->cap) {
	case KVM_CAP_SPLIT_IRQCHIP:
		return irq_enable_split(vm, arg);
	case KVM_CAP_X2APIC_API:
		return caps_enable_x2apic_api(vm, arg);
	case KVM_CAP_X86_DISABLE_EXITS:
		return caps_enable_disable_exits(vm, arg);
	case KVM_CAP_DISABLE_QUIRKS2:
		if (arg & ~(u64)HV_QUIRKS)
			return -EINVAL;
		fallthrough;
	case KVM_CAP_DISABLE_QUIRKS:
		return caps_disable_quirks(vm, arg);
	case KVM_CAP_MSR_PLATFORM_INFO:
		clock_set_platform_info_visible(vm, arg);
		return 0;
	case KVM_CAP_EXCEPTION_PAYLOAD:
		vm->exception_payload = arg;
		return 0;
	case KVM_CAP_X86_TRIPLE_FAULT_EVENT:
		vm->triple_fault_event = arg;
		return 0;
	case KVM_CAP_X86_USER_SPACE_MSR:
		return msr_set_user_mask(vm, arg);
	case KVM_CAP_EXIT_ON_EMULATION_FAILURE:
		if (arg & ~1ULL)
			return -EINVAL;
		vm->fail_unknown_emulation = arg;
		return 0;
	case KVM_CAP_EXIT_HYPERCALL:
		return caps_enable_hypercall_exits(vm, arg);
	case KVM_CAP_MAX_VCPU_ID:
		return caps_enable_max_vcpu_id(vm, arg);
	case KVM_CAP_HALT_POLL:
		if (arg != (u32)arg)
			return -EINVAL;
		WRITE_ONCE(vm->max_halt_poll_ns, arg);
		smp_store_release(&vm->halt_poll_override, true); /* vCPUs may run already */
		return 0;
	case KVM_CAP_X86_APIC_BUS_CYCLES_NS:
		return caps_enable_bus_cycle(vm, arg);
	default:
		return -EINVAL;
	}
}

int caps_enable_vm(struct vm *vm, const struct kvm_enable_cap *cap)
{
	int r;

	if (cap->flags)
		return -EINVAL;
	mutex_lock(&vm->lock);
	r = caps_enable_locked(vm, cap);
	mutex_unlock(&vm->lock);
	return r;
}
