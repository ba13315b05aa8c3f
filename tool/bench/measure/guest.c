// SPDX-License-Identifier: GPL-2.0-only
/*
 * One guest, its console, and the counters around each of its work items.
 *
 * The guest announces the start and the end of each item on its console and waits for a line each time, so
 * the counters are read while it is idle. It prints the item's report after that. The cost of this exchange
 * is measured with an empty work item and subtracted.
 *
 * On stock KVM the guest runs its list twice: in the second round the tracepoint counts exits by reason,
 * which would lengthen the latencies of the first round.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/model/catalog.h"
#include "bench/model/item.h"
#include "bench/model/plan.h"
#include "counters.h"
#include "guest.h"
#include "host/instance.h"
#include "lib/util.h"
#include "modules.h"
#include "net.h"
#include "run.h"
#include "wait.h"

#define MEMORY "512M"

/*
 * struct guest - a running instance
 * @in: the input of its console
 * @qemu: QEMU's process
 * @apic: the APIC mode that the guest reports, or NULL
 * @round: 0, or 1 with the tracepoint
 * @in_item: the guest has begun an item
 * @rounds: items of each round; the first item is the empty one
 * @item: the current item
 */
struct guest {
	struct bench_run *run;
	const struct bench_config *config;
	char *name;
	char *socket;
	pid_t pid;
	pid_t qemu;
	int in;
	struct bench_lines lines;
	char *apic;
	int round;
	bool tracing;
	bool in_item;
	struct bench_counts before;
	json_t *rounds[2];
	json_t *item;
};

static const char mark[] = "TC: ";

static void guest_argv(const struct guest *g, const struct strv *cut_args, struct strv *argv)
{
	const struct bench_run *run = g->run;
	const struct bench_plan *plan = &run->part->plan;
	char *items = bench_plan_items(plan);

	strv_add(argv, "/proc/self/exe");
	strv_add(argv, "run");
	strv_add(argv, "--quiet");
	strv_add(argv, "--no-reboot");
	strv_add(argv, "--mem=" MEMORY);
	strv_addf(argv, "--name=%s", g->name);
	strv_addf(argv, "--device=%s", bench_device(g->config->place));
	strv_addf(argv, "--qemu=%s", run->qemu);
	strv_addf(argv, "--kernel=%s", run->kernel);
	strv_addf(argv, "--initrd=%s", run->tools_initrd && bench_plan_uses(plan, BENCH_NEEDS_TOOLS) ?
		  run->tools_initrd : run->initrd);
	strv_addf(argv, "--vcpus=%u", run->part->vcpus);
	if (run->cpus_arg)
		strv_addf(argv, "--cpus=%s", run->cpus_arg);
	if (run->housekeeping_arg)
		strv_addf(argv, "--housekeeping=%s", run->housekeeping_arg);
	for (size_t i = 0; i < cut_args->n; i++)
		strv_addf(argv, "--cut=%s", cut_args->v[i]);
	if (run->net.tap)
		strv_addf(argv, "--net=tap=%s", run->net.tap);
	strv_addf(argv, "--append=console=ttyS0 quiet panic=-1 tc.run=workload tc.sync=1 tc.settle=0.2 tc.rounds=%d tc.work=none:1,%s %s %s %s",
		  g->config->place == BENCH_KVM ? 2 : 1, items, run->net.tap ? BENCH_NET_GUEST : "",
		  g->config->append ? g->config->append : "", run->append ? run->append : "");
	if (g->config->iommu) {
		strv_add(argv, "--machine=q35");
		strv_add(argv, "--");
		strv_add(argv, "-device");
		strv_add(argv, "intel-iommu,intremap=on,eim=on");
	}
	free(items);
}

/* `taxcut run' asks the guest to power off at the first SIGTERM and ends QEMU at the second. */
static void terminate(pid_t pid)
{
	static const struct {
		int signal;
		int ms;
	} steps[] = { { SIGTERM, 300 }, { SIGTERM, 10000 }, { SIGKILL, 10000 } };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		kill(pid, steps[i].signal);
		if (bench_reap(pid, steps[i].ms, NULL, NULL))
			return;
	}
}

static void stop_guest(struct guest *g, bool done)
{
	if (g->pid <= 0)
		return;
	if (!bench_reap(g->pid, done ? 10000 : 0, NULL, NULL))
		terminate(g->pid);
	close(g->in);
	close(g->lines.fd);
}

static enum bench_source exit_source(const struct guest *g)
{
	return g->config->place == BENCH_KVM && g->round == 1 ? BENCH_TRACE : BENCH_STATS;
}

static int resume_guest(const struct guest *g)
{
	return write(g->in, "\n", 1) == 1 ? EXIT_OK : fail("the guest's console is closed");
}

/* QEMU's process, from the instance's record. */
static pid_t find_qemu(const struct guest *g)
{
	struct instances all;
	struct instance *in;
	pid_t pid;

	instances_read(&all);
	in = instances_find(&all, g->name);
	pid = in ? in->pid : 0;
	instances_free(&all);
	return pid;
}

static int begin_item(struct guest *g, const char *name)
{
	int ret = EXIT_OK;

	if (!g->qemu)
		g->qemu = find_qemu(g);
	if (!g->rounds[g->round])
		g->rounds[g->round] = json_array();
	if (exit_source(g) == BENCH_TRACE && !g->tracing) {
		ret = bench_trace_start();
		g->tracing = !ret;
	}
	g->item = json_pack("{s:s, s:i}", "name", name, "events", 0);
	json_array_append_new(g->rounds[g->round], g->item);
	if (!ret)
		ret = bench_counts_exits(&g->before, g->socket, exit_source(g));
	bench_counts_cpu(&g->before, g->run, g->qemu);
	g->in_item = true;
	return ret ? ret : resume_guest(g);
}

