/* SPDX-License-Identifier: GPL-2.0-only */
/* A client for the QEMU Machine Protocol on a UNIX socket (QEMU docs, "QMP Reference Manual"). */
#ifndef TAXCUT_LIB_QMP_H
#define TAXCUT_LIB_QMP_H

#include <stdbool.h>

#include <jansson.h>

/*
 * struct qmp - one connection; one thread at a time; starts zeroed
 * @fd: the socket, or -1
 * @tick: called about every 100 ms during a wait, or NULL; when it returns true, the call fails with -EINTR
 * @err: the error of the last call, owned by the connection
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
 * -ENOENT and -ECONNREFUSED: QEMU does not listen (yet).
 */
int qmp_open(struct qmp *q, const char *path, int timeout_ms);

/*
 * Runs one command. Returns its "return" member, which the caller owns, or NULL with
 * q->err set. Takes ownership of @args (may be NULL). Events are skipped.
 */
json_t *qmp_exec(struct qmp *q, const char *cmd, json_t *args, int timeout_ms);

void qmp_close(struct qmp *q);

#endif
