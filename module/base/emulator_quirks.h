/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work-arounds for faults of the CPU emulators that the lab uses: parameter
 * emulator_quirks. A build without TAXCUT_EMULATOR_QUIRKS (make native) has none
 * of it. docs/errata.md lists each fault.
 */
#ifndef TAXCUT_BASE_EMULATOR_QUIRKS_H
#define TAXCUT_BASE_EMULATOR_QUIRKS_H

#include <linux/jump_label.h>

#ifdef TAXCUT_EMULATOR_QUIRKS
DECLARE_STATIC_KEY_FALSE(emulator_quirks);
#define emulator_quirks_on() static_branch_unlikely(&emulator_quirks)
/* Module load, before the backend's set-up: what the parameter says. */
void emulator_quirks_init(void);
#else
#define emulator_quirks_on() false
static inline void emulator_quirks_init(void)
{
}
#endif

#endif /* TAXCUT_BASE_EMULATOR_QUIRKS_H */
