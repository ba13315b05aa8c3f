// SPDX-License-Identifier: GPL-2.0-only
/*
 * netperf's TCP_RR, a byte there and a byte back:
 *
 *     tcp_rr    between two CPUs of this machine, over the loopback interface
 *     net_rr    with a netserver elsewhere, named in the environment as
 *               tc_peer=ADDRESS:PORT (in a guest: tc.peer= on the command line)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "work.h"

static struct work_args args;

/* What netperf measures: a rate per second, and latencies in us; percentiles are not above the largest. */
struct result {
	double rate, mean, p50, p99, max;
};

/* netperf guesses percentiles from wide classes, now and then beyond what it has seen. */
static double at_most(double value, double limit)
{
	return value < limit ? value : limit;
}

static void netperf(const char *address, const char *port, struct result *r)
{
	static const char selectors[] = "TRANSACTION_RATE,MEAN_LATENCY,P50_LATENCY,P99_LATENCY,MAX_LATENCY";
	char length[24];
	const char *const command[] = { "netperf", "-4", "-j", "-P", "0", "-H", address, "-p", port, "-t", "TCP_RR",
					"-l", length, "--", "-r", "1,1", "-o", selectors, NULL };
	struct tool tool;
	char line[256];
	bool found = false;

	snprintf(length, sizeof(length), "-%lu", args.count);
	tool_start(&tool, command, args.cpu[0], false, true);
	while (fgets(line, sizeof(line), tool.out)) {
		if (sscanf(line, "%lf,%lf,%lf,%lf,%lf", &r->rate, &r->mean, &r->p50, &r->p99, &r->max) == 5)
			found = true;
		else
			fprintf(stderr, "netperf: %s", line);
	}
	tool_wait(&tool);
	if (!found || r->rate <= 0) {
		fprintf(stderr, "netperf does not say what it measured\n");
		exit(1);
	}
	r->p50 = at_most(r->p50, r->max);
	r->p99 = at_most(r->p99, r->max);
}

static void between_cpus(struct result *r)
{
	char port[24];
	const char *const command[] = { "netserver", "-D", "-4", "-L", "127.0.0.1", "-p", port, NULL };
	struct tool server;

	snprintf(port, sizeof(port), "%d", tool_free_port());
	tool_start(&server, command, args.cpu[1], false, false);
	close(tool_connect(&server, atoi(port)));
	work_mark("begin", "tcp_rr");
	netperf("127.0.0.1", port, r);
	work_mark("end", "tcp_rr");
	tool_stop(&server);
}

static void with_peer(struct result *r)
{
	const char *peer = getenv("tc_peer");
	char address[64];
	char port[8];

	if (!peer || sscanf(peer, "%63[0-9.]:%7[0-9]", address, port) != 2) {
		fprintf(stderr, "net_rr: tc_peer=ADDRESS:PORT says with whom\n");
		exit(2);
	}
	work_mark("begin", "net_rr");
	netperf(address, port, r);
	work_mark("end", "net_rr");
}

int main(int argc, char **argv)
{
	const char *name = basename(argv[0]);
	struct result r = { 0 };

	if (!strcmp(name, "net_rr")) {
		work_args(argc, argv, "TRANSACTIONS", 1, &args);
		with_peer(&r);
	} else {
		work_args(argc, argv, "TRANSACTIONS", 2, &args);
		between_cpus(&r);
	}
	work_report_events(name, args.count, (uint64_t)((double)args.count * (double)NSEC_PER_SEC / r.rate));
	work_report(name, "mean_ns", (uint64_t)(r.mean * 1000));
	work_report(name, "p50_ns", (uint64_t)(r.p50 * 1000));
	work_report(name, "p99_ns", (uint64_t)(r.p99 * 1000));
	work_report(name, "max_ns", (uint64_t)(r.max * 1000));
	return 0;
}
