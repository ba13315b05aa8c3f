// SPDX-License-Identifier: GPL-2.0-only
/* Values and rates of samples. */
#include <string.h>

#include <x86intrin.h>

#include "lib/util.h"
#include "sample.h"

void sample_stamp(struct sample *s)
{
	s->when = now_s();
	s->tsc = __rdtsc();
}

void sample_free(struct sample *s)
{
	json_decref(s->vm);
	json_decref(s->vcpus);
	json_decref(s->schema);
	*s = (struct sample){ 0 };
}

json_int_t sample_number(const json_t *value)
{
	json_int_t sum = 0;
	json_t *bucket;
	size_t i;

	if (!json_is_array(value))
		return json_integer_value(value);
	json_array_foreach(value, i, bucket)
		sum += json_integer_value(bucket);
	return sum;
}

bool sample_cumulative(const struct sample *s, const char *name)
{
	const char *type = json_string_value(json_object_get(json_object_get(s->schema, name), "type"));

	return !type || (strcmp(type, "instant") && strcmp(type, "peak"));
}

double sample_figure(const struct sample *now, const struct sample *before, const char *name,
		     const json_t *new, const json_t *old)
{
	double value = (double)sample_number(new);

	if (!before || !sample_cumulative(now, name))
		return value;
	return (value - (double)sample_number(old)) / (now->when - before->when);
}

double sample_vcpu_figure(const struct sample *now, const struct sample *before, const char *name,
			  size_t vcpu)
{
	return sample_figure(now, before, name, json_object_get(json_array_get(now->vcpus, vcpu), name),
			     before ? json_object_get(json_array_get(before->vcpus, vcpu), name) : NULL);
}

double sample_total_figure(const struct sample *now, const struct sample *before, const char *name)
{
	double sum = 0;

	for (size_t i = 0; i < json_array_size(now->vcpus); i++)
		sum += sample_vcpu_figure(now, before, name, i);
	return sum;
}
