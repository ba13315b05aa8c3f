// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "drive.h"
#include "lib/util.h"

const char *drive_keys(const char *drive)
{
	const char *p = drive;

	while ((p = strchr(p, ','))) {
		if (p[1] != ',')
			return p;
		p += 2;
	}
	return drive + strlen(drive);
}

char *drive_file(const char *drive)
{
	const char *end = drive_keys(drive);
	char *out = xcalloc(1, (size_t)(end - drive) + 1), *p = out;

	while (drive < end) {
		*p++ = *drive;
		drive += *drive == ',' ? 2 : 1;
	}
	return out;
}

bool drive_has(const char *drive, const char *key)
{
	const char *p = drive_keys(drive);
	size_t len = strlen(key);

	for (; *p; p += strcspn(p, ",")) {
		p++;
		if (!strncmp(p, key, len) && (!p[len] || p[len] == ',' || key[len - 1] == '='))
			return true;
	}
	return false;
}

bool drive_readonly(const char *drive)
{
	return drive_has(drive, "readonly") || drive_has(drive, "readonly=on");
}
