# Boot and say what the guest found.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash

say "clocksource=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
say "cpuidle=$(cat /sys/devices/system/cpu/cpuidle/current_driver)/$(cat /sys/devices/system/cpu/cpuidle/current_governor)"
say "mem_kb=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)"
say "hypervisor=$(dmesg | sed -n 's/.*Hypervisor detected: //p')"
say "x2apic=$(dmesg | grep -c 'x2apic: enabled\|x2apic enabled\|Switched APIC routing to.*x2apic')"
say "complaints=$(dmesg | grep -cE 'BUG:|WARNING:|Oops|Call Trace|unchecked MSR|soft lockup|self-detected stall')"
dmesg | grep -E -A 20 'BUG:|WARNING:|Oops|unchecked MSR|soft lockup|self-detected stall' | head -60
say "boot=ok"
