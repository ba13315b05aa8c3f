/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Well-known tools that the measured programs start: in a guest they are in
 * /tools/bin (initrd-tools-*.img), elsewhere where packages put them.  Every
 * function exits with a message when it cannot do its work, and what was
 * started ends with the program.
 */
#ifndef TAXCUT_GUEST_TOOL_H
#define TAXCUT_GUEST_TOOL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct tool {
	const char *name;
	pid_t pid;
	FILE *out; /* what it writes, or NULL */
	int err; /* a file with its complaints, which are shown only when it fails: a console costs exits */
};

/* Run @argv, a tool's name and its arguments, on @cpu (-1: any), as nobody when @nobody is set and root asks. */
void tool_start(struct tool *t, const char *const argv[], int cpu, bool nobody, bool read_output);

/* Wait until it ends, which it must do without an error. */
void tool_wait(struct tool *t);

/* End it. */
void tool_stop(struct tool *t);

/* A TCP port that nobody listens to on 127.0.0.1. */
int tool_free_port(void);

/* A TCP connection to what @t listens to on 127.0.0.1, as soon as it does, without delays of its own. */
int tool_connect(const struct tool *t, int port);

#endif
