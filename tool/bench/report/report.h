/* SPDX-License-Identifier: GPL-2.0-only */
/* Output of results, and the command `taxcut bench report`. */
#ifndef TAXCUT_BENCH_REPORT_REPORT_H
#define TAXCUT_BENCH_REPORT_REPORT_H

#include <jansson.h>

enum bench_look {
	BENCH_TABLE,
	BENCH_JSON,
	BENCH_HTML,
};

/* Writes the result to standard output. EXIT_OK, or EXIT_FAILED after a message. */
int bench_show(const json_t *result, enum bench_look look);

/* Writes the HTML report to @file. EXIT_OK, or EXIT_FAILED after a message. */
int bench_write_html(const json_t *result, const char *file);

/* `taxcut bench report'; argv[0] is "report". */
int bench_report(int argc, char **argv);

#endif
