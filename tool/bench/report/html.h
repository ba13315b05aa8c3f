/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTML report: one page that contains its plots, style sheet and script. It loads nothing, is complete without
 * the script, and is well-formed XML. Strings of the result are escaped, so that a result from another source
 * cannot run code.
 */
#ifndef TAXCUT_BENCH_REPORT_HTML_H
#define TAXCUT_BENCH_REPORT_HTML_H

#include <stdio.h>

#include <jansson.h>

/* Writes the page of a result (format taxcut-bench-1). EXIT_OK, or EXIT_FAILED after a message. */
int bench_html(const json_t *result, FILE *out);

#endif
