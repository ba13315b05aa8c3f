// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"
#include "work.h"

#define NOBODY		65534
#define CONNECT_SEC	30

/* Never in PATH: there some of the programs that start a tool have its name. */
static void find(const char *name, char *path, size_t size)
{
	static const char *const dirs[] = { "/tools/bin", "/usr/local/bin", "/usr/bin", "/usr/sbin" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, size, "%s/%s", dirs[i], name);
		if (!access(path, X_OK))
			return;
	}
	fprintf(stderr, "there is no %s here; in guests, it comes with initrd-tools-*.img\n", name);
	exit(1);
}

static void become_nobody(void)
{
	if (!geteuid() && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		work_die("nobody");
}

static _Noreturn void give_up(const struct tool *t, const char *what, int number)
{
	char text[512];
	ssize_t n;

	fprintf(stderr, "%s %s", t->name, what);
	if (number)
		fprintf(stderr, " %d", number);
	fputc('\n', stderr);
	lseek(t->err, 0, SEEK_SET);
	while ((n = read(t->err, text, sizeof(text))) > 0)
		fwrite(text, (size_t)n, 1, stderr);
	exit(1);
}

void tool_start(struct tool *t, const char *const argv[], int cpu, bool nobody, bool read_output)
{
	char path[64];
	int fd[2];

	find(argv[0], path, sizeof(path));
	t->name = argv[0];
	t->err = memfd_create(t->name, MFD_CLOEXEC);
	if (t->err < 0 || pipe2(fd, O_CLOEXEC))
		work_die(t->name);
	t->pid = fork();
	if (t->pid < 0)
		work_die("fork");
	if (!t->pid) {
		if (cpu >= 0)
			work_pin(cpu);
		if (nobody)
			become_nobody();
		/* After the change of user, which takes it back. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
		dup2(read_output ? fd[1] : open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
		dup2(t->err, STDERR_FILENO);
		execv(path, (char *const *)argv);
		work_die(path);
	}
	close(fd[1]);
	t->out = read_output ? fdopen(fd[0], "r") : NULL;
	if (!read_output)
		close(fd[0]);
	else if (!t->out)
		work_die("fdopen");
}

void tool_wait(struct tool *t)
{
	int status;

	if (t->out)
		fclose(t->out);
	if (waitpid(t->pid, &status, 0) < 0)
		work_die("waitpid");
	if (WIFSIGNALED(status))
		give_up(t, "ended with signal", WTERMSIG(status));
	if (WEXITSTATUS(status))
		give_up(t, "ended with status", WEXITSTATUS(status));
	close(t->err);
}

void tool_stop(struct tool *t)
{
	if (t->out)
		fclose(t->out);
	kill(t->pid, SIGTERM);
	waitpid(t->pid, NULL, 0);
	close(t->err);
}

static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		work_die("socket");
	return fd;
}

int tool_free_port(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = tcp_socket();

	if (bind(fd, (struct sockaddr *)&addr, len) || getsockname(fd, (struct sockaddr *)&addr, &len))
		work_die("bind");
	close(fd);
	return ntohs(addr.sin_port);
}

int tool_connect(const struct tool *t, int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port),
	};
	uint64_t since = work_now();
	int fd;

	for (;;) {
		fd = tcp_socket();
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		close(fd);
		if (waitpid(t->pid, NULL, WNOHANG) || work_now() - since > CONNECT_SEC * NSEC_PER_SEC)
			break;
		usleep(10000);
	}
	give_up(t, "does not listen", 0);
}
