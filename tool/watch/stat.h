/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `taxcut stat`. */
#ifndef TAXCUT_WATCH_STAT_H
#define TAXCUT_WATCH_STAT_H

int cmd_stat(int argc, char **argv);

#endif
