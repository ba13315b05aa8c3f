# Read the whole of a disk, write to its last part, read that back.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
#     tc.disk=NAME    which (default vda)
#     tc.write=MB     size of the part written (default 4; 0: none)
#
# The test that made the disk compares disk.sha256 with its own sum.  The part
# written holds what disk.wrote says, both when read back here and later in
# the image.

disk=${tc_disk:-vda}
[ -b "/dev/$disk" ] || { echo "disk: no /dev/$disk"; return 1; }
mb=${tc_write:-4}
sectors=$(cat "/sys/block/$disk/size")
say "disk.bytes=$((sectors * 512))"
sum=$(sha256sum <"/dev/$disk") || return 1
say "disk.sha256=${sum%% *}"
[ "$mb" -gt 0 ] || return 0

seek=$((sectors / 2048 - mb))
dd if=/dev/urandom of=/tmp/pattern bs=1M count="$mb" 2>/dev/null || return 1
dd if=/tmp/pattern of="/dev/$disk" bs=1M seek="$seek" conv=fsync 2>/dev/null || return 1
echo 3 >/proc/sys/vm/drop_caches
wrote=$(sha256sum </tmp/pattern)
back=$(dd if="/dev/$disk" bs=1M skip="$seek" count="$mb" 2>/dev/null | sha256sum)
say "disk.wrote=${wrote%% *}"
[ "$wrote" = "$back" ] || { echo "disk: read back ${back%% *}"; return 1; }
say "disk=ok"
