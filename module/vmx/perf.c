// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's performance counters while a guest runs.
 *
 * A counter with PEBS writes its records to a linear address of the host's
 * (SDM vol. 3, "Debug Store (DS) Mechanism"): in a guest those go through the
 * guest's page tables, into its memory or a page fault that it cannot explain.
 * perf knows which of its counters must stand still, for this reason or because
 * no event counts guests with them, and perf says so for each entry anew: an
 * interrupt may have changed that. IA32_PERF_GLOBAL_CTRL is switched by the CPU
 * at entry and exit. Guests have no PMU: the guest's value is what of perf's
 * counters may run on.
 */
#include <linux/preempt.h>
#include <asm/msr.h>
#include <asm/perf_event.h>

#include "access.h"
#include "caps.h"
#include "cr.h"
#include "perf.h"
#include "vmx.h"

/* It does not change while the kernel runs: without a PMU that perf drives there is nothing to ask for. */
bool vmx_perf_present(void)
{
	bool present;
	int n;

	preempt_disable();
	present = perf_guest_get_msrs(&n, NULL);
	preempt_enable();
	return present;
}

static void vmx_write_controls(struct vmx_vcpu *s, bool on)
{
	s->perf_switch = on;
	vmx_write_entry_controls(s);
	vmx_write(VM_EXIT_CONTROLS, vmx_features.exit | (on ? VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL : 0));
}

static void vmx_switch_global_ctrl(struct vmx_vcpu *s, u64 host, u64 guest)
{
	if (likely(host == guest)) {
		if (unlikely(s->perf_switch))
			vmx_write_controls(s, false);
		return;
	}
	if (!s->perf_switch || s->perf_host != host || s->perf_guest != guest) {
		s->perf_host = host;
		s->perf_guest = guest;
		vmx_write(HOST_IA32_PERF_GLOBAL_CTRL, host);
		vmx_write(GUEST_IA32_PERF_GLOBAL_CTRL, guest);
	}
	if (!s->perf_switch)
		vmx_write_controls(s, true);
}

/*
 * Some CPUs need PEBS itself off, and ahead of the entry: a record may still be
 * on its way. An NMI of perf's may start the counters again before the guest
 * runs, but not PEBS; only a CPU that cannot switch IA32_PERF_GLOBAL_CTRL, and
 * none with EPT's accessed and dirty bits is known, has a gap there.
 */
void vmx_perf_before_entry(struct vmx_vcpu *s)
{
	struct perf_guest_switch_msr *msrs;
	int i, n;

	msrs = perf_guest_get_msrs(&n, NULL);
	if (!msrs)
		return; /* n is not set */
	for (i = 0; i < n; i++) {
		if (msrs[i].msr == MSR_CORE_PERF_GLOBAL_CTRL && vmx_features.perf_switch) {
			vmx_switch_global_ctrl(s, msrs[i].host, msrs[i].guest);
		} else if (unlikely(msrs[i].host != msrs[i].guest)) {
			wrmsrl(msrs[i].msr, msrs[i].guest);
			s->perf_msrs = msrs;
			s->nr_perf_msrs = i + 1;
		}
	}
}

/* Backwards: the counters go on last. The list is this CPU's, and is not replaced before the next entry. */
void vmx_perf_after_exit(struct vmx_vcpu *s)
{
	const struct perf_guest_switch_msr *msrs = s->perf_msrs;
	int i;

	s->perf_msrs = NULL;
	for (i = s->nr_perf_msrs - 1; i >= 0; i--) {
		if (msrs[i].host == msrs[i].guest)
			continue;
		if (msrs[i].msr != MSR_CORE_PERF_GLOBAL_CTRL || !vmx_features.perf_switch)
			wrmsrl(msrs[i].msr, msrs[i].host);
	}
}
