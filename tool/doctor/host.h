/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks of memory, CPU isolation and software; a row without a name ends the table. */
#ifndef TAXCUT_DOCTOR_HOST_H
#define TAXCUT_DOCTOR_HOST_H

#include "check.h"

extern const struct check doctor_host_checks[];

#endif
