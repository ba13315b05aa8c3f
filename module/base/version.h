/* SPDX-License-Identifier: GPL-2.0-only */
/* The version of the module and of the tool, which compares the two. */
#ifndef TAXCUT_BASE_VERSION_H
#define TAXCUT_BASE_VERSION_H

#define TAXCUT_VERSION "0.1.0"

#endif /* TAXCUT_BASE_VERSION_H */
