# Helpers of the CLI tests: source it first. Needs TAXCUT and FAKEQEMU.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
set -uo pipefail

tmp=$(mktemp -d "${TMPDIR:-/tmp}/taxcut-cli.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
export TAXCUT_RUN_DIR=$tmp/run FAKE_LOG=$tmp/log
failed=0

ok()
{
	printf 'ok %s\n' "$1"
}

not_ok()
{
	printf 'not ok %s: %s\n' "$1" "$2"
	sed 's/^/# out: /' "$tmp/out" 2>/dev/null
	sed 's/^/# err: /' "$tmp/err" 2>/dev/null
	failed=$((failed + 1))
}

# taxcut ARG...: output in $tmp/out and $tmp/err, status in $status.
taxcut()
{
	timeout 60 "$TAXCUT" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}

# expect TEST STATUS [PATTERN...]: checks the last status, and that each extended
# regular expression matches the output or the messages.
expect()
{
	local name=$1 want=$2 pattern

	shift 2
	if [ "$status" -ne "$want" ]; then
		not_ok "$name" "status $status, not $want"
		return
	fi
	for pattern; do
		if ! grep -Eqs -e "$pattern" "$tmp/out" "$tmp/err"; then
			not_ok "$name" "no '$pattern' in the output"
			return
		fi
	done
	ok "$name"
}

# lacks TEST PATTERN: PATTERN must not match the last command's output.
lacks()
{
	if grep -Eqs -e "$2" "$tmp/out" "$tmp/err"; then
		not_ok "$1" "'$2' is in the output"
	else
		ok "$1"
	fi
}

# json TEST FILTER: jq's FILTER must be true for the standard output.
json()
{
	if jq -e "$2" "$tmp/out" >/dev/null 2>"$tmp/jq"; then
		ok "$1"
	else
		not_ok "$1" "not so: $2 $(head -n 1 "$tmp/jq")"
	fi
}

# put FILE TEXT: writes a file of the described host.
put()
{
	mkdir -p "$TAXCUT_SYSROOT/$(dirname "$1")"
	printf '%s\n' "$2" >"$TAXCUT_SYSROOT/$1"
}

cpu_flags='fpu xsave svm npt nrip_save tsc_scale vmcb_clean flushbyasid'
cpu_flags+=' avic x2apic constant_tsc nonstop_tsc arat'

# new_host: describes a host without faults, except that /dev/taxcut is a regular file.
new_host()
{
	local cpu

	TAXCUT_SYSROOT=$(mktemp -d "$tmp/host.XXXXXX")
	export TAXCUT_SYSROOT
	put proc/cpuinfo "$(printf 'processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: Test CPU\nflags\t\t: %s\n' \
		"$cpu_flags")"
	put proc/sys/kernel/osrelease 6.12.9-test
	put proc/sys/kernel/nmi_watchdog 0
	put proc/cmdline 'quiet rcu_nocbs=2-3'
	put proc/meminfo 'MemAvailable:    8388608 kB'
	put proc/swaps 'Filename	Type	Size	Used	Priority'
	put proc/irq/default_smp_affinity 3
	put proc/self/status 'CapEff:	000001ffffffffff'
	put proc/self/limits 'Max locked memory         8388608              8388608              bytes'
	put sys/devices/system/clocksource/clocksource0/current_clocksource tsc
	put sys/devices/system/cpu/online 0-3
	put sys/devices/system/cpu/isolated 2-3
	put sys/devices/system/cpu/nohz_full 2-3
	put sys/devices/system/cpu/vulnerabilities/meltdown 'Not affected'
	for cpu in 0 1 2 3; do
		put "sys/devices/system/cpu/cpu$cpu/topology/thread_siblings_list" "$cpu"
		put "sys/devices/system/cpu/cpu$cpu/cpufreq/scaling_governor" performance
	done
	put sys/kernel/mm/transparent_hugepage/enabled 'always [madvise] never'
	put sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages 64
	put sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 64
	put sys/module/taxcut/version 0.1.0
	put sys/module/taxcut/parameters/halt_poll_ns 200000
	put sys/module/taxcut/parameters/missing_features ''
	put dev/taxcut ''
}

# A file that passes for a Linux kernel: "HdrS" at 0x202.
make_kernel()
{
	head -c 514 /dev/zero >"$1"
	printf 'HdrS\0\0' >>"$1"
}

# wait_for SECONDS COMMAND...: repeats COMMAND until it succeeds.
wait_for()
{
	local tries=$(($1 * 20))

	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.05
	done
}

finish()
{
	[ "$failed" -eq 0 ]
	exit
}
