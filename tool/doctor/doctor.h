/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `taxcut doctor`. */
#ifndef TAXCUT_DOCTOR_DOCTOR_H
#define TAXCUT_DOCTOR_DOCTOR_H

int cmd_doctor(int argc, char **argv);

#endif
