#!/bin/bash
# Path lengths: instructions per kind of exit, on taxcut and on stock KVM, on
# emulated machines whose time is the number of executed instructions.
# SPDX-License-Identifier: GPL-2.0-only
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=lab/common.sh
. lab/common.sh

baseline=bench/path/baseline

usage()
{
	cat <<-END
	usage: bench/path.sh [--json | --update | --check [--keep FILE]] [NAME...]

	Needs the module and the program: make module, then make bench-path. Prints,
	for each kind of exit (or for those named), the instructions until the guest
	goes on (the median; the host's are included), on taxcut and on stock KVM,
	and their ratio. Every run prints the same; where a timer of the emulated host
	has a part in it, nearly the same (docs/results.md).

	  --json    for programs
	  --update  and write $baseline
	  --check   only taxcut, and fail when a path is more than 5 % longer than
	            the baseline says
	  --keep FILE  what was measured, as NAME NUMBER
	END
}

# measure DEVICE [NAME...]: into $scratch/DEVICE.
measure()
{
	local dir=$scratch/boot-$1 status=0

	mkdir -p "$dir"
	: >"$dir/log"
	: >"$dir/result"
	timeout -k 5 600 setpriv --pdeathsig TERM lab/in-root --rw "$dir" -- bench/path/boot /share "$@" \
		>"$dir/boot.log" 2>&1 </dev/null || status=$?
	if [ "$status" -ne 0 ] || ! grep -q '^status 0' "$dir/result" || grep -qaE "$splat" "$dir/log"; then
		say "measuring $1 failed (emulator status $status)"
		cat "$dir/boot.log" >&2
		grep -v '^[a-z_]* [0-9]* [0-9]*$' "$dir/result" >&2 || true
		tail -n 40 "$dir/log" >&2
		return 1
	fi
	tr -d '\r' <"$dir/result" | awk 'NF == 3 { print $1, $2 }' >"$scratch/$1"
}

table()
{
	awk 'BEGIN { printf "%-24s %10s %10s %8s\n", "instructions per", "taxcut", "KVM", "ratio" }
		{ printf "%-24s %10d %10d %8.2f\n", $1, $2, $3, $2 / $3 }'
}

json()
{
	awk 'BEGIN { printf "{\n  \"unit\": \"instructions\",\n  \"exits\": [" }
		{ printf "%s\n    { \"name\": \"%s\", \"taxcut\": %d, \"kvm\": %d, \"ratio\": %.3f }",
			NR > 1 ? "," : "", $1, $2, $3, $2 / $3 }
		END { print "\n  ]\n}" }'
}

write_baseline()
{
	{
		echo '# The instructions that each kind of exit costs: NAME TAXCUT KVM. Written by make bench-path-baseline;'
		echo '# make check fails when one of taxcut'\''s has grown by more than 5 %.'
		LC_ALL=C sort "$1"
	} >"$baseline"
}

mode=table keep=
while [ $# -gt 0 ]; do
	case $1 in
	--json) mode=json ;;
	--update) mode=update ;;
	--check) mode=check ;;
	--keep) need_arg "$1" $#; keep=$2; shift ;;
	--help|-h) usage; exit 0 ;;
	-*) usage >&2; exit 2 ;;
	*) break ;;
	esac
	shift
done
if [ "$mode" = update ] && [ $# -gt 0 ]; then
	say "--update writes the whole baseline: it takes no names"
	exit 2
fi
need_root_dir
for f in bench-path/path module-current/taxcut.ko; do
	[ -e "$build_dir/$f" ] || die "no $build_dir/$f; build it with: make module bench-path"
done

scratch=$(mktemp -d "${TMPDIR:-/tmp}/taxcut-path.XXXXXX")
pids=()
# shellcheck disable=SC2317,SC2329 # reached by the traps
cleanup()
{
	[ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "$mode" = check ]; then
	measure taxcut "$@" &
	pids=($!)
	wait "${pids[0]}" || exit 1
	[ -z "$keep" ] || cp "$scratch/taxcut" "$keep"
	bench/path/compare "$baseline" "$scratch/taxcut"
	exit
fi
measure taxcut "$@" &
pids=($!)
measure kvm "$@" &
pids+=($!)
wait "${pids[0]}" || exit 1
wait "${pids[1]}" || exit 1
pids=()
join --nocheck-order "$scratch/taxcut" "$scratch/kvm" >"$scratch/both"
case $mode in
json) json <"$scratch/both" ;;
*) table <"$scratch/both" ;;
esac
[ "$mode" != update ] || write_baseline "$scratch/both"
