// SPDX-License-Identifier: GPL-2.0-only
/* taxcut stat: the exits of an instance by reason and vCPU, once or as rates. */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/instance.h"
#include "lib/live.h"
#include "lib/table.h"
#include "lib/util.h"
#include "options.h"
#include "sample/process.h"
#include "sample/qmp.h"
#include "sample/sample.h"
#include "stat.h"

/* With more vCPUs than this only the sum is shown, unless --per-vcpu is given. */
#define COLUMNS_MAX 8

enum {
	OPT_VM = WATCH_OPT_JSON + 1,
	OPT_QMP,
	OPT_PER_VCPU,
	OPT_TOTAL,
	OPT_ALL,
};

/*
 * struct stat_args - options, then the target
 * @pid: the process whose statistics files are read when @socket is NULL
 */
struct stat_args {
	const char *vm;
	const char *qmp;
	struct watch_options watch;
	bool per_vcpu;
	bool total;
	bool all;

	char *socket;
	pid_t pid;
};

static const struct argp_option stat_options[] = {
	{ "vm", OPT_VM, "NAME|PID", 0, "The instance, or any QEMU process (default: the only instance)", 0 },
	{ "qmp", OPT_QMP, "PATH", 0, "The QEMU at this QMP socket", 0 },
	{ "interval", 'i', "SECONDS", 0, "Show rates, every SECONDS", 0 },
	{ "count", 'c', "N", 0, "End after N intervals (implies --interval 1)", 0 },
	{ "per-vcpu", OPT_PER_VCPU, NULL, 0, "One column per vCPU, even for many vCPUs", 0 },
	{ "total", OPT_TOTAL, NULL, 0, "The sum of all vCPUs only", 0 },
	{ "all", OPT_ALL, NULL, 0, "Also zero values and the statistics of the VM", 0 },
	{ "json", WATCH_OPT_JSON, NULL, 0, "Print JSON; with --interval, one object per line", 0 },
	{ 0 }
};

static error_t parse_stat(int key, char *arg, struct argp_state *state)
{
	struct stat_args *args = state->input;

	switch (key) {
	case OPT_VM:
		args->vm = arg;
		return 0;
	case OPT_QMP:
		args->qmp = arg;
		return 0;
	case OPT_PER_VCPU:
		args->per_vcpu = true;
		return 0;
	case OPT_TOTAL:
		args->total = true;
		return 0;
	case OPT_ALL:
		args->all = true;
		return 0;
	case ARGP_KEY_END:
		if (args->total && args->per_vcpu)
			argp_error(state, "--total and --per-vcpu exclude each other");
		if (args->vm && args->qmp)
			argp_error(state, "--vm and --qmp exclude each other");
		if (args->watch.count && !(args->watch.interval > 0))
			args->watch.interval = 1;
		return 0;
	default:
		return watch_parse_option(key, arg, state, &args->watch);
	}
}

static int only_instance(struct stat_args *args, const struct instances *all)
{
	if (all->n == 1) {
		args->socket = xstrdup(all->v[0]->qmp);
		return EXIT_OK;
	}
	fail(all->n ? "%zu instances run" : "no instance runs", all->n);
	if (all->n)
		hint("choose one with --vm NAME or --vm PID; `taxcut list' shows the instances");
	else
		hint("start one with taxcut run, or give the pid of another QEMU with --vm PID");
	return EXIT_FAILED;
}

/* Finds the socket or the process that --vm and --qmp select. */
static int find_target(struct stat_args *args)
{
	struct instances all;
	struct instance *in;
	uint64_t pid;
	int ret = EXIT_OK;

	if (args->qmp) {
		args->socket = xstrdup(args->qmp);
		return EXIT_OK;
	}
	instances_read(&all);
	in = args->vm ? instances_find(&all, args->vm) : NULL;
	if (in) {
		args->socket = xstrdup(in->qmp);
	} else if (!args->vm) {
		ret = only_instance(args, &all);
	} else if (parse_u64(args->vm, &pid) && pid && pid < 1u << 30) {
		args->pid = (pid_t)pid;
	} else {
		ret = fail("there is no instance '%s'", args->vm);
		hint("`taxcut list' shows the instances");
	}
	instances_free(&all);
	return ret;
}

static int take_sample(const struct stat_args *args, struct sample *s)
{
	return args->socket ? sample_qmp(args->socket, s) : sample_process(args->pid, s);
}

static void figure_cell(struct table *t, double value, bool rate)
{
	table_cell(t, rate ? "%.1f" : "%.0f", value);
}

/* The hypervisor's name ("exits", "halt_wait_ns"), and the unit unless the name contains it. */
static void name_cell(struct table *t, const struct sample *s, const char *name)
{
	const char *unit = json_string_value(json_object_get(json_object_get(s->schema, name),
							     "unit"));

	if (unit && *unit && !strstr(name, unit))
		table_cell(t, "%s (%s)", name, unit);
	else
		table_cell(t, "%s", name);
}

