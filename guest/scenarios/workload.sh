# Run the measured programs, one after the other.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.work=NAME:COUNT,...   which, and how much of it; `none' does nothing,
#                              but starts a program as the others do
#     tc.settle=SEC            rest before each, for the counters to be read
#     tc.rounds=N              the whole list N times, each after `TC: round=K'
#     tc.sync=1                wait for a line on the console after each mark
#
# `TC: begin=NAME` and `TC: end=NAME` stand around each; what it reports comes
# after them, so that only the work itself lies between.

settle=${tc_settle:-0.5}
work=${tc_work:-idle:2,cyclic:1000,busy:2,pingpong:1000,tlbflush:1000,ipi:1000}

mark()
{
	say "$1"
	[ -z "${tc_sync:-}" ] || read -r _
}

run_item()
{
	sleep "$settle"
	mark "begin=$1"
	if [ "$1" = none ]; then
		idle >/tmp/report 2>&1	# ends with its usage
		: >/tmp/report
	else
		"$1" "$2" >/tmp/report || { cat /tmp/report; return 1; }
	fi
	mark "end=$1"
	cat /tmp/report
}

[ -z "${tc_sync:-}" ] || stty -echo
round=0
while [ "$round" -lt "${tc_rounds:-1}" ]; do
	say "round=$round"
	for item in $(echo "$work" | tr , ' '); do
		run_item "${item%%:*}" "${item#*:}" || return 1
	done
	round=$((round + 1))
done
sleep "$settle"
