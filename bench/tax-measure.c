// SPDX-License-Identifier: GPL-2.0-only
/* One instance, its console, and the counters around each of its work items. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tax.h"
#include "taxcut.h"
#include "util.h"

#define TAIL 2000

/*
 * struct guest - a running instance
 * @in, @out: its console
 * @buf: what the console said and nobody has read yet
 * @tail: the last of all that it said, for when something goes wrong
 * @round: 0, or 1 with the tracepoint
 */
struct guest {
	const struct tax_plan *plan;
	char *socket;
	pid_t pid;
	int in;
	int out;
	char buf[4096];
	size_t len;
	char tail[TAIL + 1];
	int round;
	bool tracing;
	struct tax_counts before;
	json_t *rounds[2];
	json_t *item;
};

static const char mark[] = "TC: ";

static struct strv guest_argv(const struct guest *g)
{
	const struct tax_plan *plan = g->plan;
	struct strv argv = { 0 };

	strv_add(&argv, "taxcut");
	strv_add(&argv, "run");
	strv_add(&argv, "--quiet");
	strv_addf(&argv, "--device=%s", plan->device);
	strv_addf(&argv, "--kernel=%s", plan->kernel);
	strv_addf(&argv, "--initrd=%s", plan->initrd);
	strv_addf(&argv, "--vcpus=%s", plan->vcpus);
	strv_add(&argv, "--mem=512M");
	strv_add(&argv, "--no-reboot");
	strv_addf(&argv, "--qmp=%s", g->socket);
	strv_addf(&argv, "--append=console=ttyS0 quiet panic=-1 tc.run=workload tc.sync=1 tc.settle=0.3 tc.rounds=%d tc.work=none:1,%s",
		  plan->reasons == TAX_REASONS_SECOND ? 2 : 1, plan->work);
	for (char **p = plan->extra; *p; p++)
		strv_add(&argv, *p);
	return argv;
}

