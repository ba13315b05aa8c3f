// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cache's request and response: a client on one CPU asks memcached, on
 * another, for the same value again and again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "work.h"

#define VALUE_SIZE 100

static struct histogram latency;

/* @request is answered by exactly @reply, or the program ends. */
static void ask(int fd, const char *request, const char *reply)
{
	size_t size = strlen(reply), got = 0;
	char answer[VALUE_SIZE + 64];
	ssize_t n;

	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
		work_die("memcached: write");
	while (got < size) {
		n = read(fd, answer + got, sizeof(answer) - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			work_die("memcached: read");
		got += (size_t)n;
		if (got > size || memcmp(answer, reply, got)) {
			fprintf(stderr, "memcached answers: %.*s\n", (int)got, answer);
			exit(1);
		}
	}
}

/* Returns how long it took, in ns. */
static uint64_t measure(int fd, unsigned long count)
{
	char value[VALUE_SIZE + 1], set[VALUE_SIZE + 64], reply[VALUE_SIZE + 64];
	uint64_t start, last, now;

	memset(value, 'v', VALUE_SIZE);
	value[VALUE_SIZE] = '\0';
	snprintf(set, sizeof(set), "set key 0 0 %d\r\n%s\r\n", VALUE_SIZE, value);
	snprintf(reply, sizeof(reply), "VALUE key 0 %d\r\n%s\r\nEND\r\n", VALUE_SIZE, value);
	ask(fd, set, "STORED\r\n");
	work_mark("begin", "memcached_rr");
	start = work_now();
	last = start;
	while (count--) {
		ask(fd, "get key\r\n", reply);
		now = work_now();
		histogram_add(&latency, now - last, 1);
		last = now;
	}
	work_mark("end", "memcached_rr");
	return last - start;
}

int main(int argc, char **argv)
{
	char port[24];
	const char *const command[] = { "memcached", "-l", "127.0.0.1", "-p", port, "-U", "0", "-t", "1", "-m", "16",
					NULL };
	static struct work_args args;
	struct tool server;
	uint64_t ns;
	int fd;

	work_args(argc, argv, "REQUESTS", 2, &args);
	snprintf(port, sizeof(port), "%d", tool_free_port());
	tool_start(&server, command, args.cpu[1], true, false);
	work_pin(args.cpu[0]);
	fd = tool_connect(&server, atoi(port));
	ns = measure(fd, args.count);
	close(fd);
	tool_stop(&server);

	work_report_events("memcached_rr", args.count, ns);
	work_report("memcached_rr", "avg_us", ns / args.count / 1000);
	work_report_latency("memcached_rr", &latency);
	return 0;
}
