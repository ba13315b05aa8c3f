// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user at a terminal, for tests of full-screen programs: runs a command on a
 * pseudo-terminal and performs the steps in order.
 *
 *   terminal ROWSxCOLUMNS STEP... -- COMMAND [ARG...]
 *
 *   see TEXT        wait until the command has written TEXT since the last key or size
 *   unseen TEXT     wait until it is not on the screen
 *   key TEXT        type it; ^X is a control key, \e escape
 *   size RxC        change the size of the window
 *   wide N          no line since the last key or size reaches beyond column N
 *   signal NUMBER   to the command
 *   file PATH       create this file
 *   show            print the screen
 *   hangup          close the terminal
 *
 * The command's output is interpreted like a vt100 does: the cursor moves over a
 * screen of characters, whose lines are searched for TEXT.
 * Exit status: the command's; 1 and a message when a step fails, 2 on bad usage.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROWS_MAX 200
#define COLUMNS_MAX 300
#define PATIENCE_MS 30000

static char cells[ROWS_MAX][COLUMNS_MAX + 1];
static int rows, columns, row, column;
static bool changed; /* output has arrived since the last key or size */
static int widest;
static char escape[64];
static size_t escape_len;
static int terminal;
static pid_t child;

static void clear_cells(int from_row, int from_column, int to_row, int to_column)
{
	for (int r = from_row; r <= to_row && r < ROWS_MAX; r++) {
		int first = r == from_row ? from_column : 0;
		int last = r == to_row ? to_column : COLUMNS_MAX - 1;

		for (int c = first; c <= last; c++)
			cells[r][c] = ' ';
	}
}