static int end_item(struct guest *g)
{
	struct bench_counts after = { 0 };
	int ret;

	if (!g->item || !g->in_item)
		return fail("the guest ended work that it did not begin");
	g->in_item = false;
	bench_counts_cpu(&after, g->run, g->qemu);
	ret = bench_counts_exits(&after, g->socket, exit_source(g));
	if (!ret)
		bench_counts_diff(g->item, &g->before, &after);
	bench_counts_free(&after);
	return ret ? ret : resume_guest(g);
}

/* 1: the guest is done, 0: more lines follow, -1: failed, after a message. */
static int handle_line(struct guest *g, const char *line)
{
	if (strncmp(line, mark, strlen(mark)))
		return 0;
	line += strlen(mark);
	if (!strncmp(line, "begin=", 6))
		return begin_item(g, line + 6) ? -1 : 0;
	if (!strncmp(line, "end=", 4))
		return end_item(g) ? -1 : 0;
	if (!strncmp(line, "apic=", 5)) {
		free(g->apic);
		g->apic = xstrdup(line + 5);
		return 0;
	}
	if (!strcmp(line, "round=1")) {
		g->round = 1;
		return 0;
	}
	if (!strncmp(line, "status=", 7)) {
		if (strcmp(line + 7, "0"))
			fail("the work in the guest failed");
		return strcmp(line + 7, "0") ? -1 : 1;
	}
	if (g->item)
		bench_report_line(g->item, line);
	return 0;
}

static int follow_console(struct guest *g)
{
	int limit = g->run->timeout + (int)bench_plan_seconds(&g->run->part->plan), ret;
	char *line;

	do {
		line = bench_next_line(g->run, &g->lines, limit);
		if (!line && g->run->signal)
			return -1;
		if (!line) {
			fail("%s: the guest has stopped printing%s%s", g->config->name,
			     *g->lines.tail ? "; its console ends with:\n" : "", g->lines.tail);
			return -1;
		}
		ret = handle_line(g, line);
		free(line);
	} while (!ret);
	if (ret < 0)
		info("%s: the guest's console ends with:\n%s", g->config->name, g->lines.tail);
	return ret;
}

/* Subtracts @none from a count. A difference below 0 becomes 0; for time it becomes unknown. */
static void subtract_count(json_t *counts, const char *key, const json_t *none)
{
	json_int_t n = json_integer_value(json_object_get(counts, key)) -
		       json_integer_value(json_object_get(none, key));

	if (n > 0)
		json_object_set_new(counts, key, json_integer(n));
	else if (!strcmp(key, "outside_cycles"))
		json_object_del(counts, key);
	else if (json_object_get(counts, key))
		json_object_set_new(counts, key, json_integer(0));
}

/*
 * Subtracts the counts of the empty item from an item. CPU time is not subtracted: a vCPU whose HLT takes no exit
 * uses CPU time during the exchange, whose length varies.
 */
static void subtract_empty_item(json_t *item, const json_t *none)
{
	json_t *reasons = json_object_get(item, "reasons"), *value;
	const char *key;
	void *tmp;

	subtract_count(item, "exits", none);
	subtract_count(item, "outside_cycles", none);
	json_object_foreach_safe(reasons, tmp, key, value)
		subtract_count(reasons, key, json_object_get(none, "reasons"));
}

/* Combines totals of the first round with reasons of the last. */
static json_t *combine_rounds(const struct guest *g)
{
	json_t *items = json_array(), *last = g->rounds[g->round], *none = json_array_get(g->rounds[0], 0), *item;
	size_t i;

	json_array_foreach(g->rounds[0], i, item) {
		json_object_set(item, "reasons", json_object_get(json_array_get(last, i), "reasons"));
		if (!i)
			continue;
		subtract_empty_item(item, none);
		bench_report_end(item);
		json_array_append(items, item);
	}
	return items;
}

static json_t *measure_items(struct guest *g)
{
	if (follow_console(g) != 1)
		return NULL;
	if (json_array_size(g->rounds[0]) != g->run->part->plan.items + 1 ||
	    json_array_size(g->rounds[0]) != json_array_size(g->rounds[g->round])) {
		fail("%s: the guest did not do all of its work", g->config->name);
		return NULL;
	}
	return json_pack("{s:o, s:s*}", "items", combine_rounds(g), "apic", g->apic);
}

json_t *bench_guest(struct bench_run *run, const struct bench_config *c, const struct strv *cut_args)
{
	struct guest g = { .run = run, .config = c };
	struct strv argv = { 0 };
	json_t *measurement = NULL;

	g.name = xasprintf("bench-%d", (int)getpid());
	g.socket = run_file(g.name, "sock");
	guest_argv(&g, cut_args, &argv);
	g.pid = bench_spawn(run, argv.v, &g.in, &g.lines.fd);
	if (g.pid > 0)
		measurement = measure_items(&g);
	stop_guest(&g, measurement != NULL);
	if (g.tracing)
		bench_trace_stop();
	bench_counts_free(&g.before);
	json_decref(g.rounds[0]);
	json_decref(g.rounds[1]);
	strv_free(&argv);
	free(g.apic);
	free(g.socket);
	free(g.name);
	return measurement;
}
