// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests' way to a netserver on this host: a tap interface of our own, with addresses that are
 * meant for examples (RFC 5737), so that they meet nobody.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "lib/util.h"
#include "net.h"
#include "run.h"
#include "wait.h"

#define ADDRESS "192.0.2.9"
#define WITH_PREFIX (ADDRESS "/29")
#define PORT "12865"

/* Runs words that end with NULL; EXIT_OK, or EXIT_FAILED without a message. */
static int command(const char *const words[])
{
	struct strv argv = { 0 };
	char *out;

	for (size_t i = 0; words[i]; i++)
		strv_add(&argv, words[i]);
	out = run_capture(argv.v);
	strv_free(&argv);
	free(out);
	return out ? EXIT_OK : EXIT_FAILED;
}

int bench_net_check(void)
{
	static const char *const ip[] = { "ip", "-V", NULL }, *const netserver[] = { "netserver", "-V", NULL };

	if (geteuid())
		return fail("net_rr needs a tap interface, which takes root");
	if (command(ip) || command(netserver)) {
		fail("net_rr needs the programs ip and netserver");
		advise("install them (Debian: iproute2, netperf), or leave net_rr out with --work");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int make_tap(const char *tap)
{
	const char *const add[] = { "ip", "tuntap", "add", "mode", "tap", "name", tap, NULL };
	const char *const address[] = { "ip", "address", "add", WITH_PREFIX, "dev", tap, NULL };
	const char *const up[] = { "ip", "link", "set", tap, "up", NULL };

	if (command(add) || command(address) || command(up))
		return fail("cannot make the tap interface %s with the address " ADDRESS, tap);
	return EXIT_OK;
}

int bench_net_open(struct bench_run *run)
{
	char server[] = "netserver", stay[] = "-D", v4[] = "-4", on[] = "-L", address[] = ADDRESS, port[] = "-p",
	     number[] = PORT;
	char *const argv[] = { server, stay, v4, on, address, port, number, NULL };
	struct bench_net *net = &run->net;

	net->tap = xasprintf("taxcut%d", (int)getpid() % 100000);
	if (make_tap(net->tap))
		return EXIT_FAILED;
	net->server = bench_spawn(run, argv, NULL, &net->output);
	if (net->server < 0)
		return EXIT_FAILED;
	affinity_set(net->server, &run->housekeeping);
	return EXIT_OK;
}

void bench_net_close(struct bench_run *run)
{
	struct bench_net *net = &run->net;
	const char *const delete[] = { "ip", "link", "delete", net->tap, NULL };

	if (net->server > 0) {
		kill(-net->server, SIGKILL);
		bench_reap(net->server, 5000, NULL, NULL);
		close(net->output);
	}
	if (net->tap && command(delete))
		say("the tap interface %s stays", net->tap);
	free(net->tap);
	*net = (struct bench_net){ 0 };
}
