/* SPDX-License-Identifier: GPL-2.0-only */
/* Results of taxcut bench, shown. */
#ifndef TAXCUT_BENCH_REPORT_REPORT_H
#define TAXCUT_BENCH_REPORT_REPORT_H

#include <jansson.h>

enum bench_look {
	BENCH_TABLE,
	BENCH_JSON,
	BENCH_HTML,
};

/* On standard output; EXIT_OK, or EXIT_FAILED after a message. */
int bench_show(const json_t *result, enum bench_look look);

/* The report for people, as a file; EXIT_OK, or EXIT_FAILED after a message. */
int bench_write_html(const json_t *result, const char *file);

/* `taxcut bench report'; argv[0] is "report". */
int bench_report(int argc, char **argv);

#endif
