/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables on standard output; a column is as wide as its widest cell. */
#ifndef TAXCUT_LIB_TABLE_H
#define TAXCUT_LIB_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "util.h"

/*
 * struct table - cells row by row; the first row is the heading
 * @columns: cells per row
 * @left: the first @left columns are text (flush left), the others numbers
 */
struct table {
	size_t columns;
	size_t left;
	struct strv cells;
};

void table_cell(struct table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Prints and empties the table. */
void table_print(struct table *t);

#endif
