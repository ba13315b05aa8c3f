#!/bin/bash
# What bench/path.sh runs on the emulated host: the same program on taxcut and
# on stock KVM, one after the other; prints NAME, taxcut, stock KVM.
# SPDX-License-Identifier: GPL-2.0-only
set -euo pipefail

measure()
{
	TAXCUT_DEV=$1 /build/bench-path/path >"$2"
}

[ -e /dev/taxcut ] || { echo "path: the module is not loaded" >&2; exit 1; }
measure /dev/taxcut /tmp/path.taxcut
rmmod taxcut
modprobe kvm-amd
measure /dev/kvm /tmp/path.kvm
join --nocheck-order /tmp/path.taxcut /tmp/path.kvm | awk '{ print $1, $2, $4 }'
