// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

static void *check_alloc(void *p)
{
	if (!p) {
		fputs("taxcut: out of memory\n", stderr);
		exit(EXIT_FAILED);
	}
	return p;
}

void *xrealloc(void *p, size_t n)
{
	return check_alloc(realloc(p, n));
}

void *xcalloc(size_t n, size_t size)
{
	return check_alloc(calloc(n, size));
}

char *xstrdup(const char *s)
{
	return check_alloc(strdup(s));
}

static char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	return check_alloc(vasprintf(&s, fmt, ap) < 0 ? NULL : s);
}

static char **kept;

char **capture_message(char **where)
{
	char **before = kept;

	kept = where;
	return before;
}

/* Keeps the first message, which names the error; hints follow it and are dropped. */
static void capture_first(const char *fmt, va_list ap)
{
	if (!*kept)
		*kept = xvasprintf(fmt, ap);
}

static void print_message(const char *prefix, const char *fmt, va_list ap)
{
	int err = errno;

	if (kept) {
		capture_first(fmt, ap);
		errno = err;
		return;
	}
	fflush(stdout);
	fputs(prefix, stderr);
	errno = err;
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	errno = err;
}

void info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_message("taxcut: ", fmt, ap);
	va_end(ap);
}

void hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_message("  what to do: ", fmt, ap);
	va_end(ap);
}

int fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_message("taxcut: ", fmt, ap);
	va_end(ap);
	return EXIT_FAILED;
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_message("taxcut: ", fmt, ap);
	va_end(ap);
	return EXIT_USAGE;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

static void strv_add_owned(struct strv *sv, char *s)
{
	sv->v = xrealloc(sv->v, (sv->n + 2) * sizeof(*sv->v));
	sv->v[sv->n++] = s;
	sv->v[sv->n] = NULL;
}

void strv_add(struct strv *sv, const char *s)
{
	strv_add_owned(sv, xstrdup(s));
}

void strv_addf(struct strv *sv, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_add_owned(sv, xvasprintf(fmt, ap));
	va_end(ap);
}

void strv_free(struct strv *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	free(sv->v);
	*sv = (struct strv){ 0 };
}

json_t *strv_json(const struct strv *sv)
{
	json_t *arr = json_array();

	for (size_t i = 0; i < sv->n; i++)
		json_array_append_new(arr, json_string_nocheck(sv->v[i]));
	return arr;
}

static bool is_shell_safe(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_./,:=+@%", *s))
			return false;
	return true;
}

char *shell_quote(const char *s)
{
	char *out, *p;

	if (is_shell_safe(s))
		return xstrdup(s);
	out = p = xcalloc(1, strlen(s) * 4 + 3);
	*p++ = '\'';
	for (; *s; s++) {
		if (*s == '\'')
			p = stpcpy(p, "'\\''");
		else
			*p++ = *s;
	}
	*p++ = '\'';
	return out;
}

bool parse_u64(const char *s, uint64_t *val)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	*val = strtoull(s, &end, 10);
	return !errno && !*end;
}

bool parse_mem(const char *s, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	unsigned int shift = 20;
	const char *unit;
	uint64_t n;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno)
		return false;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (n > UINT64_MAX >> shift)
		return false;
	*bytes = n << shift;
	return true;
}

char *format_mem(uint64_t bytes)
{
	static const char * const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && bytes && !(bytes & 1023)) {
		bytes >>= 10;
		i++;
	}
	return xasprintf("%llu %s", (unsigned long long)bytes, units[i]);
}

void json_print(json_t *j)
{
	if (json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)))
		info("cannot write JSON");
	putchar('\n');
	json_decref(j);
}

static char *read_all(int fd)
{
	size_t cap = 64 << 10, len = 0;
	char *buf = xcalloc(1, cap + 1);
	ssize_t n;

	while (len < cap && (n = read(fd, buf + len, cap - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		len += (size_t)n;
	}
	return buf;
}

char *run_capture(char *const argv[])
{
	int pipefd[2], null, status;
	char *out;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return NULL;
	pid = fork();
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		if (null < 0)
			_exit(126);
		dup2(null, 0);
		dup2(pipefd[1], 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipefd[1]);
	out = pid < 0 ? NULL : read_all(pipefd[0]);
	close(pipefd[0]);
	if (pid > 0 && (waitpid(pid, &status, 0) != pid || status)) {
		free(out);
		return NULL;
	}
	return out;
}

double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