static int start(struct guest *g)
{
	struct strv argv = guest_argv(g);
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return fail("pipe: %m");
	g->pid = fork();
	if (!g->pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execvp(argv.v[0], argv.v);
		fail("cannot start %s: %m", argv.v[0]);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	g->in = in[1];
	g->out = out[0];
	strv_free(&argv);
	return g->pid < 0 ? fail("fork: %m") : EXIT_OK;
}

/* True once the instance has ended, at the latest after @ms. */
static bool ended_within(struct guest *g, int ms)
{
	for (; ms >= 0; ms -= 50) {
		if (waitpid(g->pid, NULL, WNOHANG))
			return true;
		usleep(50000);
	}
	return false;
}

/* The first SIGTERM asks the guest, the second QEMU. */
static void stop(struct guest *g)
{
	if (g->pid > 0 && !ended_within(g, 5000)) {
		kill(g->pid, SIGTERM);
		if (!ended_within(g, 500))
			kill(g->pid, SIGTERM);
		if (!ended_within(g, 5000)) {
			kill(g->pid, SIGKILL);
			waitpid(g->pid, NULL, 0);
		}
	}
	if (g->pid > 0) {
		close(g->in);
		close(g->out);
	}
}

static void remember(struct guest *g, const char *text, size_t n)
{
	size_t old = strlen(g->tail);

	if (n > TAIL) {
		text += n - TAIL;
		n = TAIL;
	}
	if (old + n > TAIL) {
		memmove(g->tail, g->tail + old + n - TAIL, TAIL - n);
		old = TAIL - n;
	}
	memcpy(g->tail + old, text, n);
	g->tail[old + n] = '\0';
}

/* The next line of the console, without its end; NULL when there is none in time. */
static char *next_line(struct guest *g)
{
	struct pollfd pfd = { .fd = g->out, .events = POLLIN };
	char *line, *end;
	ssize_t n;

	while (!(end = memchr(g->buf, '\n', g->len))) {
		if (g->len == sizeof(g->buf))
			g->len = 0;
		n = poll(&pfd, 1, g->plan->timeout * 1000);
		if (n < 0 && errno == EINTR)
			continue;
		n = n > 0 ? read(g->out, g->buf + g->len, sizeof(g->buf) - g->len) : -1;
		if (n <= 0)
			return NULL;
		remember(g, g->buf + g->len, (size_t)n);
		g->len += (size_t)n;
	}
	n = end - g->buf;
	line = xasprintf("%.*s", (int)n, g->buf);
	g->len -= (size_t)n + 1;
	memmove(g->buf, end + 1, g->len);
	line[strcspn(line, "\r")] = '\0';
	return line;
}

static enum tax_source source(const struct guest *g)
{
	bool traced = g->plan->reasons == TAX_REASONS_TRACED ||
		      (g->plan->reasons == TAX_REASONS_SECOND && g->round == 1);

	return traced ? TAX_TRACE : TAX_STATS;
}

static int answer(const struct guest *g)
{
	return write(g->in, "\n", 1) == 1 ? EXIT_OK : fail("the guest's console is closed");
}

static int begin(struct guest *g, const char *name)
{
	int ret = EXIT_OK;

	if (!g->rounds[g->round])
		g->rounds[g->round] = json_array();
	if (source(g) == TAX_TRACE && !g->tracing) {
		ret = tax_trace_start();
		g->tracing = !ret;
	}
	g->item = json_pack("{s:s, s:{}}", "name", name, "report");
	json_array_append_new(g->rounds[g->round], g->item);
	tax_counts_free(&g->before);
	if (!ret)
		ret = tax_counts_read(&g->before, g->socket, source(g));
	return ret ? ret : answer(g);
}

static int finish(struct guest *g)
{
	struct tax_counts after;
	int ret = tax_counts_read(&after, g->socket, source(g));

	if (ret)
		return ret;
	if (!g->item || !g->before.reasons) {
		tax_counts_free(&after);
		return fail("the guest ended work that it did not begin");
	}
	json_object_update_new(g->item, tax_counts_diff(&g->before, &after));
	tax_counts_free(&after);
	return answer(g);
}

/* NAME.KEY=VALUE, said between the end of one item and the beginning of the next. */
static void report(struct guest *g, const char *line)
{
	const char *dot = strchr(line, '.'), *equal = strchr(line, '=');
	char *key;

	if (!g->item || !dot || !equal || dot > equal)
		return;
	key = xasprintf("%.*s", (int)(equal - dot - 1), dot + 1);
	json_object_set_new(json_object_get(g->item, "report"), key,
			    json_integer(strtoll(equal + 1, NULL, 10)));
	free(key);
}

/* 1 when the guest is done, 0 to go on, or -1 after a message. */
static int take_line(struct guest *g, const char *line)
{
	static const char * const what[] = { "", ", exits by reason" };

	if (strncmp(line, mark, strlen(mark)))
		return 0;
	line += strlen(mark);
	if (!strncmp(line, "begin=", 6)) {
		if (strcmp(line + 6, "none"))
			say("%s%s%s: %s%s", g->plan->device, g->plan->config ? ", " : "",
			    g->plan->config ? g->plan->config : "", line + 6, what[g->round]);
		return begin(g, line + 6) ? -1 : 0;
	}
	if (!strncmp(line, "end=", 4))
		return finish(g) ? -1 : 0;
	if (!strcmp(line, "round=1")) {
		g->round = 1;
		return 0;
	}
	if (!strncmp(line, "status=", 7)) {
		if (strcmp(line + 7, "0"))
			fail("the work in the guest failed");
		return strcmp(line + 7, "0") ? -1 : 1;
	}
	report(g, line);
	return 0;
}

static int listen_to(struct guest *g)
{
	char *line;
	int ret;

	do {
		line = next_line(g);
		if (!line) {
			fail("%s: the guest says no more; its console ends with:\n%s", g->plan->device, g->tail);
			return -1;
		}
		ret = take_line(g, line);
		free(line);
	} while (!ret);
	if (ret < 0)
		say("the guest's console ends with:\n%s", g->tail);
	return ret;
}

static json_int_t get(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

/* Takes the counts of the idle conversation off those of an item; nothing goes below 0. */
static void take_off(json_t *counts, const json_t *none)
{
	const char *key;
	json_t *value;
	json_int_t n;
	void *tmp;

	json_object_foreach_safe(counts, tmp, key, value) {
		if (!json_is_integer(value))
			continue;
		n = json_integer_value(value) - get(none, key);
		json_object_set_new(counts, key, json_integer(n > 0 ? n : 0));
	}
}

/* Totals come from the first round, reasons from the last. */
static json_t *settle(const struct guest *g)
{
	json_t *items = json_array(), *last = g->rounds[g->round], *none[2], *item, *reasons;
	size_t i;

	none[0] = json_array_get(g->rounds[0], 0);
	none[1] = json_array_get(last, 0);
	json_array_foreach(g->rounds[0], i, item) {
		if (!i)
			continue;
		reasons = json_object_get(json_array_get(last, i), "reasons");
		take_off(reasons, json_object_get(none[1], "reasons"));
		json_object_set(item, "reasons", reasons);
		take_off(item, none[0]);
		json_object_set_new(item, "events", json_integer(get(json_object_get(item, "report"), "events")));
		json_array_append(items, item);
	}
	return json_pack("{s:s, s:s*, s:s, s:O, s:o}", "device", g->plan->device, "config", g->plan->config,
			 "vcpus", g->plan->vcpus, "overhead", none[0], "items", items);
}

json_t *tax_measure(const struct tax_plan *plan)
{
	struct guest g = { .plan = plan };
	json_t *bill = NULL;

	g.socket = xasprintf("/tmp/tax-bill-%d.sock", (int)getpid());
	if (!start(&g) && listen_to(&g) == 1) {
		if (json_array_size(g.rounds[0]) < 2 ||
		    json_array_size(g.rounds[0]) != json_array_size(g.rounds[g.round]))
			fail("the guest did not do all of its work");
		else
			bill = settle(&g);
	}
	stop(&g);
	if (g.tracing)
		tax_trace_stop();
	tax_counts_free(&g.before);
	json_decref(g.rounds[0]);
	json_decref(g.rounds[1]);
	unlink(g.socket);
	free(g.socket);
	return bill;
}
