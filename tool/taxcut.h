/* SPDX-License-Identifier: GPL-2.0-only */
/* The command table and the exit statuses that every command shares. */
#ifndef TAXCUT_H
#define TAXCUT_H

#include <stddef.h>

#define TAXCUT_DEVICE "/dev/taxcut"

/* Exit statuses; `taxcut run` passes QEMU's own status on after that. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

/*
 * struct command - one row of the command table
 * @name: the word on the command line
 * @summary: one line for `taxcut --help`
 * @run: gets argv[0] as "taxcut NAME"; returns the exit status
 */
struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

extern const struct command commands[];
extern const size_t commands_len;

int cmd_doctor(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
