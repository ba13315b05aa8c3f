/* SPDX-License-Identifier: GPL-2.0-only */
/* A client for the QEMU Machine Protocol on a UNIX socket (QEMU docs, "QMP Reference Manual"). */
#ifndef TAXCUT_LIB_QMP_H
#define TAXCUT_LIB_QMP_H

#include <stdbool.h>

#include <jansson.h>

/*
 * struct qmp - one connection; one thread at a time; starts zeroed
 * @fd: the socket, or -1
 * @tick: called about every 100 ms while waiting, may be NULL; true gives up (-EINTR)
 * @err: why the last call failed, owned by the connection
 */
struct qmp {
	int fd;
	char *buf;
	size_t len;
	char *err;
	bool (*tick)(void *arg);
	void *tick_arg;
};

/*
 * Connects and negotiates within @timeout_ms. 0, or -errno with q->err set;
 * -ENOENT and -ECONNREFUSED mean that QEMU does not listen (yet).
 */
int qmp_open(struct qmp *q, const char *path, int timeout_ms);

/*
 * Runs one command and returns its "return" member, which the caller owns, or
 * NULL with q->err set. Steals @args (may be NULL). Events are skipped.
 */
json_t *qmp_exec(struct qmp *q, const char *cmd, json_t *args, int timeout_ms);

void qmp_close(struct qmp *q);

#endif
