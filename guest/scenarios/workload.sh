# Run the measured programs, one after the other.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.work=NAME:COUNT,...   which, and how much of it
#     tc.settle=SEC            rest before each, for the counters to be read
#
# `TC: begin=NAME` and `TC: end=NAME` stand around each.

settle=${tc_settle:-0.5}
work=${tc_work:-idle:2,cyclic:1000,busy:2,pingpong:1000,tlbflush:1000,ipi:1000}
for item in $(echo "$work" | tr , ' '); do
	name=${item%%:*}
	sleep "$settle"
	say "begin=$name"
	"$name" "${item#*:}" || return 1
	say "end=$name"
done
sleep "$settle"