static int clamp(int value, int limit)
{
	return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

static void move_to(int r, int c)
{
	row = clamp(r, rows);
	column = clamp(c, columns);
}

/* CSI sequences (ECMA-48) of vt100's terminfo entry. */
static void obey(const char *params, char final)
{
	int a = 0, b = 0, n = sscanf(params, "%d;%d", &a, &b), by = n > 0 && a > 0 ? a : 1;

	switch (final) {
	case 'H':
		move_to(n > 0 && a > 0 ? a - 1 : 0, n > 1 && b > 0 ? b - 1 : 0);
		break;
	case 'A':
		move_to(row - by, column);
		break;
	case 'B':
		move_to(row + by, column);
		break;
	case 'C':
		move_to(row, column + by);
		break;
	case 'D':
		move_to(row, column - by);
		break;
	case 'J':
		if (a == 0)
			clear_cells(row, column, ROWS_MAX - 1, COLUMNS_MAX - 1);
		else if (a == 2)
			clear_cells(0, 0, ROWS_MAX - 1, COLUMNS_MAX - 1);
		else
			clear_cells(0, 0, row, column);
		break;
	case 'K':
		clear_cells(row, a == 0 ? column : 0, row, a == 1 ? column : COLUMNS_MAX - 1);
		break;
	}
}

static void end_escape(char final)
{
	escape[escape_len] = 0;
	if (escape[1] == '[')
		obey(escape + 2, final);
	else if (final == 'M')
		move_to(row - 1, column);
	escape_len = 0;
}

static void take_escape(char c)
{
	if (escape_len == sizeof(escape) - 1) {
		escape_len = 0;
		return;
	}
	escape[escape_len++] = c;
	if (escape_len == 2 && (c == '[' || c == '(' || c == ')' || c == '#'))
		return;
	if (escape[1] == '[' ? c >= '@' && c <= '~' : true)
		end_escape(c);
}

static void take(char c)
{
	if (escape_len) {
		take_escape(c);
	} else if (c == '\033') {
		escape[escape_len++] = c;
	} else if (c == '\n') {
		move_to(row + 1, column);
	} else if (c == '\r') {
		column = 0;
	} else if (c == '\b') {
		move_to(row, column - 1);
	} else if (c == '\t') {
		move_to(row, (column / 8 + 1) * 8);
	} else if (c >= ' ' && column < columns) {
		cells[row][column++] = c;
		if (c != ' ' && column > widest)
			widest = column;
		changed = true;
	}
}

/* Reads output for up to @ms; false when the command has ended. */
static bool listen_for(int ms)
{
	struct pollfd in = { .fd = terminal, .events = POLLIN };
	char buf[4096];
	ssize_t n;

	if (poll(&in, 1, ms) <= 0)
		return true;
	n = read(terminal, buf, sizeof(buf));
	for (ssize_t i = 0; i < n; i++)
		take(buf[i]);
	return n > 0;
}

static bool on_screen(const char *text)
{
	for (int r = 0; r < rows; r++)
		if (strstr(cells[r], text))
			return true;
	return false;
}

static void print_screen(FILE *out)
{
	for (int r = 0; r < rows; r++) {
		int end = columns;

		while (end > 0 && cells[r][end - 1] == ' ')
			end--;
		if (end)
			fprintf(out, "|%.*s\n", end, cells[r]);
	}
}

static void fail(const char *step, const char *arg)
{
	fprintf(stderr, "terminal: %s %s: failed; the screen is\n", step, arg);
	print_screen(stderr);
	kill(child, SIGKILL);
	exit(1);
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Waits until output has arrived and the text is (or is not) on the screen. */
static bool await(const char *text, bool there)
{
	long long end = now_ms() + PATIENCE_MS;

	while (!changed || on_screen(text) != there)
		if (now_ms() > end || !listen_for(100))
			break;
	return on_screen(text) == there;
}

static void type(const char *keys)
{
	for (; *keys; keys++) {
		char c = *keys;

		if (c == '^' && keys[1])
			c = *++keys & 31;
		else if (c == '\\' && keys[1] == 'e')
			c = (keys++, '\033');
		if (write(terminal, &c, 1) != 1)
			exit(1);
	}
}

static bool parse_size(const char *text, struct winsize *size)
{
	int r, c;

	if (sscanf(text, "%dx%d", &r, &c) != 2 || r < 1 || c < 1 || r > ROWS_MAX || c > COLUMNS_MAX)
		return false;
	*size = (struct winsize){ .ws_row = (unsigned short)r, .ws_col = (unsigned short)c };
	rows = r;
	columns = c;
	return true;
}

static void resize(const char *text)
{
	struct winsize size;

	if (!parse_size(text, &size) || ioctl(terminal, TIOCSWINSZ, &size))
		fail("size", text);
	move_to(row, column);
}

static void make_file(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f || fclose(f))
		fail("file", path);
}

static void step(const char *what, const char *arg)
{
	if (!strcmp(what, "see") || !strcmp(what, "unseen")) {
		if (!await(arg, *what == 's'))
			fail(what, arg);
		return;
	}
	if (!strcmp(what, "wide")) {
		if (widest > atoi(arg))
			fail(what, arg);
		return;
	}
	changed = false;
	widest = 0;
	if (!strcmp(what, "file"))
		make_file(arg);
	else if (!strcmp(what, "key"))
		type(arg);
	else if (!strcmp(what, "size"))
		resize(arg);
	else if (!strcmp(what, "signal"))
		kill(child, atoi(arg));
	else
		exit(2);
}

/* A step without an argument. */
static bool lone_step(const char *what)
{
	if (!strcmp(what, "show")) {
		print_screen(stdout);
	} else if (!strcmp(what, "hangup")) {
		close(terminal);
		terminal = -1;
	} else {
		return false;
	}
	return true;
}

static int status_of_child(void)
{
	long long end = now_ms() + PATIENCE_MS;
	int status;

	while (!waitpid(child, &status, WNOHANG)) {
		if (now_ms() > end)
			fail("end", "");
		if (terminal < 0 || !listen_for(50))
			usleep(20000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct winsize size;
	int i = 2, command = 2;

	while (command < argc && strcmp(argv[command], "--") != 0)
		command++;
	if (argc < 4 || command + 1 >= argc || !parse_size(argv[1], &size)) {
		fprintf(stderr, "usage: terminal ROWSxCOLUMNS STEP... -- COMMAND [ARG...]\n");
		return 2;
	}
	clear_cells(0, 0, ROWS_MAX - 1, COLUMNS_MAX - 1);
	child = forkpty(&terminal, NULL, NULL, &size);
	if (!child) {
		setenv("TERM", "vt100", 1);
		execvp(argv[command + 1], argv + command + 1);
		_exit(127);
	}
	if (child < 0)
		return 1;
	while (i < command) {
		if (lone_step(argv[i])) {
			i++;
			continue;
		}
		if (i + 1 >= command)
			return 2;
		step(argv[i], argv[i + 1]);
		i += 2;
	}
	return status_of_child();
}
