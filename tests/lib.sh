# Helpers for the suites in tests/suites: source it first.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

build=${TAXCUT_BUILD:-build}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/taxcut-suite.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

ok()
{
	printf 'ok %s\n' "$1"
}

# not_ok TEST WHY
not_ok()
{
	printf 'not ok %s: %s\n' "$1" "$2"
}

# check TEST COMMAND...: the command must succeed; its output is shown if not.
check()
{
	local name=$1 status

	shift
	"$@" >"$scratch/check.out" 2>&1
	status=$?
	if [ "$status" -eq 0 ]; then
		ok "$name"
	else
		tail -n 40 "$scratch/check.out" | sed 's/^/# /'
		not_ok "$name" "status $status"
	fi
	return "$status"
}

# in_root COMMAND...: runs it in the lab root.
in_root()
{
	lab/in-root -- "$@"
}
