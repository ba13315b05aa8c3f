// SPDX-License-Identifier: GPL-2.0-only
/* The parameter emulator_quirks. */
#include <linux/module.h>

#include "emulator_quirks.h"

DEFINE_STATIC_KEY_FALSE(emulator_quirks);

static bool param_emulator_quirks;
module_param_named(emulator_quirks, param_emulator_quirks, bool, 0444);
MODULE_PARM_DESC(emulator_quirks, "Work around faults of emulated CPUs: QEMU's SVM, Bochs' VMX (default: off)");

void emulator_quirks_init(void)
{
	if (param_emulator_quirks)
		static_branch_enable(&emulator_quirks);
}
