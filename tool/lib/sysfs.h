/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading /proc, /sys and /dev, optionally below another root (the environment
 * variable TAXCUT_SYSROOT or `doctor --sysroot`), so that tests can describe a host.
 */
#ifndef TAXCUT_LIB_SYSFS_H
#define TAXCUT_LIB_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

#include "util.h"

void sys_set_root(const char *root);

/* The path below the root; the caller frees it. */
char *sys_path(const char *path);

/*
 * The whole file without trailing white space, or NULL (errno set). The caller
 * frees it. At most 4 MiB are read.
 */
char *sys_read(const char *fmt, ...) PRINTF_LIKE(1, 2);
bool sys_read_u64(uint64_t *val, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What follows @key, up to the end of its line, in the file; or NULL. The caller frees it. */
char *sys_line(const char *path, const char *key);
bool sys_exists(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* 0 or -errno. With NULL nothing is written: could it be? */
int sys_write(const char *path, const char *val);

/* Is @word one of the space-separated words of @text? */
bool has_word(const char *text, const char *word);

/* The value of the first "key : value" line of /proc/cpuinfo, or NULL. */
char *cpuinfo_field(const char *cpuinfo, const char *key);

#endif
