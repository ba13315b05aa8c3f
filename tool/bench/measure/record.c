// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "record.h"
#include "run.h"

void bench_note(struct bench_run *run, const char *fmt, ...)
{
	json_t *notes = json_object_get(run->result, "notes");
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	info("%s", text);
	json_array_append_new(notes, json_string(text));
	free(text);
}

int bench_save(const json_t *result, const char *file)
{
	char *tmp = xasprintf("%s.new", file);
	int ret = EXIT_OK;

	errno = 0;
	if (json_dump_file(result, tmp, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) || rename(tmp, file))
		ret = fail("cannot write %s: %s", file, strerror(errno ? errno : EIO));
	free(tmp);
	return ret;
}
