// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "lib/util.h"
#include "options.h"

static bool parse_interval(const char *arg, double *seconds)
{
	char *end;

	*seconds = strtod(arg, &end);
	return end != arg && !*end && *seconds >= 0.05 && *seconds <= 86400;
}

error_t watch_parse_option(int key, char *arg, struct argp_state *state, struct watch_options *o)
{
	switch (key) {
	case 'i':
		if (!parse_interval(arg, &o->interval))
			argp_error(state, "--interval takes seconds, from 0.05, not '%s'", arg);
		return 0;
	case 'c':
		if (!parse_u64(arg, &o->count) || !o->count)
			argp_error(state, "--count takes a number from 1, not '%s'", arg);
		return 0;
	case WATCH_OPT_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}
