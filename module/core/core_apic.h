/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAXCUT_CORE_CORE_APIC_H
#define TAXCUT_CORE_CORE_APIC_H

#include <linux/types.h>

/* This CPU's LAPIC is in x2APIC mode: what owned cores need. */
bool core_apic_usable(void);
/* Any context. */
void core_apic_send_nmi(u32 apic_id);
/* Any context. INIT without the wait behind it. */
void core_apic_command_init(u32 apic_id);
/* May sleep. INIT leaves the CPU waiting for a SIPI. */
void core_apic_send_init(u32 apic_id);
/* Starts it in real mode at a page below 1 MiB. */
void core_apic_send_startup(u32 apic_id, u8 page);

#endif /* TAXCUT_CORE_CORE_APIC_H */
