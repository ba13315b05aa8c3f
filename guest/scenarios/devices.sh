# Host devices that the guest is given, one order from the console at a time.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.server=N     port of a file, N + 1: of a service that sends back the
#                     checksum of what it gets (default 8000)
#
# An order is a line `NUMBER COMMAND [ARG...]', answered by `TC: done=NUMBER
# STATUS' when it is done:
#     disk            checksum of the NVMe disk, write to its end, read back
#     usb             find the USB device with the serial number lab
#     net DRIVER N    ping 10.9.N.1, fetch the file, send as much
#     irqs DEVICE     which interrupts it has, and how many there were
#     gone DEVICE     wait until it is not there any more
#     cpu             CPU 1 goes and comes back
#     boot            what the kernel complains of
#     reboot
#     end

port=${tc_server:-8000}

# until_is COMMAND...: for half a minute.
until_is()
{
	local i=0

	until "$@"; do
		i=$((i + 1))
		[ "$i" -lt 150 ] || return 1
		sleep 0.2
	done
}

# interface DRIVER: the network interface that it drives, in $if.
interface()
{
	local i

	for i in /sys/class/net/*; do
		if=${i##*/}
		[ "$(readlink "$i/device/driver" | sed 's,.*/,,')" != "$1" ] || return 0
	done
	return 1
}

nvme_disk()
{
	for tc_disk in /sys/block/nvme*; do
		tc_disk=${tc_disk##*/}
		[ ! -b "/dev/$tc_disk" ] || return 0
	done
	return 1
}

usb_device()
{
	grep -qx lab /sys/bus/usb/devices/*/serial
}

# is_here DEVICE
is_here()
{
	case $1 in
	nvme) nvme_disk ;;
	usb) usb_device ;;
	*) interface "$1" ;;
	esac
}

is_gone()
{
	! is_here "$1"
}

do_disk()
{
	until_is nvme_disk || { echo "devices: no NVMe disk"; return 1; }
	export tc_write=1
	# shellcheck disable=SC1091
	. /scenarios/disk.sh
}

do_usb()
{
	until_is usb_device || { echo "devices: no USB device"; return 1; }
}

do_net()
{
	local server=10.9.$2.1 sum

	until_is interface "$1" || { echo "devices: no interface of $1"; return 1; }
	ip addr flush dev "$if"
	ip link set "$if" up
	ip addr add "10.9.$2.2/24" dev "$if" || return 1
	until_is grep -q 1 "/sys/class/net/$if/carrier" || { echo "devices: no carrier"; return 1; }
	ping -c 3 -i 0.2 -w 30 "$server" || return 1
	nc "$server" "$port" >/tmp/fetched </dev/null || return 1
	sum=$(sha256sum </tmp/fetched)
	say "net.fetched=${sum%% *}"
	dd if=/dev/urandom of=/tmp/sent bs=64k count=4 2>/dev/null
	[ "$(nc "$server" $((port + 1)) </tmp/sent)" = "$(sha256sum </tmp/sent)" ] ||
		{ echo "devices: what was sent has another checksum there"; return 1; }
	ip addr flush dev "$if"
}

# Queues and functions of the device, as /proc/interrupts names them.
do_irqs()
{
	local name

	case $1 in
	nvme) name='nvme[0-9]+q[0-9]+' ;;
	usb) name='xhci[-_]hcd(:usb[0-9]+)?|usb[0-9]+' ;;
	virtio_net) interface "$1" && name=$(readlink "/sys/class/net/$if/device" | sed 's,.*/,,')'(-[a-z]+(.[0-9]+)?)?' ;;
	*) interface "$1" && name="$if"'(-[a-z0-9-]+)?' ;;
	esac
	say "irqs=$(awk -v name="^($name)\$" -v cpus="$(nproc)" '
		$NF ~ name {
			for (i = 2; i <= cpus + 1; i++) n += $i
			kind[$(cpus + 2) ~ /MSIX/ ? "msix" : $(cpus + 2) ~ /MSI/ ? "msi" : $(cpus + 2) ~ /IO-APIC/ ? "intx" : "other"]
		}
		END { for (k in kind) printf "%s ", k; print n + 0 }' /proc/interrupts)"
}

do_gone()
{
	until_is is_gone "$1"
}

do_cpu()
{
	echo 0 >/sys/devices/system/cpu/cpu1/online && echo 1 >/sys/devices/system/cpu/cpu1/online
}

do_boot()
{
	# shellcheck disable=SC1091
	. /scenarios/boot.sh
}

do_reboot()
{
	reboot -f
}

stty -echo
while read -r m; do
	[ -d "/sys/module/$(echo "${m%.ko}" | tr - _)" ] || insmod "/lib/$m" || return 1
done </lib/devices
say "ready=1"
while read -r number order args; do
	[ "$order" != end ] || return 0
	# shellcheck disable=SC2086 # words
	"do_$order" $args
	say "done=$number $?"
done
