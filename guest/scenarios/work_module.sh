# taxcut_work.ko: bad input, and leaving while it is in use.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash

device=/dev/taxcut_work

dmesg -c >/dev/null	# what booting complained of is not about this
for round in 1 2 3; do
	insmod /lib/taxcut_work.ko || return 1
	[ "$(stat -c %a $device)" = 600 ] || { echo "work_module: everybody may open $device"; return 1; }
	work_refused 1 || return 1

	(exec 9<$device && exec sleep 1000) &
	holder=$!
	sleep 0.1
	! rmmod taxcut_work 2>/dev/null || { echo "work_module: removed while in use"; return 1; }
	kill "$holder"
	wait "$holder"

	# Killed in the middle of a batch.
	timer-storm 1000000 &
	storm=$!
	ipi-broadcast 1000000 &
	ipis=$!
	sleep 0.3
	kill -KILL "$storm" "$ipis"
	wait "$storm" "$ipis"
	rmmod taxcut_work || return 1
	[ ! -e $device ] || { echo "work_module: $device stays"; return 1; }
	say "reloads=$round"
done
say "complaints=$(dmesg | grep -cE 'BUG:|WARNING:|Oops|Call Trace|unchecked MSR|soft lockup|self-detected stall')"
dmesg | grep -E -A 20 'BUG:|WARNING:|Oops|unchecked MSR|soft lockup|self-detected stall' | head -60
