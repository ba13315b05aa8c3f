// SPDX-License-Identifier: GPL-2.0-only
/* taxcut top: what all instances do, live; for people on a terminal, for programs as JSON lines. */
#include <argp.h>
#include <errno.h>
#include <unistd.h>

#include "lib/live.h"
#include "lib/util.h"
#include "top.h"
#include "top_json.h"
#include "top_read.h"
#include "top_screen.h"
#include "top_sort.h"
#include "top_view.h"

struct top_args {
	double interval;
	uint64_t count;
	bool json;
};

enum {
	OPT_JSON = 0x100,
};

static const struct argp_option top_options[] = {
	{ "interval", 'i', "SECONDS", 0, "Measure for SECONDS at a time (default: 1)", 0 },
	{ "count", 'c', "N", 0, "End after N intervals", 0 },
	{ "json", OPT_JSON, NULL, 0, "Print one JSON object per interval, on a line", 0 },
	{ 0 }
};

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	struct top_args *args = state->input;

	switch (key) {
	case 'i':
		if (!live_interval(arg, &args->interval))
			argp_error(state, "--interval wants seconds, from 0.05, not '%s'", arg);
		return 0;
	case 'c':
		if (!parse_u64(arg, &args->count) || !args->count)
			argp_error(state, "--count wants a number from 1, not '%s'", arg);
		return 0;
	case OPT_JSON:
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int stream(const struct top_args *args)
{
	struct top_reading before, now;
	struct top_view view;
	json_t *weights = json_object();
	uint64_t n = 0;

	live_begin();
	top_read(&before);
	while (live_wait(args->interval)) {
		top_read(&now);
		top_view_make(&view, &now, &before, weights);
		top_sort(&view, TOP_BY_NAME, false);
		top_json(&view, stdout);
		top_view_free(&view);
		top_reading_free(&before);
		before = now;
		if (ferror(stdout) || (args->count && ++n >= args->count))
			break;
	}
	top_reading_free(&before);
	json_decref(weights);
	return EXIT_OK;
}

int cmd_top(int argc, char **argv)
{
	static const struct argp argp = {
		top_options, parse_top, NULL,
		"Show what all instances do, live: exits by reason, time outside the guest, halt "
		"polling, timer advance, load of the housekeeping CPUs."
		"\vKeys: q quits, h explains the columns and the other keys.",
		NULL, NULL, NULL
	};
	struct top_args args = { .interval = 1 };

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (args.json)
		return stream(&args);
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return top_screen(args.interval, args.count);
	fail("the view needs a terminal");
	advise("use --json where a program reads it");
	return EXIT_USAGE;
}
