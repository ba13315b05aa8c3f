/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DR0 to DR3 and the host's DR7. Entry and exit switch DR7 (and on SVM DR6)
 * only, and an exit leaves the host's breakpoints switched off (APM vol. 2,
 * 15.6; SDM vol. 3, "Loading Host Control Registers, Debug Registers, MSRs").
 *
 * Whenever the host has a breakpoint on this CPU, DR0 to DR3 and DR7 are its
 * own outside of the guest: it is given them back after each exit. While it has
 * none, the guest's addresses stay in DR0 to DR3 until the vCPU is unloaded.
 * cpu_dr7 says which of the two it is; perf changes it in an interrupt of this
 * CPU, between two entries, and then the registers it has enabled are the host's.
 */
#ifndef TAXCUT_CPU_DEBUG_REGS_H
#define TAXCUT_CPU_DEBUG_REGS_H

#include <linux/hw_breakpoint.h>
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/debugreg.h>

#include "base/vcpu.h"

/* The DR7 that the guest runs with: a debugger's breakpoints take the place of its own. */
static inline u64 debug_regs_dr7(const struct vcpu *v)
{
	return v->guest_debug & KVM_GUESTDBG_USE_HW_BP ? v->debug_dr7 : v->dr7;
}

/* vcpu->dr, dr7 or what the debugger wants has changed. */
void debug_regs_changed(struct vcpu *v);

void debug_regs_load(struct vcpu *v);
void debug_regs_give_back(struct vcpu *v);

/* Around an entry, interrupts off; and at unload. */
static inline void debug_regs_before_entry(struct vcpu *v)
{
	if (unlikely(v->dr_wanted))
		debug_regs_load(v);
}

static inline void debug_regs_after_exit(struct vcpu *v)
{
	if (unlikely(hw_breakpoint_active()))
		debug_regs_give_back(v);
}

static inline void debug_regs_unload(struct vcpu *v)
{
	if (unlikely(v->dr_loaded))
		debug_regs_give_back(v);
}

#endif /* TAXCUT_CPU_DEBUG_REGS_H */
