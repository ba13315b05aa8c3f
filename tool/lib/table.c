// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "table.h"
#include "util.h"

void table_cell(struct table *t, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	strv_add(&t->cells, s);
	free(s);
}

static int column_width(const struct table *t, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < t->cells.n; i += t->columns)
		if (strlen(t->cells.v[i]) > width)
			width = strlen(t->cells.v[i]);
	return (int)width;
}

void table_print(struct table *t)
{
	int *width = xcalloc(t->columns, sizeof(*width));

	for (size_t c = 0; c < t->columns; c++)
		width[c] = column_width(t, c);
	for (size_t i = 0; i < t->cells.n; i++) {
		size_t c = i % t->columns;
		bool last = c + 1 == t->columns;
		int w = c < t->left ? (last ? 0 : -width[c]) : width[c];

		printf("%*s%s", w, t->cells.v[i], last ? "\n" : "  ");
	}
	free(width);
	strv_free(&t->cells);
}
