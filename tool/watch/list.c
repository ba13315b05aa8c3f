// SPDX-License-Identifier: GPL-2.0-only
/* taxcut list: the running instances. */
#include <argp.h>
#include <stdio.h>

#include "host/instance.h"
#include "lib/table.h"
#include "lib/util.h"
#include "list.h"

struct list_args {
	bool json;
};

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
	struct list_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option list_options[] = {
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ 0 }
};

static void list_json(const struct instances *all)
{
	json_t *arr = json_array();

	for (size_t i = 0; i < all->n; i++)
		json_array_append(arr, all->v[i]->record);
	json_print(arr);
}

static const char *record_string(const struct instance *in, const char *key)
{
	const char *s = json_string_value(json_object_get(in->record, key));

	return s ? s : "-";
}

/* The CPUs in vCPU order; consecutive CPUs as FIRST-LAST. */
static char *list_cpus(const struct instance *in)
{
	char *out = xstrdup(in->cpus.n ? "" : "not pinned"), *longer;
	const int *cpu = in->cpus.cpu;
	int last;

	for (int i = 0; i < in->cpus.n; i = last + 1) {
		for (last = i; last + 1 < in->cpus.n && cpu[last + 1] == cpu[last] + 1;)
			last++;
		longer = last > i ? xasprintf("%s%s%d-%d", out, i ? "," : "", cpu[i], cpu[last]) :
				    xasprintf("%s%s%d", out, i ? "," : "", cpu[i]);
		free(out);
		out = longer;
	}
	return out;
}

static void list_table(const struct instances *all)
{
	static const char * const heads[] = {
		"NAME", "PID", "STATE", "MACHINE", "DEVICE", "MEMORY", "CPUS"
	};
	struct table t = { .columns = ARRAY_LEN(heads), .left = ARRAY_LEN(heads) };
	char *mem, *cpus;

	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		table_cell(&t, "%s", heads[i]);
	for (size_t i = 0; i < all->n; i++) {
		const struct instance *in = all->v[i];

		mem = format_mem((uint64_t)json_integer_value(
					 json_object_get(in->record, "memory")));
		cpus = list_cpus(in);
		table_cell(&t, "%s", in->name);
		table_cell(&t, "%d", (int)in->pid);
		table_cell(&t, "%s", record_string(in, "state"));
		table_cell(&t, "%s", record_string(in, "machine"));
		table_cell(&t, "%s", record_string(in, "device"));
		table_cell(&t, "%s", mem);
		table_cell(&t, "%s", cpus);
		free(cpus);
		free(mem);
	}
	table_print(&t);
}

int cmd_list(int argc, char **argv)
{
	static const struct argp argp = {
		list_options, parse_list, NULL,
		"List the running instances of `taxcut run'.",
		NULL, NULL, NULL
	};
	struct list_args args = { 0 };
	struct instances all;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	instances_read(&all);
	if (args.json)
		list_json(&all);
	else if (all.n)
		list_table(&all);
	else
		info("no instance runs");
	instances_free(&all);
	return EXIT_OK;
}
