/* SPDX-License-Identifier: GPL-2.0-only */
/* The options that `taxcut stat` and `taxcut top` share. */
#ifndef TAXCUT_WATCH_OPTIONS_H
#define TAXCUT_WATCH_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#define WATCH_OPT_JSON 0x100

/*
 * struct watch_options - values of --interval, --count and --json
 * @interval: seconds between two readings, 0 for one reading
 * @count: number of intervals, 0 for no limit
 */
struct watch_options {
	double interval;
	uint64_t count;
	bool json;
};

/*
 * Parses -i (--interval), -c (--count) and WATCH_OPT_JSON (--json), and rejects arguments.
 * ARGP_ERR_UNKNOWN for other keys.
 */
error_t watch_parse_option(int key, char *arg, struct argp_state *state, struct watch_options *o);

#endif
