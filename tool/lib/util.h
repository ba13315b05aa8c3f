/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages, allocation that cannot fail, string vectors, numbers. */
#ifndef TAXCUT_LIB_UTIL_H
#define TAXCUT_LIB_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Exit statuses; `taxcut run` passes QEMU's own status on after that. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

/* Each writes one line to standard error and keeps errno, so that %m works. */
void info(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* What the user can do about the message before. */
void hint(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* As info(); returns EXIT_FAILED, so that callers can `return fail(...)`. */
int fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* As info(); returns EXIT_USAGE. For a command line that is wrong on every machine. */
int usage_error(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * Redirects messages: the first one is stored in *@where, which the caller frees, the
 * others are dropped. NULL: messages go to standard error again. Returns the previous target.
 */
char **capture_message(char **where);

/* These exit the program when memory runs out. */
void *xrealloc(void *p, size_t n);
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A NULL-terminated vector of owned strings. */
struct strv {
	char **v;
	size_t n;
};

void strv_add(struct strv *sv, const char *s);
void strv_addf(struct strv *sv, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strv_free(struct strv *sv);
json_t *strv_json(const struct strv *sv);

/* @s quoted as one word for a POSIX shell; the caller frees it. */
char *shell_quote(const char *s);

/* Parses a decimal number without sign. False unless @s is nothing else. */
bool parse_u64(const char *s, uint64_t *val);
/* Parses a size in bytes: a number and K, M, G or T (powers of 1024); without a letter, MiB. */
bool parse_mem(const char *s, uint64_t *bytes);
/* "1 GiB", "512 MiB", "3 KiB": in the largest unit that divides @bytes; the caller frees it. */
char *format_mem(uint64_t bytes);

/* One JSON document and a newline on standard output; steals @j. */
void json_print(json_t *j);

/*
 * Runs argv[] with standard input and error on /dev/null. Returns its output (at most
 * 64 KiB), which the caller frees, or NULL when it did not start or failed.
 */
char *run_capture(char *const argv[]);

/* Seconds on the monotonic clock. */
double now_s(void);

#endif
