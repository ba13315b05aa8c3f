# A wake-up ping-pong without and with polling in the guest.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.poll=WHO     who polls: module (taxcut_guest.ko) or stock (the
#                     kernel's own haltpoll driver and governor)
#     tc.count=N      round trips in each phase (default 200)
#     tc.window=NS    ceiling of polling (default 50000000: emulation is slow)
#     tc.refused=1    the module must not load here
#
# `TC: mark=begin-PHASE' and `TC: mark=end-PHASE' stand around each phase; a
# line on the console lets the guest go on from each.

count=${tc_count:-200}
window=${tc_window:-50000000}
cpus=/sys/devices/system/cpu

mark()
{
	say "mark=$1"
	read -r _
}

phase()
{
	mark "begin-$1"
	pingpong "$count" >/tmp/report || { cat /tmp/report; return 1; }
	mark "end-$1"
	cat /tmp/report
}

idle_driver()
{
	say "$1=$(cat $cpus/cpuidle/current_driver)/$(cat $cpus/cpuidle/current_governor)"
}

load_module()
{
	insmod /lib/taxcut_guest.ko guest_halt_poll_ns="$window" guest_halt_poll_grow_start=$((window / 10))
}

# sum NAME: a counter of all CPUs.
sum()
{
	cat $cpus/cpu*/taxcut_guest/"$1" | awk '{ n += $1 } END { print n + 0 }'
}

# A CPU leaves and comes back, and polls again.
hotplug()
{
	local before

	echo 0 >$cpus/cpu1/online || return 1
	[ ! -d $cpus/cpu1/taxcut_guest ] || { echo "haltpoll: cpu1 is offline and still has counters"; return 1; }
	echo 1 >$cpus/cpu1/online || return 1
	before=$(cat $cpus/cpu1/taxcut_guest/halt_attempted_poll)
	pingpong 100 >/dev/null || return 1
	[ "$(cat $cpus/cpu1/taxcut_guest/halt_attempted_poll)" -gt "$before" ] ||
		{ echo "haltpoll: cpu1 does not poll any more"; return 1; }
	say "hotplug=ok"
}

# Loaded and removed while both CPUs go in and out of idle all the time.
reload()
{
	local i=0 load

	while :; do
		pingpong 50 >/dev/null
	done &
	load=$!
	while [ "$i" -lt 10 ]; do
		load_module || return 1
		sleep 0.1
		rmmod taxcut_guest || return 1
		i=$((i + 1))
	done
	kill "$load"
	wait "$load"
	say "reloads=$i"
}

with_module()
{
	idle_driver driver.before
	phase without || return 1
	load_module || return 1
	idle_driver driver.with
	phase with || return 1
	say "polls=$(sum halt_attempted_poll)"
	say "hits=$(sum halt_successful_poll)"
	hotplug || return 1
	rmmod taxcut_guest || return 1
	idle_driver driver.after
	phase after || return 1
	reload
}

with_stock()
{
	local param=/sys/module/haltpoll/parameters/guest_halt_poll

	idle_driver driver.before
	echo 0 >${param}_ns
	phase without || return 1
	echo "$window" >${param}_ns
	echo $((window / 10)) >${param}_grow_start
	phase with || return 1
	say "polls=$(cat $cpus/cpu*/cpuidle/state0/usage | awk '{ n += $1 } END { print n }')"
}

stty -echo
dmesg -c >/dev/null	# what booting complained of is not about this
if [ -n "${tc_refused:-}" ]; then
	idle_driver driver.before
	! load_module || return 1
	dmesg | grep -o 'taxcut_guest: .*'
	say "refused=$(dmesg | grep -c 'taxcut_guest: the cpuidle driver')"
	return 0
fi
"with_${tc_poll:-module}" || return 1
say "complaints=$(dmesg | grep -cE 'BUG:|WARNING:|Oops|Call Trace|unchecked MSR|soft lockup|self-detected stall')"
dmesg | grep -E -A 20 'BUG:|WARNING:|Oops|unchecked MSR|soft lockup|self-detected stall' | head -60
