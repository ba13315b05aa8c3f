// SPDX-License-Identifier: GPL-2.0-only
/*
 * The network between guests and a netserver on this host: a tap interface with addresses that are
 * reserved for documentation (RFC 5737), which no other network uses.
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

/* Runs a command, whose words end with NULL. EXIT_OK, or EXIT_FAILED without a message. */
static int run_command(const char *const words[])
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
		return fail("net_rr needs a tap interface, which needs root");
	if (run_command(ip) || run_command(netserver)) {
		fail("net_rr needs the programs ip and netserver");
		hint("install them (Debian: iproute2, netperf), or choose other work with --work");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int make_tap(const char *tap)
{
	const char *const add[] = { "ip", "tuntap", "add", "mode", "tap", "name", tap, NULL };
	const char *const address[] = { "ip", "address", "add", WITH_PREFIX, "dev", tap, NULL };
	const char *const up[] = { "ip", "link", "set", tap, "up", NULL };

	if (run_command(add) || run_command(address) || run_command(up))
		return fail("cannot create the tap interface %s with the address " ADDRESS, tap);
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
	if (net->tap && run_command(delete))
		info("cannot remove the tap interface %s", net->tap);
	free(net->tap);
	*net = (struct bench_net){ 0 };
}
