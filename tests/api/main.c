// SPDX-License-Identifier: GPL-2.0-only
/*
 * The runner of the API tests: each test runs in its own process with a time
 * limit. Prints "ok NAME" or "not ok NAME: why".
 */
#include "harness.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define TIME_LIMIT 60 /* seconds per test */
#define SKIPPED 77
#define MAX_STRESS_SECONDS 86400

unsigned int stress_seconds = 3;

static unsigned int time_limit(void)
{
	return TIME_LIMIT + stress_seconds;
}

static struct test *tests;
static char *message; /* shared with the test's process */
static const size_t message_size = 4096;

/* Sorts the list by name, so that it does not depend on the linker. */
void test_register(struct test *t)
{
	struct test **p = &tests;

	while (*p && strcmp((*p)->name, t->name) < 0)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	int n = snprintf(message, message_size, "%s:%d: ", file, line);
	va_list ap;

	va_start(ap, format);
	vsnprintf(message + n, message_size - n, format, ap);
	va_end(ap);
	_exit(1);
}

void test_skip(const char *why)
{
	snprintf(message, message_size, "%s", why);
	_exit(SKIPPED);
}

/* Waits for a child; true if it ended in time. A child stuck in the kernel is left behind. */
static bool wait_child(pid_t pid, int *status)
{
	u64 end = now_ns() + (time_limit() + 5) * 1000000000ULL;
	bool killed = false;

	for (;;) {
		pid_t p = waitpid(pid, status, WNOHANG);

		if (p == pid)
			return !killed;
		if (now_ns() > end) {
			if (killed)
				return false;
			kill(pid, SIGKILL);
			killed = true;
			end += 5000000000ULL;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
}

/* Runs the test in a child and stores its wait status; false if the child does not end. */
static bool run_in_child(const struct test *t, int *status)
{
	pid_t pid;

	message[0] = 0;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(time_limit());
		t->fn();
		_exit(0);
	}
	return pid >= 0 && wait_child(pid, status);
}

/* True if the test passed or was skipped. */
static bool run_test(const struct test *t)
{
	int status = 0;

	if (!run_in_child(t, &status)) {
		printf("not ok %s: does not end, not even when killed\n", t->name);
		return false;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
		printf("ok %s # skipped: %s\n", t->name, message);
		return true;
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		printf("ok %s\n", t->name);
		return true;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		printf("not ok %s: no end after %u s\n", t->name, time_limit());
	else if (WIFSIGNALED(status))
		printf("not ok %s: killed by signal %d\n", t->name, WTERMSIG(status));
	else
		printf("not ok %s: %s\n", t->name, message);
	return false;
}

/* Is the test named on the command line (NAME* is a prefix)? Without names: all except the stress tests. */
static bool wanted(const struct test *t, char **names, int n)
{
	for (int i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if (len && names[i][len - 1] == '*' ? !strncmp(names[i], t->name, len - 1) : !strcmp(names[i], t->name))
			return true;
	}
	return !n && strncmp(t->name, "stress_", 7) != 0;
}

static void usage(FILE *to)
{
	fprintf(to, "usage: api [--list] [--stress SECONDS] [--run NAME]... [NAME...]\n\n"
		    "Runs the tests of the ioctl interface on the device that TAXCUT_DEV names\n"
		    "(default /dev/taxcut; /dev/kvm for stock KVM). NAME may end in *.\n"
		    "Without NAME all tests run except the stress tests. A stress test takes\n"
		    "SECONDS (default 3).\n\n"
		    "Exit status: 0 all passed, 1 some failed.\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "stress", required_argument, NULL, 's' },
		{ "run", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	char *names[256];
	int n = 0, ran = 0, failed = 0, c;
	bool list = false;

	while ((c = getopt_long(argc, argv, "ls:r:h", options, NULL)) != -1) {
		if (c == 'l')
			list = true;
		else if (c == 's' && atoi(optarg) > 0 && atoi(optarg) <= MAX_STRESS_SECONDS)
			stress_seconds = (unsigned int)atoi(optarg);
		else if (c == 'r' && n < 256)
			names[n++] = optarg;
		else
			return usage(c == 'h' ? stdout : stderr), c == 'h' ? 0 : 2;
	}
	while (optind < argc && n < 256)
		names[n++] = argv[optind++];
	first_cpu();
	message = mmap(NULL, message_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct test *t = tests; t; t = t->next) {
		if (!wanted(t, names, n))
			continue;
		ran++;
		if (list)
			printf("%s\n", t->name);
		else
			failed += !run_test(t);
	}
	if (!ran) {
		fprintf(stderr, "api: no such test\n");
		return 2;
	}
	return failed ? 1 : 0;
}
