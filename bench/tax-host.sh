#!/bin/bash
# What bench/demo runs on the emulated host: the same work on taxcut and on
# stock KVM, one after the other.
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: bench/tax-host.sh OUTPUT-DIR [TAX-BILL-MEASURE-OPTION...]
set -euo pipefail

out=$1
shift
measure()
{
	local device=$1

	shift
	/build/bench/tax-bill measure --device "/dev/$device" -o "$out/$device.json" \
		--kernel /build/guest/vmlinuz-13 --initrd /build/guest/initrd-13.img "$@"
}

if [ -e /dev/taxcut ]; then
	measure taxcut "$@"
	rmmod taxcut
	modprobe kvm-amd
fi
measure kvm "$@"
