#!/bin/bash
# Path lengths: the instructions that each kind of exit costs, on taxcut and on
# stock KVM, in one emulated machine that counts instructions as time.
# SPDX-License-Identifier: GPL-2.0-only
set -euo pipefail
cd "$(dirname "$0")/.."

usage()
{
	cat <<-END
	usage: bench/path.sh [--json]

	Needs the module and the program: make module bench-path. Prints, for each
	kind of exit, the instructions until the guest goes on (median; the host's
	are included), on taxcut and on stock KVM, and their ratio.
	END
}

json=''
while [ $# -gt 0 ]; do
	case $1 in
	--json) json=1 ;;
	--help|-h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done

result=$(lab/lab --icount --timeout 900 -- bash bench/path/host.sh)
if [ -n "$json" ]; then
	awk 'BEGIN { printf "{\n  \"unit\": \"instructions\",\n  \"exits\": [" }
		{ printf "%s\n    { \"name\": \"%s\", \"taxcut\": %d, \"kvm\": %d, \"ratio\": %.3f }",
			NR > 1 ? "," : "", $1, $2, $3, $2 / $3 }
		END { print "\n  ]\n}" }' <<<"$result"
else
	awk 'BEGIN { printf "%-24s %10s %10s %8s\n", "instructions per", "taxcut", "KVM", "ratio" }
		{ printf "%-24s %10d %10d %8.2f\n", $1, $2, $3, $2 / $3 }' <<<"$result"
fi
