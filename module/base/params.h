/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's parameters (exitless_timer: irq/timer_remote.c); /sys/module/taxcut/parameters. */
#ifndef TAXCUT_BASE_PARAMS_H
#define TAXCUT_BASE_PARAMS_H

#include <linux/types.h>

extern bool param_mitigations; /* what model/mitigation.h decides */
extern bool param_posted_interrupts; /* APICv and posted interrupts: wanted, and since the module is loaded, in use */
extern unsigned int param_halt_poll_ns; /* ceiling of the host's halt polling, ns; 0 = off */
extern unsigned int param_halt_poll_ns_grow_start;
extern unsigned int param_halt_poll_ns_grow;
extern unsigned int param_halt_poll_ns_shrink;
extern int param_timer_advance_ns; /* -1: adaptive; 0: off; else fixed, up to TIMER_ADVANCE_MAX_NS */

#endif /* TAXCUT_BASE_PARAMS_H */
