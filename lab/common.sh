# Shared by the lab's scripts: paths, messages.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project_dir=$(dirname "$lab_dir")
cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/taxcut

# shellcheck source=lab/recipe
. "$lab_dir/recipe"

root_dir=${TAXCUT_ROOT:-$cache_dir/root-$(sha256sum <"$lab_dir/recipe" | cut -c1-12)}
build_dir=${TAXCUT_BUILD:-$project_dir/build}

# Messages of a kernel with a fault.
splat='BUG:|WARNING:|Oops|general protection|KASAN|UBSAN|Call Trace|possible (circular|recursive) locking'
splat+='|inconsistent lock|suspicious RCU|self-detected stall|detected stalls|blocked for more than|list_(add|del) corruption'
splat+='|Kernel panic|unchecked MSR access|refcount_t|kernel BUG at|bad page state|Bad page (map|state)|scheduling while atomic|double fault|stack guard page'

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$@"
	exit 1
}

# need_arg OPTION COUNT: fails unless a value follows OPTION.
need_arg()
{
	[ "$2" -ge 2 ] || { say "$1 needs a value"; exit 2; }
}

need_root_dir()
{
	[ -e "$root_dir/.complete" ] ||
		die "no lab root at $root_dir; build it with: make lab"
}
