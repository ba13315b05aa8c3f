// SPDX-License-Identifier: GPL-2.0-only
/* Waits for child processes, their output and signals. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "run.h"
#include "wait.h"

bool bench_signals_open(struct bench_run *run)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &run->old_signals);
	/* A closed pipe shall be an error of write(2). If SIGCHLD were ignored, the kernel would reap the children. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	run->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signal_fd < 0)
		fail("signalfd: %m");
	return run->signal_fd >= 0;
}

void bench_signals_close(struct bench_run *run)
{
	close(run->signal_fd);
	sigprocmask(SIG_SETMASK, &run->old_signals, NULL);
}

static bool take_signal(struct bench_run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (!run->signal)
			run->signal = (int)info.ssi_signo;
	return run->signal;
}

int bench_wait(struct bench_run *run, int fd, int ms)
{
	struct pollfd pfd[] = { { .fd = run->signal_fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	double end = now_s() + ms / 1000.0, left;
	int n;

	do {
		left = (end - now_s()) * 1000;
		n = poll(pfd, 2, left > 0 ? (int)left : 0);
		if (take_signal(run))
			return -1;
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static void exec_child(const struct bench_run *run, char *const argv[], int in, int out)
{
	/* The child is killed when this process ends; `taxcut run' ends its QEMU. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &run->old_signals, NULL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], argv);
	fail("cannot start %s: %m", argv[0]);
	_exit(127);
}

pid_t bench_spawn(const struct bench_run *run, char *const argv[], int *in, int *out)
{
	int to[2] = { -1, -1 }, from[2];
	pid_t pid;

	if (pipe2(from, O_CLOEXEC)) {
		fail("pipe: %m");
		return -1;
	}
	if (in && pipe2(to, O_CLOEXEC)) {
		fail("pipe: %m");
		close(from[0]);
		close(from[1]);
		return -1;
	}
	if (!in)
		to[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fflush(NULL);
	pid = fork();
	if (!pid)
		exec_child(run, argv, to[0], from[1]);
	if (pid < 0)
		fail("fork: %m");
	close(to[0]);
	close(from[1]);
	*out = from[0];
	if (in)
		*in = to[1];
	return pid;
}

static int64_t ns_of(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * 1000000000 + (int64_t)tv->tv_usec * 1000;
}

bool bench_reap(pid_t pid, int ms, int *status, int64_t *cpu_ns)
{
	struct rusage usage;
	int st;

	for (;; ms -= 20) {
		if (wait4(pid, &st, WNOHANG, &usage) == pid)
			break;
		if (ms <= 0)
			return false;
		usleep(20000);
	}
	if (status)
		*status = st;
	if (cpu_ns)
		*cpu_ns = ns_of(&usage.ru_utime) + ns_of(&usage.ru_stime);
	return true;
}

static void append_tail(struct bench_lines *l, const char *text, size_t n)
{
	size_t old = strlen(l->tail), max = sizeof(l->tail) - 1;

	if (n > max) {
		text += n - max;
		n = max;
	}
	if (old + n > max) {
		memmove(l->tail, l->tail + old + n - max, max - n);
		old = max - n;
	}
	memcpy(l->tail + old, text, n);
	l->tail[old + n] = '\0';
}

char *bench_next_line(struct bench_run *run, struct bench_lines *l, int seconds)
{
	char *line, *end;
	ssize_t n;

	while (!(end = memchr(l->buf, '\n', l->len))) {
		if (l->len == sizeof(l->buf)) /* too long for a line of the programs */
			l->len = 0;
		if (bench_wait(run, l->fd, seconds * 1000) <= 0)
			return NULL;
		n = read(l->fd, l->buf + l->len, sizeof(l->buf) - l->len);
		if (n <= 0)
			return NULL;
		append_tail(l, l->buf + l->len, (size_t)n);
		l->len += (size_t)n;
	}
	n = end - l->buf;
	line = xasprintf("%.*s", (int)n, l->buf);
	l->len -= (size_t)n + 1;
	memmove(l->buf, end + 1, l->len);
	line[strcspn(line, "\r")] = '\0';
	return line;
}
