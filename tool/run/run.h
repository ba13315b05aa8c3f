/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `taxcut run`. */
#ifndef TAXCUT_RUN_RUN_H
#define TAXCUT_RUN_RUN_H

int cmd_run(int argc, char **argv);

#endif
