/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `taxcut list`. */
#ifndef TAXCUT_WATCH_LIST_H
#define TAXCUT_WATCH_LIST_H

int cmd_list(int argc, char **argv);

#endif
