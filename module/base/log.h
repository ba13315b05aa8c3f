/* SPDX-License-Identifier: GPL-2.0-only */
/* Included before everything else: how this module's kernel messages begin. */
#ifndef TAXCUT_BASE_LOG_H
#define TAXCUT_BASE_LOG_H

#ifndef __ASSEMBLY__
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#endif

#endif /* TAXCUT_BASE_LOG_H */
