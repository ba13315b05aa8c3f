# What the guest makes of what it is offered, and some work to show it.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.ipis=N     IPIs to several CPUs to send (default 200)
#
# Rests after `TC: ready=1' until a line comes, for the counters to be read.

# chosen NAME PATTERN: pv when the kernel said so at boot.
chosen()
{
	if dmesg | grep -q "$2"; then say "$1=pv"; else say "$1=native"; fi
}

features || return 1
chosen spinlocks "PV spinlocks enabled"
chosen tlb "KVM setup pv remote TLB flush"
chosen sched_yield "setup PV sched yield"
chosen ipi "setup PV IPIs"
chosen eoi "eoi.*kvm_guest_apic_eoi_write"
say "idle=$(cat /sys/devices/system/cpu/cpuidle/current_driver)/$(cat /sys/devices/system/cpu/cpuidle/current_governor)"
multicast "${tc_ipis:-200}" || return 1
sleep 0.5
say ready=1
read -r _
