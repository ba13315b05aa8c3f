# Talk to QEMU's user-mode network: ping its gateway, fetch a file.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.tftp=FILE    a file to fetch from the network's TFTP server

[ -d /sys/class/net/eth0 ] || { echo "net: no eth0"; return 1; }
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0 || return 1
ip route add default via 10.0.2.2 || return 1
ping -c 5 -i 0.2 -w 30 10.0.2.2 || return 1
say "net.ping=ok"
if [ -n "${tc_tftp:-}" ]; then
	tftp -g -r "$tc_tftp" -l /tmp/fetched 10.0.2.2 || return 1
	sum=$(sha256sum </tmp/fetched)
	say "net.sha256=${sum%% *}"
fi
say "net=ok"
