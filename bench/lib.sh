# What the benchmarks on the emulated host share: the job that runs there, and
# the directory that its results come back in.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash

share=$(mktemp -d "${TMPDIR:-/tmp}/taxcut-bench.XXXXXX")
lab=

# shellcheck disable=SC2317,SC2329 # reached by the traps
cleanup()
{
	[ -z "$lab" ] || kill -TERM "$lab" 2>/dev/null || true
	wait
	rm -rf "$share"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# on_lab OPTION... -- COMMAND...: lab/lab with $share; its status.
on_lab()
{
	local status=0

	lab/lab --share "$share" "$@" >&2 &
	lab=$!
	wait "$lab" || status=$?
	lab=
	return "$status"
}

# print_bills VERB [OPTION...] -- FILE...: by tax-bill, which lives in the lab root.
print_bills()
{
	local options=() bills

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	cp "$@" build/bench/
	bills=("${@##*/}")
	lab/in-root -- /build/bench/tax-bill "${options[@]}" "${bills[@]/#//build/bench/}"
}
