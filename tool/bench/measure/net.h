/* SPDX-License-Identifier: GPL-2.0-only */
/* The network between guests and a netserver on this host. */
#ifndef TAXCUT_BENCH_MEASURE_NET_H
#define TAXCUT_BENCH_MEASURE_NET_H

#include <sys/types.h>

struct bench_run;

/*
 * struct bench_net - a tap interface and a netserver behind it
 * @tap: its name, or NULL
 */
struct bench_net {
	char *tap;
	pid_t server;
	int output;
};

#define BENCH_NET_GUEST "tc.net=192.0.2.10/29 tc.peer=192.0.2.9:12865"

/* Could it be had? EXIT_OK, or EXIT_FAILED after a message. */
int bench_net_check(void);
int bench_net_open(struct bench_run *run);
void bench_net_close(struct bench_run *run);

#endif
