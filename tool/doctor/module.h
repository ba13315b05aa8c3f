/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks of the hypervisor module and its device; a row without a name ends the table. */
#ifndef TAXCUT_DOCTOR_MODULE_H
#define TAXCUT_DOCTOR_MODULE_H

#include "check.h"

extern const struct check doctor_module_checks[];

#endif
