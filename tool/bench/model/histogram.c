// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stddef.h>

#include "histogram.h"

json_t *bench_merge(const json_t *a, const json_t *b)
{
	json_t *out = json_array(), *x, *y;
	size_t i = 0, j = 0;

	while ((x = json_array_get(a, i), y = json_array_get(b, j), x || y)) {
		json_int_t low_x = json_integer_value(json_array_get(x, 0));
		json_int_t low_y = json_integer_value(json_array_get(y, 0));
		json_int_t sum = 0;
		bool take_x = x && (!y || low_x <= low_y), take_y = y && (!x || low_y <= low_x);

		if (take_x)
			sum += json_integer_value(json_array_get(x, 1));
		if (take_y)
			sum += json_integer_value(json_array_get(y, 1));
		i += take_x;
		j += take_y;
		json_array_append_new(out, json_pack("[I, I]", take_x ? low_x : low_y, sum));
	}
	return out;
}
