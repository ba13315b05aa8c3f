# Options on the guests' kernel command line on Bochs, the emulated Intel host.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# Bochs executes about 50 million instructions per second, so the most expensive
# features are off. Debian 13's kernel warns about a mitigation for this CPU
# model, and MWAIT may miss its wake-up (docs/emulator-bugs.md).
quick="clearcpuid=monitor mitigations=off rodata=off cryptomgr.notests reboot=t"
quick+=" initcall_blacklist=jent_mod_init,load_system_certificate_list,ftrace_check_for_weak_functions,trace_eval_init"
