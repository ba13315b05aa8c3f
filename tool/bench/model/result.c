// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "lib/util.h"
#include "result.h"

static char *item_fault(const json_t *item)
{
	if (!json_is_string(json_object_get(item, "name")) || !json_is_integer(json_object_get(item, "events")))
		return xstrdup("an item without name or events");
	return NULL;
}

static char *measurement_fault(const json_t *measurement)
{
	char *fault = NULL;
	json_t *item;
	size_t i;

	if (!json_is_string(json_object_get(measurement, "config")) || !json_is_integer(json_object_get(measurement, "vcpus")) ||
	    !json_is_array(json_object_get(measurement, "items")))
		return xstrdup("a member of \"bills\" without config, vcpus or items");
	json_array_foreach(json_object_get(measurement, "items"), i, item) {
		fault = item_fault(item);
		if (fault)
			break;
	}
	return fault;
}

bool bench_result_ok(const json_t *result, char **why)
{
	const char *format = json_string_value(json_object_get(result, "format"));
	json_t *measurement, *row;
	size_t i;

	*why = NULL;
	if (!format || strcmp(format, BENCH_FORMAT))
		*why = xstrdup("its format is not " BENCH_FORMAT);
	else if (!json_is_object(json_object_get(result, "host")) || !json_is_array(json_object_get(result, "bills")) ||
		 !json_is_array(json_object_get(result, "summary")) || !json_is_array(json_object_get(result, "notes")))
		*why = xstrdup("host, bills, summary or notes are missing");
	json_array_foreach(json_object_get(result, "bills"), i, measurement)
		if (!*why)
			*why = measurement_fault(measurement);
	json_array_foreach(json_object_get(result, "summary"), i, row)
		if (!*why && (!json_is_string(json_object_get(row, "work")) ||
			      !json_is_string(json_object_get(row, "config")) ||
			      !json_is_integer(json_object_get(row, "vcpus"))))
			*why = xstrdup("a row of the summary without work, config or vcpus");
	return !*why;
}
