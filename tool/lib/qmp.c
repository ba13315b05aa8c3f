// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "qmp.h"
#include "util.h"

/* Far more than any answer that the tool asks for. */
#define QMP_LINE_MAX (16u << 20)
#define TICK_MS 100

static int qmp_error(struct qmp *q, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int qmp_error(struct qmp *q, int err, const char *fmt, ...)
{
	va_list ap;

	free(q->err);
	va_start(ap, fmt);
	if (vasprintf(&q->err, fmt, ap) < 0)
		abort();
	va_end(ap);
	return -err;
}

static int qmp_wait(struct qmp *q, short events, double deadline)
{
	struct pollfd p = { .fd = q->fd, .events = events };
	double left;
	int n;

	for (;;) {
		left = (deadline - now_s()) * 1000;
		n = poll(&p, 1, left < 0 ? 0 : left > TICK_MS ? TICK_MS : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return qmp_error(q, errno, "poll: %s", strerror(errno));
		if (q->tick && q->tick(q->tick_arg))
			return qmp_error(q, EINTR, "interrupted");
		if (left <= 0)
			return qmp_error(q, ETIMEDOUT,
				"no answer (is another client connected to this socket?)");
	}
}

/* Removes one line from the buffer and returns it; NULL when no line is complete. */
static char *qmp_take_line(struct qmp *q)
{
	char *end = q->len ? memchr(q->buf, '\n', q->len) : NULL;
	size_t n;
	char *line;

	if (!end)
		return NULL;
	n = (size_t)(end - q->buf) + 1;
	line = xasprintf("%.*s", (int)(n - 1), q->buf);
	memmove(q->buf, q->buf + n, q->len - n);
	q->len -= n;
	return line;
}

static int qmp_fill(struct qmp *q, double deadline)
{
	ssize_t n;
	int ret = qmp_wait(q, POLLIN, deadline);

	if (ret)
		return ret;
	if (q->len > QMP_LINE_MAX)
		return qmp_error(q, EMSGSIZE, "an answer is too long");
	q->buf = xrealloc(q->buf, q->len + 65536);
	n = recv(q->fd, q->buf + q->len, 65536, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return qmp_error(q, errno, "receive: %s", strerror(errno));
	if (!n)
		return qmp_error(q, ECONNRESET, "QEMU closed the connection");
	q->len += (size_t)n;
	return 0;
}

static int qmp_receive(struct qmp *q, json_t **msg, double deadline)
{
	json_error_t je;
	char *line;
	int ret;

	while (!(line = qmp_take_line(q))) {
		ret = qmp_fill(q, deadline);
		if (ret)
			return ret;
	}
	*msg = json_loads(line, 0, &je);
	free(line);
	if (!json_is_object(*msg)) {
		json_decref(*msg);
		return qmp_error(q, EPROTO, "not a QMP message: %s", je.text);
	}
	return 0;
}

static int qmp_send(struct qmp *q, json_t *msg, double deadline)
{
	char *text = json_dumps(msg, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0, done = 0;
	ssize_t n;
	int ret = 0;

	while (!ret && done < len) {
		n = send(q->fd, text + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			ret = qmp_wait(q, POLLOUT, deadline);
		else if (errno != EINTR)
			ret = qmp_error(q, errno, "send: %s", strerror(errno));
	}
	free(text);
	return ret;
}

/* The answer to the last command: its "return", or NULL with q->err set. */
static json_t *qmp_answer(struct qmp *q, const char *cmd, double deadline)
{
	json_t *msg, *ret, *error;

	for (;;) {
		if (qmp_receive(q, &msg, deadline))
			return NULL;
		ret = json_object_get(msg, "return");
		error = json_object_get(msg, "error");
		if (ret || error)
			break;
		json_decref(msg);
	}
	if (error) {
		const char *desc = json_string_value(json_object_get(error, "desc"));

		qmp_error(q, EIO, "%s: %s", cmd, desc ? desc : "refused");
		ret = NULL;
	}
	json_incref(ret);
	json_decref(msg);
	return ret;
}

json_t *qmp_exec(struct qmp *q, const char *cmd, json_t *args, int timeout_ms)
{
	double deadline = now_s() + timeout_ms / 1000.0;
	json_t *msg = json_object();
	int ret;

	json_object_set_new(msg, "execute", json_string(cmd));
	if (args)
		json_object_set_new(msg, "arguments", args);
	json_object_set_new(msg, "id", json_string(cmd));
	ret = qmp_send(q, msg, deadline);
	json_decref(msg);
	return ret ? NULL : qmp_answer(q, cmd, deadline);
}

static int qmp_connect(struct qmp *q, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sa.sun_path))
		return qmp_error(q, ENAMETOOLONG, "%s: the path of a socket has at most %zu bytes",
				 path, sizeof(sa.sun_path) - 1);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	q->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (q->fd < 0)
		return qmp_error(q, errno, "socket: %s", strerror(errno));
	if (connect(q->fd, (struct sockaddr *)&sa, sizeof(sa)))
		return qmp_error(q, errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int qmp_negotiate(struct qmp *q, int timeout_ms)
{
	json_t *msg, *ret;
	int err;

	err = qmp_receive(q, &msg, now_s() + timeout_ms / 1000.0);
	if (err)
		return err;
	if (!json_object_get(msg, "QMP"))
		err = qmp_error(q, EPROTO, "the peer does not speak QMP");
	json_decref(msg);
	if (err)
		return err;
	ret = qmp_exec(q, "qmp_capabilities", NULL, timeout_ms);
	json_decref(ret);
	return ret ? 0 : -EPROTO;
}

int qmp_open(struct qmp *q, const char *path, int timeout_ms)
{
	int ret;

	qmp_close(q);
	ret = qmp_connect(q, path);
	if (!ret)
		ret = qmp_negotiate(q, timeout_ms);
	if (ret && q->fd >= 0) {
		close(q->fd);
		q->fd = -1;
	}
	return ret;
}

void qmp_close(struct qmp *q)
{
	if (q->fd > 0)
		close(q->fd);
	free(q->buf);
	free(q->err);
	q->fd = -1;
	q->buf = NULL;
	q->err = NULL;
	q->len = 0;
}
