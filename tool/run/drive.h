/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU drive arguments: "FILE[,key=value...]", where ",," in FILE is a comma. */
#ifndef TAXCUT_RUN_DRIVE_H
#define TAXCUT_RUN_DRIVE_H

#include <stdbool.h>

/* The file name; the caller frees it. */
char *drive_file(const char *drive);
/* The end of the file name: "" or ",key=value...". */
const char *drive_keys(const char *drive);
/* Is @key among the keys? A @key that ends in '=' matches any value. */
bool drive_has(const char *drive, const char *key);
/* Is "readonly" or "readonly=on" among the keys? */
bool drive_readonly(const char *drive);

#endif
