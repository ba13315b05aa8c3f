// SPDX-License-Identifier: GPL-2.0-only
/* The command table: `taxcut COMMAND ...`. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "doctor/doctor.h"
#include "host/version.h"
#include "lib/util.h"
#include "run/run.h"
#include "watch/list.h"
#include "watch/stat.h"
#include "watch/top.h"

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

static const struct command commands[] = {
	{ "doctor", "check whether this host can run dedicated instances", cmd_doctor },
	{ "run", "start a dedicated instance", cmd_run },
	{ "stat", "show the exits of an instance, by reason and vCPU", cmd_stat },
	{ "top", "show the activity of all instances", cmd_top },
	{ "list", "list the running instances", cmd_list },
	{ "bench", "measure the effect of each cut on this machine", cmd_bench },
	{ "version", "show the versions of tool, module, kernel and QEMU", cmd_version },
};

static void print_usage(FILE *out)
{
	fputs("Usage: taxcut COMMAND [OPTION...]\n\nCommands:\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`taxcut COMMAND --help' lists the options of a command; see also taxcut(1).\n"
	      "Exit status: 0 success, 1 failure, 2 wrong usage.\n", out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int run_command(const struct command *cmd, int argc, char **argv)
{
	char *name = xasprintf("taxcut %s", cmd->name);
	int status;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = name;
	status = cmd->run(argc, argv);
	free(name);
	if (fflush(stdout) || ferror(stdout)) {
		info("cannot write the output: %m");
		return status ? status : EXIT_FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct command *cmd;

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_usage(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("taxcut " TAXCUT_VERSION);
		return EXIT_OK;
	}
	cmd = find_command(argv[1]);
	if (!cmd) {
		info("there is no command '%s'", argv[1]);
		print_usage(stderr);
		return EXIT_USAGE;
	}
	return run_command(cmd, argc - 1, argv + 1);
}
