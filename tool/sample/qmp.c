// SPDX-License-Identifier: GPL-2.0-only
/* Statistics through QMP: query-stats and query-stats-schemas (QEMU 7.1 and newer). */
#include <stdio.h>
#include <string.h>

#include "lib/qmp.h"
#include "lib/util.h"
#include "qmp.h"
#include "sample.h"

#define TIMEOUT_MS 10000

static const char *string_member(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

/*
 * Converts [{"name": n, "value": v}, ...] to {n: v, ...}; booleans become 0 and 1.
 * QEMU lists the statistics in reverse order.
 */
static json_t *stats_object(const json_t *stats)
{
	json_t *obj = json_object(), *stat, *value;

	for (size_t i = json_array_size(stats); i-- > 0; ) {
		stat = json_array_get(stats, i);
		value = json_object_get(stat, "value");
		if (json_is_boolean(value))
			json_object_set_new(obj, string_member(stat, "name"),
					    json_integer(json_is_true(value)));
		else if (value)
			json_object_set(obj, string_member(stat, "name"), value);
	}
	return obj;
}

/* KVM's statistics of one target ("vm", "vcpu"): an array of objects. */
static json_t *query_stats(struct qmp *q, const char *target)
{
	json_t *args = json_pack("{s:s, s:[{s:s}]}", "target", target,
				 "providers", "provider", "kvm");
	json_t *answer = qmp_exec(q, "query-stats", args, TIMEOUT_MS), *result, *out;
	size_t i;

	if (!answer)
		return NULL;
	out = json_array();
	json_array_foreach(answer, i, result)
		if (!strcmp(string_member(result, "provider"), "kvm"))
			json_array_append_new(out, stats_object(json_object_get(result, "stats")));
	json_decref(answer);
	return out;
}

/* "ns", "bytes", ...; "" for a count. */
static char *unit_name(const json_t *stat)
{
	int exponent = (int)json_integer_value(json_object_get(stat, "exponent"));
	const char *unit = string_member(stat, "unit");

	if (!strcmp(unit, "seconds"))
		return xstrdup(exponent == -9 ? "ns" : exponent == -6 ? "us" :
			       exponent == -3 ? "ms" : "s");
	return xstrdup(unit);
}

static json_t *query_schemas(struct qmp *q)
{
	json_t *args = json_pack("{s:s}", "provider", "kvm");
	json_t *answer = qmp_exec(q, "query-stats-schemas", args, TIMEOUT_MS);
	json_t *out = json_object(), *schema, *stat;
	size_t i, j;

	json_array_foreach(answer, i, schema) {
		json_array_foreach(json_object_get(schema, "stats"), j, stat) {
			char *unit = unit_name(stat);

			json_object_set_new(out, string_member(stat, "name"),
					    json_pack("{s:s, s:s}", "type", string_member(stat, "type"),
						      "unit", unit));
			free(unit);
		}
	}
	json_decref(answer);
	return out;
}

int sample_qmp(const char *socket, struct sample *s)
{
	struct qmp q = { .fd = -1 };
	json_t *vms = NULL;
	int ret = EXIT_OK;

	*s = (struct sample){ 0 };
	if (!qmp_open(&q, socket, TIMEOUT_MS))
		vms = query_stats(&q, "vm");
	if (vms) {
		sample_stamp(s);
		s->vm = json_incref(json_array_get(vms, 0));
		s->vcpus = query_stats(&q, "vcpu");
		s->schema = query_schemas(&q);
		json_decref(vms);
	}
	if (!s->vcpus || !json_array_size(s->vcpus)) {
		ret = fail("no statistics: %s", q.err ? q.err : "the hypervisor exposes none");
		sample_free(s);
	}
	qmp_close(&q);
	return ret;
}
