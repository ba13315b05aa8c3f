/* SPDX-License-Identifier: GPL-2.0-only */
/* The style sheet and the script of the HTML report. */
#ifndef TAXCUT_BENCH_REPORT_ASSETS_H
#define TAXCUT_BENCH_REPORT_ASSETS_H

extern const char bench_html_css[];
extern const char bench_html_js[];

#endif
