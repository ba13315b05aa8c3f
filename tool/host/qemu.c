// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "qemu.h"

char *qemu_version(const char *program, int *code)
{
	char *name = xstrdup(program), *version = NULL;
	char option[] = "--version";
	char *argv[] = { name, option, NULL };
	char *text = run_capture(argv);
	const char *p = text ? strstr(text, "version ") : NULL;
	int major, minor;

	if (p && sscanf(p, "version %d.%d", &major, &minor) == 2) {
		p += strlen("version ");
		version = xasprintf("%.*s", (int)strspn(p, "0123456789."), p);
		if (code)
			*code = 100 * major + minor;
	}
	free(text);
	free(name);
	return version;
}
