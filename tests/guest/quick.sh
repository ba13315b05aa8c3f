# What guests get on their kernel command line on Bochs, the emulated Intel host.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# It interprets at some 50 million instructions a second: guests do without what
# costs most of them. And Debian 13's kernel warns of its own mitigation for
# this CPU model, and MWAIT may sleep through what it waits for (docs/emulator-bugs.md).
quick="clearcpuid=monitor mitigations=off rodata=off cryptomgr.notests reboot=t"
quick+=" initcall_blacklist=jent_mod_init,load_system_certificate_list,ftrace_check_for_weak_functions,trace_eval_init"
