# Boot, disk and network, one after the other.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash

for part in boot disk net; do
	# shellcheck disable=SC1090
	. "/scenarios/$part.sh" || return 1
done
