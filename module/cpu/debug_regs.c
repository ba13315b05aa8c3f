// SPDX-License-Identifier: GPL-2.0-only
/* The debug registers that entry and exit do not switch; see debug_regs.h. */
#include <linux/percpu.h>

#include "debug_regs.h"

struct host_dr {
	unsigned long dr[HBP_NUM];
};

static DEFINE_PER_CPU(struct host_dr, host_dr);

void debug_regs_changed(struct vcpu *v)
{
	v->dr_wanted = debug_regs_dr7(v) & (DR_GLOBAL_ENABLE_MASK | DR_LOCAL_ENABLE_MASK);
	v->dr_stale = true;
}

static void debug_regs_save_host(struct host_dr *host)
{
	get_debugreg(host->dr[0], 0);
	get_debugreg(host->dr[1], 1);
	get_debugreg(host->dr[2], 2);
	get_debugreg(host->dr[3], 3);
}

/* A breakpoint the host has enabled must not meet addresses that the guest chose: DR7 is 0 meanwhile. */
void debug_regs_load(struct vcpu *v)
{
	const u64 *dr = v->guest_debug & KVM_GUESTDBG_USE_HW_BP ? v->debug_dr : v->dr;
	bool active = hw_breakpoint_active();

	if (v->dr_loaded && !v->dr_stale && !active)
		return;
	if (active)
		debug_regs_save_host(this_cpu_ptr(&host_dr));
	set_debugreg(0UL, 7);
	set_debugreg(dr[0], 0);
	set_debugreg(dr[1], 1);
	set_debugreg(dr[2], 2);
	set_debugreg(dr[3], 3);
	v->dr_loaded = true;
	v->dr_stale = false;
}

void debug_regs_give_back(struct vcpu *v)
{
	const struct host_dr *host = this_cpu_ptr(&host_dr);

	if (v->dr_loaded && hw_breakpoint_active()) {
		set_debugreg(host->dr[0], 0);
		set_debugreg(host->dr[1], 1);
		set_debugreg(host->dr[2], 2);
		set_debugreg(host->dr[3], 3);
	}
	v->dr_loaded = false;
	/* The guest's bits in DR6 are not what a breakpoint of the host's has left there. */
	set_debugreg(DR6_RESERVED, 6);
	set_debugreg(this_cpu_read(cpu_dr7), 7);
}
