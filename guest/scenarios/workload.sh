# Run the measured programs, one after the other.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.work=NAME:COUNT,...   which, and how much of it; `none' does nothing,
#                              but starts a program as the others do
#     tc.settle=SEC            rest before each, for the counters to be read
#     tc.rounds=N              the whole list N times, each after `TC: round=K'
#     tc.sync=1                wait for a line on the console after each mark
#     tc.net=ADDRESS/PREFIX    the network card's address, for net_rr
#     tc.peer=ADDRESS:PORT     the netserver for net_rr
#
# `TC: begin=NAME` and `TC: end=NAME` stand around each; what it reports comes
# after them, so that only the work itself lies between.
#
# NAME is a program in /bin. Seconds: idle, busy. Events: cyclic, pingpong,
# tlbflush, ipi, multicast; with taxcut_work.ko, which is loaded for them,
# timer-storm, timer-arm, ipi-unicast, ipi-multicast, ipi-broadcast; with the
# tools of initrd-tools-*.img, cyclictest, tcp_rr, memcached_rr, net_rr.
#
# How IPIs are sent is decided when the guest boots; `TC: apic=' says how it was:
#
#     flat, physical flat      xAPIC, up to 8 CPUs and more: `nox2apic', or QEMU's
#                              -cpu host,x2apic=off
#     physical x2apic          the default of a guest without interrupt remapping
#     cluster x2apic           with interrupt remapping, and without `x2apic_phys':
#                              QEMU's -machine q35,kernel-irqchip=split and
#                              -device intel-iommu,intremap=on,eim=on
#     ... +pv                  to many by hypercall: the cut "ipi"

settle=${tc_settle:-0.5}
work=${tc_work:-idle:2,cyclic:1000,busy:2,pingpong:1000,tlbflush:1000,ipi:1000}

# How the kernel says it sends IPIs.
apic_mode()
{
	dmesg | awk '
		/Switched APIC routing to|APIC: Switched APIC routing/ { sub(/.*routing to:? */, ""); sub(/\.$/, ""); mode = $0 }
		/setup PV IPIs/ { pv = " +pv" }
		END { print (mode ? mode : "flat") pv }'
}

# What an item needs beyond its program.
prepare()
{
	case $1 in
	timer-*|ipi-*)
		[ -c /dev/taxcut_work ] || insmod /lib/taxcut_work.ko ;;
	cyclictest)
		[ -d /dev/shm ] || { mkdir /dev/shm && mount -t tmpfs shm /dev/shm; } ;;
	net_rr)
		[ -d /sys/class/net/eth0 ] || { echo "workload: $1 needs a network card"; return 1; }
		ip link set eth0 up && ip addr replace "${tc_net:?}" dev eth0 ;;
	*_rr)
		# netperf looks up even 127.0.0.1, which fails where there is no other address.
		ip link set lo up && ip addr replace 192.0.2.1/32 dev lo ;;
	esac
}

mark()
{
	say "$1"
	[ -z "${tc_sync:-}" ] || read -r _
}

# Those that talk to somebody say themselves when they begin, once he listens.
run_item()
{
	prepare "$1" || return 1
	sleep "$settle"
	case $1 in
	*_rr)
		tc_marks=1 "$1" "$2" >/tmp/report || return 1
		cat /tmp/report
		return ;;
	esac
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
say "apic=$(apic_mode)"
round=0
while [ "$round" -lt "${tc_rounds:-1}" ]; do
	say "round=$round"
	for item in $(echo "$work" | tr , ' '); do
		run_item "${item%%:*}" "${item#*:}" || return 1
	done
	round=$((round + 1))
done
sleep "$settle"
