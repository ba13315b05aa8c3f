// SPDX-License-Identifier: GPL-2.0-only
/*
 * tax-bill measure: run work in a guest and count its exits, on a host.
 * tax-bill print: lay what was measured side by side.
 * tax-bill cuts: one table per work item, with a row for each of many bills.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tax.h"
#include "taxcut.h"
#include "util.h"

#define WORK_DEFAULT "cyclic:1000,pingpong:1000,tlbflush:500,ipi:500,idle:2,busy:2"
#define BILLS_MAX 256
#define BILLS_SIDE_BY_SIDE 8

struct measure_args {
	struct tax_plan plan;
	const char *output;
	bool one_round;
};

enum {
	OPT_DEVICE = 0x100,
	OPT_KERNEL,
	OPT_INITRD,
	OPT_VCPUS,
	OPT_CONFIG,
	OPT_ONE_ROUND,
	OPT_TIMEOUT,
	OPT_JSON,
};

static const struct argp_option measure_options[] = {
	{ "device", OPT_DEVICE, "PATH", 0, "Hypervisor device (default: " TAXCUT_DEVICE ")", 0 },
	{ "kernel", OPT_KERNEL, "FILE", 0, "The guest's kernel", 0 },
	{ "initrd", OPT_INITRD, "FILE", 0, "The guest's initrd, with the workload scenario", 0 },
	{ "config", OPT_CONFIG, "NAME", 0, "What is switched on, a name for the bill", 0 },
	{ "one-round", OPT_ONE_ROUND, NULL, 0, "On stock KVM: take latencies and reasons from the same round", 0 },
	{ "vcpus", OPT_VCPUS, "N", 0, "Number of vCPUs (default: 2)", 0 },
	{ "work", 'w', "NAME:COUNT,...", 0, "What to do in the guest (default: " WORK_DEFAULT ")", 0 },
	{ "timeout", OPT_TIMEOUT, "SEC", 0, "Give up when the guest is silent so long (default: 60)", 0 },
	{ "output", 'o', "FILE", 0, "Write the bill there (default: standard output)", 0 },
	{ 0 }
};

static error_t parse_measure(int key, char *arg, struct argp_state *state)
{
	struct measure_args *args = state->input;
	uint64_t seconds;

	switch (key) {
	case OPT_DEVICE:
		args->plan.device = arg;
		return 0;
	case OPT_KERNEL:
		args->plan.kernel = arg;
		return 0;
	case OPT_INITRD:
		args->plan.initrd = arg;
		return 0;
	case OPT_CONFIG:
		args->plan.config = arg;
		return 0;
	case OPT_ONE_ROUND:
		args->one_round = true;
		return 0;
	case OPT_VCPUS:
		args->plan.vcpus = arg;
		return 0;
	case 'w':
		args->plan.work = arg;
		return 0;
	case OPT_TIMEOUT:
		if (!parse_u64(arg, &seconds) || !seconds || seconds > 3600)
			argp_error(state, "--timeout is 1 to 3600 seconds, not '%s'", arg);
		args->plan.timeout = (int)seconds;
		return 0;
	case 'o':
		args->output = arg;
		return 0;
	case ARGP_KEY_ARGS:
		args->plan.extra = state->argv + state->next;
		return 0;
	case ARGP_KEY_END:
		if (!args->plan.kernel || !args->plan.initrd)
			argp_error(state, "--kernel and --initrd are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cmd_measure(int argc, char **argv)
{
	static const struct argp argp = {
		measure_options, parse_measure, "[TAXCUT-RUN-OPTION...]",
		"Run work in a guest, count its exits by reason, write the bill as JSON.", NULL, NULL, NULL
	};
	struct measure_args args = {
		.plan = { .device = TAXCUT_DEVICE, .vcpus = "2", .work = WORK_DEFAULT, .timeout = 60,
			  .extra = argv + argc },
	};
	json_t *bill;
	int ret = EXIT_OK;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (!strcmp(args.plan.device, "/dev/kvm"))
		args.plan.reasons = args.one_round ? TAX_REASONS_TRACED : TAX_REASONS_SECOND;
	bill = tax_measure(&args.plan);
	if (!bill)
		return EXIT_FAILED;
	if (!args.output)
		json_print(json_incref(bill));
	else if (json_dump_file(bill, args.output, JSON_INDENT(2)))
		ret = fail("cannot write %s: %m", args.output);
	json_decref(bill);
	return ret;
}

static const struct argp_option print_options[] = {
	{ "json", OPT_JSON, NULL, 0, "All bills as one JSON document", 0 },
	{ 0 }
};

struct print_args {
	json_t *bills[BILLS_MAX];
	size_t n;
	bool json;
};

static error_t parse_print(int key, char *arg, struct argp_state *state)
{
	struct print_args *args = state->input;
	json_error_t error;

	switch (key) {
	case OPT_JSON:
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->n == BILLS_MAX)
			argp_error(state, "more than %d bills", BILLS_MAX);
		args->bills[args->n] = json_load_file(arg, 0, &error);
		if (!json_is_array(json_object_get(args->bills[args->n], "items")) ||
		    !json_is_string(json_object_get(args->bills[args->n], "device")))
			argp_failure(state, EXIT_FAILED, 0, "%s is not a bill", arg);
		args->n++;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which bills?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int print_bills(int argc, char **argv, const struct argp *argp, size_t max,
		       void (*print)(json_t *const bills[], size_t n))
{
	static struct print_args args;

	argp_parse(argp, argc, argv, 0, NULL, &args);
	if (args.json)
		tax_print_json(args.bills, args.n);
	else if (args.n <= max)
		print(args.bills, args.n);
	else
		return fail("more than %zu bills side by side", max);
	for (size_t i = 0; i < args.n; i++)
		json_decref(args.bills[i]);
	return fflush(stdout) ? fail("standard output: %m") : EXIT_OK;
}

static int cmd_print(int argc, char **argv)
{
	static const struct argp argp = {
		print_options, parse_print, "BILL...",
		"Print bills side by side; with two, the second over the first.", NULL, NULL, NULL
	};

	return print_bills(argc, argv, &argp, BILLS_SIDE_BY_SIDE, tax_print);
}

static int cmd_cuts(int argc, char **argv)
{
	static const struct argp argp = {
		print_options, parse_print, "BILL...",
		"Print exits per event by reason, one table per work item, one row per bill.", NULL, NULL, NULL
	};

	return print_bills(argc, argv, &argp, BILLS_MAX, tax_print_cuts);
}

int main(int argc, char **argv)
{
	static char measure[] = "tax-bill measure", print[] = "tax-bill print", cuts[] = "tax-bill cuts";
	static const struct {
		const char *name;
		char *argv0;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{ "measure", measure, cmd_measure }, { "print", print, cmd_print }, { "cuts", cuts, cmd_cuts },
	};

	argp_err_exit_status = EXIT_USAGE;
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		argv[1] = verbs[i].argv0;
		return verbs[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "usage: tax-bill measure|print|cuts [OPTION...] (each has --help)\n");
	return EXIT_USAGE;
}
