# For what builds initrds; runs inside the lab root.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash

# add_modules KVER DIR LIST NAME...: the modules and what they need, unpacked in
# DIR/lib, their files' names in DIR/lib/LIST in loading order.
add_modules()
{
	local kver=$1 dir=$2 list=$3 m name

	shift 3
	for m; do
		modprobe -S "$kver" --show-depends "$m" | awk '$1 == "insmod" { print $2 }'
	done | awk '!seen[$0]++' | while read -r m; do
		name=$(basename "$m" .xz)
		case $m in
		*.xz) xz -dc "$m" >"$dir/lib/$name" ;;
		*) cp "$m" "$dir/lib/$name" ;;
		esac
		echo "$name" >>"$dir/lib/$list"
	done
}

# pack DIR OUTPUT
pack()
{
	(cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc) >"$2.new"
	mv "$2.new" "$2"
}
