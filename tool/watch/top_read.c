// SPDX-License-Identifier: GPL-2.0-only
/* Readings for taxcut top. */
#include "host/cpus.h"
#include "host/instance.h"
#include "host/proc.h"
#include "lib/util.h"
#include "sample/process.h"
#include "sample/qmp.h"
#include "sample/sample.h"
#include "top_read.h"

/*
 * Reads the statistics files that QEMU holds, without work for QEMU. Without the
 * permission for that, asks QEMU.
 */
static void read_sample(const struct instance *in, struct sample *s, char **error)
{
	char *ignored = NULL, **before = capture_message(&ignored);
	int ret = sample_process(in->pid, s);

	if (ret) {
		capture_message(error);
		ret = sample_qmp(in->qmp, s);
	}
	capture_message(before);
	if (!ret) {
		free(*error);
		*error = NULL;
	}
	free(ignored);
}

static int64_t *read_threads(const struct instance *in)
{
	json_t *threads = json_object_get(in->record, "threads");
	size_t n = json_array_size(threads);
	int64_t *ns = xcalloc(n + 1, sizeof(*ns));

	for (size_t i = 0; i < n; i++)
		ns[i] = proc_thread_ns(in->pid, (pid_t)json_integer_value(json_array_get(threads, i)));
	ns[n] = -1;
	return ns;
}

void top_read(struct top_reading *r)
{
	*r = (struct top_reading){ .when = now_s() };
	r->host = xcalloc(1, sizeof(*r->host));
	r->cpus = xcalloc(1, sizeof(*r->cpus));
	if (!host_cpus_read(r->host) || !proc_cpus_read(r->cpus)) {
		free(r->cpus);
		r->cpus = NULL;
	}
	instances_read(&r->all);
	r->sample = xcalloc(r->all.n + 1, sizeof(*r->sample));
	r->error = xcalloc(r->all.n + 1, sizeof(*r->error));
	r->process_ns = xcalloc(r->all.n + 1, sizeof(*r->process_ns));
	r->thread_ns = xcalloc(r->all.n + 1, sizeof(*r->thread_ns));
	for (size_t i = 0; i < r->all.n; i++) {
		const struct instance *in = r->all.v[i];

		read_sample(in, &r->sample[i], &r->error[i]);
		r->process_ns[i] = proc_process_ns(in->pid);
		r->thread_ns[i] = read_threads(in);
	}
}

void top_reading_free(struct top_reading *r)
{
	for (size_t i = 0; i < r->all.n; i++) {
		sample_free(&r->sample[i]);
		free(r->error[i]);
		free(r->thread_ns[i]);
	}
	free(r->sample);
	free(r->error);
	free(r->process_ns);
	free(r->thread_ns);
	free(r->host);
	free(r->cpus);
	instances_free(&r->all);
	*r = (struct top_reading){ 0 };
}
