# A shell on the console.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash

setsid cttyhack sh
