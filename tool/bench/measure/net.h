/* SPDX-License-Identifier: GPL-2.0-only */
/* The network between guests and a netserver on this host. */
#ifndef TAXCUT_BENCH_MEASURE_NET_H
#define TAXCUT_BENCH_MEASURE_NET_H

#include <sys/types.h>

struct bench_run;

/*
 * struct bench_net - a tap interface and the netserver on its address
 * @tap: the name of the interface, or NULL
 * @output: the server's standard output
 */
struct bench_net {
	char *tap;
	pid_t server;
	int output;
};

#define BENCH_NET_GUEST "tc.net=192.0.2.10/29 tc.peer=192.0.2.9:12865"

/* Does this host have what the network needs? EXIT_OK, or EXIT_FAILED after a message. */
int bench_net_check(void);
/* Creates the interface and starts the server. EXIT_OK, or EXIT_FAILED after a message. */
int bench_net_open(struct bench_run *run);
void bench_net_close(struct bench_run *run);

#endif
