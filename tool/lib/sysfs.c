// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"
#include "util.h"

#define FILE_MAX (4u << 20)

static const char *sysroot;

void sys_set_root(const char *root)
{
	sysroot = root;
}

char *sys_path(const char *path)
{
	const char *root = sysroot ? sysroot : getenv("TAXCUT_SYSROOT");

	return xasprintf("%s%s", root ? root : "", path);
}

static char *vsys_path(const char *fmt, va_list ap)
{
	char *path, *full;

	if (vasprintf(&path, fmt, ap) < 0)
		abort();
	full = sys_path(path);
	free(path);
	return full;
}

static char *read_all(int fd)
{
	size_t cap = 0, len = 0;
	char *buf = NULL;
	ssize_t n;

	do {
		if (cap - len < 4096) {
			cap += 16384;
			buf = xrealloc(buf, cap + 1);
		}
		n = read(fd, buf + len, cap - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 && len < FILE_MAX);
	if (n < 0) {
		free(buf);
		return NULL;
	}
	while (len && isspace((unsigned char)buf[len - 1]))
		len--;
	buf[len] = '\0';
	return buf;
}

static char *vsys_read(const char *fmt, va_list ap)
{
	char *path = vsys_path(fmt, ap);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	int err = errno;

	if (fd >= 0) {
		text = read_all(fd);
		err = errno;
		close(fd);
	}
	free(path);
	errno = err;
	return text;
}

char *sys_read(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = vsys_read(fmt, ap);
	va_end(ap);
	return text;
}

bool sys_read_u64(uint64_t *val, const char *fmt, ...)
{
	va_list ap;
	char *text;
	bool ok;

	va_start(ap, fmt);
	text = vsys_read(fmt, ap);
	va_end(ap);
	ok = text && parse_u64(text, val);
	free(text);
	return ok;
}

char *sys_line(const char *path, const char *key)
{
	char *text = sys_read("%s", path);
	char *p = text ? strstr(text, key) : NULL, *line = NULL;

	if (p) {
		p += strlen(key);
		p += strspn(p, " \t");
		line = xasprintf("%.*s", (int)strcspn(p, "\n"), p);
	}
	free(text);
	return line;
}

bool sys_exists(const char *fmt, ...)
{
	va_list ap;
	char *path;
	bool ok;

	va_start(ap, fmt);
	path = vsys_path(fmt, ap);
	va_end(ap);
	ok = !access(path, F_OK);
	free(path);
	return ok;
}

int sys_write(const char *path, const char *val)
{
	char *full = sys_path(path);
	int fd = open(full, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0 || (val && write(fd, val, strlen(val)) != (ssize_t)strlen(val)))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	free(full);
	return ret;
}

bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *p = text;

	while (p && (p = strstr(p, word))) {
		if ((p == text || isspace((unsigned char)p[-1])) &&
		    (!p[len] || isspace((unsigned char)p[len])))
			return true;
		p += len;
	}
	return false;
}

char *cpuinfo_field(const char *cpuinfo, const char *key)
{
	size_t len = strlen(key);
	const char *line = cpuinfo, *p;

	while (line && *line) {
		p = line + len;
		if (!strncmp(line, key, len)) {
			while (*p == ' ' || *p == '\t')
				p++;
			if (*p == ':') {
				p += 1 + (p[1] == ' ');
				return xasprintf("%.*s", (int)strcspn(p, "\n"), p);
			}
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return NULL;
}
