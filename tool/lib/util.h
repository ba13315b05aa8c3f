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

/* All write one line to standard error; errno is preserved for %m. */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
void advise(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* fail() returns EXIT_FAILED, so that callers can `return fail(...)`. */
int fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* misuse() returns EXIT_USAGE: the command line is wrong by itself, whatever the machine. */
int misuse(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * From now on the first message goes to *@where, which the caller frees, and all
 * others nowhere; with NULL to standard error again. Returns where they went before.
 */
char **keep_messages(char **where);

/* These end the program when memory runs out. */
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

/* A copy of @s that a POSIX shell reads back as one word. */
char *shell_quote(const char *s);

/* Decimal, the whole string, no sign; false when it is anything else. */
bool parse_u64(const char *s, uint64_t *val);
/* Bytes, with an optional K, M, G or T (powers of 1024); default MiB. */
bool parse_mem(const char *s, uint64_t *bytes);
/* "1 GiB", "512 MiB", "3 KiB": the largest unit that divides exactly. */
char *format_mem(uint64_t bytes);

/* One JSON document and a newline on standard output; steals @j. */
void json_print(json_t *j);

/*
 * Runs argv[] with standard input and error on /dev/null and returns what it
 * wrote (at most 64 KiB), or NULL when it could not start or failed.
 */
char *run_capture(char *const argv[]);

/* Seconds on the monotonic clock. */
double now_s(void);

#endif
