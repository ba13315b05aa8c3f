/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks of the processor; a row without a name ends the table. */
#ifndef TAXCUT_DOCTOR_CPU_H
#define TAXCUT_DOCTOR_CPU_H

#include "check.h"

extern const struct check doctor_cpu_checks[];

#endif
