// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "check.h"

struct finding found(enum verdict verdict, char *detail, char *advice)
{
	return (struct finding){ verdict, detail, advice };
}

struct finding found_ok(const char *fmt, ...)
{
	struct finding f = { CHECK_OK, NULL, NULL };
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&f.detail, fmt, ap) < 0)
		abort();
	va_end(ap);
	return f;
}
