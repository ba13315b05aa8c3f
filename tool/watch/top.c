// SPDX-License-Identifier: GPL-2.0-only
/* taxcut top: the activity of all instances, on a terminal or as JSON lines. */
#include <argp.h>
#include <unistd.h>

#include "lib/live.h"
#include "lib/util.h"
#include "options.h"
#include "top.h"
#include "top_json.h"
#include "top_read.h"
#include "top_screen.h"
#include "top_sort.h"
#include "top_view.h"

static const struct argp_option top_options[] = {
	{ "interval", 'i', "SECONDS", 0, "Length of an interval (default: 1)", 0 },
	{ "count", 'c', "N", 0, "End after N intervals", 0 },
	{ "json", WATCH_OPT_JSON, NULL, 0, "Print one JSON object per interval, each on one line", 0 },
	{ 0 }
};

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	return watch_parse_option(key, arg, state, state->input);
}

static int print_stream(const struct watch_options *args)
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
		"Show the activity of all instances: exits by reason, time outside the guest, halt "
		"polling, timer advance, load of the housekeeping CPUs."
		"\vKeys: q quits, h explains the columns and the other keys.",
		NULL, NULL, NULL
	};
	struct watch_options args = { .interval = 1 };

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (args.json)
		return print_stream(&args);
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return top_screen(args.interval, args.count);
	fail("the view needs a terminal");
	hint("use --json without a terminal");
	return EXIT_USAGE;
}
