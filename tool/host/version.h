/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `taxcut version`. */
#ifndef TAXCUT_HOST_VERSION_H
#define TAXCUT_HOST_VERSION_H

int cmd_version(int argc, char **argv);

#endif