static void vcpu_table(const struct stat_args *args, const struct sample *now,
		       const struct sample *before)
{
	size_t n = json_array_size(now->vcpus), i;
	bool columns = args->per_vcpu || (!args->total && n <= COLUMNS_MAX);
	struct table t = { .columns = 2 + (columns ? n : 0), .left = 1 };
	json_t *first = json_array_get(now->vcpus, 0), *value;
	const char *name;
	double total;

	table_cell(&t, before ? "PER SECOND" : "SINCE START");
	for (i = 0; columns && i < n; i++)
		table_cell(&t, "vCPU%zu", i);
	table_cell(&t, "TOTAL");
	json_object_foreach(first, name, value) {
		total = sample_total_figure(now, before, name);
		if (!args->all && (total == 0 || json_is_array(value)))
			continue;
		name_cell(&t, now, name);
		for (i = 0; columns && i < n; i++)
			figure_cell(&t, sample_vcpu_figure(now, before, name, i), before);
		figure_cell(&t, total, before);
	}
	table_print(&t);
}

static void vm_table(const struct sample *now, const struct sample *before)
{
	struct table t = { .columns = 2, .left = 1 };
	const char *name;
	json_t *value;

	table_cell(&t, "WHOLE VM");
	table_cell(&t, before ? "PER SECOND" : "VALUE");
	json_object_foreach(now->vm, name, value) {
		name_cell(&t, now, name);
		figure_cell(&t, sample_figure(now, before, name, value, before ?
				       json_object_get(before->vm, name) : NULL), before);
	}
	putchar('\n');
	table_print(&t);
}

/* The figures as an object; a single reading keeps the buckets of histograms. */
static json_t *figures_json(const struct sample *now, const struct sample *before,
			    const json_t *new, const json_t *old)
{
	json_t *obj = json_object(), *value;
	const char *name;

	json_object_foreach((json_t *)new, name, value) {
		if (before)
			json_object_set_new(obj, name, json_real(
				sample_figure(now, before, name, value, json_object_get(old, name))));
		else
			json_object_set(obj, name, value);
	}
	return obj;
}

static void print_json(const struct stat_args *args, const struct sample *now,
		       const struct sample *before)
{
	json_t *vcpus = json_array(), *total = json_object(), *value, *obj;
	const char *name;
	size_t i;

	json_array_foreach(now->vcpus, i, value)
		json_array_append_new(vcpus, figures_json(now, before, value, before ?
			json_array_get(before->vcpus, i) : NULL));
	json_object_foreach(json_array_get(now->vcpus, 0), name, value)
		json_object_set_new(total, name, before ?
			json_real(sample_total_figure(now, before, name)) :
			json_integer((json_int_t)sample_total_figure(now, NULL, name)));
	obj = json_pack("{s:o, s:o}", "total", total, "vm",
			figures_json(now, before, now->vm, before ? before->vm : NULL));
	if (!args->total)
		json_object_set(obj, "vcpus", vcpus);
	json_decref(vcpus);
	if (!before) {
		json_object_set(obj, "schema", now->schema);
		json_print(obj);
		return;
	}
	json_object_set_new(obj, "seconds", json_real(now->when - before->when));
	json_dumpf(obj, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(obj);
}

static void print_sample(const struct stat_args *args, const struct sample *now,
			 const struct sample *before)
{
	if (args->watch.json) {
		print_json(args, now, before);
	} else {
		if (before && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		vcpu_table(args, now, before);
		if (args->all)
			vm_table(now, before);
		if (before)
			putchar('\n');
	}
	fflush(stdout);
}

static int print_rates(const struct stat_args *args, struct sample *before)
{
	struct sample now;
	uint64_t n = 0;
	int ret = EXIT_OK;

	live_begin();
	while (!args->watch.count || n++ < args->watch.count) {
		if (!live_wait(args->watch.interval) || ferror(stdout))
			break;
		ret = take_sample(args, &now);
		if (ret)
			break;
		print_sample(args, &now, before);
		sample_free(before);
		*before = now;
	}
	return ret;
}

int cmd_stat(int argc, char **argv)
{
	static const struct argp argp = {
		stat_options, parse_stat, NULL,
		"Show how often the vCPUs of an instance left the guest, and why."
		"\vThe names are the hypervisor's. Without --interval: counts since the start.",
		NULL, NULL, NULL
	};
	struct stat_args args = { 0 };
	struct sample first = { 0 };
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	ret = find_target(&args);
	if (!ret)
		ret = take_sample(&args, &first);
	if (!ret && !(args.watch.interval > 0))
		print_sample(&args, &first, NULL);
	else if (!ret)
		ret = print_rates(&args, &first);
	sample_free(&first);
	free(args.socket);
	return ret;
}
