/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report for people: one HTML page with its plots, style and (little) script inside. It asks for nothing from
 * elsewhere, is complete without script, and is well-formed XML as well. Strings of the result are
 * escaped: a result from somebody else shows what it says, and does nothing.
 */
#ifndef TAXCUT_BENCH_REPORT_HTML_H
#define TAXCUT_BENCH_REPORT_HTML_H

#include <stdio.h>

#include <jansson.h>

/* Writes the page of a result (format taxcut-bench-1). EXIT_OK, or EXIT_FAILED after a message. */
int bench_html(const json_t *result, FILE *out);

#endif
