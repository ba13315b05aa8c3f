// SPDX-License-Identifier: GPL-2.0-only
/* The configuration "host": the guest's programs on the host, pinned to the CPUs that the guest would own. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/model/catalog.h"
#include "bench/model/item.h"
#include "bench/model/plan.h"
#include "counters.h"
#include "lib/util.h"
#include "modules.h"
#include "programs.h"
#include "record.h"
#include "run.h"
#include "wait.h"

static const char mark[] = "TC: ";

static void program_argv(const struct bench_run *run, size_t i, struct strv *argv)
{
	strv_addf(argv, "%s/%s", run->programs, run->part->plan.item[i].work->name);
	strv_addf(argv, "%u", run->part->plan.item[i].count);
	for (unsigned int cpu = 0; cpu < run->part->vcpus; cpu++)
		strv_addf(argv, "%d", run->cpus.cpu[cpu]);
}

/* Reads the report of a program. Its exit status, or -1 when the program was killed. */
static int follow_output(struct bench_run *run, pid_t pid, struct bench_lines *lines, json_t *item, int64_t *cpu_ns)
{
	int limit = run->timeout + (int)bench_plan_seconds(&run->part->plan), status = -1;
	char *line;

	while ((line = bench_next_line(run, lines, limit))) {
		if (!strncmp(line, mark, strlen(mark)))
			bench_report_line(item, line + strlen(mark));
		free(line);
	}
	if (run->signal || !bench_reap(pid, 5000, &status, cpu_ns)) {
		kill(-pid, SIGKILL);
		bench_reap(pid, 10000, NULL, NULL);
		return -1;
	}
	return status;
}

static json_t *run_program(struct bench_run *run, size_t i)
{
	json_t *item = json_pack("{s:s, s:i}", "name", run->part->plan.item[i].work->name, "events", 0);
	struct bench_counts before = { .exits = -1, .outside = -1 }, after = before;
	struct bench_lines lines = { 0 };
	struct strv argv = { 0 };
	int status = -1;
	int64_t cpu_ns = 0;
	pid_t pid;

	program_argv(run, i, &argv);
	bench_counts_cpu(&before, run, 0);
	pid = bench_spawn(run, argv.v, NULL, &lines.fd);
	if (pid > 0) {
		status = follow_output(run, pid, &lines, item, &cpu_ns);
		close(lines.fd);
	}
	bench_counts_cpu(&after, run, 0);
	bench_counts_diff(item, &before, &after);
	json_object_set_new(item, "host_cpu_ns", json_integer(cpu_ns));
	bench_report_end(item);
	if (status) {
		if (!run->signal)
			fail("%s failed on the host: %s", argv.v[0], lines.tail);
		json_decref(item);
		item = NULL;
	}
	strv_free(&argv);
	return item;
}

/* The reason why work cannot run on the host, or NULL. */
static const char *reason_to_skip(struct bench_run *run, const struct bench_work *work)
{
	if (work->needs & BENCH_NEEDS_NET)
		return "it needs a guest and its host";
	if (work->needs & BENCH_NEEDS_MODULE && !run->work_module)
		return "it needs taxcut_work.ko: --work-module";
	if (work->needs & BENCH_NEEDS_MODULE && bench_modules_work(&run->modules, run->work_module))
		return "taxcut_work.ko does not load";
	return NULL;
}

json_t *bench_programs(struct bench_run *run)
{
	bool first = !run->part->host_seen;
	json_t *items = json_array(), *item;
	const char *why;

	run->part->host_seen = true;
	for (size_t i = 0; i < run->part->plan.items; i++) {
		const struct bench_work *work = run->part->plan.item[i].work;

		why = reason_to_skip(run, work);
		if (why && first)
			bench_note(run, "host: without '%s': %s", work->name, why);
		item = why ? NULL : run_program(run, i);
		if (item) {
			json_array_append_new(items, item);
		} else if (!why) {
			json_decref(items);
			return NULL;
		}
	}
	return json_pack("{s:o}", "items", items);
}
