/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `taxcut top`. */
#ifndef TAXCUT_WATCH_TOP_H
#define TAXCUT_WATCH_TOP_H

int cmd_top(int argc, char **argv);

#endif
