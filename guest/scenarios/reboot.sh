# Reboot until the counter on /dev/vda says it is enough.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.reboots=N    how often (default 10)
#
# The counter is a line of text at the start of the disk; a blank disk is 0.

count=$(dd if=/dev/vda bs=512 count=1 2>/dev/null | tr -d '\0' | sed -n 's/^reboots=//p')
count=${count:-0}
say "reboot=$count"
[ "$count" -lt "${tc_reboots:-10}" ] || return 0
printf 'reboots=%d\n' $((count + 1)) | dd of=/dev/vda bs=512 conv=sync,fsync 2>/dev/null
reboot -f
