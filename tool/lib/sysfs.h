/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to /proc, /sys and /dev. Tests set another root (the environment variable
 * TAXCUT_SYSROOT or `doctor --sysroot`) to describe a host.
 */
#ifndef TAXCUT_LIB_SYSFS_H
#define TAXCUT_LIB_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

#include "util.h"

void sys_set_root(const char *root);

/* @path below the root; the caller frees it. */
char *sys_path(const char *path);

/*
 * Reads a file of up to 4 MiB. Returns its text without trailing white space, which the
 * caller frees, or NULL (errno set).
 */
char *sys_read(const char *fmt, ...) PRINTF_LIKE(1, 2);
bool sys_read_u64(uint64_t *val, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The text after @key up to the end of the line, or NULL; the caller frees it. */
char *sys_line(const char *path, const char *key);
bool sys_exists(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Writes @val; with NULL only checks that the file can be written. 0 or -errno. */
int sys_write(const char *path, const char *val);

/* Is @word among the space-separated words of @text? */
bool has_word(const char *text, const char *word);

/* The value of the first "key : value" line of /proc/cpuinfo, or NULL. */
char *cpuinfo_field(const char *cpuinfo, const char *key);

#endif
