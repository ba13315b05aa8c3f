# Count aloud: something to stop, continue, save and restore under.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.ticks=N      how far (default 100)
#     tc.every=SEC    how fast (default 0.1)

i=0
while [ "$i" -lt "${tc_ticks:-100}" ]; do
	i=$((i + 1))
	say "tick=$i"
	sleep "${tc_every:-0.1}"
done
