#!/bin/bash
# What bench/cuts runs on the emulated host: every configuration on taxcut
# and on stock KVM, one bill each in OUTPUT-DIR.
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: bench/cuts-host.sh [--only NAME,...] [--quick] OUTPUT-DIR
#        bench/cuts-host.sh [--only NAME,...] --list
set -uo pipefail

# NAME, for how many vCPUs (2 do all that needs no more, 8 the IPIs), and what
# is on beyond "off"; the last is what the configuration is about.
configurations()
{
	cat <<-END
	off 2,8
	default 2,8 default
	pv-eoi 2 pv-eoi
	pv-tlb-flush 2 steal-time pv-tlb-flush
	sched-yield 8 steal-time sched-yield
	pv-unhalt 2 pv-unhalt
	ipi 8 ipi
	halt-poll 2 halt-poll
	timer-advance 2 timer-advance
	hint 2 hint guest-poll
	exits 2 exits
	exits+hint 2,8 exits hint guest-poll
	all 2,8 steal-time pv-tlb-flush sched-yield pv-eoi halt-poll timer-advance guest-poll hint exits ipi
	END
}

cuts=(ipi exits hint guest-poll pv-eoi pv-tlb-flush sched-yield pv-unhalt steal-time halt-poll timer-advance)
# shellcheck disable=SC2034 # used by name
work2=cyclic:500,pingpong:300,tlbflush:200,idle:2,busy:2
# shellcheck disable=SC2034
work8=ipi:100,multicast:100

# parameter_of DEVICE CUT: the module parameter behind a cut, where it is one.
parameter_of()
{
	local module=taxcut

	[ "$1" = taxcut ] || module=kvm
	case $2 in
	halt-poll) echo "/sys/module/$module/parameters/halt_poll_ns" ;;
	timer-advance) echo "/sys/module/$module/parameters/timer_advance_ns" ;;
	esac
}

# switches DEVICE [CUT...]: the options, in $options. 1 when the hypervisor has no such switch.
switches()
{
	local device=$1 cut parameter
	declare -A on=()

	shift
	for cut; do
		on[$cut]=1
	done
	options=()
	for cut in "${cuts[@]}"; do
		parameter=$(parameter_of "$device" "$cut")
		if [ -n "$parameter" ] && ! [ -w "$parameter" ]; then
			# Alone it is the point of the configuration, among others it is left out.
			[ -z "${on[$cut]:-}" ] || [ $# -gt 1 ] || return 1
		elif [ -n "${on[$cut]:-}" ]; then
			options+=(--cut "$cut=on")
		elif [ -z "${on[default]:-}" ] || [ "$cut" = hint ]; then
			options+=(--cut "$cut=off")
		elif [ -n "$parameter" ]; then
			options+=(--cut "$cut=on")
		fi
	done
}

note()
{
	echo "cuts: $*" | tee -a "$out/notes" >&2
}

# measure FILE DEVICE NAME VCPUS: one guest; what went wrong is in /tmp/why.
measure()
{
	local work=work$4

	work=${!work}
	[ -z "$quick" ] || work=$(sed -E 's/:([0-9]+)0/:\1/g; s/:2/:1/g' <<<"$work")
	/build/bench/tax-bill measure --device "/dev/$2" --config "$3" --one-round --timeout 180 \
		--kernel /build/guest/vmlinuz-13 --initrd /build/guest/initrd-13.img --vcpus "$4" \
		--work "$work" -o /tmp/bill -- "${options[@]}" 2>/tmp/why && mv /tmp/bill "$1"
}

# bill FILE DEVICE NAME VCPUS [CUT...]: with those cuts on. One that the hypervisor refuses is left
# out; a guest that the emulator dropped runs once more (docs/emulation.md).
bill()
{
	local what="$2, $3, $4 vCPUs" tries=2 refused

	while ! measure "$1" "$2" "$3" "$4"; do
		refused=$(sed -n "s/.*cut '\([a-z-]*\)' cannot be switched.*/\1/p" /tmp/why)
		if [ -n "$refused" ]; then
			note "$what: '$refused' left out: $(sed -n 's/.*cannot be switched on: //p' /tmp/why)"
			[ "${*: -1}" != "$refused" ] || return
			options=("${options[@]/%$refused=on/$refused=off}")
			continue
		fi
		cat /tmp/why >&2
		tries=$((tries - 1))
		if [ "$tries" -eq 0 ]; then
			note "$what: failed"
			failed=1
			return
		fi
		note "$what: once more"
	done
}

# use DEVICE: the hypervisor behind it, and not the other.
use()
{
	[ ! -e "/dev/$1" ] || return 0
	if [ "$1" = kvm ]; then
		rmmod taxcut && modprobe kvm-amd
	else
		modprobe -r kvm-amd && insmod /build/module-current/taxcut.ko
	fi && [ -e "/dev/$1" ]
}

# configuration FILE-PREFIX DEVICE NAME SIZES [CUT...]
configuration()
{
	local prefix=$1 device=$2 name=$3 sizes=$4 vcpus options

	shift 4
	use "$device" || { note "cannot load $device"; failed=1; return; }
	switches "$device" "$@" || { note "$device has no switch for $name"; return; }
	for vcpus in ${sizes//,/ }; do
		echo "cuts: $device, $name, $vcpus vCPUs ($SECONDS s)" >&2
		bill "$prefix-$vcpus.json" "$device" "$name" "$vcpus" "$@"
	done
}

only='' quick='' list='' out='' failed=0
while [ $# -gt 0 ]; do
	case $1 in
	--only) only=${2:?--only wants names}; shift ;;
	--quick) quick=1 ;;
	--list) list=1 ;;
	-*) echo "usage: bench/cuts-host.sh [--only NAME,...] [--quick] --list|OUTPUT-DIR" >&2; exit 2 ;;
	*) out=$1 ;;
	esac
	shift
done
for name in ${only//,/ }; do
	configurations | grep -q "^$name " || { echo "cuts: no configuration '$name'" >&2; exit 2; }
done
[ -z "$list" ] || { configurations | cut -d ' ' -f 1; exit 0; }
[ -n "$out" ] || exit 2

n=0
while read -r name sizes on; do
	n=$((n + 1))
	[[ -z $only || ,$only, == *,$name,* ]] || continue
	for device in taxcut kvm; do
		# shellcheck disable=SC2086 # words
		configuration "$out/$(printf %02d "$n")-$device" "$device" "$name" "$sizes" $on </dev/null
	done
done < <(configurations)
exit "$failed"
